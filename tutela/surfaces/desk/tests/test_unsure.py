"""A form that we cannot be sure came from a page of ours: nothing is done, nothing typed is lost."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import report_emergency
from tests.signed_in import sign_in
from tutela.core.cases.models import Note
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.core.people.sign_in import make_sign_in_link

pytestmark = pytest.mark.django_db
TYPED = "They <b>name</b> a station.\nIt is in Sample City."
ESCAPED = "They &lt;b&gt;name&lt;/b&gt; a station.\nIt is in Sample City."


@pytest.fixture
def note(cast):
    """Sends a note as somebody who is signed in and whose cookie of the form is gone. Returns the answer."""
    reference = report_emergency()
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser, Staff.objects.get(pk=cast.juniper.id))
    path = f"/desk/case/{reference}/steps/note/"

    def send(**headers: str):
        fields = {"text": TYPED, "version": "7", "csrfmiddlewaretoken": "gone" * 16}
        return browser.post(
            path, fields, headers={name.replace("_", "-"): said for name, said in headers.items()}
        )

    send.path = path
    yield send
    with acting_as(cast.juniper):
        assert not Note.objects.exists()


def test_the_words_stand_on_the_page_and_nothing_was_done(note):
    answer = note()
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "Nothing was changed." in text
    assert f">{ESCAPED}</textarea>" in text
    assert text.count("<textarea") == 1  # neither the token nor the version was typed
    assert 'href="/desk/"' in text
    assert "no-cache" in answer.headers["Cache-Control"]


def test_it_leads_back_to_the_page_before_and_to_no_other_site(note):
    before = f"http://testserver{note.path}"
    assert f'href="{before}"' in note(Referer=before).content.decode()
    assert "elsewhere.example" not in note(Referer="http://elsewhere.example/").content.decode()


def test_words_from_a_form_of_another_site_are_not_shown(note):
    answer = note(Sec_Fetch_Site="cross-site")
    assert answer.status_code == 403
    assert "station" not in answer.content.decode()


def test_it_speaks_the_language_of_the_person(note, cast):
    Staff.objects.filter(pk=cast.juniper.id).update(language="ar")
    assert '<html lang="ar" dir="rtl"' in note().content.decode()


def test_a_sign_in_without_cookies_uses_no_link_up(cast):
    path = make_sign_in_link(Staff.objects.get(pk=cast.juniper.id)).removeprefix(settings.DESK_URL)
    answer = Client(enforce_csrf_checks=True).post(path)
    assert answer.status_code == 403
    assert "keep cookies for this address" in answer.content.decode()
    assert "What you typed" not in answer.content.decode()
    assert Client().post(path).headers["Location"] == "/desk/"

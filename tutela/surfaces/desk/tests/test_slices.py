"""Redacted slices at the desk: composed and looked at, agreed to, read by a partner, ended."""

from __future__ import annotations

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.core.slices import sharing
from tutela.core.slices.models import Slice
from tutela.core.slices.tests.conftest import partner, wanted

from .factors import accept, set_up_app
from .scene import do, report

pytestmark = pytest.mark.django_db
MINE, ACCESS = "/desk/slices/", "/desk/case/{}/access/"
WHY = "The committee decided already."


@pytest.fixture
def reference(cast) -> str:
    found = report(text="ExampleMoss wrote to me again.", sender_email="linnet@wiki.example")
    do(found, "note", cast.juniper, text="Linnet@wiki.example is right.")
    return found


@pytest.fixture
def laurel(cast):
    return partner("laurel")


def filled(page: str, **more: str) -> dict[str, object]:
    """What a browser would send of the form, with something of it changed."""
    found = re.findall(r'<textarea name="([^"]+)"[^>]*>\n?([^<]*)</textarea>', page)
    boxes = {name: unescape(text) for name, text in found}
    parts = re.findall(r'name="part" value="([^"]+)"', page)
    seal = re.findall(r'name="previewed" value="([^"]+)"', page)
    said = {"readers": "laurel", "days": "14", "names": ["sender", "staff"], "part": parts}
    return {**boxes, **said, "previewed": seal, **more}


def compose(client, reference) -> tuple[str, str]:
    """The address of the form with everything chosen, and the page."""
    where = f"/desk/case/{reference}/slices/"
    parts = re.findall(r'name="part" value="([^"]+)"', client.get(where).content.decode())
    assert {one.split("-")[0] for one in parts} == {"report", "facts", "note"}
    page = client.get(f"{where}new/", {"part": parts}).content.decode()
    return f"{where}new/", page


def test_from_composing_to_the_end(cast, desk, reference, laurel):
    juniper, alder, reader = desk(cast.juniper), desk(cast.alder), desk(laurel)
    where, page = compose(juniper, reference)
    assert "ExampleMoss wrote to me again." in page
    assert "Ask for agreement" not in page
    asked = filled(page, purpose=f"For linnet@wiki.example's appeal, {reference}.", words="examplemoss\n")
    preview = juniper.post(where, asked).content.decode()
    shown = preview[preview.index("What the partners will read") : preview.index("Ask for agreement")]
    assert "█████ wrote to me again." in shown
    assert "█████ is right." in shown
    for word in ("ExampleMoss", "innet@wiki", reference):
        assert word not in shown
    made = juniper.post(where, {**filled(preview, words="examplemoss"), "ask": "1"}, follow=True)
    one = made.redirect_chain[-1][0]
    text = made.content.decode()
    assert "Waiting for approval" in text
    assert ">Agree<" not in text
    number = one.rstrip("/").rsplit("/", 1)[1]
    assert reader.get(f"{MINE}{number}/").status_code == 404

    waiting = alder.get("/desk/approvals/").content.decode()
    assert one in waiting
    assert "Nothing waits for your decision." not in waiting
    assert "1 approval" in alder.get("/desk/").content.decode()
    assert "1 approval" not in juniper.get("/desk/").content.decode()
    digest = re.findall(r'name="digest" value="([^"]+)"', alder.get(one).content.decode())[0]
    assert juniper.post(f"{one}give/", {"digest": digest}).status_code == 403
    assert alder.post(f"{one}give/", {"digest": "other"}).status_code == 409
    assert alder.post(f"{one}give/", {"digest": digest}).status_code == 302
    assert alder.post(f"{one}give/", {"digest": digest}).status_code == 409

    home = reader.get("/desk/", follow=True)
    assert home.redirect_chain[-1][0] == MINE
    assert f"{MINE}{number}/" in home.content.decode()
    read = reader.get(f"{MINE}{number}/").content.decode()
    assert "█████ wrote to me again." in read
    assert "For <bdi>Laurel</bdi> alone, until" in read
    for word in ("ExampleMoss", "innet@wiki", reference, "Juniper", "Alder"):
        assert word not in read + home.content.decode()
    for client, where in ((juniper, one), (juniper, f"/desk/case/{reference}/slices/"), (alder, ACCESS)):
        page = client.get(where.format(reference)).content.decode()
        assert "Laurel" in page
        assert "1 look, the last" in page
    assert "agreed to the redacted slice that" in juniper.get(f"/desk/case/{reference}/").content.decode()

    assert juniper.post(f"{one}end/", {"words": "no"}).status_code == 422
    assert juniper.post(f"{one}end/", {"words": WHY}).status_code == 302
    assert reader.get(f"{MINE}{number}/").status_code == 404
    assert WHY in juniper.get(one).content.decode()
    assert juniper.post(f"{one}end/", {"words": WHY}).status_code == 409


@pytest.mark.django_db(transaction=True)
def test_agreeing_asks_for_the_second_factor_and_shows_what_for(cast, reference, laurel, settings):
    made = sharing.ask_slice(cast.juniper, reference, wanted("laurel"))
    settings.SECOND_FACTOR = "required"
    alder, one = Client(), f"/desk/case/{reference}/slices/{made.pk}/give/"
    accept(alder, Staff.objects.get(pk=cast.alder.id))
    set_up_app(alder)
    asked = alder.post(one, {"digest": sharing.digest_of(made)})
    assert asked.status_code == 403
    for words in ("Nothing has been done yet.", "Share a redacted slice", "Laurel", "wrote goodbye"):
        assert words in asked.content.decode()


def test_what_was_changed_after_the_preview_is_shown_once_more(cast, desk, reference, laurel):
    juniper = desk(cast.juniper)
    where, page = compose(juniper, reference)
    preview = juniper.post(where, filled(page, purpose="An appeal.")).content.decode()
    late = {**filled(preview, words="again"), "ask": "1"}
    again = juniper.post(where, late).content.decode()
    assert "You changed something since the last preview." in again
    assert "wrote to me █████." in again
    with acting_as(cast.juniper):
        assert not Slice.objects.exists()


def test_what_cannot_be_used_is_told_at_its_field(cast, desk, reference, laurel):
    juniper = desk(cast.juniper)
    where, page = compose(juniper, reference)
    for change in ({"purpose": ""}, {"days": "400"}, {"readers": "sorrel"}, {"words": "…"}):
        answer = juniper.post(where, {**filled(page, purpose="An appeal."), **change})
        assert answer.status_code == 422, change
        assert "field__error" in answer.content.decode(), change
    emptied = {name: "" for name in filled(page) if name.startswith("text-")}
    assert juniper.post(where, {**filled(page, purpose="An appeal."), **emptied}).status_code == 422


def test_a_look_at_what_is_chosen_is_recorded(cast, desk, reference):
    compose(desk(cast.juniper), reference)
    with acting_as(cast.juniper):
        assert Entry.objects.filter(act=Act.WORDS_UNFOLDED).count() == 1


def test_nobody_composes_who_only_looks(cast, desk, reference, laurel):
    for person in (cast.wren, cast.sorrel, laurel):
        client = desk(person)
        for where in ("slices/", "slices/new/", "slices/1/"):
            assert client.get(f"/desk/case/{reference}/{where}").status_code == 404


def test_the_lists_ask_as_often_for_many_as_for_few(cast, desk, reference, laurel):
    def asked(client, where):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(where).status_code == 200
        return len(queries)

    juniper, reader = desk(cast.juniper), desk(laurel)
    counts = []
    asked(juniper, f"/desk/case/{reference}/slices/")  # the first look at the case is recorded
    for n in range(2):
        for days in range(1, 1 + 3 * n + 1):
            made = sharing.ask_slice(cast.juniper, reference, wanted("laurel", purpose=f"For {n} {days}."))
            sharing.give(cast.alder, made.pk, sharing.digest_of(made))
        counts.append((asked(juniper, f"/desk/case/{reference}/slices/"), asked(reader, MINE)))
    assert counts[0] == counts[1]

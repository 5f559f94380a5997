"""What is no emergency comes through one of seven doors, and each says what happens."""

from __future__ import annotations

import pytest

from tests.cast import make_cast
from tutela.core.cases.models import Case
from tutela.core.cases.opening import open_waiting
from tutela.core.people.actor import acting_as
from tutela.surfaces.portal.doors import TRIAGE

from .conftest import LINK, WORDS, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.mark.parametrize("slug", TRIAGE)
def test_each_door_leads_to_a_form_whose_report_arrives_as_triage(visitor, reports, opened, slug):
    form = words_of(visitor.get(f"/en/other/{slug}/"))
    assert str(TRIAGE[slug].title) in form
    assert "Within 3 working days" in form
    assert visitor.report(f"/en/other/{slug}/").status_code == 201
    assert reports("workflow, text") == [("triage", WORDS)]
    assert opened("fields")[0]["category"] == slug


def test_all_doors_are_on_the_first_page_and_on_the_page_of_the_others(visitor):
    first, others = visitor.get("/en/").content.decode(), visitor.get("/en/other/").content.decode()
    assert 'href="/en/emergency/"' in first
    for slug in TRIAGE:
        assert f'href="/en/other/{slug}/"' in first
        assert f'href="/en/other/{slug}/"' in others


def test_the_door_for_children_asks_for_no_images(visitor):
    assert "Never copy or send us the images: a link is enough." in words_of(visitor.get("/en/"))
    form = visitor.get("/en/other/child/")
    assert "Never copy, save or send images of this kind, not even to us." in words_of(form)
    assert 'type="file"' not in form.content.decode()


def test_triage_finds_what_the_door_said(visitor):
    cast = make_cast()
    visitor.report("/en/other/harassment/", where=LINK)
    visitor.report("/en/other/appeal/", decision="GB-2026-0007")
    open_waiting()
    with acting_as(cast.wren):
        harassment, appeal = Case.objects.order_by("id")
        assert harassment.facts == {"category": "harassment", "where": LINK}
    assert appeal.title == "Appeal of a decision: GB-2026-0007"


def test_a_door_that_is_not_there_is_a_page_that_is_not_there(visitor):
    for path in ("/en/other/emergency/", "/en/other/nothing/", "/en/about/nothing/"):
        assert visitor.get(path).status_code == 404

"""Somebody is asked to answer for each emergency, and the next one when nobody does."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from django.test import Client

from tests.cast import EMERGENCY, case_of, make_cast, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Event
from tutela.core.errors import NotFound, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.health.report import Part, look
from tutela.core.moment import database_now
from tutela.core.oncall.keep import Asked, Wanted, save_rota
from tutela.core.oncall.models import Level
from tutela.core.outbox.models import Effect
from tutela.core.paging import pages
from tutela.core.paging.models import Page
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)
MARK = "quokka"


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def rota(cast):
    """Juniper's week, or Heron's; then the other one, then Larch by name, then the managers."""
    people = tuple(Staff.objects.get(pk=one.id) for one in (cast.juniper, cast.heron))
    larch = Staff.objects.get(pk=cast.larch.id)
    levels = (
        Asked(Level.Who.DUTY, 5),
        Asked(Level.Who.NEXT, 5),
        Asked(Level.Who.PERSON, 5, larch),
        Asked(Level.Who.MANAGERS, 5),
    )
    weeks = Wanted("Emergencies", (EMERGENCY,), "UTC", time(9), date(2026, 3, 2), people, levels)
    return save_rota(cast.alder, "emergencies", weeks)


def asked(reference, actor) -> list[str]:
    """Who got a mail, in order."""
    with acting_as(actor):
        effects = Effect.objects.filter(case__reference=reference, connector="mail").order_by("id")
        return [one.payload["to"].partition("@")[0] for one in effects]


def page(reference, actor) -> Page:
    with acting_as(actor):
        return Page.objects.select_related("case").get(case__reference=reference)


def link_of(reference, actor, name) -> str:
    with acting_as(actor):
        effects = Effect.objects.filter(case__reference=reference, connector="mail").order_by("id")
        text = next(one.payload["text"] for one in effects if one.payload["to"].startswith(name))
    return "/desk/pages/" + text.split("/desk/pages/")[1].strip()


def test_level_by_level_everybody_is_asked_and_then_it_begins_again(cast, rota):
    reference = report_emergency()
    first = asked(reference, cast.juniper)
    (on,) = first
    other = {"juniper": "heron", "heron": "juniper"}[on]
    now = database_now()
    assert pages.tend(now + MINUTE) == 0, "nobody is asked before the time"
    for minutes, names in ((6, [other]), (12, ["larch"]), (18, ["alder"]), (24, [on])):
        assert pages.tend(now + minutes * MINUTE) == 1
        first += names
        assert asked(reference, cast.juniper) == first
    assert page(reference, cast.juniper).rounds == 1
    health = look(())
    assert not health.parts[Part.PAGES]
    assert reference not in str(health.attention)
    with acting_as(cast.juniper):
        told = Event.objects.filter(case__reference=reference, step=pages.ASKED).order_by("id")
        assert len(told) == 4


def test_who_answers_is_written_down_and_nobody_else_is_asked(cast, rota):
    reference = report_emergency()
    pages.answer(cast.larch, case_of(reference, cast.larch))
    found = page(reference, cast.juniper)
    assert (found.answered_by_id, found.next_at) == (cast.larch.id, None)
    assert pages.tend(database_now() + 60 * MINUTE) == 0
    assert len(asked(reference, cast.juniper)) == 1
    with pytest.raises(StepClosed):
        pages.answer(cast.juniper, case_of(reference, cast.juniper))
    with acting_as(cast.juniper):
        assert Event.objects.get(case__reference=reference, step=pages.ANSWERED).actor_id == cast.larch.id
        assert Entry.objects.filter(act=Act.PAGE_ANSWERED).count() == 1


def test_whoever_takes_the_case_has_answered(cast, rota):
    reference = report_emergency()
    perform(reference, "take", cast.heron, {})
    pages.tend(database_now() + 6 * MINUTE)
    found = page(reference, cast.juniper)
    assert (found.answered_by_id, found.next_at) == (cast.heron.id, None)
    assert len(asked(reference, cast.juniper)) == 1


def test_only_who_can_open_the_case_is_asked(cast, rota):
    reference = report_emergency()
    perform(reference, "recuse", cast.larch, {"reason": "I know them."})
    now = database_now()
    for minutes in (6, 12):
        pages.tend(now + minutes * MINUTE)
    assert "larch" not in asked(reference, cast.juniper)
    assert asked(reference, cast.juniper)[-1] == "alder"


def test_the_link_asks_before_it_answers(cast, rota):
    reference = report_emergency()
    (on,) = asked(reference, cast.juniper)
    link = link_of(reference, cast.juniper, on)
    visitor = Client()
    for _look in range(2):
        text = visitor.get(link).content.decode()
        assert "I answer for it" in text
    assert page(reference, cast.juniper).answered_at is None, "a scanner of links answers nothing"
    assert "Nobody else is asked." in visitor.post(link).content.decode()
    assert page(reference, cast.juniper).answered_by.username == on
    assert visitor.post(link).status_code == 200
    assert visitor.get(link[:-3] + "0/").status_code == 404
    assert visitor.get("/desk/pages/1-1-\N{ARABIC-INDIC DIGIT ONE}/").status_code == 404


def test_the_link_of_somebody_who_left_or_stepped_away_opens_nothing(cast, rota):
    reference = report_emergency()
    case = case_of(reference, cast.juniper)
    larch = Staff.objects.get(pk=cast.larch.id)
    secret = pages.answer_url(case, larch).rstrip("/").rsplit("/", 1)[-1]
    assert pages.asked_by(secret)[1] == larch
    perform(reference, "recuse", cast.larch, {"reason": "I know them."})
    with pytest.raises(NotFound):
        pages.asked_by(secret)
    heron = Staff.objects.get(pk=cast.heron.id)
    secret = pages.answer_url(case, heron).rstrip("/").rsplit("/", 1)[-1]
    Staff.objects.filter(pk=heron.pk).update(is_active=False)
    with pytest.raises(NotFound):
        pages.asked_by(secret)


def test_nothing_of_the_case_leaves_with_a_page(cast, rota):
    reference = report_emergency(text=f"{MARK} text", raw=MARK.encode(), subject=MARK, sender_name=MARK)
    now = database_now()
    for minutes in (6, 12, 18):
        pages.tend(now + minutes * MINUTE)
    with acting_as(cast.juniper):
        left = [str(one.payload) for one in Effect.objects.filter(case__reference=reference)]
    assert len(left) == 4
    assert all(reference in one and MARK not in one for one in left)


def test_who_does_not_see_the_case_cannot_answer(cast, rota):
    reference = report_emergency()
    case = case_of(reference, cast.juniper)
    with pytest.raises(NotFound):
        pages.answer(cast.sorrel, case)
    with acting_as(cast.sorrel):
        assert pages.open_pages() == []

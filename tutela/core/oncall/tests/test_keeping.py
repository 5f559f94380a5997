"""Rotas as a team keeps them: who may, what is taken and given away, absences, the calendar feed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from icalendar import Calendar

from tests.cast import EMERGENCY, TRIAGE, make_cast
from tutela.core.audit.models import Act, Entry
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.health.report import Part, look
from tutela.core.oncall import duty, feed, keep
from tutela.core.oncall.plan import Why
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def cast(db):
    return make_cast()


@pytest.fixture
def rota(cast):
    return keep.save_rota(cast.alder, "emergencies", weeks(cast.juniper, cast.heron))


def person(actor) -> Staff:
    return Staff.objects.get(pk=actor.id)


def weeks(*actors, **changes) -> keep.Wanted:
    people = tuple(person(one) for one in actors)
    said = {"name": "Emergencies", "workflows": (EMERGENCY,), "time_zone": "UTC", "hour": time(9),
            "first_on": MONDAY.date(), "people": people, **changes}  # fmt: skip
    return keep.Wanted(**said)


def now() -> datetime:
    return duty.database_now()


def names(workflow: str = EMERGENCY, at: datetime | None = None) -> list[str]:
    return [one.username for one in duty.on_duty(workflow, at)]


def test_a_manager_keeps_the_rota_and_nobody_else_does(cast, rota):
    with pytest.raises(NotAllowed):
        keep.save_rota(cast.juniper, "emergencies", weeks(cast.juniper))
    with pytest.raises(NotAllowed, match="managers"):
        keep.save_rota(cast.wren, "mine", weeks(cast.wren, workflows=(TRIAGE,)))
    assert names(at=MONDAY) == ["juniper"]
    assert names(at=MONDAY + timedelta(days=7)) == ["heron"]
    with acting_as(cast.alder):
        assert Entry.objects.filter(act=Act.ROTA_CHANGED).count() == 1


def test_one_rota_may_be_for_several_and_each_has_one(cast, rota):
    both = weeks(cast.alder, workflows=(EMERGENCY, TRIAGE))
    assert keep.save_rota(cast.alder, "emergencies", both) == rota
    assert names(EMERGENCY) == names(TRIAGE) == ["alder"]
    with pytest.raises(BadData) as refused:
        keep.save_rota(cast.alder, "other", weeks(cast.alder, workflows=(TRIAGE,)))
    assert "workflows" in refused.value.errors


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("name", {"name": " "}),
        ("workflows", {"workflows": ()}),
        ("time_zone", {"time_zone": "Mars/Crater"}),
        ("levels", {"levels": ()}),
    ],
)
def test_what_makes_no_rota_is_refused(cast, field, changes):
    operator = system_actor(SystemActor.OPERATOR)
    with pytest.raises(BadData) as refused:
        keep.save_rota(operator, "new", weeks(cast.juniper, **changes))
    assert field in refused.value.errors


def test_whoever_could_open_nothing_takes_no_turn(cast, rota):
    with pytest.raises(BadData, match="cannot be used"):
        keep.save_rota(cast.alder, "emergencies", weeks(cast.sorrel))
    with pytest.raises(BadData):
        keep.offer(cast.juniper, rota, person(cast.sorrel), now(), now() + HOUR)


def test_of_the_platform_security_officers_answer(cast):
    rowan = Staff.objects.create_person("rowan", "Rowan")
    assert duty.watch(PLATFORM).on == (cast.alder.id,), "without one, the managers"
    Grant.objects.create(staff=rowan, workflow=PLATFORM, role=Role.SECURITY)
    assert duty.watch(PLATFORM).on == (rowan.pk,)
    with pytest.raises(NotAllowed):
        keep.save_rota(cast.alder, "platform", weeks(cast.alder, workflows=(PLATFORM,)))


def test_somebody_takes_a_span_and_gives_it_back(cast, rota):
    begin = now()
    keep.take(cast.heron, rota, person(cast.heron), begin, begin + 4 * HOUR)
    assert names(at=begin + HOUR)[0] == "heron"
    with pytest.raises(NotAllowed):
        keep.take(cast.heron, rota, person(cast.juniper), begin, begin + HOUR)
    with pytest.raises(NotAllowed):
        keep.end_span(cast.juniper, rota, person(cast.heron), begin)
    keep.end_span(cast.heron, rota, person(cast.heron), begin)
    assert duty.watch(EMERGENCY).why in {Why.TURN, Why.STANDS_IN}
    with pytest.raises(NotFound):
        keep.end_span(cast.heron, rota, person(cast.heron), begin)


def test_a_span_is_given_away_only_with_the_agreement_of_the_other(cast, rota):
    begin = now() + HOUR
    before = names(at=begin)
    made = keep.offer(cast.juniper, rota, person(cast.heron), begin, begin + HOUR)
    assert names(at=begin) == before
    assert list(keep.waiting_offers(cast.heron)) == list(keep.waiting_offers(cast.juniper)) == [made]
    with pytest.raises(NotAllowed):
        keep.decide(cast.juniper, made.pk, agreed=True)
    with pytest.raises(NotFound):
        keep.decide(cast.larch, made.pk, agreed=True)
    keep.decide(cast.heron, made.pk, agreed=True)
    assert names(at=begin)[0] == "heron"
    with pytest.raises(StepClosed):
        keep.decide(cast.heron, made.pk, agreed=False)


def test_a_declined_offer_changes_nothing(cast, rota):
    begin = now() + HOUR
    before = duty.watch(EMERGENCY, begin)
    made = keep.offer(cast.juniper, rota, person(cast.heron), begin, begin + HOUR)
    keep.decide(cast.heron, made.pk, agreed=False)
    assert duty.watch(EMERGENCY, begin) == before


@pytest.mark.parametrize(("starts", "ends"), [(2, 1), (-3, -1), (0, 24 * 32), (24 * 800, 24 * 801)], ids=str)
def test_a_span_that_makes_no_sense_is_refused(cast, rota, starts, ends):
    with pytest.raises(BadData):
        keep.take(cast.heron, rota, person(cast.heron), now() + starts * HOUR, now() + ends * HOUR)


def test_the_next_one_stands_in_for_who_is_away(cast, rota):
    first = duty.watch(EMERGENCY).first
    other = {cast.juniper.id: cast.heron.id, cast.heron.id: cast.juniper.id}[first]
    whose = cast.juniper if first == cast.juniper.id else cast.heron
    away = keep.be_away(whose, person(whose), now() - HOUR, now() + HOUR)
    assert duty.watch(EMERGENCY).first == other
    with pytest.raises(NotAllowed):
        keep.be_back(cast.larch, away.pk)
    keep.be_back(cast.alder, away.pk)
    assert duty.watch(EMERGENCY).first == first
    with pytest.raises(NotAllowed):
        keep.be_away(cast.juniper, person(cast.heron), now(), now() + HOUR)


def test_an_empty_rota_asks_the_managers_and_health_says_so(cast, rota):
    assert look(()).parts[Part.ON_CALL]
    Staff.objects.filter(pk__in=[cast.juniper.id, cast.heron.id]).update(is_active=False)
    found = duty.watch(EMERGENCY)
    assert (found.why, found.on) == (Why.NOBODY, (cast.alder.id,))
    health = look(())
    assert not health.parts[Part.ON_CALL]
    assert any("Nobody is on call for “emergency”" in one for one in health.attention)
    assert health.ready, "the work goes on"


def test_with_no_manager_either_everybody_of_the_workflow_is_asked(cast):
    Grant.objects.filter(role=Role.MANAGER).update(until=now())
    assert cast.juniper.id in duty.watch(EMERGENCY).on


def test_a_calendar_program_reads_names_and_times(cast, rota):
    address = feed.make_feed(cast.larch)
    secret = address.rstrip("/").rsplit("/", 1)[-1]
    reader = feed.reader_of(secret)
    assert reader.pk == cast.larch.id
    events = Calendar.from_ical(feed.calendar(reader)).walk("VEVENT")
    assert {str(one["summary"]) for one in events} == {"Emergencies: Juniper", "Emergencies: Heron"}
    starts = sorted(one.start for one in events)
    assert all((later - one) == timedelta(days=7) for one, later in pairwise(starts[1:]))
    again = feed.make_feed(cast.larch)
    assert again != address
    with pytest.raises(NotFound):
        feed.reader_of(secret)
    feed.end_feed(cast.larch)
    with pytest.raises(NotFound):
        feed.reader_of(again.rstrip("/").rsplit("/", 1)[-1])


def test_the_feed_of_somebody_who_left_is_gone(cast, rota):
    secret = feed.make_feed(cast.larch).rstrip("/").rsplit("/", 1)[-1]
    Staff.objects.filter(pk=cast.larch.id).update(is_active=False)
    with pytest.raises(NotFound):
        feed.reader_of(secret)


def test_first_on_gives_the_weekday(cast):
    made = keep.save_rota(cast.alder, "late", weeks(cast.juniper, first_on=date(2026, 3, 6)))
    assert made.weekday == 4

"""Changes rotas: people and levels, spans that somebody takes or gives away, absences. Each is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, OnCallShift, Staff
from tutela.core.people.roles import PLATFORM, Role

from .models import Absence, Cover, Level, Offer, Rota, Turn

#: The longest span that somebody takes or gives away, and the longest absence.
LONGEST: Final = timedelta(days=31)
LONGEST_ABSENCE: Final = timedelta(days=366)
#: How far ahead a span may lie.
FARTHEST: Final = timedelta(days=2 * 366)


@dataclass(frozen=True)
class Asked:
    """One level of the escalation: whom it asks, and how many minutes it waits."""

    who: Level.Who
    minutes: int
    staff: Staff | None = None


#: Where a rota names none.
USUAL_LEVELS: Final = (
    Asked(Level.Who.DUTY, 10),
    Asked(Level.Who.NEXT, 10),
    Asked(Level.Who.MANAGERS, 15),
)


@dataclass(frozen=True)
class Wanted:
    """How a rota should be."""

    name: str
    workflows: tuple[str, ...]
    time_zone: str
    hour: time
    first_on: date
    people: tuple[Staff, ...]
    levels: tuple[Asked, ...] = USUAL_LEVELS


# Who may


def rotas(actor: Actor) -> QuerySet[Rota]:
    """The rotas of the work that the actor holds a role on; jobs and the operator see all."""
    found = Rota.objects.order_by("name", "id")
    if actor.is_system:
        return found
    held = Grant.objects.active().filter(staff=actor.id).exclude(role=Role.PARTNER).values("workflow")
    return found.filter(pk__in=Cover.objects.filter(workflow__in=held).values("rota"))


def find(actor: Actor, slug: str) -> Rota:
    """A rota that the actor may see. Raises NotFound."""
    found = rotas(actor).filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no such rota, or it is not yours to see."))
    return found


def workflows_of(rota: Rota) -> list[str]:
    """What a rota is for, in the order of the alphabet."""
    return sorted(rota.covers.values_list("workflow", flat=True))


def levels_of(rota: Rota) -> tuple[Asked, ...]:
    """The escalation of a rota, level by level."""
    rows = rota.levels.order_by("place").select_related("staff")
    return tuple(Asked(Level.Who(one.who), one.minutes, one.staff) for one in rows)


def keeps(actor: Actor, workflows: Sequence[str]) -> bool:
    """Whether the actor may say who takes turns: managers of each; security officers for the platform."""
    if actor.is_system:
        return True
    held = set(Grant.objects.active().filter(staff=actor.id).values_list("workflow", "role"))
    return bool(workflows) and all(
        (one, Role.SECURITY if one == PLATFORM else Role.MANAGER) in held for one in workflows
    )


def may_serve(workflows: Sequence[str]) -> QuerySet[Staff]:
    """Who could be on duty: people who hold a role on each of these; for the platform on anything."""
    found = Staff.objects.filter(is_active=True, kind=Staff.Kind.PERSON)
    held = Grant.objects.active().exclude(role__in=[Role.PARTNER, Role.READER, Role.VOLUNTEER])
    for one in workflows:
        here = held if one == PLATFORM else held.filter(workflow=one)
        found = found.filter(pk__in=here.values("staff_id"))
    return found.order_by("working_name", "id")


# Rotas


def save_rota(actor: Actor, slug: str, wanted: Wanted) -> Rota:
    """Make a rota, or change it. Raises NotAllowed, BadData."""
    with acting_as(actor):
        before = Rota.objects.filter(slug=slug).first()
        touched = {*wanted.workflows, *(workflows_of(before) if before else ())}
        if not keeps(actor, sorted(touched)):
            raise NotAllowed(_("A rota is kept by the managers of its workflows."))
        _check(wanted, before)
        rota = before or Rota(slug=slug)
        rota.name, rota.time_zone, rota.hour = wanted.name.strip(), wanted.time_zone, wanted.hour
        rota.first_on, rota.weekday = wanted.first_on, wanted.first_on.weekday()
        rota.save()
        _write_rows(rota, wanted)
        record(Act.ROTA_CHANGED, actor, rota=slug, what="kept")
    return rota


def _check(wanted: Wanted, before: Rota | None) -> None:
    errors: dict[str, list[str]] = {}
    if not wanted.name.strip():
        errors["name"] = [_("Give it a name.")]
    if not wanted.workflows:
        errors["workflows"] = [_("Choose at least one.")]
    try:
        ZoneInfo(wanted.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        errors["time_zone"] = [_("There is no such time zone.")]
    if taken := Cover.objects.filter(workflow__in=wanted.workflows).exclude(rota=before).first():
        errors["workflows"] = [_("Another rota is for %(work)s already.") % {"work": taken.workflow}]
    allowed = set(may_serve(wanted.workflows).values_list("pk", flat=True))
    asked = [*wanted.people, *(one.staff for one in wanted.levels if one.staff)]
    if strangers := [one.working_name for one in asked if one.pk not in allowed]:
        said = _("%(who)s holds no role there, and could open nothing.") % {"who": ", ".join(strangers)}
        errors["people"] = [said]
    if len({one.pk for one in wanted.people}) < len(wanted.people):
        errors["people"] = [_("Name each person once.")]
    if not wanted.levels:
        errors["levels"] = [_("Name at least one level.")]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def _write_rows(rota: Rota, wanted: Wanted) -> None:
    rota.covers.exclude(workflow__in=wanted.workflows).delete()
    for one in wanted.workflows:
        Cover.objects.update_or_create(workflow=one, defaults={"rota": rota})
    rota.turns.all().delete()
    Turn.objects.bulk_create(
        Turn(rota=rota, staff=person, place=place) for place, person in enumerate(wanted.people, 1)
    )
    rota.levels.all().delete()
    Level.objects.bulk_create(
        Level(rota=rota, place=place, who=one.who, staff=one.staff, minutes=one.minutes)
        for place, one in enumerate(wanted.levels, 1)
    )


# Spans


def take(actor: Actor, rota: Rota, person: Staff, starts: datetime, ends: datetime) -> None:
    """Put somebody on duty for a span: themselves, or whom a manager names.

    Raises NotAllowed, BadData.
    """
    workflows = workflows_of(rota)
    if actor.id != person.pk and not keeps(actor, workflows):
        raise NotAllowed(_("Only a manager puts somebody else on duty; ask them to take the span."))
    _check_span(starts, ends, LONGEST)
    _check_serves(person, workflows, "person")
    with acting_as(actor):
        _put(rota, person, starts, ends)
        record(Act.ROTA_CHANGED, actor, rota=rota.slug, what="taken", staff=person.pk)


def offer(actor: Actor, rota: Rota, taker: Staff, starts: datetime, ends: datetime) -> Offer:
    """Ask a colleague to take a span. Who is on duty does not change before they agree.

    Raises BadData.
    """
    _check_span(starts, ends, LONGEST)
    if taker.pk == actor.id:
        raise BadData(_("Some answers cannot be used."), {"person": [_("Choose somebody else.")]})
    _check_serves(taker, workflows_of(rota), "person")
    with acting_as(actor):
        made = Offer.objects.create(
            rota=rota, giver_id=actor.id, taker=taker, starts_at=starts, ends_at=ends, made_at=database_now()
        )
        record(Act.ROTA_CHANGED, actor, rota=rota.slug, what="offered", staff=taker.pk)
    return made


def decide(actor: Actor, number: int, *, agreed: bool) -> Offer:
    """Agree to an offer or decline it, as whom it was made to; or take it back, as who made it.

    Raises NotFound, NotAllowed, StepClosed.
    """
    with acting_as(actor):
        found = Offer.objects.select_for_update(of=("self",)).filter(pk=number).first()
        if found is None or actor.id not in {found.giver_id, found.taker_id}:
            raise NotFound(_("There is no such offer, or it is not made to you."))
        if agreed and actor.id != found.taker_id:
            raise NotAllowed(_("Only the colleague can agree to it."))
        if found.decided_at is not None or (agreed and found.ends_at <= database_now()):
            raise StepClosed(_("This offer is over."))
        found.decided_at, found.agreed = database_now(), agreed
        found.save(update_fields=["decided_at", "agreed"])
        if agreed:
            _check_serves(found.taker, workflows_of(found.rota), "person")
            _put(found.rota, found.taker, found.starts_at, found.ends_at)
        what = "agreed" if agreed else "declined"
        record(Act.ROTA_CHANGED, actor, rota=found.rota.slug, what=what, offer=number)
    return found


def waiting_offers(actor: Actor) -> QuerySet[Offer]:
    """Offers on which nobody has decided, that the actor made or may decide on."""
    waiting = Offer.objects.filter(decided_at=None, ends_at__gt=timezone.now())
    return (
        (waiting.filter(taker=actor.id) | waiting.filter(giver=actor.id))
        .select_related("rota", "giver", "taker")
        .order_by("starts_at", "id")
    )


def end_span(actor: Actor, rota: Rota, person: Staff, starts: datetime) -> None:
    """End a span that somebody took, now or before it begins: the weeks count again.

    Raises NotFound, NotAllowed.
    """
    workflows = workflows_of(rota)
    if actor.id != person.pk and not keeps(actor, workflows):
        raise NotAllowed(_("Only a manager puts somebody else on duty; ask them to take the span."))
    with acting_as(actor):
        now = database_now()
        spans = OnCallShift.objects.filter(
            workflow__in=workflows, staff=person, starts_at=starts, ends_at__gt=now
        )
        ended = (
            spans.filter(starts_at__lt=now).update(ends_at=now) + spans.filter(starts_at__gte=now).delete()[0]
        )
        if not ended:
            raise NotFound(_("There is no such span."))
        record(Act.ROTA_CHANGED, actor, rota=rota.slug, what="ended", staff=person.pk)


def _put(rota: Rota, person: Staff, starts: datetime, ends: datetime) -> None:
    OnCallShift.objects.bulk_create(
        OnCallShift(workflow=one, staff=person, starts_at=starts, ends_at=ends) for one in workflows_of(rota)
    )


def _check_span(starts: datetime, ends: datetime, longest: timedelta) -> None:
    errors: dict[str, list[str]] = {}
    if ends <= starts:
        errors["ends"] = [_("The end comes before the beginning.")]
    elif ends <= database_now():
        errors["ends"] = [_("This is over already.")]
    elif ends - database_now() > FARTHEST:
        errors["ends"] = [_("This is too far from now.")]
    elif ends - starts > longest:
        errors["ends"] = [_("This is longer than %(days)d days.") % {"days": longest.days}]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def _check_serves(person: Staff, workflows: Sequence[str], field: str) -> None:
    if not may_serve(workflows).filter(pk=person.pk).exists():
        said = _("%(who)s holds no role there, and could open nothing.") % {"who": person.working_name}
        raise BadData(_("Some answers cannot be used."), {field: [said]})


# Absences


def be_away(actor: Actor, person: Staff, starts: datetime, ends: datetime) -> Absence:
    """Note that somebody is away: themselves, or one of those whom the actor manages.

    Raises NotAllowed, BadData.
    """
    _check_manages(actor, person)
    _check_span(starts, ends, LONGEST_ABSENCE)
    with acting_as(actor):
        made = Absence.objects.create(staff=person, starts_at=starts, ends_at=ends)
        record(Act.ROTA_CHANGED, actor, what="away", staff=person.pk)
    return made


def be_back(actor: Actor, number: int) -> None:
    """Take an absence back. Raises NotFound, NotAllowed."""
    with acting_as(actor):
        found = Absence.objects.filter(pk=number).select_related("staff").first()
        if found is None:
            raise NotFound(_("There is no such absence."))
        _check_manages(actor, found.staff)
        found.delete()
        record(Act.ROTA_CHANGED, actor, what="back", staff=found.staff_id)


def _check_manages(actor: Actor, person: Staff) -> None:
    if actor.is_system or actor.id == person.pk:
        return
    managed = Grant.objects.active().filter(staff=actor.id, role=Role.MANAGER).values("workflow")
    if not Grant.objects.active().filter(staff=person, workflow__in=managed).exists():
        raise NotAllowed(_("Only a manager says that somebody else is away."))

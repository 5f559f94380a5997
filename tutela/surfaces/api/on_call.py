"""Who is on call: now or at a moment, the rotas, spans that people take, and offer to each other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.errors import BadData
from tutela.core.moment import database_now
from tutela.core.oncall import duty, keep
from tutela.core.oncall.models import Cover, Offer, Rota
from tutela.core.oncall.plan import Watch, next_change, stretches, who
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.keep import person_named
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import Role

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as
from .inputs import NO_NUL, Between, Moment, OfferNumber, OnCallAt, RotaName
from .reading import person

router = Router(tags=["on call"])
Json = dict[str, Any]
#: How far from now a moment may be asked for, and how long a list may be.
FAR, LONGEST = timedelta(days=366 * 2), timedelta(days=92)


class Span(BaseModel):
    """From when to when, and by whom."""

    model_config = ConfigDict(extra="forbid", strict=True)

    username: str | None = Field(None, max_length=80, pattern=NO_NUL, description="You, unless you say.")
    starts: Moment
    ends: Moment


class SpanFor(Span):
    """A span, and who is asked to take it."""

    username: str = Field(min_length=1, max_length=80, pattern=NO_NUL)


@router.get("/on-call", auth=reads, response=shapes.OnDutyList, operation_id="list_on_call")
def list_on_call(request: HttpRequest, asked: OnCallAt) -> Json:
    """Read who is on duty for each of your workflows, now or at a moment."""
    return on_duty(actor_of(request), at=asked.at)


@router.get("/rotas", auth=reads, response=shapes.RotaList, operation_id="list_rotas")
def list_rotas(request: HttpRequest) -> Json:
    """List the rotas of your workflows: who takes turns, and who is asked when nobody answers."""
    return rotas(actor_of(request))


@router.get("/rotas/{rota}/duty", auth=reads, response=shapes.DutyList, operation_id="list_duty")
def list_duty(request: HttpRequest, rota: RotaName, asked: Between) -> Json:
    """List who is on duty between two moments; for four weeks from now, unless you say."""
    return duties(actor_of(request), rota, asked.since, asked.until)


@router.post(
    "/rotas/{rota}/take",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.SpanTaken},
    operation_id="take_span",
    openapi_extra=body_of(Span),
)
def take_span(request: HttpRequest, rota: RotaName) -> Status[Json]:
    """Take a span. A manager may put somebody else on duty."""
    asked, actor = read_as(request, Span), actor_of(request)
    with acting_as(actor):
        found = keep.find(actor, rota)
        whose = person_named(asked.username) if asked.username else Staff.objects.get(pk=actor.id)
        keep.take(actor, found, whose, asked.starts, asked.ends)
    taken = {"rota": rota, "person": person(whose), "starts": asked.starts, "ends": asked.ends}
    return Status(HTTPStatus.CREATED, taken)


@router.post(
    "/rotas/{rota}/offer",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.SpanOffer},
    operation_id="offer_span",
    openapi_extra=body_of(SpanFor),
)
def offer_span(request: HttpRequest, rota: RotaName) -> Status[Json]:
    """Ask a colleague to take a span. You stay on duty until they agree."""
    asked, actor = read_as(request, SpanFor), actor_of(request)
    with acting_as(actor):
        found = keep.find(actor, rota)
        made = keep.offer(actor, found, person_named(asked.username), asked.starts, asked.ends)
        return Status(HTTPStatus.CREATED, offer_line(made))


@router.get("/offers", auth=reads, response=shapes.SpanOfferList, operation_id="list_offers")
def list_offers(request: HttpRequest) -> Json:
    """List the offers that wait for you, and those that you made."""
    actor = actor_of(request)
    with acting_as(actor):
        return {"items": [offer_line(one) for one in keep.waiting_offers(actor)]}


@router.post("/offers/{offer}/agree", auth=writes, response=shapes.SpanOffer, operation_id="agree_to_offer")
def agree_to_offer(request: HttpRequest, offer: OfferNumber) -> Json:
    """Take the span that a colleague offers."""
    return offer_line(keep.decide(actor_of(request), offer, agreed=True))


@router.post("/offers/{offer}/decline", auth=writes, response=shapes.SpanOffer, operation_id="decline_offer")
def decline_offer(request: HttpRequest, offer: OfferNumber) -> Json:
    """Decline an offer, or take back one that you made."""
    return offer_line(keep.decide(actor_of(request), offer, agreed=False))


# For the command line as well


def on_duty(actor: Actor, workflow: str = "", at: datetime | None = None) -> Json:
    """Who is on duty for each workflow of the actor's, or one of them. Raises BadData for a far moment."""
    with acting_as(actor):
        now = database_now()
        at = at or now
        _near(at, now, "at")
        works = [one for one in _works(actor) if workflow in {"", one}]
        plans = duty.plans(works, at, at + duty.AHEAD)
        slugs = dict(Cover.objects.filter(workflow__in=works).values_list("workflow", "rota__slug"))
        return {
            "items": [
                {
                    "workflow": one,
                    "rota": slugs.get(one),
                    "at": at,
                    **_watch(who(plans[one], at)),
                    "following": _people(who(plans[one], at).following),
                    "until": next_change(plans[one], at),
                }
                for one in works
            ]
        }


def _works(actor: Actor) -> list[str]:
    covered = set(Cover.objects.values_list("workflow", flat=True))
    if actor.is_system:
        held = Grant.objects.active().exclude(role=Role.PARTNER).exclude(role=Role.SYSTEM)
        return sorted(covered | set(held.values_list("workflow", flat=True)))
    held = Grant.objects.active().filter(staff=actor.id).exclude(role=Role.PARTNER)
    return sorted(set(held.values_list("workflow", flat=True)))


def rotas(actor: Actor) -> Json:
    """The rotas that the actor may see."""
    with acting_as(actor):
        return {"items": [rota_line(one) for one in keep.rotas(actor)]}


def duties(actor: Actor, slug: str, since: datetime | None = None, until: datetime | None = None) -> Json:
    """Who is on duty in a rota between two moments. Raises NotFound, BadData."""
    with acting_as(actor):
        rota, now = keep.find(actor, slug), database_now()
        since = since or now
        _near(since, now, "since")
        until = until or since + timedelta(days=28)
        if not timedelta() < until - since <= LONGEST:
            said = _("Ask for at most %(days)d days, the end after the beginning.") % {"days": LONGEST.days}
            raise BadData(_("Some answers cannot be used."), {"until": [said]})
        works = keep.workflows_of(rota)
        plans = duty.plans(works[:1], since, until)
        found = [one for work in works[:1] for one in stretches(plans[work], since, until)]
        return {"items": [{"starts": one.starts, "ends": one.ends, **_watch(one.watch)} for one in found]}


def _near(at: datetime, now: datetime, field: str) -> None:
    if abs(at - now) > FAR:
        raise BadData(_("Some answers cannot be used."), {field: [_("This is too far from now.")]})


def _watch(found: Watch) -> Json:
    return {"why": found.why.value, "on": _people(found.on), "back_up": _people(found.back_up)}


def _people(numbers: Sequence[int]) -> list[Json]:
    return [person(one) for one in duty.people(numbers)]


def rota_line(rota: Rota) -> Json:
    """A rota as plain values."""
    same = ("slug", "name", "time_zone", "weekday", "first_on")
    return {
        **{field: getattr(rota, field) for field in same},
        "hour": rota.hour.strftime("%H:%M"),
        "workflows": keep.workflows_of(rota),
        "people": [person(turn.staff) for turn in rota.turns.order_by("place").select_related("staff")],
        "levels": [
            {"who": one.who, "person": person(one.staff) if one.staff else None, "minutes": one.minutes}
            for one in rota.levels.order_by("place").select_related("staff")
        ],
    }


def offer_line(one: Offer) -> Json:
    """An offer as plain values."""
    return {
        "id": one.pk,
        "rota": one.rota.slug,
        "giver": person(one.giver),
        "taker": person(one.taker),
        "starts": one.starts_at,
        "ends": one.ends_at,
        "agreed": one.agreed,
    }

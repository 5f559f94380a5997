"""The pages of who is on call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.errors import BadData, NotAllowed, NotFound
from tutela.core.flow import registry
from tutela.core.moment import database_now
from tutela.core.oncall import duty, feed, keep
from tutela.core.oncall.models import Absence, Rota
from tutela.core.oncall.plan import Plan, next_change, who
from tutela.core.people.models import OnCallShift, Staff
from tutela.core.people.roles import PLATFORM
from tutela.core.people.sign_in import take
from tutela.surfaces.desk.faces import moment
from tutela.surfaces.desk.page import desk_page, show, zone_of
from tutela.surfaces.desk.rail import standing_of
from tutela.surfaces.visitor import network_of

from . import calendar
from .forms import Span, SpanOf, rota_form

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from django import forms

    from tutela.surfaces.desk.page import DeskRequest

#: How often one network address may ask for calendars, and in how many seconds.
TRIES, WINDOW = 120, 600
AHEAD = timedelta(days=40)


@desk_page
@require_safe
def on_call(request: DeskRequest) -> HttpResponse:
    """Who is on duty now in each rota of this person, and what they are asked to take."""
    return _overview(request)


def _overview(
    request: DeskRequest, away: forms.Form | None = None, address: str = "", status: int = 200
) -> HttpResponse:
    now = database_now()
    rotas = [_now(rota, now, request.user.pk) for rota in keep.rotas(request.actor)]
    covered = {work for one in rotas for work in one["workflows"]}
    alone = [one for one in standing_of(request).workflows if one.slug not in covered]
    plans = duty.plans([one.slug for one in alone], now, now + AHEAD)
    context = {
        "rotas": rotas,
        "others": [{"name": one.plural, **_standing(plans[one.slug], now, request.user.pk)} for one in alone],
        "offers": [_offer(one, request.user.pk) for one in keep.waiting_offers(request.actor)],
        "absences": _absences([request.user.pk], now),
        "away": away or SpanOf(_managed(request), initial={"person": request.user.username}),
        "feed": feed.has_feed(request.actor),
        "address": address,
        "may_make": bool(_works(request)),
    }
    return show(request, "desk/on_call.html", context, status)


def _now(rota: Rota, now: datetime, me: int) -> dict[str, Any]:
    workflows = keep.workflows_of(rota)
    plan = duty.plans(workflows[:1], now, now + AHEAD)[workflows[0]] if workflows else Plan()
    return {
        "name": rota.name,
        "url": reverse("desk:rota", args=[rota.slug]),
        "workflows": workflows,
        "for": [_work(one) for one in workflows],
        **_standing(plan, now, me),
    }


def _standing(plan: Plan, now: datetime, me: int) -> dict[str, Any]:
    found, until = who(plan, now), next_change(plan, now)
    then = who(plan, until).on if until else ()
    people = {one.pk: one for one in duty.people([*found.on, *found.back_up, *then])}

    def names(numbers: Sequence[int]) -> list[dict[str, Any]]:
        return [{"name": people[one].working_name, "me": one == me} for one in numbers if one in people]

    return {
        "on": names(found.on),
        "back_up": names(found.back_up),
        "nobody": found.first is None,
        "until": moment(until) if until else "",
        "then": names(then),
    }


def _work(slug: str) -> str:
    return _("The platform itself") if slug == PLATFORM else str(registry.workflow(slug).plural)


def _works(request: DeskRequest) -> list[tuple[str, str]]:
    """What the person may keep a rota for."""
    named = [one.slug for one in standing_of(request).workflows] + [PLATFORM]
    return [(slug, _work(slug)) for slug in named if keep.keeps(request.actor, [slug])]


def _managed(request: DeskRequest) -> Any:
    """Whose absence the person may enter: their own, and of whom they manage."""
    slugs = [slug for slug, _label in _works(request) if slug != PLATFORM]
    numbers = {request.user.pk, *(one.pk for slug in slugs for one in keep.may_serve([slug]))}
    return Staff.objects.filter(pk__in=numbers).order_by("working_name", "id")


def _absences(people: Sequence[int], now: datetime) -> list[dict[str, Any]]:
    rows = Absence.objects.filter(staff__in=people, ends_at__gt=now).select_related("staff")
    return [
        {
            "number": one.pk,
            "name": one.staff.working_name,
            "from": moment(one.starts_at),
            "to": moment(one.ends_at),
        }
        for one in rows.order_by("starts_at", "id")
    ]


def _offer(one: Any, me: int) -> dict[str, Any]:
    return {
        "number": one.pk,
        "rota": one.rota.name,
        "giver": one.giver.working_name,
        "taker": one.taker.working_name,
        "mine": one.giver_id == me,
        "from": moment(one.starts_at),
        "to": moment(one.ends_at),
    }


# One rota


@dataclass
class Forms:
    """The forms of a rota's page, as they were sent where one was refused."""

    take: forms.Form | None = None
    give: forms.Form | None = None


@desk_page
@require_safe
def rota_page(request: DeskRequest, rota: str) -> HttpResponse:
    """The calendar of one rota: a month, who is on duty on each day of it."""
    return _rota(request, keep.find(request.actor, rota), Forms())


def _rota(request: DeskRequest, rota: Rota, said: Forms, status: int = 200) -> HttpResponse:
    zone, now, me = zone_of(request.user), database_now(), request.user.pk
    workflows = keep.workflows_of(rota)
    today = now.astimezone(zone).date()
    first = calendar.month_of(request.GET.get("month", ""), today)
    _days, begin, end = calendar.weeks(first, zone)
    plan = duty.plans(workflows[:1], begin, end)[workflows[0]] if workflows else Plan()
    numbers = {*(plan.weeks.people if plan.weeks else ()), *(one.staff for one in plan.taken), *plan.fallback}
    people = keep.may_serve(workflows)
    keeps = keep.keeps(request.actor, workflows)
    context = {
        "rota": _now(rota, now, me),
        "zone": rota.time_zone,
        "first": first,
        "weeks": calendar.table(plan, first, today, zone, Staff.objects.in_bulk(numbers), me),
        "earlier": _month(rota, (first - timedelta(days=1)).replace(day=1)),
        "later": _month(rota, (first + timedelta(days=32)).replace(day=1)),
        "levels": rota.levels.order_by("place").select_related("staff"),
        "turns": rota.turns.order_by("place").select_related("staff"),
        "spans": _spans(workflows, now, me, keeps=keeps),
        "absences": _absences(sorted(numbers), now) if keeps else [],
        "slug": rota.slug,
        "keeps": keeps,
        "serves": people.filter(pk=me).exists(),
        "take": said.take or (SpanOf(people) if keeps else Span()),
        "give": said.give or SpanOf(people.exclude(pk=me), prefix="give"),
    }
    return show(request, "desk/on_call/rota.html", context, status)


def _month(rota: Rota, first: date) -> str:
    return f"{reverse('desk:rota', args=[rota.slug])}?month={first:%Y-%m}"


def _spans(workflows: Sequence[str], now: datetime, me: int, *, keeps: bool) -> list[dict[str, Any]]:
    rows = OnCallShift.objects.filter(workflow__in=workflows[:1], ends_at__gt=now).select_related("staff")
    return [
        {
            "name": one.staff.working_name,
            "username": one.staff.username,
            "from": moment(one.starts_at),
            "to": moment(one.ends_at),
            "key": one.starts_at.isoformat(),
            "may_end": keeps or one.staff_id == me,
        }
        for one in rows.order_by("starts_at", "id")
    ]


@desk_page
@require_POST
def take_span(request: DeskRequest, rota: str) -> HttpResponse:
    """Take a span; a manager may name somebody else for it."""
    found = keep.find(request.actor, rota)
    workflows = keep.workflows_of(found)
    keeps = keep.keeps(request.actor, workflows)
    form = SpanOf(keep.may_serve(workflows), request.POST) if keeps else Span(request.POST)
    if form.is_valid():
        try:
            person = form.cleaned_data["person"] if keeps else request.user
            keep.take(request.actor, found, person, *_span(form))
            return _back(found)
        except BadData as error:
            _tell(form, error)
    return _rota(request, found, Forms(take=form), 422)


@desk_page
@require_POST
def give_span(request: DeskRequest, rota: str) -> HttpResponse:
    """Ask a colleague to take a span."""
    found = keep.find(request.actor, rota)
    people = keep.may_serve(keep.workflows_of(found)).exclude(pk=request.user.pk)
    form = SpanOf(people, request.POST, prefix="give")
    if form.is_valid():
        try:
            keep.offer(request.actor, found, form.cleaned_data["person"], *_span(form))
            return HttpResponseRedirect(reverse("desk:on-call"))
        except BadData as error:
            _tell(form, error)
    return _rota(request, found, Forms(give=form), 422)


@desk_page
@require_POST
def end_span(request: DeskRequest, rota: str) -> HttpResponse:
    """End a span that somebody took."""
    found = keep.find(request.actor, rota)
    person = Staff.objects.filter(username=request.POST.get("person", "")).first()
    try:
        starts = parse_datetime(request.POST.get("starts", ""))
    except ValueError:
        starts = None
    if person is None or starts is None or timezone.is_naive(starts):
        raise NotFound
    keep.end_span(request.actor, found, person, starts)
    return _back(found)


def _span(form: forms.Form) -> tuple[datetime, datetime]:
    return form.cleaned_data["starts"].astimezone(UTC), form.cleaned_data["ends"].astimezone(UTC)


def _tell(form: forms.Form, error: BadData) -> None:
    for name, said in error.errors.items():
        form.add_error(name if name in form.fields else None, said)


def _back(rota: Rota) -> HttpResponse:
    return HttpResponseRedirect(reverse("desk:rota", args=[rota.slug]))


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: DeskRequest, rota: str) -> HttpResponse:
    """Who takes turns, when they hand over, who is asked when nobody answers."""
    found = keep.find(request.actor, rota)
    if not keep.keeps(request.actor, keep.workflows_of(found)):
        raise NotAllowed(_("A rota is kept by the managers of its workflows."))
    return _edit(request, found)


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: DeskRequest) -> HttpResponse:
    """A new rota."""
    if not _works(request):
        raise NotAllowed(_("A rota is kept by the managers of its workflows."))
    return _edit(request, None)


def _edit(request: DeskRequest, rota: Rota | None) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = rota_form(_works(request), rota, request.user.time_zone, data)
    if data is not None and form.is_valid():
        wanted = form.wanted()
        try:
            return _back(keep.save_rota(request.actor, rota.slug if rota else _new_slug(wanted.name), wanted))
        except BadData as error:
            _tell(form, error)
    context = {"form": form, "rota": rota}
    return show(request, "desk/on_call/edit.html", context, 200 if data is None else 422)


def _new_slug(name: str) -> str:
    wanted = slugify(name)[:34] or "rota"
    taken = set(Rota.objects.filter(slug__startswith=wanted).values_list("slug", flat=True))
    return (
        wanted
        if wanted not in taken
        else next(one for one in (f"{wanted}-{number}" for number in range(2, 10_000)) if one not in taken)
    )


# Offers, absences, the calendar


@desk_page
@require_POST
def decide(request: DeskRequest, number: int) -> HttpResponse:
    """Agree to an offer, decline it, or take one's own back."""
    keep.decide(request.actor, number, agreed="agree" in request.POST)
    return HttpResponseRedirect(reverse("desk:on-call"))


@desk_page
@require_POST
def be_away(request: DeskRequest) -> HttpResponse:
    """Note an absence."""
    form = SpanOf(_managed(request), request.POST)
    if form.is_valid():
        try:
            keep.be_away(request.actor, form.cleaned_data["person"], *_span(form))
            return HttpResponseRedirect(reverse("desk:on-call"))
        except BadData as error:
            _tell(form, error)
    return _overview(request, form, status=422)


@desk_page
@require_POST
def be_back(request: DeskRequest, number: int) -> HttpResponse:
    """Take an absence back."""
    keep.be_back(request.actor, number)
    return HttpResponseRedirect(reverse("desk:on-call"))


@desk_page
@require_POST
def calendar_address(request: DeskRequest) -> HttpResponse:
    """Make a secret address of one's calendar, which is shown once; or end the one there is."""
    if "end" in request.POST:
        feed.end_feed(request.actor)
        return HttpResponseRedirect(reverse("desk:on-call"))
    return _overview(request, address=feed.make_feed(request.actor))


@never_cache
@require_safe
def calendar_file(request: HttpRequest, secret: str) -> HttpResponse:
    """The calendar of whoever made the address, for programs that cannot sign in. Names and times only."""
    if not take(f"calendar from {network_of(request)}", TRIES, WINDOW):
        return HttpResponse(status=429)
    try:
        reader = feed.reader_of(secret)
    except NotFound:
        return HttpResponse(status=404)
    with translation.override(reader.language):
        answer = HttpResponse(feed.calendar(reader), content_type="text/calendar; charset=utf-8")
    answer["Content-Disposition"] = 'inline; filename="on-call.ics"'
    return answer

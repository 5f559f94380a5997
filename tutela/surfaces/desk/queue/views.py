"""My day, the queue of a workflow, a saved view: one page with other contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from tutela.core.access import reviews
from tutela.core.cases.models import Case
from tutela.core.errors import NotFound
from tutela.core.flow import registry
from tutela.surfaces.desk.counts import bounded, said
from tutela.surfaces.desk.faces import full
from tutela.surfaces.desk.models import SavedView
from tutela.surfaces.desk.page import desk_page, show
from tutela.surfaces.desk.rail import asker_of, is_partner, rail_of, reviews_roles, standing_of

from .filters import KEYS, LONGEST, Filter, parse
from .lists import MY_DAY, OF_WORKFLOW, SOON, SORTS, Sort, Tab, mine, page_of
from .rows import dress, grouped

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tutela.surfaces.desk.page import DeskRequest
    from tutela.surfaces.desk.rail import Rail

    from .filters import Asker

DENSITIES = ("comfortable", "compact")


@dataclass(frozen=True)
class Listing:
    """A list that a page shows: where it is, what it holds, how it is parted."""

    title: _StrOrPromise
    url: str
    tabs: tuple[Tab, ...] = ()
    within: Q = field(default_factory=Q)
    query: str = ""
    sort: str = "due"
    view: SavedView | None = None
    day: bool = False


@desk_page
@require_safe
def my_day(request: DeskRequest) -> HttpResponse:
    """What needs this person, the soonest first. Partners are sent to what is shared with them."""
    if is_partner(request, alone=True):
        return HttpResponseRedirect(reverse("desk:slices-shared"))
    return _list_page(request, Listing(_("My day"), reverse("desk:my-day"), MY_DAY, day=True))


@desk_page
@require_safe
def queue(request: DeskRequest, workflow: str) -> HttpResponse:
    """The cases of one workflow, for those who hold a grant on it."""
    if workflow not in standing_of(request).roles:
        raise NotFound
    found = registry.workflow(workflow)
    url = reverse("desk:queue", args=[workflow])
    return _list_page(request, Listing(found.plural, url, OF_WORKFLOW, Q(workflow=workflow)), workflow)


@desk_page
@require_safe
def view(request: DeskRequest, number: int) -> HttpResponse:
    """A saved view: its filter, until another one is typed."""
    mine_and_shared = SavedView.objects.for_person(request.user.pk, standing_of(request).roles)
    found = mine_and_shared.filter(pk=number).first()
    if found is None:
        raise NotFound
    url = reverse("desk:view", args=[number])
    return _list_page(request, Listing(found.name, url, query=found.query, sort=found.sort, view=found))


@desk_page
@require_safe
def counts(request: DeskRequest) -> HttpResponse:
    """The lists of the rail with fresh counts, to be put in their places."""
    return render(request, "ui/parts/counts.html", {"rail": rail_of(request)})


@desk_page
@require_safe
def changes(request: DeskRequest) -> HttpResponse:
    """How many cases that the person sees changed since a moment, up to 99; of one workflow, if named."""
    since = _moment(request.GET.get("since", ""))
    changed = Case.objects.filter(updated_at__gt=since)
    if workflow := request.GET.get("workflow"):
        changed = changed.in_workflow(workflow)
    return JsonResponse({"count": bounded({"changed": changed})["changed"]})


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return timezone.now()
    return at if at.tzinfo else timezone.make_aware(at)


def _list_page(request: DeskRequest, listing: Listing, workflow: str = "") -> HttpResponse:
    asker = asker_of(request)
    typed = request.GET.get("q", listing.query)[:LONGEST]
    asked = parse(typed, asker)
    tab = next((one for one in listing.tabs if one.name == request.GET.get("tab")), None)
    tab = tab or (listing.tabs[0] if listing.tabs else None)
    sort = _sort(request.GET.get("sort", listing.sort), asked)
    cases = asked.apply(Case.objects.filter(listing.within, _part(tab, asker, asked)))
    page = page_of(cases, sort, request.GET.get("after", ""))
    rows = dress(page.rows, request.user.pk)
    address = _Address(listing, tab, typed if "q" in request.GET else None, sort)
    context = {
        "listing": listing,
        "day": date_format(timezone.localdate(), "l j F") if listing.day else "",
        "tabs": _tabs(listing, tab, asker, typed if "q" in request.GET else ""),
        "tab_name": tab.name if tab and tab is not listing.tabs[0] else "",
        "save_url": f"{reverse('desk:views')}?{urlencode({'q': asked.text, 'sort': sort.name})}",
        "summary": _summary(asker, rail_of(request)) if listing.day else "",
        "reviews": _reviews(request) if listing.day else [],
        "filter": asked,
        "typed": typed,
        "chips": _chips(asked, address),
        "keys": KEYS,
        "sort": sort,
        "sorts": [{"sort": one, "url": address.to(sort=one.name)} for one in SORTS.values()],
        "groups": grouped(rows),
        "compact": request.user.preferences.get("density") == "compact",
        "here": request.get_full_path(),
        "older": address.to(after=page.after) if page.after else "",
        "newer": address.to() if request.GET.get("after") else "",
        "now": timezone.now().isoformat(),
        "changes_url": _with(reverse("desk:changes"), {"workflow": workflow} if workflow else {}),
        "is_mine": listing.view is not None and listing.view.owner_id == request.user.pk,
    }
    return show(request, "desk/queue.html", context)


def _reviews(request: DeskRequest) -> list[dict[str, Any]]:
    """The reviews of roles that wait for this person. Asks nothing for those who review none."""
    found = reviews.waiting_for(request.actor) if reviews_roles(request) else []
    return [
        {
            "url": reverse("desk:review", args=[one.pk]),
            "about": reviews.label_of(one),
            "due": full(one.due_at),
            "kind": "warning" if one.is_late else "notice",
        }
        for one in found
    ]


def _sort(name: str, asked: Filter) -> Sort:
    """The order that was asked for. Closed cases have no clock: with them the newest come first."""
    sort = SORTS.get(name, SORTS["due"])
    return sort if sort.name != "due" or asked.only_open else SORTS["new"]


def _part(tab: Tab | None, asker: Asker, asked: Filter) -> Q:
    """What one part of a list holds. Nobody's urgent cases are open ones: no closed one is looked at."""
    if tab is None:
        return Q()
    if tab.q is mine and not asked.only_open:
        return Q(assignee=asker.staff_id)
    return tab.q(asker)


@dataclass(frozen=True)
class _Address:
    """The shareable address of a list, with one thing changed."""

    listing: Listing
    tab: Tab | None
    typed: str | None
    sort: Sort

    def to(self, **changed: str | None) -> str:
        first = self.listing.tabs[0].name if self.listing.tabs else None
        said = {
            "tab": self.tab.name if self.tab else None,
            "q": self.typed,
            "sort": self.sort.name,
            **changed,
        }
        usual = {"tab": first, "sort": self.listing.sort, "q": None, "after": None}
        kept = {name: value for name, value in said.items() if value is not None and value != usual[name]}
        return f"{self.listing.url}?{urlencode(kept)}" if kept else self.listing.url


def _tabs(listing: Listing, current: Tab | None, asker: Asker, typed: str) -> list[dict[str, Any]]:
    found = bounded(
        {tab.name: Case.objects.open().filter(listing.within, tab.q(asker)) for tab in listing.tabs}
    )
    kept = {"q": typed} if typed else {}
    first = listing.tabs[0] if listing.tabs else None
    return [
        {
            "label": tab.label,
            "count": said(found[tab.name]),
            "url": _with(listing.url, {**({} if tab is first else {"tab": tab.name}), **kept}),
            "current": tab is current,
        }
        for tab in listing.tabs
    ]


def _with(url: str, values: dict[str, str]) -> str:
    return f"{url}?{urlencode(values)}" if values else url


def _chips(asked: Filter, address: _Address) -> list[dict[str, Any]]:
    return [
        {"label": term.label, "says": term.says, "url": address.to(q=asked.without(term))}
        for term in asked.terms
    ]


def _summary(asker: Asker, rail: Rail) -> dict[str, Any]:
    """What the day holds: the clocks are counted, the rest is what the rail says."""
    tonight = timezone.localtime(asker.now).replace(hour=23, minute=59, second=59)
    own = Case.objects.open().filter(mine(asker))
    found = bounded(
        {
            "now": own.filter(due_at__lt=asker.now + SOON),
            "today": own.filter(due_at__lt=tonight),
        }
    )
    found |= {name: rail.counts[name] for name in ("approvals", "replies")}
    return {"now": _near(found["now"]), "rest": _rest(found)}


def _near(count: int) -> str:
    if not count:
        return _("Nothing needs you within the hour.")
    said_so = ngettext("%(count)s needs you within the hour.", "%(count)s need you within the hour.", count)
    return said_so % {"count": said(count)}


def _rest(found: dict[str, int]) -> list[str]:
    """What else there is; what there is none of is not said."""
    today, approvals, replies = found["today"], found["approvals"], found["replies"]
    lines = [
        (today, ngettext("%(count)s clock ends today", "%(count)s clocks end today", today)),
        (approvals, ngettext("%(count)s approval", "%(count)s approvals", approvals)),
        (replies, ngettext("%(count)s unread reply", "%(count)s unread replies", replies)),
    ]
    return [line % {"count": said(count)} for count, line in lines if count]

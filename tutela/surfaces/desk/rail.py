"""The rail beside every page: places, queues and saved views with their counts, who one is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case
from tutela.core.flow import registry
from tutela.core.kept import Written, kept, kept_sql
from tutela.core.oncall import duty
from tutela.core.oncall.plan import next_change, who
from tutela.core.people.listening import make_ticket
from tutela.core.people.models import Grant
from tutela.core.people.roles import PLATFORM, Role
from tutela.core.slices import sharing

from .approvals.waiting import investigating, waiting_for
from .counts import bounded, counting, said
from .models import SavedView
from .queue.filters import Asker, parse
from .queue.lists import SOON, in_hand

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from tutela.core.flow.declare import Workflow

    from .page import DeskRequest

MOST_VIEWS = 8
DAY = timedelta(days=1)
#: A hand-over in more than a day has no place in the rail.
AHEAD = 2 * DAY


@dataclass(frozen=True)
class Standing:
    """What one person may do here now, read once per page."""

    roles: dict[str, frozenset[str]]

    @property
    def workflows(self) -> list[Workflow]:
        """The installed workflows on which the person holds a grant, in their usual order."""
        return [one for one in registry.workflows() if one.slug in self.roles]


def standing_of(request: DeskRequest) -> Standing:
    """The grants of the person, read once per request."""
    kept: Standing | None = getattr(request, "_standing", None)
    if kept is None:
        roles: dict[str, set[str]] = {}
        for workflow, role in _grants(request.user.pk, timezone.now()):
            roles.setdefault(workflow, set()).add(role)
        kept = Standing({slug: frozenset(names) for slug, names in roles.items()})
        request._standing = kept  # type: ignore[attr-defined]  # noqa: SLF001  ours, for this request
    return kept


@kept
def _grants(staff: int, now: datetime) -> QuerySet[Grant, tuple[str, str]]:
    return Grant.objects.active(now).filter(staff=staff).values_list("workflow", "role")


def reviews_roles(request: DeskRequest) -> bool:
    """Whether the person looks once a quarter at who holds which role: managers and security officers."""
    return any({Role.MANAGER, Role.SECURITY} & held for held in standing_of(request).roles.values())


def gives_slices(request: DeskRequest) -> bool:
    """Whether the person may agree to redacted slices of other people."""
    return any(not held.isdisjoint(sharing.GIVERS) for held in standing_of(request).roles.values())


def is_partner(request: DeskRequest, *, alone: bool = False) -> bool:
    """Whether slices of cases are shared with the person; `alone`: and they hold no other role."""
    roles = standing_of(request).roles
    return roles == {PLATFORM: {Role.PARTNER}} if alone else Role.PARTNER in roles.get(PLATFORM, ())


def asker_of(request: DeskRequest) -> Asker:
    """Who asks, as filters need it."""
    return Asker(request.user.pk, timezone.now(), tuple(standing_of(request).roles))


def rail_of(request: DeskRequest) -> Rail:
    """The rail of a page, one for each request. Reads the database only when it is drawn or asked."""
    kept: Rail | None = getattr(request, "_rail", None)
    if kept is None:
        kept = request._rail = Rail(request)  # type: ignore[attr-defined]  # noqa: SLF001  ours, for this request
    return kept


class Rail:
    """Fields as `ui/parts/rail.html` reads them. Four queries, whatever there is to count.

    A narrow rail (`slim`) has no room for the counts of queues and views, and asks for none.
    """

    slim = False

    def __init__(self, request: DeskRequest) -> None:
        self._request = request
        self._path = request.path
        alone = is_partner(request, alone=True)
        self.home_url = reverse("desk:slices-shared" if alone else "desk:my-day")
        self.search_url = reverse("desk:search")
        self.palette_url = reverse("desk:palette")
        self.counts_url = reverse("desk:counts")

    @cached_property
    def places(self) -> list[dict[str, Any]]:
        """The person's own pages."""
        if is_partner(self._request, alone=True):
            return self._of_partners
        counts = self.counts
        return [
            *self._of_partners,
            self._link("day", _("My day"), self.home_url, counts["mine"], key="M"),
            self._link(
                "message",
                _("Replies"),
                reverse("desk:replies"),
                counts["replies"],
                key="R",
                new=counts["replies"] > 0,
            ),
            self._link("approve", _("Approvals"), reverse("desk:approvals"), counts["approvals"], key="A"),
            self._link("phone", _("On call"), reverse("desk:on-call"), note=self._on_call),
        ]

    @cached_property
    def queues(self) -> list[dict[str, Any]]:
        """One list of cases for each workflow that the person works in."""
        return [
            self._link(
                one.icon,
                one.plural,
                reverse("desk:queue", args=[one.slug]),
                self.counts.get(f"queue {one.slug}"),
            )
            for one in standing_of(self._request).workflows
        ]

    @property
    def _of_partners(self) -> list[dict[str, Any]]:
        if not is_partner(self._request):
            return []
        return [self._link("eye", _("Shared with you"), reverse("desk:slices-shared"))]

    @cached_property
    def registers(self) -> list[dict[str, Any]]:
        """What outlives the cases, for those who work in a workflow."""
        if not standing_of(self._request).roles or is_partner(self._request, alone=True):
            return []
        return [
            self._link("table", _("Release log"), reverse("desk:releases")),
            self._link("unlock", _("Break-glass"), reverse("desk:glasses")),
            *self._of_reviewers,
            self._link("folder", _("Records"), reverse("desk:records")),
        ]

    @property
    def _of_reviewers(self) -> list[dict[str, Any]]:
        if not reviews_roles(self._request):
            return []
        return [self._link("approve", _("Reviews of roles"), reverse("desk:reviews"))]

    @cached_property
    def views(self) -> list[dict[str, Any]]:
        """The saved views, one's own and shared ones."""
        return [
            self._link(
                "filter", view.name, reverse("desk:view", args=[view.pk]), self.counts.get(f"view {view.pk}")
            )
            for view in self._views
        ]

    @cached_property
    def me(self) -> dict[str, Any]:
        """The person, and what is theirs."""
        workflows = standing_of(self._request).workflows
        return {
            "name": self._request.user.working_name,
            "role": self._request.user.title or ", ".join(str(one.plural) for one in workflows),
            "sign_out": reverse("desk:sign-out"),
            "links": [
                {"label": _("Preferences"), "url": reverse("desk:preferences"), "icon": "settings"},
                {"label": _("Saved views"), "url": reverse("desk:views"), "icon": "filter"},
                {"label": _("Declared conflicts"), "url": reverse("desk:conflicts"), "icon": "block"},
                {"label": _("Signing in"), "url": reverse("mfa_index"), "icon": "key"},
            ],
        }

    @property
    def live_url(self) -> str:
        """The stream of changes, with a ticket that says who listens; it ends with the session."""
        ticket = make_ticket(self._request.user.pk, self._request.session.session_key or "")
        return f"{settings.LIVE_URL}/live?ticket={ticket}"

    @cached_property
    def _views(self) -> list[SavedView]:
        return _saved_views(self._request.user.pk, list(standing_of(self._request).roles))

    @cached_property
    def counts(self) -> dict[str, int]:
        """How long each list is, at most 100; of queues and views in a wide rail only."""
        asker = asker_of(self._request)
        found = dict(_own_counts(asker.staff_id, asker.now + SOON, investigating()))
        lists: dict[str, Any] = {}
        if gives_slices(self._request):
            lists["slices"] = sharing.waiting_for(asker.staff_id)
        if not self.slim:
            lists |= {
                f"queue {one.slug}": Case.objects.open().in_workflow(one.slug)
                for one in standing_of(self._request).workflows
            }
            lists |= {
                f"view {view.pk}": parse(view.query, asker).apply(Case.objects.all()) for view in self._views
            }
        found |= bounded(lists)
        found["approvals"] += found.pop("slices", 0)  # slices that wait are approvals as well
        return found

    @property
    def _on_call(self) -> str:
        now, me = timezone.now(), self._request.user.pk
        works = list(standing_of(self._request).roles)
        plans = duty.plans(works, now, now + AHEAD, fallbacks=False)
        on = [(first, plan) for plan in plans.values() if (first := who(plan, now).first) is not None]
        if not on:
            return _("nobody")
        first, plan = next((one for one in on if one[0] == me), on[0])
        ends = next_change(plan, now, AHEAD)
        values = {
            "who": self._request.user.working_name if first == me else duty.people([first])[0].working_name,
            "time": date_format(timezone.localtime(ends), "H:i") if ends and ends - now < DAY else "",
        }
        if first == me:
            return _("you, until %(time)s") % values if values["time"] else _("you")
        return _("%(who)s, until %(time)s") % values if values["time"] else values["who"]

    def _link(self, icon: str, label: Any, url: str, count: int | None = None, **more: Any) -> dict[str, Any]:
        return {
            "icon": icon,
            "label": label,
            "url": url,
            "count": None if count is None else said(count),
            "current": self._path == url,
            "key": "",
            "note": "",
            "new": False,
            **more,
        }


@kept
def _saved_views(staff: int, workflows: list[str]) -> QuerySet[SavedView]:
    return SavedView.objects.for_person(staff, workflows)[:MOST_VIEWS]


@kept_sql
def _own_counts(staff: int, soon: datetime, steps: Sequence[str]) -> Written:
    """How long the lists are that everybody has."""
    return counting(
        {
            "mine": Case.objects.open().filter(in_hand(staff, soon)),
            "replies": Case.objects.filter(unread__gt=0),
            "approvals": waiting_for(staff, steps),
        }
    )

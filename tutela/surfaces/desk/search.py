"""Search: a page of results, and the short lists behind Ctrl K."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tutela.core.flow import registry
from tutela.core.search.find import LONGEST, find

from .faces import SEVERITY, moment
from .page import desk_page, show
from .rail import rail_of

if TYPE_CHECKING:
    from .page import DeskRequest

PAGE = 25
IN_PALETTE = 8


@desk_page
@require_safe
def search(request: DeskRequest) -> HttpResponse:
    """The cases in which some words stand, the newest first."""
    typed = request.GET.get("q", "")[:LONGEST]
    before = request.GET.get("before", "")
    start = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = find(typed, PAGE, start)
    rows = [_row(row) for row in found[:PAGE]]
    more = len(found) > PAGE
    here = reverse("desk:search")
    context = {
        "typed": typed,
        "rows": rows,
        "older": f"{here}?{urlencode({'q': typed, 'before': rows[-1]['id']})}" if more else "",
        "newer": f"{here}?{urlencode({'q': typed})}" if start else "",
    }
    return show(request, "desk/search.html", context)


@desk_page
@require_safe
def palette(request: DeskRequest) -> HttpResponse:
    """What the palette offers for a few letters: cases, then places whose name holds them."""
    typed = request.GET.get("q", "").strip()[:LONGEST]
    found = find(typed, IN_PALETTE) if len(typed) > 1 else []
    groups = [
        {"title": _("Cases"), "items": [_item(row) for row in found[:IN_PALETTE]]},
        {"title": _("Go to"), "items": _places(request, typed)},
    ]
    return JsonResponse({"groups": groups})


def _places(request: DeskRequest, typed: str) -> list[dict[str, Any]]:
    rail = rail_of(request)
    links = [*rail.places, *rail.queues, *rail.registers, *rail.views, *rail.me["links"]]
    return [
        {
            "label": str(one["label"]),
            "url": one["url"],
            "icon": one["icon"],
            "keys": f"G {one['key']}" if one.get("key") else "",
        }
        for one in links
        if typed.casefold() in str(one["label"]).casefold()
    ][: IN_PALETTE * 2]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    workflow = registry.workflow(row["workflow"])
    return {
        **row,
        "level": SEVERITY[row["severity"]],
        "workflow_label": workflow.label,
        "state_label": workflow.state(row["state"]).label,
        "when": moment(row["received_at"]),
        "url": reverse("desk:case", args=[row["reference"]]),
    }


def _item(row: dict[str, Any]) -> dict[str, str]:
    return {
        "label": f"{row['reference']} {row['title']}",
        "url": reverse("desk:case", args=[row["reference"]]),
        "icon": registry.workflow(row["workflow"]).icon,
    }

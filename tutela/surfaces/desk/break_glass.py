"""Break-glass at the desk: open a case that is not one's own, and the openings with their reviews."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.access import glass as break_glass
from tutela.core.access.models import LEAST_REASON, LEAST_WORDS, MOST_MINUTES, Glass
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, StepClosed, TutelaError

from .faces import full, moment
from .page import STATUS, desk_page, show

if TYPE_CHECKING:
    from .page import DeskRequest

MOST_ROWS = 100


class Opening(forms.Form):
    """Which case, why, and for how long."""

    reference = forms.CharField(label=gettext_lazy("Reference of the case"), max_length=24)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The team of the case and the security officers read it at once."),
        min_length=LEAST_REASON,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
    minutes = forms.IntegerField(label=gettext_lazy("Minutes"), min_value=1, max_value=MOST_MINUTES)


class Verdict(forms.Form):
    """What a reviewer says of an opening."""

    justified = forms.ChoiceField(
        label=gettext_lazy("Verdict"),
        choices=[("yes", gettext_lazy("Justified")), ("no", gettext_lazy("Not justified"))],
        widget=forms.RadioSelect,
    )
    words = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_WORDS,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def openings(request: DeskRequest) -> HttpResponse:
    """The openings that one may read of, the newest first, and the form for one more."""
    if request.method != "POST":
        form = Opening(initial={"minutes": settings.GLASS_MINUTES})
        return show(request, "desk/glasses.html", {"form": form, "rows": _rows()})
    form = Opening(request.POST)
    if not form.is_valid():
        return show(request, "desk/glasses.html", {"form": form, "rows": _rows()}, 422)
    asked = form.cleaned_data
    try:
        made = break_glass.open_glass(request.actor, asked["reference"], asked["reason"], asked["minutes"])
    except StepClosed as error:
        context = {"form": form, "error": error, "rows": _rows()}
        return show(request, "desk/glasses.html", context, 409)
    if made is None:  # answered, not raised: the try stays recorded
        return render(request, "desk/not_found.html", status=404)
    return HttpResponseRedirect(reverse("desk:case", args=[made.reference]))


@desk_page
@require_safe
def opening(request: DeskRequest, number: int) -> HttpResponse:
    """One opening: why, how long, what was looked at, and what the review said."""
    return _page(request, break_glass.find(number), Verdict())


@desk_page
@require_POST
def close(request: DeskRequest, number: int) -> HttpResponse:
    """End an opening before its time."""
    break_glass.close_glass(request.actor, number)
    return HttpResponseRedirect(reverse("desk:glass", args=[number]))


@desk_page
@require_POST
def review(request: DeskRequest, number: int) -> HttpResponse:
    """Give the verdict on an opening of somebody else."""
    glass = break_glass.find(number)
    form = Verdict(request.POST)
    if not form.is_valid():
        return _page(request, glass, form, status=422)
    said = form.cleaned_data
    try:
        break_glass.review_glass(request.actor, number, said["words"], justified=said["justified"] == "yes")
    except (BadData, StepClosed, NotAllowed) as error:
        return _page(request, glass, form, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:glass", args=[number]))


def _page(
    request: DeskRequest,
    glass: Glass,
    form: Verdict,
    *,
    error: TutelaError | None = None,
    status: int = 200,
) -> HttpResponse:
    answers = break_glass.answers_for(glass)
    reads = answers or glass.staff_id == request.user.pk
    context = {
        "glass": glass,
        "row": _row(glass, Case.objects.filter(pk=glass.case_id).exists()),
        "may_close": glass.is_open and reads,
        "may_review": answers and not glass.is_open and not glass.reviewed_at,
        "reads_looks": reads,
        "looks": [_look(one) for one in break_glass.looks(glass)] if reads else [],
        "form": form,
        "error": error,
    }
    return show(request, "desk/glass.html", context, status)


def _rows() -> list[dict[str, Any]]:
    """Two queries, however many openings there are."""
    found = list(break_glass.every()[:MOST_ROWS])
    cases = Case.objects.filter(pk__in={one.case_id for one in found})
    seen = set(cases.values_list("pk", flat=True))
    return [_row(one, one.case_id in seen) for one in found]


def _row(glass: Glass, may_see: bool) -> dict[str, Any]:  # noqa: FBT001  one fact of the row
    return {
        "url": reverse("desk:glass", args=[glass.pk]),
        "case": glass.reference,
        "case_url": reverse("desk:case", args=[glass.reference]) if may_see else "",
        "who": glass.staff.working_name,
        "opened": moment(glass.opened_at),
        "opened_at": glass.opened_at,
        "ends": full(glass.ends_at),
        "ends_at": glass.ends_at,
        "is_open": glass.is_open,
        "review_due": moment(glass.review_due_at),
        "reviewed": glass.reviewed_at is not None,
        "justified": glass.justified,
    }


def _look(one: break_glass.Look) -> dict[str, Any]:
    said = {
        name: value for name, value in one.detail.items() if name in {"part", "step", "exhibit", "report"}
    }
    return {
        "at": one.at,
        "full": full(one.at),
        "label": one.label,
        "more": ", ".join(str(value) for value in said.values()),
        "via": one.via,
    }

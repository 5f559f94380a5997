"""Declared conflicts at the desk: one's own, those of one's people, and what a conflict hid shown again."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.access import conflicts
from tutela.core.access.models import LEAST_NAME, LEAST_WORDS, Conflict
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed, TutelaError
from tutela.core.people.models import Staff

from .faces import full, moment
from .page import STATUS, case_or_not_found, desk_page, show

if TYPE_CHECKING:
    from .page import DeskRequest

MOST_ROWS = 200
DAY = timedelta(days=1)


class Declared(forms.Form):
    """Whose conflict, with whom, why, and for how long."""

    person = forms.ModelChoiceField(
        Staff.objects.none(), label=gettext_lazy("Who"), to_field_name="username", empty_label=None
    )
    name = forms.CharField(
        label=gettext_lazy("Name of an account, a person or an organisation"),
        min_length=LEAST_NAME,
        max_length=300,
        required=False,
        widget=forms.TextInput(attrs={"dir": "auto"}),
    )
    colleague = forms.ModelChoiceField(
        Staff.objects.none(),
        label=gettext_lazy("Or a colleague: cases in their hands"),
        to_field_name="username",
        required=False,
        empty_label="—",
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_WORDS,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )
    since = forms.DateField(
        label=gettext_lazy("From"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, request: DeskRequest, data: Any = None) -> None:
        people = conflicts.people_of(request.actor)
        super().__init__(data, initial={"person": request.user.username})
        staff = Staff.objects.filter(kind=Staff.Kind.PERSON, is_active=True).order_by("working_name", "id")
        self.fields["person"].queryset = staff.filter(pk__in=[one.pk for one in people])  # type: ignore[attr-defined]
        self.fields["colleague"].queryset = staff  # type: ignore[attr-defined]
        if len(people) == 1:
            self.fields["person"].widget = forms.HiddenInput()


class Words(forms.Form):
    """Why."""

    words = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_WORDS,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def declared(request: DeskRequest) -> HttpResponse:
    """The conflicts that one may read, the newest first, and the form for one more."""
    if request.method != "POST":
        return _list(request, Declared(request))
    form = Declared(request, request.POST)
    if not form.is_valid():
        return _list(request, form, status=422)
    asked = form.cleaned_data
    try:
        made = conflicts.declare(
            request.actor,
            asked["person"],
            asked["reason"],
            name=asked["name"],
            colleague=asked["colleague"],
            since=_begin(asked["since"]),
            until=_begin(asked["until"] + DAY) if asked["until"] else None,
        )
    except BadData as error:
        for field, said in error.errors.items():
            form.add_error(field, said)
        return _list(request, form, status=422)
    return HttpResponseRedirect(reverse("desk:conflict", args=[made.pk]))


def _begin(day: date | None) -> datetime | None:
    """Where a day begins on the wall of the person."""
    zone = timezone.get_current_timezone()
    return datetime.combine(day, time.min, zone).astimezone(UTC) if day else None


def _list(request: DeskRequest, form: Declared, status: int = 200) -> HttpResponse:
    rows = [_row(one) for one in conflicts.every()[:MOST_ROWS]]
    return show(request, "desk/conflicts.html", {"form": form, "rows": rows}, status)


@desk_page
@require_safe
def conflict(request: DeskRequest, number: int) -> HttpResponse:
    """One conflict: with whom, why, how long, and how it ended."""
    return _page(request, conflicts.find(number), Words())


@desk_page
@require_POST
def end(request: DeskRequest, number: int) -> HttpResponse:
    """End the conflict of somebody else."""
    found = conflicts.find(number)
    form = Words(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=422)
    try:
        conflicts.end(request.actor, number, form.cleaned_data["words"])
    except (BadData, StepClosed, NotAllowed) as error:
        return _page(request, found, form, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:conflict", args=[number]))


@desk_page
@require_POST
def lift(request: DeskRequest, reference: str) -> HttpResponse:
    """Show a case to somebody again that hid itself for a conflict of theirs."""
    case = case_or_not_found(reference)
    username = request.POST.get("person", "")
    person = Staff.objects.filter(username=username, kind=Staff.Kind.PERSON).first()
    if person is None:
        raise NotFound
    conflicts.lift(request.actor, case, person, request.POST.get("words", ""))
    where = reverse("desk:access", args=[reference])
    return HttpResponseRedirect(f"{where}?{urlencode({'person': username})}")


def _page(
    request: DeskRequest,
    found: Conflict,
    form: Words,
    *,
    error: TutelaError | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "conflict": found,
        "row": _row(found),
        "may_end": found.ended_at is None and conflicts.may_answer_for(found.staff),
        "form": form,
        "error": error,
    }
    return show(request, "desk/conflict.html", context, status)


def _row(one: Conflict) -> dict[str, Any]:
    return {
        "url": reverse("desk:conflict", args=[one.pk]),
        "who": one.staff.working_name,
        "with": one.colleague.working_name if one.colleague else one.name,
        "since": moment(one.since),
        "until": moment(one.until) if one.until else "",
        "ended": full(one.ended_at) if one.ended_at else "",
        "is_over": one.is_over,
        "begins": one.since > timezone.now(),
    }

"""The release log at the desk: what was released to whom, one release, and all of it as a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core import signing
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotFound
from tutela.core.flow import registry
from tutela.core.flow.models import Opinion, Request
from tutela.programs.registers.models import DataClass, ReleaseEntry
from tutela.programs.registers.reading import (
    LOG,
    PRE_APPROVED,
    URGENT,
    People,
    Place,
    Wanted,
    described,
    find,
    looked,
    page_of,
    people_of,
)
from tutela.programs.registers.spreadsheet import as_csv
from tutela.ui.clockface import span

from .case.described import Line
from .case.looking import ONE_LOOK
from .faces import full, moment
from .page import desk_page, show

if TYPE_CHECKING:
    from .page import DeskRequest

PAGE = 50
SALT = "page releases"
#: With this mark before it, a spreadsheet reads the file as UTF-8.
UTF8_MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


class Filters(forms.Form):
    """Which entries of the log."""

    recipient = forms.CharField(label=gettext_lazy("Agency or recipient"), required=False, max_length=200)
    since = forms.DateField(
        label=gettext_lazy("Released from"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=gettext_lazy("Released until"),
        required=False,
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    path = forms.ChoiceField(
        label=gettext_lazy("How it was agreed to"),
        required=False,
        choices=[
            ("", gettext_lazy("Either way")),
            (PRE_APPROVED, gettext_lazy("Approved before")),
            (URGENT, gettext_lazy("Urgent path")),
        ],
    )
    review_open = forms.BooleanField(label=gettext_lazy("Review still open"), required=False)

    def wanted(self) -> Wanted:
        """What was asked for; a value that is not understood is told in place and filters nothing."""
        chosen = self.cleaned_data
        until = chosen.get("until")
        return Wanted(
            recipient=chosen.get("recipient", ""),
            since=_start(chosen.get("since")),
            before=_start(until + timedelta(days=1)) if until and until.year < _LAST else None,
            path=chosen.get("path", ""),
            review_open=chosen.get("review_open", False),
        )

    def address(self, url: str, **more: str) -> str:
        """The address of a page with these filters."""
        kept = {name: self.data[name] for name in self.fields if self.data.get(name)}
        said = urlencode({**kept, **more})
        return f"{url}?{said}" if said else url


_LAST = 9999


def _start(day: Any) -> datetime | None:
    """When a day begins for the person; the first days there are begin nowhere."""
    return timezone.make_aware(datetime.combine(day, time.min)) if day and 1 < day.year < _LAST else None


@desk_page
@require_safe
def releases(request: DeskRequest) -> HttpResponse:
    """The log as it reads now, the newest first. The number of queries does not grow with it."""
    form = Filters(request.GET)
    form.is_valid()
    rows, following = page_of(find(form.wanted()), PAGE, _place(request.GET.get("after", "")))
    _look(request, rows)
    here = reverse("desk:releases")
    context = {
        "form": form,
        "filtered": any(request.GET.get(name) for name in form.fields),
        "rows": _rows(rows),
        "older": form.address(here, after=signing.dumps([following[0].isoformat(), following[1]], salt=SALT))
        if following
        else "",
        "newer": form.address(here) if request.GET.get("after") else "",
        "export_url": form.address(reverse("desk:releases-export")),
    }
    return show(request, "desk/releases.html", context)


@desk_page
@require_safe
def export(request: DeskRequest) -> HttpResponse:
    """The whole log, or what the filters leave of it, as CSV. Recorded as an export of each case."""
    form = Filters(request.GET)
    if not form.is_valid():
        said = {name: [str(one) for one in errors] for name, errors in form.errors.items()}
        raise BadData(_("Some answers cannot be used."), said)
    rows = list(find(form.wanted()))
    people = people_of(rows)
    looked(request.actor, rows, Act.EXPORTED)
    text = as_csv(described(row, people) for row in rows)
    answer = HttpResponse(UTF8_MARK + text, content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="releases-{timezone.localdate()}.csv"'
    return answer


@desk_page
@require_safe
def release(request: DeskRequest, number: str) -> HttpResponse:
    """Everything that is recorded of one release."""
    row = find(Wanted(corrected=True)).filter(number=number).first()
    if row is None:
        raise NotFound
    _look(request, [row])
    context = {
        "row": _rows([row])[0],
        "reason": row.correction_reason,
        "earlier": row.corrects,
        "later": getattr(row, "corrected_by", None),
        "parts": _parts(row, people_of([row])),
    }
    return show(request, "desk/release.html", context)


def _place(mark: str) -> Place | None:
    """The place of a mark of ours; one that is not ours begins at the start."""
    try:
        at, number = signing.loads(mark, salt=SALT) if mark else ("", 0)
    except signing.BadSignature:
        return None
    return (datetime.fromisoformat(at), number) if at else None


def _look(request: DeskRequest, rows: Iterable[ReleaseEntry]) -> None:
    """Record the look at each case, unless the same person looked at it here minutes ago."""
    lately = Entry.objects.filter(
        actor_id=request.actor.id,
        act=Act.CASE_LOOKED,
        detail__contains={"at": LOG},
        at__gt=timezone.now() - ONE_LOOK,
    )
    known = set(lately.values_list("detail__case", flat=True))
    looked(request.actor, [row for row in rows if row.case_id not in known])


def _rows(rows: list[ReleaseEntry]) -> list[dict[str, Any]]:
    """The entries as a table shows them, with a link to the case where the reader may see it. One query."""
    cases = Case.objects.filter(pk__in={row.case_id for row in rows})
    seen = set(cases.values_list("pk", flat=True))
    return [_row(row, row.case_id in seen) for row in rows]


def _row(row: ReleaseEntry, may_see: bool) -> dict[str, Any]:  # noqa: FBT001  one fact of the row
    return {
        "number": row.number,
        "url": reverse("desk:release", args=[row.number]),
        "when": moment(row.at),
        "at": row.at,
        "full": full(row.at),
        "case": row.case_reference,
        "case_url": reverse("desk:case", args=[row.case_reference]) if may_see else "",
        "agency": row.agency,
        "recipient": row.recipient_name,
        "data": ", ".join(_data_classes(row)),
        "pre_approved": row.pre_approved,
        "review_open": _state(row) == Request.State.OPEN,
        "took": span(timedelta(minutes=row.minutes_from_receipt)),
        "is_test": row.is_test,
    }


def _state(row: ReleaseEntry) -> str:
    return getattr(row, "review_state", None) or ""


def _data_classes(row: ReleaseEntry) -> list[str]:
    labels = dict(DataClass.choices)
    return [str(labels.get(one, one)) for one in row.data_classes]


def _parts(row: ReleaseEntry, people: People) -> list[dict[str, Any]]:
    """The facts of one entry under headings, in the order in which they are asked about."""
    shown: Any = row
    workflow = next((one.label for one in registry.workflows() if one.slug == row.workflow), row.workflow)
    recipient = (
        (_("Agency"), row.agency),
        (_("Kind of recipient"), shown.get_recipient_type_display()),
        (_("Which"), row.recipient_type_other),
        (_("Recipient"), row.recipient_name),
        (_("Contact of the recipient"), row.recipient_contact),
        (_("Case number of the agency"), row.agency_case_number),
    )
    grounds = (
        (_("Legal basis"), shown.get_legal_basis_display()),
        (_("Reason"), shown.get_reason_display()),
        (_("Which"), row.reason_other),
        (_("Why it could not wait"), row.why_urgent),
        (_("What happened"), row.description),
    )
    data = (
        (_("Kinds of data"), ", ".join(_data_classes(row))),
        (_("Accounts"), ", ".join(row.accounts)),
    )
    agreed = (
        (_("Released by"), row.released_by.working_name),
        (_("How it was agreed to"), _("Approved before") if row.pre_approved else _("Urgent path")),
        (_("Approved by"), ", ".join(one.working_name for one in people.agreed(row))),
        (_("Review"), _review(row)),
        *((_("Reviewed by"), _opinion(one)) for one in people.reviewed(row)),
        (_("After the report came in"), span(timedelta(minutes=row.minutes_from_receipt))),
        (_("Workflow"), str(workflow)),
    )
    caller = row.call_back_by.working_name if row.call_back_by else ""
    call_back = (
        (_("Number called"), row.call_back_number),
        (_("Answered by"), row.call_back_answered_by),
        (_("When"), full(row.call_back_at) if row.call_back_at else ""),
        (_("Called by"), caller),
    )
    parts = (
        (_("To whom"), recipient),
        (_("On what grounds"), grounds),
        (_("What was released"), data),
        (_("Who agreed"), agreed),
        (_("Call-back"), call_back),
    )
    folded = {_("What happened"), _("Why it could not wait")}
    return [
        {"title": title, "facts": facts}
        for title, pairs in parts
        if (facts := [Line("", str(label), value, label in folded) for label, value in pairs if value])
    ]


def _review(row: ReleaseEntry) -> str:
    return _("Review still open") if _state(row) == Request.State.OPEN else ""


def _opinion(one: Opinion) -> str:
    said = {
        "who": one.staff.working_name,
        "verdict": Opinion.Verdict(one.verdict).label,
        "at": moment(one.at),
    }
    return _("%(who)s: %(verdict)s, %(at)s") % said

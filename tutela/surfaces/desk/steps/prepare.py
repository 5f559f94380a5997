"""The form of a step as the desk shows it: filled in where the answer is known, times in one's own zone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case, Report
from tutela.core.flow.letters import render_letter
from tutela.core.flow.perform import make_form
from tutela.surfaces.desk.signing_in import fresh

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tutela.core.flow.declare import Step, Workflow

#: What the page adds to the answers for itself.
OURS = ("csrfmiddlewaretoken", "key", "version", "seen", "next", *fresh.FIELDS)


def form_of(step: Step, case: Case, data: Mapping[str, Any] | None = None) -> forms.Form | None:
    """The form of a step, or None where it asks nothing. Bound when `data` is given."""
    if step.form is None:
        return None
    form = make_form(step, case, data)
    for field in form.fields.values():
        if isinstance(field, forms.DateTimeField):
            _in_own_zone(field)
    return form


def fill_in(form: forms.Form, step: Step, workflow: Workflow, case: Case, asked: Mapping[str, Any]) -> None:
    """Fill in what is known before anybody answers.

    What the address says wins over what the form itself knows, and that over the facts of the case.
    """
    fields = form.fields
    answers: dict[str, Any] = {name: case.facts[name] for name in fields if name in case.facts}
    if step.common:
        answers |= _of_common(step, case)
    answers |= form.initial
    answers |= {name: asked[name] for name in fields if name in asked}
    if step.name == "answer" and asked.get("letter"):
        answers["text"] = _letter(workflow, case, str(asked["letter"]), answers.get("report"))
    form.initial = {name: _local(value) for name, value in answers.items()}


def as_utc(step: Step, case: Case, data: QueryDict) -> QueryDict:
    """The answers with times written in one's own zone turned into UTC.

    They may be kept with a request and read again by somebody in another zone.
    """
    answers = data.copy()
    for name in OURS:
        answers.pop(name, None)
    form = form_of(step, case)
    for name, field in form.fields.items() if form else ():
        if isinstance(field, forms.DateTimeField) and answers.get(name):
            answers[name] = _utc(str(answers[name]))
    return answers


def _utc(text: str) -> str:
    try:
        at = parse_datetime(text.strip())
    except ValueError:
        return text
    if at is None:
        return text  # the form says what is wrong with it
    return (at if at.tzinfo else timezone.make_aware(at)).astimezone(UTC).isoformat()


def _in_own_zone(field: forms.DateTimeField) -> None:
    field.widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    field.help_text = _("In your time zone, %(zone)s.") % {"zone": timezone.get_current_timezone_name()}


def _local(value: Any) -> Any:
    return timezone.localtime(value) if isinstance(value, datetime) else value


def _of_common(step: Step, case: Case) -> dict[str, Any]:
    known: dict[str, dict[str, Any]] = {
        "edit_title": {"title": case.title},
        "set_severity": {"severity": case.severity},
        "assign": {"assignee": case.assignee.username if case.assignee else None},
        "follow_up": {"at": case.follow_up_at},
    }
    return known.get(step.name, {})


def _letter(workflow: Workflow, case: Case, name: str, report_id: Any) -> str:
    """The text of a letter in the language of the reporter who is answered."""
    try:
        letter = workflow.letter(name)
    except KeyError:
        return ""
    reports = case.reports.defer("raw").order_by("received_at", "id")
    report: Report | None = reports.filter(pk=report_id).first() if report_id else reports.first()
    language = (report.spoken if report else "") or case.language
    _subject, text = render_letter(workflow, letter, language, {"case": case})
    return text

"""What of a case may go into a slice, and which words its people would rather not read there.

Who sent a report, privileged notes, technical data and files are never offered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from django.db.models import Q
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Event, Exhibit, Message
from tutela.core.flow import registry
from tutela.core.flow.notices import who_sees
from tutela.core.people.actor import Actor
from tutela.core.people.models import Staff

#: How much of one text is offered, in characters.
LONGEST: Final = 50_000


@dataclass(frozen=True)
class Source:
    """One text of a case that may be chosen: its name, what stands above it, its words."""

    name: str
    title: str
    text: str


class Names(StrEnum):
    """Whose names are blacked out without anybody writing them down."""

    SENDER = "sender"
    PARTIES = "parties"
    STAFF = "staff"


def sources_of(case: Case) -> list[Source]:
    """Everything that may be chosen, in the order of the case. Whoever asks sees the case."""
    return [Source(one.name, one.title, one.text[:LONGEST]) for one in _sources(case) if one.text.strip()]


def chosen(case: Case, actor: Actor, names: list[str]) -> list[Source]:
    """Those of these names. That their words were looked at is recorded."""
    found = [one for one in sources_of(case) if one.name in names]
    for one in found:
        kind, _dash, number = one.name.partition("-")
        if kind == "exhibit":
            record(Act.EXHIBIT_LOOKED, actor, case.pk, exhibit=int(number))
        elif kind == "report":
            record(Act.WORDS_UNFOLDED, actor, case.pk, report=int(number))
    return found


def _sources(case: Case) -> Iterator[Source]:
    for n, report in enumerate(case.reports.defer("raw").order_by("id"), 1):
        words = "\n\n".join(filter(None, [report.subject, report.text]))
        yield Source(f"report-{report.pk}", _("Report %(n)s") % {"n": n}, words)
    if case.facts:
        yield Source("facts", _("What we know"), _facts(case))
    for n, message in enumerate(case.messages.select_related("report").order_by("id"), 1):
        title = _("Message %(n)s") if message.direction == Message.Direction.IN else _("Letter %(n)s")
        words = "\n\n".join(filter(None, [message.subject, message.text]))
        yield Source(f"message-{message.pk}", title % {"n": n}, words)
    notes = case.notes.filter(privileged=False, replaced_by=None).order_by("id")
    for n, note in enumerate(notes, 1):
        yield Source(f"note-{note.pk}", _("Note %(n)s") % {"n": n}, note.text)
    exhibits = case.exhibits.filter(file=None, quarantine="", content_type="text/plain")
    for exhibit in exhibits.exclude(kind=Exhibit.Kind.TECHNICAL).order_by("number"):
        title = _("Exhibit %(n)s: %(title)s") % {"n": exhibit, "title": exhibit.title}
        yield Source(f"exhibit-{exhibit.number}", title, bytes(exhibit.data).decode("utf-8", "replace"))


def _facts(case: Case) -> str:
    """The facts in lines, as the form of the workflow names and offers them."""
    asked = registry.workflow(case.workflow).facts
    fields = asked.base_fields if asked else {}
    lines = []
    for name, field in fields.items():
        value = case.facts.get(name)
        if value not in (None, "", []):
            lines.append(
                _("%(label)s: %(value)s") % {"label": field.label or name, "value": _said(field, value)}
            )
    return "\n".join(lines)


def _said(field: Any, value: Any) -> str:
    names = {str(name): str(label) for name, label in getattr(field, "choices", ())}
    values = value if isinstance(value, list) else [value]
    return ", ".join(names.get(str(one), str(one)) for one in values)


def names_in(case: Case, groups: list[Names]) -> list[str]:
    """The names of these groups, as they stand on the case."""
    found: set[str] = set()
    if Names.SENDER in groups:
        for report in case.reports.defer("raw"):
            found |= {report.sender_name, report.sender_email}
    if Names.PARTIES in groups:
        for row in case.parties.filter(removed_at=None).select_related("party"):
            found |= {row.party.name, *row.party.earlier_names}
    if Names.STAFF in groups:
        found |= set(_staff_of(case))
    return sorted(filter(None, found))


def _staff_of(case: Case) -> Iterator[str]:
    """Of everybody who can open the case, acted on it or wrote for it."""
    acted = Event.objects.filter(case=case).values("actor")
    wrote = case.messages.exclude(author=None).values("author")
    people = Staff.objects.filter(kind=Staff.Kind.PERSON)
    near = people.filter(Q(pk__in=who_sees(case).values("pk")) | Q(pk__in=acted) | Q(pk__in=wrote))
    for names in near.values_list("username", "working_name"):
        yield from names

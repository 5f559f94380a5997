"""The timeline of a case: every event as one line a person reads, the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Count, Value
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, CaseLink, Event, Exhibit, Message, Note, Party, Report, Severity
from tutela.core.flow.common_runs import undoable, why_not_undo
from tutela.core.flow.models import Request
from tutela.core.kept import kept
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.models import Staff
from tutela.surfaces.desk.faces import full, hour, moment, short
from tutela.ui.icons import NAMES

from . import sentences
from .described import Line, described, fields_of
from .sentences import fill, strong

if TYPE_CHECKING:
    from django.db.models import Manager, QuerySet
    from django.utils.functional import _StrOrPromise
    from django.utils.safestring import SafeString

    from tutela.core.flow.declare import Workflow

PAGE = 60
#: A number that no event has yet.
AFTER_ALL = 2**62
LONGEST_RECEIPT = 24
KIND = Event.Kind
ACTS = (KIND.STEP, KIND.HELD, KIND.OPINION, KIND.EFFECT, KIND.CLOCK, KIND.UNDONE, KIND.ACCESS)
#: The filters of the timeline and the kinds of events that each shows.
SHOWS: dict[str, tuple[str, ...]] = {
    "acts": ACTS,
    "messages": (KIND.RECEIVED, KIND.MESSAGE),
    "notes": (KIND.NOTE,),
    "evidence": (KIND.EXHIBIT,),
}
LOOKS = (Act.CASE_LOOKED, Act.WORDS_UNFOLDED, Act.REPORT_LOOKED, Act.EXHIBIT_LOOKED, Act.SLICE_LOOKED)

#: Drawings that the declarations of the core call by another name.
_ICONS = {"clip": "attach"}
_KIND_ICONS = {
    KIND.RECEIVED: "tray",
    KIND.HELD: "wait",
    KIND.OPINION: "approve",
    KIND.MESSAGE: "message",
    KIND.NOTE: "note",
    KIND.EXHIBIT: "attach",
    KIND.EFFECT: "send",
    KIND.CLOCK: "clock",
    KIND.UNDONE: "undo",
    KIND.ACCESS: "unlock",
}


@dataclass
class Item:
    """One line of the timeline as the template draws it."""

    #: How long the word after a step is said again when the page is loaded again.
    FRESH: ClassVar = timedelta(minutes=10)

    id: int
    icon: str
    kind: str
    when: str
    at: Any
    full: str
    line: SafeString
    notes: list[Note] = field(default_factory=list)
    #: Whether something of it is privileged; the database left out what this person may not read.
    privileged: bool = False
    trails: list[dict[str, Any]] = field(default_factory=list)
    card: list[Line] = field(default_factory=list)
    waits: str = ""
    request_url: str = ""
    more: str = ""
    undo: str = ""
    new: bool = False
    #: Whether a machine wrote it and all went well: a run of such lines folds into one.
    quiet: bool = False
    folded: list[Item] = field(default_factory=list)


@dataclass(frozen=True)
class Timeline:
    """The lines of one page of the timeline; `older` leads to the lines before."""

    items: list[Item]
    older: int = 0


def icon(name: str, fallback: str = "next") -> str:
    """The name of a drawing that we have."""
    known = _ICONS.get(name, name)
    return known if known in NAMES else fallback


def tabs(case: Case, url: str, show: str) -> list[dict[str, Any]]:
    """The filters of the timeline with their counts. One query."""
    kinds = dict(_counts(case.pk))
    looks = kinds.pop("looks", 0)
    counted = {name: sum(kinds.get(kind, 0) for kind in of) for name, of in SHOWS.items()}
    labels = {
        "": (_("All"), sum(kinds.values())),
        "acts": (_("Acts"), counted["acts"]),
        "messages": (_("Messages"), counted["messages"]),
        "notes": (_("Notes"), counted["notes"]),
        "evidence": (_("Evidence"), counted["evidence"]),
        "looks": (_("Looks"), looks),
    }
    return [
        {
            "label": label,
            "count": count,
            "url": f"{url}?show={name}#timeline" if name else f"{url}#timeline",
            "current": name == show,
        }
        for name, (label, count) in labels.items()
    ]


@kept
def _counts(case: int) -> QuerySet[Event, tuple[str, int]]:
    events = Event.objects.filter(case=case).order_by().values_list("kind").annotate(n=Count("pk"))
    seen = Entry.objects.filter(case_id=case, act__in=LOOKS).order_by()
    return events.union(seen.values_list(Value("looks")).annotate(n=Count("pk")), all=True)


def timeline(
    workflow: Workflow, case: Case, me: int, show: str = "", before: int = 0, most: int = PAGE
) -> Timeline:
    """One page of the timeline. The number of queries does not grow with the number of lines."""
    if show == "looks":
        return _looks(case, before)
    found = _found(case, show, before or AFTER_ALL)[: most + 1]
    older = found[most - 1].pk if len(found) > most else 0
    is_newest = not (show or before)
    reader = _Reader(workflow, case, me, found[:most], undoable(case, found if is_newest else ()))
    return Timeline(folded(reader.item(event) for event in found[:most]), older)


def _found(case: Case, show: str, before: int) -> list[Event]:
    """A page of events before a number, and one more."""
    if show not in SHOWS:
        return _events(case.pk, before)
    events = Event.objects.filter(case=case, kind__in=SHOWS[show], pk__lt=before)
    return list(events.select_related("actor").order_by("-id")[: PAGE + 1])


@kept
def _events(case: int, before: int) -> QuerySet[Event]:
    events = Event.objects.filter(case=case, pk__lt=before)
    return events.select_related("actor").order_by("-id")[: PAGE + 1]


@kept
def _effects(case: int, first: int, last: int) -> QuerySet[Effect]:
    return Effect.objects.filter(case=case, event__gte=first, event__lte=last).order_by("id")


def folded(items: Iterable[Item]) -> list[Item]:
    """The lines, with each run of quiet ones as a single line that opens and holds them all."""
    found: list[Item] = []
    for quiet, run in groupby(items, key=lambda item: item.quiet):
        lines = list(run)
        found += [_fold(lines)] if quiet and len(lines) > 1 else lines
    return found


def _fold(lines: list[Item]) -> Item:
    newest, count = lines[0], len(lines)
    said = ngettext("%(n)s notice or clock warning", "%(n)s notices and clock warnings", count)
    line = fill(said, {"n": count})
    return replace(newest, icon="clock", kind="", line=line, trails=[], quiet=False, folded=lines)


def line_of(workflow: Workflow, case: Case, event: Event, me: int) -> Item:
    """One event by itself, for the word after a step."""
    return _Reader(workflow, case, me, [event], undoable(case)).item(event)


class _Reader:
    """Reads what the events of one page speak of, once, and says each."""

    def __init__(
        self, workflow: Workflow, case: Case, me: int, events: list[Event], last: Event | None
    ) -> None:
        self.workflow, self.case, self.me = workflow, case, me
        self.url = reverse("desk:case", args=[case.reference])
        numbers = [event.pk for event in events]
        self.notes = _named(Note.objects, _ids(events, "notes"))
        self.channels: dict[Any, str] = dict(_columns(Report.objects, _ids(events, "report"), "channel"))
        self.exhibits = _named(Exhibit.objects.defer("data"), _ids(events, "exhibits"))
        self.parties = _named(Party.objects, _ids(events, "party", "merged", "split_from"))
        linking = [event for event in events if event.step == "link_case"]
        self.links: dict[Any, int] = dict(_columns(CaseLink.objects, _ids(linking, "link"), "other_id"))
        self.cases = _named(Case.objects, _ids(events, "other") | set(self.links.values()))
        self.people = _named(Staff.objects, _ids(events, "assignee", "proposer", "agreed", "opener"))
        self.requests = _named(Request.objects, _ids(events, "request"))
        messages = _columns(Message.objects, _ids(events, "messages"), "direction", "read_at")
        self.unread = {number for number, way, read_at in messages if way == "in" and read_at is None}
        self.told = _named(Effect.objects.select_related("event"), _ids(events, "effect"))
        self.effects: dict[int, list[Effect]] = {}
        for effect in _effects(case.pk, min(numbers), max(numbers)) if numbers else ():
            self.effects.setdefault(effect.event_id, []).append(effect)
        self.may_undo = last.pk if last and why_not_undo(last, me) is None else 0

    def item(self, event: Event) -> Item:
        """One line."""
        item = Item(
            id=event.pk,
            icon=self._icon(event),
            kind=self._kind(event),
            when=short(event.at),
            at=event.at,
            full=full(event.at),
            line=self._line(event),
            notes=[self.notes[pk] for pk in event.data.get("notes", []) if pk in self.notes],
            trails=[effect_said(effect) for effect in self.effects.get(event.pk, [])],
            new=any(pk in self.unread for pk in event.data.get("messages", [])),
        )
        hidden = len(event.data.get("notes", [])) > len(item.notes)
        item.privileged = hidden or any(note.privileged for note in item.notes)
        if event.kind == KIND.HELD:
            self._card(item, event)
        item.quiet = self._is_quiet(event, item)
        if event.pk == self.may_undo:
            item.undo = reverse("desk:undo", args=[self.case.reference, event.pk])
        return item

    def _is_quiet(self, event: Event, item: Item) -> bool:
        """Whether it says only that the team was told, or that a clock runs low, and nothing went wrong."""
        if event.step == "delivered":
            effect = self.told.get(event.data.get("effect"))
            if effect is None or effect.message_id:
                return False
            return effect.event.kind in {KIND.RECEIVED, KIND.CLOCK}
        return event.step == "clock_warned" and not any(one["error"] or one["failed"] for one in item.trails)

    def _icon(self, event: Event) -> str:
        if event.kind == KIND.STEP:
            try:
                return icon(self.workflow.step(event.step).icon)
            except KeyError:
                return "next"
        return _KIND_ICONS.get(Event.Kind(event.kind), "next")

    def _kind(self, event: Event) -> str:
        if event.kind == KIND.HELD:
            request = self.requests.get(event.data.get("request"))
            return "wait" if request and request.state == Request.State.OPEN else ""
        if event.step in {"failed", "clock_lapsed", "glass_opened", "glass_review_overdue"}:
            return "harm"
        if event.step == "delivered":
            return "done"
        return "act" if event.kind == KIND.MESSAGE and event.step == "reporter_wrote" else ""

    def _line(self, event: Event) -> SafeString:
        values = self._values(event)
        if event.kind == KIND.RECEIVED:
            channel = self.channels.get(event.data.get("report"), "")
            return fill(sentences.RECEIVED.get(channel, sentences.RECEIVED[""]), values)
        if event.kind == KIND.HELD:
            return fill(sentences.HELD, values)
        if event.kind == KIND.STEP and event.data.get("request") and event.data.get("agreed"):
            return fill(sentences.RELEASED, values)
        name = "assign_nobody" if event.step == "assign" and not event.data.get("assignee") else event.step
        if name in sentences.STEPS:
            return sentences.sentence(name, values)
        return fill(self._own(event) or sentences.DID, values)

    def _own(self, event: Event) -> _StrOrPromise:
        try:
            return self.workflow.step(event.step).past
        except KeyError:
            return ""

    def _values(self, event: Event) -> dict[str, Any]:
        said: Mapping[str, Any] = event.data
        told = self.told.get(said.get("effect"))
        return {
            "who": strong(event.actor),
            "step": sentences.label_of(self.workflow, event.step),
            "of": sentences.label_of(self.workflow, str(said.get("of", ""))),
            "assignee": self._name(self.people, said.get("assignee")),
            "proposer": self._name(self.people, said.get("proposer")),
            "party": self._name(self.parties, said.get("party")),
            "merged": self._name(self.parties, said.get("merged")),
            "other": self._other(said.get("other") or self.links.get(said.get("link"))),
            "severity": Severity(said["severity"]).label if said.get("severity") else "—",
            "at": _date(said.get("at")),
            "until": _date(said.get("until")),
            "opener": self._name(self.people, said.get("opener")),
            "reason": self._reason(str(said.get("reason", ""))),
            "exhibits": self._exhibits(said.get("exhibits", [])),
            "clock": self._clock(str(said.get("clock", ""))),
            "effect": effect_label(told) if told else "—",
        }

    def _name(self, found: Mapping[int, Any], pk: Any) -> Any:
        return strong(found[pk]) if pk in found else "—"

    def _other(self, pk: Any) -> Any:
        other = self.cases.get(pk)
        if other is None:
            return "—"  # it is not theirs to see
        return format_html(
            '<a class="ref" href="{}">{}</a>', reverse("desk:case", args=[other.reference]), other.reference
        )

    def _exhibits(self, numbers: Iterable[int]) -> Any:
        found = [self.exhibits[pk] for pk in numbers if pk in self.exhibits]
        links = ((reverse("desk:exhibit", args=[self.case.reference, one.number]), one) for one in found)
        return format_html_join(", ", '<a class="ref" href="{}">{}</a>', links) or "—"

    def _clock(self, name: str) -> str:
        return next((str(one.label) for one in self.workflow.clocks if one.name == name), name)

    def _reason(self, name: str) -> str:
        reasons = {why.name: str(why.label) for clock in self.workflow.clocks for why in clock.pauses}
        return reasons.get(name, name)

    def _card(self, item: Item, event: Event) -> None:
        request = self.requests.get(event.data.get("request"))
        if request is None or request.state != Request.State.OPEN:
            return
        step = self.workflow.step(request.step)
        item.card = described(fields_of(step, self.case), request.data)
        item.request_url = reverse("desk:request", args=[self.case.reference, request.pk])


def effect_label(effect: Effect) -> str:
    """What an effect does, in one line, in the words of the step that wished for it."""
    if effect.label:
        return effect.label
    if effect.connector == "mail":
        return _("Mail to the reporter")
    return f"{effect.connector} {effect.verb}"


def effect_said(effect: Effect) -> dict[str, Any]:
    """How far an effect came: due, sending, confirmed with its receipt, or refused and what to do."""
    stages: list[dict[str, Any]] = [{"words": _("due %(time)s") % {"time": hour(effect.made_at)}}]
    if effect.state == EffectState.SENDING:
        stages.append({"words": _("sending"), "strong": True})
    elif effect.state == EffectState.CONFIRMED:
        at = hour(effect.confirmed_at) if effect.confirmed_at else ""
        if effect.by_hand:  # green means that the other side said so
            stages.append({"words": _("recorded as done %(time)s") % {"time": at}, "strong": True})
        else:
            stages.append({"words": _("confirmed %(time)s") % {"time": at}, "state": "confirmed"})
        if effect.receipt and effect.receipt.get("reference"):
            stages.append(
                {
                    "words": _("receipt %(number)s") % {"number": _short(str(effect.receipt["reference"]))},
                    "fact": True,
                }
            )
    elif effect.state == EffectState.FAILED:
        stages.append({"words": _("refused"), "state": "refused"})
    elif effect.state == EffectState.ABANDONED:
        stages.append({"words": _("taken back"), "strong": True})
    elif effect.attempts:
        stages.append({"words": _("next try %(time)s") % {"time": hour(effect.due_at)}, "fact": True})
    return {
        "id": effect.pk,
        "what": effect_label(effect),
        "stages": stages,
        "error": effect.error if effect.state != EffectState.CONFIRMED else "",
        "to_do": effect.what_to_do if effect.state != EffectState.CONFIRMED else "",
        "failed": effect.state == EffectState.FAILED,
    }


def _short(number: str) -> str:
    """A receipt as far as a line has room. The row of the effect keeps all of it."""
    return number if len(number) <= LONGEST_RECEIPT else f"{number[: LONGEST_RECEIPT - 1]}…"


def _looks(case: Case, before: int) -> Timeline:
    """Who looked at what. Names of staff and kinds of looks only."""
    entries = Entry.objects.filter(case_id=case.pk, act__in=LOOKS).order_by("-id")
    if before:
        entries = entries.filter(pk__lt=before)
    found = list(entries[: PAGE + 1])
    people = Staff.objects.in_bulk({entry.actor_id for entry in found})
    older = found[PAGE - 1].pk if len(found) > PAGE else 0
    return Timeline([_look(entry, people) for entry in found[:PAGE]], older)


def _look(entry: Entry, people: Mapping[int, Staff]) -> Item:
    said = {
        Act.CASE_LOOKED: _("%(who)s looked at the case"),
        Act.WORDS_UNFOLDED: _("%(who)s unfolded the words of a report"),
        Act.REPORT_LOOKED: _("%(who)s looked at an original report"),
        Act.EXHIBIT_LOOKED: _("%(who)s looked at an exhibit"),
        Act.SLICE_LOOKED: _("%(who)s looked at a redacted slice"),
    }
    who = strong(people[entry.actor_id]) if entry.actor_id in people else "—"
    return Item(
        id=entry.pk, icon="eye", kind="", when=short(entry.at), at=entry.at, full=full(entry.at),
        line=fill(said[Act(entry.act)], {"who": who}),
    )  # fmt: skip


def _ids(events: Iterable[Event], *names: str) -> set[int]:
    found: set[int] = set()
    for event in events:
        for name in names:
            value = event.data.get(name)
            values = value if isinstance(value, list) else [value]
            found |= {one for one in values if isinstance(one, int) and not isinstance(one, bool)}
    return found


def _named(rows: Manager[Any] | QuerySet[Any], numbers: set[int]) -> dict[Any, Any]:
    """The rows with these numbers. No query is made up, and none is asked, where there are no numbers."""
    return {row.pk: row for row in rows.filter(pk__in=numbers)} if numbers else {}


def _columns(rows: Manager[Any], numbers: set[int], *names: str) -> list[tuple[Any, ...]]:
    """Number and some fields of the rows with these numbers, likewise."""
    return list(rows.filter(pk__in=numbers).values_list("pk", *names)) if numbers else []


def _date(text: Any) -> str:
    at = parse_datetime(str(text)) if text else None
    return moment(at) if at else "—"

"""What a reader gets to see of one case, part by part. For the API and the command line."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Any

from django.db.models import Prefetch
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case, CaseLink, Event, Exhibit, Message, Note, Report, ReportFile
from tutela.core.errors import NotFound
from tutela.core.files.leaving import Leaving, take_out
from tutela.core.files.models import Scan
from tutela.core.flow import approvals, registry
from tutela.core.flow.declare import Step, Workflow
from tutela.core.flow.models import ClockRow, Request
from tutela.core.flow.perform import make_form, open_steps
from tutela.core.flow.reading import open_requests, read
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.core.records.tombstones import check_not_disposed

from .cursors import USUAL, Cursor, by_id
from .forms_schema import form_schema
from .listing import line_of
from .looks import look_at

Json = dict[str, Any]


def case_detail(reference: str, actor: Actor) -> Json:
    """A case with facts, clocks, parties, links, open steps, open requests and effects.

    Raises NotFound, and Disposed where it was and the actor may know.
    """
    with acting_as(actor):
        try:
            case = look_at(reference, actor, "case")
        except NotFound:
            check_not_disposed(reference)
            raise
        read(case)
        workflow = registry.workflow(case.workflow)
        return {
            **line_of(case),
            "facts": case.facts,
            "clocks": [_clock(workflow, row) for row in sorted(case.clocks.all(), key=attrgetter("pk"))],
            "parties": list(_parties(case)),
            "links": list(_links(case)),
            "merged_into": case.merged_into.reference if case.merged_into else None,
            "steps": [_step(step, why_not) for step, why_not in open_steps(case, actor)],
            "requests": [_held(request) for request in open_requests(case)],
            "effects": [effect(one) for one in case.effects.order_by("id")],
        }


def timeline(reference: str, actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of the timeline, the oldest line first. Raises NotFound."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        case = look_at(reference, actor, "timeline")
        events = case.events.select_related("actor").order_by("id")
        rows, following = _page(events, limit, after)
        notes, others = _notes(case, rows), _others(rows)
        workflow = registry.workflow(case.workflow)
        return {"items": [_event(workflow, row, notes, others) for row in rows], "next": following}


def messages(reference: str, actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of the conversation, the oldest turn first. Raises NotFound."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        case = look_at(reference, actor, "messages")
        keys = Report.objects.only("key", "dedup_key", "receipt_hash", "receipt_public")
        of_case = case.messages.select_related("author").prefetch_related(Prefetch("report", keys))
        rows, following = _page(of_case.order_by("id"), limit, after)
        sent = dict(
            Effect.objects.filter(case=case, message_id__in=[row.pk for row in rows]).values_list(
                "message_id", "state"
            )
        )
        return {"items": [_message(row, sent.get(row.pk, "")) for row in rows], "next": following}


def exhibits(reference: str, actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of the exhibits of a case, without their content. Raises NotFound."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        case = look_at(reference, actor, "exhibits")
        found = case.exhibits.defer("data").select_related("added_by", "file__scan").order_by("id")
        rows, following = _page(found, limit, after)
        return {"items": [_exhibit(row) for row in rows], "next": following}


def exhibit_file(reference: str, number: int, actor: Actor, *, knowing: bool = False) -> Leaving:
    """The bytes of an exhibit; the look is recorded. Raises NotFound, and VaultError."""
    with acting_as(actor):
        case = look_at(reference, actor, "exhibits")
        found = case.exhibits.select_related("case", "file__scan").filter(number=number).first()
        if found is None:
            raise NotFound(_("There is no such exhibit."))
        return take_out(found, actor, knowing=knowing)


def reports(reference: str, actor: Actor, limit: int = USUAL, cursor: str | None = None) -> Json:
    """A page of the reports of a case, without their raw bytes. Raises NotFound."""
    after = Cursor.read(cursor)
    with acting_as(actor):
        case = look_at(reference, actor, "reports")
        rows, following = _page(case.reports.defer("raw").order_by("id"), limit, after)
        files: dict[int, list[Json]] = {}
        of_page = {row.pk: row for row in rows}
        found = ReportFile.objects.filter(report__in=rows).defer("data").select_related("scan")
        for one in found.order_by("id"):
            one.report = of_page[one.report_id]  # whose key opens the names
            files.setdefault(one.report_id, []).append(_file(one))
        return {"items": [_report(row, files.get(row.pk, [])) for row in rows], "next": following}


def steps(reference: str, actor: Actor) -> Json:
    """Every step that the actor could take now, with the schema of its form. Raises NotFound."""
    with acting_as(actor):
        case = look_at(reference, actor, "steps")
        read(case)
        items = [
            {**_step(step, why_not), "form": form_schema(make_form(step, case) if step.form else None)}
            for step, why_not in open_steps(case, actor)
        ]
        return {"items": items, "next": None, "version": case.version}


def effect(one: Effect) -> Json:
    """An act outside, as it stands."""
    same = (
        "connector",
        "verb",
        "label",
        "state",
        "attempts",
        "made_at",
        "confirmed_at",
        "by_hand",
        "error",
        "what_to_do",
    )
    return {"id": one.pk, **{name: getattr(one, name) for name in same}}


def person(staff: Staff) -> Json:
    """A member of staff."""
    return {"username": staff.username, "name": staff.working_name}


def step_label(workflow: str, name: str) -> str:
    """The label of a step, or its name where the workflow no longer declares it."""
    try:
        return str(registry.workflow(workflow).step(name).label)
    except (KeyError, NotFound):
        return name


def _page(rows: Any, limit: int, after: Cursor | None) -> tuple[list[Any], str | None]:
    found = list((rows.filter(id__gt=after.id) if after else rows)[: limit + 1])
    return found[:limit], by_id(found[limit - 1].pk) if len(found) > limit else None


def _clock(workflow: Workflow, row: ClockRow) -> Json:
    declared = next((clock for clock in workflow.clocks if clock.name == row.name), None)
    moments = ("started_at", "due_at", "warn_at", "lapsed_at", "paused_at", "stopped_at")
    return {
        "name": row.name,
        "label": str(declared.label) if declared else row.name,
        "clock_class": str(declared.cls) if declared else "internal",
        "state": row.state,
        "pause_reason": row.pause_reason,
        **{name: getattr(row, name) for name in moments},
    }


def _parties(case: Case) -> Iterable[Json]:
    for row in case.parties.filter(removed_at=None).select_related("party").order_by("id"):
        party = row.party
        yield {
            "id": party.pk,
            "kind": party.kind,
            "name": party.name,
            "platform": party.platform,
            "part": row.part,
            "merged_into": party.merged_into_id,
        }


def _links(case: Case) -> Iterable[Json]:
    for towards, rows, other in (
        ("out", case.links.select_related("other"), "other"),
        ("in", case.linked_from.select_related("case"), "case"),
    ):
        for row in rows.filter(ended_at=None).order_by("id"):
            yield _link(row, getattr(row, other), towards)


def _link(row: CaseLink, other: Case, towards: str) -> Json:
    return {"kind": row.kind, "reference": other.reference, "reason": row.reason, "towards": towards}


def _step(step: Step, why_not: str) -> Json:
    return {
        "name": step.name,
        "label": str(step.label),
        "hint": str(step.hint),
        "why_not": why_not,
        "common": step.common,
        "grave": step.grave,
        "fresh_factor": step.fresh_factor,
        "needs_approval": step.approval is not None,
        "can_be_undone": step.undo is not None,
    }


def _held(request: Request) -> Json:
    return {
        "id": request.pk,
        "kind": request.kind,
        "state": request.state,
        "step": request.step,
        "label": step_label(request.case.workflow, request.step),
        "proposer": person(request.proposer),
        "opened_at": request.opened_at,
        "round": request.round,
        "data": request.data,
        "seats": [_seat(seat) for seat in approvals.seats(request)],
    }


def _seat(seat: approvals.SeatView) -> Json:
    opinion = seat.opinion
    return {
        "name": seat.name,
        "label": seat.label,
        "required": seat.required,
        "open": seat.open,
        "verdict": seat.verdict,
        "by": opinion.staff.working_name if opinion else "",
        "reason": opinion.reason if opinion else "",
    }


def _notes(case: Case, events: Iterable[Event]) -> dict[int, Note]:
    ids = [number for event in events for number in event.data.get("notes", [])]
    return case.notes.in_bulk(ids) if ids else {}


def _others(events: Iterable[Event]) -> dict[int, str]:
    """The references of the other cases that the events speak of, by event: those that the reader sees."""
    cases = {event.pk: event.data["other"] for event in events if event.data.get("other")}
    links = {event.pk: event.data["link"] for event in events if event.step == "link_case"}
    linked = (
        dict(CaseLink.objects.filter(pk__in=links.values()).values_list("pk", "other_id")) if links else {}
    )
    cases |= {event: linked[link] for event, link in links.items() if link in linked}
    seen = dict(Case.objects.filter(pk__in=cases.values()).values_list("pk", "reference")) if cases else {}
    return {event: seen[case] for event, case in cases.items() if case in seen}


#: What an event keeps for the engine, or by the inner number of a row that not everybody sees.
_INNER = {"key", "notes", "other", "link", "replaces"}


def _event(workflow: Workflow, row: Event, notes: dict[int, Note], others: dict[int, str]) -> Json:
    label = step_label(workflow.slug, row.step) if row.step else ""
    data = {name: value for name, value in row.data.items() if name not in _INNER}
    written = [notes[number] for number in row.data.get("notes", []) if number in notes]
    return {
        "id": row.pk,
        "at": row.at,
        "kind": row.kind,
        "step": row.step,
        "label": label if label != row.step else str(Event.Kind(row.kind).label),
        "actor": row.actor.working_name,
        "from_state": row.from_state,
        "to_state": row.to_state,
        "data": {**data, "other": others[row.pk]} if row.pk in others else data,
        "notes": [{"id": one.pk, "text": one.text, "privileged": one.privileged} for one in written],
    }


def _message(row: Message, delivery: str) -> Json:
    same = ("direction", "channel", "letter", "recipient", "subject", "text", "language", "at", "read_at")
    author = row.author.working_name if row.author else ""
    return {
        "id": row.pk,
        "author": author,
        "delivery": delivery,
        **{name: getattr(row, name) for name in same},
    }


def _report(row: Report, files: list[Json]) -> Json:
    same = (
        "channel", "mailbox", "received_at", "sent_at", "language", "detected_language", "detected_sure",
        "sender_name", "sender_email", "subject", "text", "fields", "problems", "automatic", "sender_proof",
        "is_spam",
    )  # fmt: skip
    return {"id": row.pk, **{name: getattr(row, name) for name in same}, "files": files}


def _exhibit(row: Exhibit) -> Json:
    scan: Scan | None = getattr(row.file, "scan", None)
    return {
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "source": row.source,
        "name": row.file.name if row.file else "",
        "content_type": row.content_type,
        "size": row.size,
        "sha256": row.digest.hex(),
        "added_by": row.added_by.working_name,
        "added_at": row.added_at,
        "quarantine": row.quarantine,
        "destroyed_at": row.destroyed_at,
        "scan": scan.state if scan else "",
        "found": scan.found if scan else "",
    }


def _file(row: ReportFile) -> Json:
    scan: Scan | None = getattr(row, "scan", None)
    return {
        "id": row.pk,
        "name": row.name,
        "content_type": row.content_type,
        "size": row.size,
        "sha256": bytes(row.sha256).hex(),
        "quarantine": row.quarantine,
        "scan": scan.state if scan else "waiting",
        "found": scan.found if scan else "",
    }

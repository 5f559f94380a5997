"""Makes a case of a received report, once; or adds it to the case that it answers."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound
from tutela.core.files.scanning import put_in_queue
from tutela.core.flow import clocks, registry
from tutela.core.flow.context import Context
from tutela.core.flow.declare import OPENED, Step, Workflow
from tutela.core.flow.perform import notify, queue_effects
from tutela.core.moment import database_now
from tutela.core.outbox.bounces import came_back
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Team
from tutela.core.people.roles import Role, SystemActor

from .answering import answered
from .detected import detect
from .involving import involve
from .models import Case, Event, Message, Report
from .numbers import next_number

_OPEN = Step(OPENED, OPENED, (Role.SYSTEM,))
UNTITLED = "(no subject)"


def open_case(report_id: int) -> str:
    """The reference of the report's case, which is opened now if it was not before.

    Raises Report.DoesNotExist. Any other error is kept on the report by `open_waiting`.
    """
    with acting_as(system_actor(SystemActor.INTAKE)) as actor:
        report = _locked(report_id)
        if report.case_id is None:
            _detect(report)
            case = _added(report, actor) or _joined(report, actor) or _same(report, actor)
            case = case or _open(report, actor)
            report.case = report.case or case
            report.first_case = report.first_case or report.case
            report.opened_at = timezone.now()
            report.open_error = ""
            assert report.case is not None
            report.keep_key_with(report.case)
            report.save(
                update_fields=[
                    "case",
                    "first_case",
                    "opened_at",
                    "open_error",
                    "key",
                    "sender_index",
                    "detected_language",
                    "detected_sure",
                ]
            )
            put_in_queue(report)
        assert report.case is not None
        return report.case.reference


def _locked(report_id: int) -> Report:
    """The report, with its row locked.

    Where another process has it in hand, we wait. What comes back then may seem to be nobody's: whether a
    report shows is looked up as things were before, and its case is younger. So it is asked once more.
    """
    rows = Report.objects.select_for_update(of=("self",))
    return rows.filter(pk=report_id).first() or rows.get(pk=report_id)


def open_waiting(limit: int = 50) -> int:
    """Open the cases of reports that wait. A report that cannot be opened never stalls the others.

    Returns how many were opened. Two workers share the work: each takes what nobody holds.
    """
    opened = 0
    for report_id in _waiting(limit):
        try:
            open_case(report_id)
            opened += 1
        except Exception as error:  # noqa: BLE001  one faulty report must not stop the intake
            _put_off(report_id, error)
    return opened


def _waiting(limit: int) -> list[int]:
    with acting_as(system_actor(SystemActor.INTAKE)):
        # One that was never tried waits for nothing, whatever the clock of the machine that took it says.
        due = Q(open_attempts=0) | Q(open_after__lte=database_now())
        waiting = Report.objects.filter(due, opened_at=None).order_by("open_after", "id")
        return list(waiting.values_list("pk", flat=True)[:limit])


def _put_off(report_id: int, error: Exception) -> None:
    with acting_as(system_actor(SystemActor.INTAKE)), transaction.atomic():
        report = Report.objects.defer("raw").get(pk=report_id)
        report.open_attempts += 1
        report.open_after = database_now() + timedelta(seconds=min(2**report.open_attempts, 600))
        report.open_error = f"{type(error).__name__}: {error}"[:2000]
        report.save(update_fields=["open_attempts", "open_after", "open_error"])


def _detect(report: Report) -> None:
    if found := detect(report.text):
        report.detected_language, report.detected_sure = found.code, found.sure


def _open(report: Report, actor: Actor) -> Case:
    workflow = registry.workflow(report.workflow)
    case = make_case(
        workflow,
        title=workflow.title_of(report).strip()[:300] or UNTITLED,
        received_at=report.received_at,
        language=report.spoken,
        facts=workflow.facts_of(report),
    )
    report.case = report.first_case = case
    report.save(update_fields=["case", "first_case"])
    started(workflow, case, actor, report)
    return case


def make_case(
    workflow: Workflow,
    *,
    title: str,
    received_at: datetime,
    language: str = "",
    facts: dict[str, object] | None = None,
) -> Case:
    """Insert a case at the start of a workflow, under the next reference. Call `started` next."""
    case = Case.objects.create(
        reference=next_number(workflow.prefix, workflow.slug),
        workflow=workflow.slug,
        state=workflow.start,
        title=title,
        severity=workflow.severity,
        team=Team.objects.get(slug=workflow.team),
        restricted=workflow.restricted,
        language=language,
        received_at=received_at,
    )
    case.facts = facts or {}  # sealed with the key of the case, which hangs on its row: `started` saves it
    return case


def started(workflow: Workflow, case: Case, actor: Actor, report: Report | None = None) -> Event:
    """Write the first line of a case's timeline, start its clocks, and do what the workflow does first."""
    context = Context(workflow, _OPEN, case, actor, {})
    wishes = list((workflow.on_open(context) if workflow.on_open else None) or [])
    case.state = context.go_to or case.state
    said = {**context.said, "report": report.pk} if report else context.said
    event = Event.objects.create(
        case=case, kind=Event.Kind.RECEIVED, step=OPENED, actor_id=actor.id, to_state=case.state, data=said
    )
    clocks.happened(workflow, case, OPENED, event.at, start_at=case.received_at)
    queue_effects(case, event, wishes)
    case.due_at, case.due_clock = clocks.soonest(case)
    case.save()
    record(Act.CASE_OPENED, actor, case.pk, report=report.pk if report else None)
    notify("tutela_live", {"case": case.pk, "version": case.version})
    if report:
        involve(case, report.subject, report.text, report.sender_name, report.sender_email, report.fields)
    involve(case, case.facts)
    return event


def add_message(
    case: Case,
    report: Report,
    actor: Actor,
    text: str,
    *,
    channel: str,
    automatic: bool = False,
    **more: object,
) -> Message:
    """Add what a reporter wrote to the conversation of a case, and mark the case as unread.

    What a program of theirs wrote (`automatic`) is no sign of them: clocks do not hear of it.
    """
    message = Message.objects.create(
        case=case, report=report, direction=Message.Direction.IN, channel=channel, text=text, **more
    )
    Event.objects.create(
        case=case,
        kind=Event.Kind.MESSAGE,
        step="reporter_wrote",
        actor_id=actor.id,
        from_state=case.state,
        to_state=case.state,
        data={"messages": [message.pk], "report": report.pk},
    )
    if not automatic:
        clocks.happened(registry.workflow(case.workflow), case, "reporter_wrote", message.at)
    case.unread += 1
    case.version += 1
    case.updated_at = message.at
    case.due_at, case.due_clock = (None, "") if case.closed_at else clocks.soonest(case)
    case.save()
    notify("tutela_live", {"case": case.pk, "version": case.version})
    involve(case, message.subject, text)
    return message


def _added(report: Report, actor: Actor) -> Case | None:
    """The case of the report that this one adds to, by the receipt code of its reporter."""
    if report.adds_to_id is None:
        return None
    return _join(report, Report.objects.get(pk=report.adds_to_id), actor)


def _joined(report: Report, actor: Actor) -> Case | None:
    """The case of the letter that this mail answers, or brings back because it could not be delivered."""
    found = answered(report)
    if found is None:
        return None
    letter = found if isinstance(found, Message) else None
    if bounce := (report.arrival or {}).get("bounce"):
        case = _taken_along(report, found)
        came_back(case, letter.pk if letter else None, bounce, actor)
        return case
    if letter and letter.report:
        return _join(report, letter.report, actor)
    case = _taken_along(report, found)
    return _say(report, report, case, actor)  # from somebody who is no reporter: a conversation of its own


def _taken_along(report: Report, found: Message | Case) -> Case:
    """The case, locked, with this report among its own. Where it was merged, the one that goes on."""
    if isinstance(found, Message) and found.report:
        case = _case_of(found.report)
    else:
        number: int | None = found.case_id if isinstance(found, Message) else found.pk
        while number is not None:
            case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=number)
            number = case.merged_into_id
    report.case = report.first_case = case
    report.save(update_fields=["case", "first_case"])
    return case


def _same(report: Report, actor: Actor) -> Case | None:
    """The case of an earlier report about the same matter, as the workflow sees it."""
    joins = registry.workflow(report.workflow).joins(report)
    if joins is None:
        return None
    case = _put(report, joins.earlier)
    if joins.news:
        add_message(case, joins.earlier, actor, report.text, channel=report.channel, subject=report.subject)
    return case


def _put(report: Report, earlier: Report) -> Case:
    case = _case_of(earlier)
    report.case, report.first_case = case, earlier.first_case
    report.save(update_fields=["case", "first_case"])
    return case


def _join(report: Report, earlier: Report, actor: Actor) -> Case:
    return _say(report, earlier, _put(report, earlier), actor)


def _say(report: Report, earlier: Report, case: Case, actor: Actor) -> Case:
    """Add a report's words to the conversation that an earlier one began, once.

    One mail to two mailboxes is two reports, which say the same.
    """
    same = case.reports.filter(content_hash=report.content_hash, message_id=report.message_id)
    if not (report.message_id and same.exclude(pk=report.pk).exists()):
        add_message(
            case,
            earlier,
            actor,
            report.text,
            channel=report.channel,
            subject=report.subject,
            automatic=report.automatic,
        )
    return case


def _case_of(earlier: Report) -> Case:
    """The case that an earlier report belongs to, locked. A merge may move the report while we wait."""
    while earlier.case_id is not None:
        case = Case.objects.select_for_update(of=("self",), no_key=True).get(pk=earlier.case_id)
        earlier.refresh_from_db(fields=["case"])
        if earlier.case_id == case.pk:
            return case
    raise NotFound("The report that this one adds to has no case yet.")

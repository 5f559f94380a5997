"""What a step may do: read the case, change its facts, write rows, and wish for acts outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.cases.answering import token_of_case, token_of_letter
from tutela.core.cases.models import Case, Event, Exhibit, Message, Note, Report
from tutela.core.errors import StepClosed
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import Actor

from .letters import render_letter

if TYPE_CHECKING:
    from tutela.core.files.models import File
    from tutela.core.people.models import Staff

    from .declare import Step, Workflow
    from .models import Request


@dataclass(frozen=True)
class Wish:
    """An act on the outside world that a step asks for. The engine stores it with the decision."""

    connector: str
    verb: str
    payload: Mapping[str, Any]
    label: str
    #: Tells two wishes of one step apart; with the event it makes the idempotency key.
    name: str = ""
    message_id: int | None = None


@dataclass
class Context:
    """Handed to the function of a step. `said` goes into the event: ids and declared words only."""

    workflow: Workflow
    step: Step
    case: Case
    actor: Actor
    data: Mapping[str, Any]
    said: dict[str, Any] = field(default_factory=dict)
    now: datetime = field(default_factory=timezone.now)
    #: Set when something can be read outside already, so that the step cannot be undone.
    left_the_house: bool = False
    request_id: int | None = None
    #: For the common steps of the engine: where to go instead of the step's target, what kind of
    #: event this is, which request everybody agreed to, and what must be written last of all.
    go_to: str = ""
    kind: str = Event.Kind.STEP
    released: Request | None = None
    afterwards: list[Callable[[], object]] = field(default_factory=list)

    @property
    def reports(self) -> list[Report]:
        """The reports of the case, the first one first."""
        return list(self.case.reports.defer("raw").order_by("received_at", "id"))

    def set_facts(self, **facts: Any) -> None:
        """Change facts of the workflow. Values are kept as JSON."""
        self.case.facts = {**self.case.facts, **{name: _plain(value) for name, value in facts.items()}}

    def note(
        self, text: str, *, privileged: bool = False, said_to: int | None = None, replaces: Note | None = None
    ) -> Note:
        """Write a note for the record. A privileged one may be said to one person who is no reviewer."""
        note = Note.objects.create(
            case=self.case,
            author_id=self.actor.id,
            text=text,
            privileged=privileged,
            said_to_id=said_to,
            replaces=replaces,
        )
        self.said.setdefault("notes", []).append(note.pk)
        return note

    def exhibit(self, kind: str, title: str, data: bytes, **more: Any) -> Exhibit:
        """Add a piece of evidence under the next number of the case."""
        digest = hashlib.sha256(data).digest()
        return self._exhibit(kind=kind, title=title, data=data, size=len(data), sha256=digest, **more)

    def exhibit_file(self, file: File, title: str, source: str) -> Exhibit:
        """Add a file that the case keeps as a piece of evidence, under the next number of the case."""
        return self._exhibit(
            kind=Exhibit.Kind.FILE,
            title=title,
            file=file,
            data=b"",
            size=file.size,
            content_type=file.content_type,
            source=source,
        )

    def _exhibit(self, **values: Any) -> Exhibit:
        last = self.case.exhibits.aggregate(last=Max("number"))["last"] or 0
        exhibit = Exhibit.objects.create(case=self.case, number=last + 1, added_by_id=self.actor.id, **values)
        self.said.setdefault("exhibits", []).append(exhibit.pk)
        return exhibit

    def letter(self, name: str, report: Report, **more: Any) -> list[Wish]:
        """Write a letter of the workflow to a reporter, in the language of the report."""
        letter = self.workflow.letter(name)
        language = report.spoken or self.case.language
        subject, text = render_letter(self.workflow, letter, language, {"case": self.case, **more})
        return self.message(report, text, subject=subject, letter=name, language=language)

    def message(
        self, report: Report, text: str, *, subject: str = "", letter: str = "", language: str = ""
    ) -> list[Wish]:
        """Answer one reporter: behind the receipt code, and by mail where they gave an address.

        What a job says by itself never goes to a program that wrote by itself: the two would go on for ever.
        """
        if self.actor.is_system and report.automatic:
            return []
        message = Message.objects.create(
            case=self.case,
            report=report,
            direction=Message.Direction.OUT,
            channel=report.channel,
            letter=letter,
            recipient=report.sender_email,
            subject=subject,
            text=text,
            language=language or report.spoken,
            author_id=self.actor.id,
        )
        self.said.setdefault("messages", []).append(message.pk)
        if report.receipt_hash is not None:
            self.left_the_house = True
        return [self._mail(message, report)] if report.sender_email else []

    def letter_to(self, address: str, name: str, language: str, **more: Any) -> list[Wish]:
        """Write a letter of the workflow by mail to somebody outside who is not a reporter."""
        letter = self.workflow.letter(name)
        subject, text = render_letter(self.workflow, letter, language, {"case": self.case, **more})
        message = Message.objects.create(
            case=self.case,
            direction=Message.Direction.OUT,
            channel=Report.Channel.MAIL,
            letter=name,
            recipient=address,
            subject=subject,
            text=text,
            language=language,
            author_id=self.actor.id,
        )
        self.said.setdefault("messages", []).append(message.pk)
        payload = {
            "to": address,
            "subject": subject,
            "text": text,
            "language": language,
            "token": token_of_letter(message.pk),
            "automatic": self.actor.is_system,
        }
        return [Wish("mail", "send", payload, str(letter.label), f"message-{message.pk}", message.pk)]

    def mail(self, to: str, subject: str, text: str, *, label: str, name: str, **more: Any) -> Wish:
        """Wish for a mail to somebody who is not a reporter."""
        token = token_of_case(self.case.pk)
        payload = {"to": to, "subject": subject, "text": text, "token": token, **more}
        return Wish("mail", "send", payload, label, name)

    def _mail(self, message: Message, report: Report) -> Wish:
        payload = {
            "to": report.sender_email,
            "subject": message.subject or report.subject,
            "text": message.text,
            "language": message.language,
            "in_reply_to": report.message_id,
            "references": [*report.thread, report.message_id] if report.message_id else [],
            "token": token_of_letter(message.pk),
            "automatic": self.actor.is_system,
        }
        return Wish("mail", "send", payload, "", f"message-{message.pk}", message.pk)

    def take_back(self, step: str) -> list[Effect]:
        """Undo the acts of the latest run of a step: what has not left is abandoned, never to leave.

        Returns what the other side has confirmed, for the caller to wish for the opposite of each.
        Raises StepClosed while one of them is under way, because nobody can tell how it ends.
        """
        event = self.case.events.filter(kind=Event.Kind.STEP, step=step).order_by("-id").first()
        if event is None:
            return []
        effects = list(Effect.objects.select_for_update().filter(event=event).order_by("id"))
        if any(one.state == EffectState.SENDING for one in effects):
            raise StepClosed(_("Something is being sent at this moment. Try again."), state=self.case.state)
        left = [one.pk for one in effects if one.state in {EffectState.DUE, EffectState.FAILED}]
        Effect.objects.filter(pk__in=left).update(state=EffectState.ABANDONED)
        return [one for one in effects if one.state == EffectState.CONFIRMED]


def person(value: Staff | None) -> int | None:
    """A staff member as kept in an event."""
    return value.pk if value else None


def _plain(value: Any) -> Any:
    if isinstance(value, date):  # a datetime too
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if isinstance(value, (str, int, float, bool)) or value is None:
        return value
    return value.pk if hasattr(value, "pk") else str(value)

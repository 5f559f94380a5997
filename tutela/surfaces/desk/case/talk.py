"""The conversation with each reporter of a case: their report, and every message since."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db.models import Count
from django.urls import reverse

from tutela.core.cases.models import Case, Event, Message, Report
from tutela.core.kept import kept
from tutela.core.outbox.models import Effect
from tutela.surfaces.desk.faces import hour

from .known import language, language_of, proof_of
from .timeline import effect_said

if TYPE_CHECKING:
    from typing import Any

    from django.db.models import QuerySet

    from tutela.core.flow.declare import Workflow


@dataclass
class Said:
    """One message: who wrote it, when, and how far it got when we did."""

    id: int
    by: str
    when: str
    text: str
    ours: bool
    new: bool
    letter: str = ""
    trail: dict[str, Any] | None = None


@dataclass
class Talk:
    """What one reporter and we said to each other."""

    report: int
    number: int
    when: str
    language: str
    answer_in: str
    by_mail: bool
    by_code: bool
    is_mail: bool
    problems: int
    files: int
    url: str
    words_url: str
    words: int
    #: What speaks for the sender of a mail, in words.
    proof: str = ""
    doubtful: bool = False
    spam: bool = False
    said: list[Said] = field(default_factory=list)

    @property
    def unread(self) -> int:
        """How many messages of theirs nobody has read."""
        return sum(one.new for one in self.said)


def talks(workflow: Workflow, case: Case) -> list[Talk]:
    """The conversations of a case, the first reporter's first. At most four queries, whatever was said."""
    messages = _messages(case.pk)
    reports = {report.pk: report for report in _first_words(case, messages)}
    names = {letter.name: str(letter.label) for letter in workflow.letters}
    found = {
        number: _talk(case, place, report) for place, (number, report) in enumerate(reports.items(), start=1)
    }
    if any(message.direction == Message.Direction.OUT for message in messages):
        trails = {effect.message_id: effect_said(effect) for effect in _sent(case.pk)}
    else:
        trails = {}
    for message in messages:
        talk = found.get(message.report_id or 0)
        if talk:
            message.report = reports[talk.report]  # whose key opens it
            talk.said.append(
                _said(message, trails.get(message.pk), names.get(message.letter, message.letter))
            )
    return list(found.values())


def _first_words(case: Case, messages: list[Message]) -> list[Report]:
    """The reports that began a conversation. Others answered a mail of ours, or added to an earlier one.

    Somebody who is no reporter, and answers what we wrote to them, begins one of their own.
    """
    reports = _reports(case.pk)
    began = {number for first in {one.first_case_id for one in reports} if first for number in _began(first)}
    began |= {message.report_id for message in messages if message.report_id}
    return [report for report in reports if report.pk in began]


@kept
def _reports(case: int) -> QuerySet[Report]:
    reports = Report.objects.filter(case=case, adds_to=None).annotate(n_files=Count("files"))
    return reports.defer("raw", "fields", "thread").order_by("received_at", "id")


@kept
def _began(case: int) -> QuerySet[Event, int]:
    return Event.objects.filter(kind=Event.Kind.RECEIVED, case=case).values_list("data__report", flat=True)


@kept
def _messages(case: int) -> QuerySet[Message]:
    return Message.objects.filter(case=case).select_related("author").order_by("id")


@kept
def _sent(case: int) -> QuerySet[Effect]:
    return Effect.objects.filter(case=case).exclude(message_id=None)


def _talk(case: Case, number: int, report: Report) -> Talk:
    return Talk(
        report=report.pk,
        number=number,
        when=hour(report.received_at),
        language=language_of(report),
        answer_in=language(report.spoken) if report.spoken else "",
        by_mail=bool(report.sender_email),
        by_code=report.receipt_hash is not None,
        is_mail=report.channel == Report.Channel.MAIL,
        problems=len(report.problems),
        files=report.n_files,  # type: ignore[attr-defined]  # counted with the report
        url=reverse("desk:report", args=[case.reference, report.pk]),
        words_url=reverse("desk:words", args=[case.reference, report.pk]),
        words=len(report.text.split()),
        proof=proof_of(report),
        doubtful=report.sender_proof == "failed",
        spam=report.is_spam,
    )


def _said(message: Message, trail: dict[str, Any] | None, letter: str) -> Said:
    ours = message.direction == Message.Direction.OUT
    return Said(
        id=message.pk,
        by=message.author.working_name if message.author else "",
        when=hour(message.at),
        text=message.text,
        ours=ours,
        new=not ours and message.read_at is None,
        letter=letter,
        trail=trail,
    )


def letters(workflow: Workflow) -> list[tuple[str, str]]:
    """The letters to reporters that an answer may begin with."""
    return [(one.name, str(one.label)) for one in workflow.letters if one.audience == "reporter"]

"""Raises pages, asks the next level when nobody answered, and notes who did.

A page is a row in the transaction that opened its case, and each level that is asked writes its mails as
effects in one transaction: a crash at any line loses neither. All times are the database's.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.translation import gettext as _

from tutela.core.apart import each_apart
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Event, Severity
from tutela.core.crashpoint import crashpoint
from tutela.core.errors import NotAllowed, NotFound, StepClosed
from tutela.core.flow.beside import tell_beside
from tutela.core.flow.context import Wish
from tutela.core.flow.notices import mail_to, who_sees
from tutela.core.flow.perform import queue_effects
from tutela.core.kept import kept
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor

from . import chain
from .models import Page

#: The steps of the events that are written here.
ASKED, ANSWERED = "page_asked", "page_answered"
PATH: Final = "/desk/pages/"
#: What stands behind it.
_SECRET: Final = re.compile(r"(?P<case>[0-9]{1,18})-(?P<staff>[0-9]{1,18})-(?P<mark>[0-9a-f]{64})")

#: Writes the mail to one person: the case, whom it is to, and the address at which they answer.
Write = Callable[[Case, Staff, str], Wish]


def raise_page(case: Case, write: Write) -> list[Wish]:
    """Ask the first level to answer for a case, within the transaction of whoever opens it. Once per case.

    Returns the mails, which the caller queues with its own event.
    """
    now = database_now()
    first = chain.ask(case, 0, now)
    _page, made = Page.objects.get_or_create(
        case=case,
        defaults={
            "made_at": now,
            "asked": first.level + 1,
            "next_at": now + first.wait,
            "last_asked": [person.pk for person in first.people],
            "last_asked_at": now,
        },
    )
    return [write(case, person, answer_url(case, person)) for person in first.people] if made else []


def tend(now: datetime | None = None, limit: int = 20) -> int:
    """Ask the next level for every page that nobody answered in time. Returns how many were looked at.

    Raises the database's errors only.
    """
    now = now or database_now()
    actor = system_actor(SystemActor.CLOCK)
    with acting_as(actor):
        due = Page.objects.filter(next_at__lte=now).order_by("next_at", "case_id")
        numbers = list(due.values_list("pk", flat=True)[:limit])
    return each_apart(numbers, actor, lambda number: _tend(number, now, actor))


def _tend(number: int, now: datetime, actor: Actor) -> None:
    free = Case.objects.select_for_update(of=("self",), no_key=True, skip_locked=True)
    case = free.filter(pk=number).first()
    page = Page.objects.select_for_update(of=("self",)).filter(pk=number, next_at__lte=now).first()
    if case is None or page is None:  # somebody works on it, or another worker was quicker
        return
    if not case.is_open or case.assignee_id is not None:
        page.next_at, page.answered_at, page.answered_by_id = None, now, case.assignee_id
        page.save(update_fields=["next_at", "answered_at", "answered_by"])
        return
    found = chain.ask(case, page.asked, now)
    length = len(chain.levels(case.workflow))
    page.asked += (found.level - page.asked) % length + 1
    page.rounds = (page.asked - 1) // length
    page.next_at = now + found.wait
    page.last_asked, page.last_asked_at = [person.pk for person in found.people], now
    page.save(update_fields=["asked", "rounds", "next_at", "last_asked", "last_asked_at"])
    for person in found.people:
        event = Event.objects.create(
            case=case,
            kind=Event.Kind.ACCESS,
            step=ASKED,
            actor_id=actor.id,
            from_state=case.state,
            to_state=case.state,
            data={"opener": person.pk},
        )
        queue_effects(case, event, [_again(case, person)])
    crashpoint("paging.before_commit")


def _again(case: Case, person: Staff) -> Wish:
    with translation.override(person.language):
        words = {"reference": case.reference, "urgency": Severity(case.severity).label}
        subject = _("%(reference)s: nobody has answered yet, %(urgency)s") % words
        text = _("Case %(reference)s waits for somebody who answers for it. You are asked now.") % words
    return mail_to(person, subject, text, answer_url(case, person))


# Answering


def answer(actor: Actor, case: Case) -> Page:
    """Answer for a case: nobody else is asked from here on.

    Raises NotFound where nobody was asked, NotAllowed for who does not see the case by right, StepClosed
    where somebody has answered.
    """
    with acting_as(actor):
        page = Page.objects.select_for_update(of=("self",)).filter(case=case).first()
        if page is None:
            raise NotFound(_("Nobody was asked to answer for this case."))
        if not who_sees(case).filter(pk=actor.id).exists():
            raise NotAllowed(_("Only somebody who works on the case can answer for it."))
        if page.answered_at is not None:
            raise StepClosed(_("Somebody has answered for this case."))
        page.answered_at, page.answered_by_id, page.next_at = database_now(), actor.id, None
        page.save(update_fields=["answered_at", "answered_by", "next_at"])
        record(Act.PAGE_ANSWERED, actor, case.pk)
        tell_beside(case.pk, ANSWERED, actor.id, {})
    return page


def answer_url(case: Case, person: Staff) -> str:
    """The address at which one person answers for one case, signed in or not. Looking at it does nothing."""
    return f"{settings.DESK_URL}{PATH}{case.pk}-{person.pk}-{_mark(case.pk, person.pk)}/"


def asked_by(secret: str) -> tuple[Case, Staff, Actor]:
    """Of an address: the case, who was asked, and that person as an actor.

    Raises NotFound, also for somebody who left or does not see the case any more.
    """
    found = _SECRET.fullmatch(secret)
    if found is None:
        raise NotFound
    number, staff_id = int(found["case"]), int(found["staff"])
    if not hmac.compare_digest(found["mark"], _mark(number, staff_id)):
        raise NotFound
    person = Staff.objects.filter(pk=staff_id, is_active=True).first()
    if person is None:
        raise NotFound
    actor = Actor.of(person, "mail")
    with acting_as(actor):
        case = Case.objects.select_related("page", "page__answered_by").filter(pk=number).first()
        if case is None or not hasattr(case, "page"):
            raise NotFound
    return case, person, actor


def _mark(case: int, staff: int) -> str:
    said = f"page {case} {staff}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()


# Reading


def page_of(case: Case) -> Page | None:
    """The page of a case that the actor sees. One query."""
    return next(iter(_page_of(case.pk)), None)


@kept
def _page_of(case: int) -> QuerySet[Page]:
    return Page.objects.select_related("answered_by").filter(case=case)


def open_pages() -> list[Page]:
    """The pages that nobody has answered and that the actor sees, the longest waiting first."""
    return list(Page.objects.filter(answered_at=None).select_related("case").order_by("made_at", "case_id"))


def unheard() -> int:
    """How many pages went through their whole chain without an answer. Names no case."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        return Page.objects.filter(answered_at=None, rounds__gt=0).count()

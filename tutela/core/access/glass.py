"""Break-glass: see a case that is not one's own, for a reason and a short time, with everybody told.

Row security reads the openings itself; what is here asks the functions of the database that are the only
doors to them, and sees to the audit entry, the timeline and the notices in the same transaction.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.db import connection
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tutela.core.apart import each_apart
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow import calendar
from tutela.core.flow.beside import tell_beside
from tutela.core.flow.context import Wish
from tutela.core.flow.declare import Span, Unit
from tutela.core.flow.notices import mail_to, may_see, wall_time
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor

from .functions import ask
from .models import LEAST_REASON, LEAST_WORDS, MOST_MINUTES, Glass, GlassQuerySet

#: The steps of the events that are written here.
OPENED, CLOSED, JUSTIFIED, NOT_JUSTIFIED, DUE, OVERDUE = (
    "glass_opened", "glass_closed", "glass_justified", "glass_not_justified", "glass_review_due",
    "glass_review_overdue",
)  # fmt: skip
#: Before the review is due somebody is reminded, and after it as often.
ONE_DAY: Final = Span(1, Unit.BUSINESS_DAYS)
_REFERENCE = re.compile(r"[A-Z]{1,8}-[0-9]{4}-[0-9]{1,9}")


@dataclass(frozen=True)
class Look:
    """One entry of the audit log that was written while a case was open by break-glass."""

    at: datetime
    act: str
    label: str
    via: str
    detail: dict[str, Any]


def open_glass(actor: Actor, reference: str, reason: str, minutes: int | None = None) -> Glass | None:
    """Open a case to the actor. None where there is no such case or it is not theirs to open: alike.

    A refusal is recorded, so the caller must let the transaction be. The team of the case and the security
    role are told in the same transaction.

    Raises BadData, and StepClosed where the actor sees the case already.
    """
    reference, reason = reference.strip(), reason.strip()
    minutes = settings.GLASS_MINUTES if minutes is None else minutes
    _check(reason, minutes)
    with acting_as(actor):
        if Case.objects.filter(reference=reference).exists():
            raise StepClosed(_("You see this case already."))
        now = timezone.now()
        due = calendar.after(now, calendar.parse_span(settings.GLASS_REVIEW))
        remind_at = calendar.before(due, ONE_DAY, not_before=now)
        number = ask("break_glass", reference, reason, minutes, due, remind_at)
        if number is None:
            record(Act.GLASS_REFUSED, actor, reference=reference if _REFERENCE.fullmatch(reference) else "")
            return None
        glass = Glass.objects.get(pk=number)
        record(Act.GLASS_OPENED, actor, glass.case_id, glass=glass.pk, minutes=minutes)
        _tell(glass, OPENED, actor.id, _notices(glass, actor))
    return glass


def _check(reason: str, minutes: int) -> None:
    errors = {}
    if len(reason) < LEAST_REASON:
        errors["reason"] = [_("Say why in at least %(n)s characters.") % {"n": LEAST_REASON}]
    if not 1 <= minutes <= MOST_MINUTES:
        errors["minutes"] = [_("Between 1 and %(most)s minutes.") % {"most": MOST_MINUTES}]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def close_glass(actor: Actor, number: int) -> Glass:
    """End an opening before its time. Raises NotFound, NotAllowed, StepClosed."""
    with acting_as(actor):
        glass = find(number)
        if not glass.is_open:
            raise StepClosed(_("This opening is over."))
        # Recorded first: afterwards its opener sees nothing of the case any more.
        record(Act.GLASS_CLOSED, actor, _case_of(glass), glass=number)
        if not ask("close_glass", number):
            raise NotAllowed(_("It is closed by who opened it, by the security role or by a manager."))
        _tell(glass, CLOSED, actor.id, ())
        glass.refresh_from_db()
    return glass


def review_glass(actor: Actor, number: int, words: str, *, justified: bool) -> Glass:
    """Give the verdict on an opening that is over. Raises NotFound, NotAllowed, StepClosed, BadData."""
    words = words.strip()
    if len(words) < LEAST_WORDS:
        said = _("Say why in at least %(n)s characters.") % {"n": LEAST_WORDS}
        raise BadData(_("Some answers cannot be used."), {"words": [said]})
    with acting_as(actor):
        glass = find(number)
        if not ask("review_glass", number, justified, words):
            raise _why_not(glass)
        record(Act.GLASS_REVIEWED, actor, _case_of(glass), glass=number, justified=justified)
        _tell(glass, JUSTIFIED if justified else NOT_JUSTIFIED, actor.id, ())
        glass.refresh_from_db()
    return glass


def _why_not(glass: Glass) -> StepClosed | NotAllowed:
    if glass.reviewed_at:
        return StepClosed(_("This opening was reviewed already."))
    if not answers_for(glass):
        return NotAllowed(
            _("It is reviewed by the security role or by a manager, and never by who opened it.")
        )
    return StepClosed(_("The case is still open. Close it first, or wait until it ends."))


def find(number: int) -> Glass:
    """An opening that the actor may read of. Raises NotFound."""
    found = every().filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such opening, or it is not yours to see."))
    return found


def every() -> GlassQuerySet:
    """All openings that the actor may read of, the newest first."""
    return Glass.objects.select_related("staff", "closed_by", "reviewed_by").order_by("-id")


def answers_for(glass: Glass) -> bool:
    """Whether the actor may close and review this opening of somebody else."""
    return bool(ask("actor_answers_for", glass.pk))


def looks(glass: Glass) -> list[Look]:
    """What its opener looked at and did while it was open, for those who answer for it. At most 500."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT at, act, via, detail::text FROM tutela.looks_through(%s)", [glass.pk])
        rows = cursor.fetchall()
    labels = dict(Act.choices)
    return [Look(at, act, str(labels.get(act, act)), via, _read(said)) for at, act, via, said in rows]


def _read(text: str) -> dict[str, Any]:
    return dict(json.loads(text))


def opened_by(case: Case, actor: Actor) -> Glass | None:
    """The opening through which the actor sees a case now, if there is one. One query."""
    return case.glasses.open().filter(staff=actor.id).order_by("-id").first()


def tend(now: datetime | None = None) -> int:
    """Remind of reviews that are due soon, and tell the managers of those that are late. How many."""
    now = now or timezone.now()
    actor = system_actor(SystemActor.CLOCK)
    with acting_as(actor):
        waiting = list(Glass.objects.unreviewed().filter(next_at__lte=now).values_list("pk", flat=True))
    return each_apart(waiting, actor, lambda number: _remind(number, now, actor))


def _remind(number: int, now: datetime, actor: Actor) -> None:
    rows = Glass.objects.select_for_update(of=("self",), skip_locked=True).unreviewed()
    glass = rows.filter(pk=number, next_at__lte=now).select_related("staff").first()
    if glass is None:
        return
    late = glass.review_due_at <= now
    people = _reviewers(glass, with_managers=late)
    _tell(glass, OVERDUE if late else DUE, actor.id, [_reminder(one, glass, late=late) for one in people])
    glass.next_at = calendar.after(now, ONE_DAY) if late else glass.review_due_at
    glass.save(update_fields=["next_at"])


# Who is told, and what


def _reviewers(glass: Glass, *, with_managers: bool) -> list[Staff]:
    """Who answers for an opening: the security role and, once it is late, the managers as well."""
    recused = glass.case.recusals.filter(ended_at=None).values("staff_id")
    security = Grant.objects.holders(PLATFORM, [Role.SECURITY]).exclude(email="").exclude(id__in=recused)
    people = set(security)
    if with_managers or not people - {glass.staff}:
        managers = Grant.objects.holders(glass.workflow, [Role.MANAGER]).values("id")
        people |= set(may_see(glass.case).filter(id__in=managers))
    return sorted(people - {glass.staff}, key=lambda person: person.pk)


def _notices(glass: Glass, actor: Actor) -> list[Wish]:
    """To the team and the security role, at once."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        case = Case.objects.get(pk=glass.case_id)
        people = {*may_see(case).filter(teams=case.team_id), *_reviewers(glass, with_managers=False)}
    others = sorted((one for one in people if one.pk != actor.id), key=lambda person: person.pk)
    return [_notice(one, glass, actor) for one in others]


def _notice(person: Staff, glass: Glass, actor: Actor) -> Wish:
    with translation.override(person.language):
        words = {
            "reference": glass.reference,
            "who": actor.name,
            "time": wall_time(glass.expires_at, person),
        }
        subject = _("%(reference)s was opened by break-glass") % words
        text = _("%(who)s opened case %(reference)s by break-glass, until %(time)s.") % words
    return mail_to(person, subject, text, _link(glass))


def _reminder(person: Staff, glass: Glass, *, late: bool) -> Wish:
    with translation.override(person.language):
        words = {
            "reference": glass.reference,
            "who": glass.staff.working_name,
            "time": wall_time(glass.review_due_at, person),
        }
        if late:
            subject = _("%(reference)s: the review of a break-glass is overdue") % words
            text = _("That %(who)s opened case %(reference)s was to be reviewed by %(time)s.") % words
        else:
            subject = _("%(reference)s: a break-glass waits for its review") % words
            text = _("That %(who)s opened case %(reference)s is to be reviewed by %(time)s.") % words
    return mail_to(person, subject, text, _link(glass))


def _link(glass: Glass) -> str:
    return f"{settings.DESK_URL}/desk/break-glass/{glass.pk}/"


def _tell(glass: Glass, step: str, staff_id: int, wishes: Sequence[Wish]) -> None:
    """On the timeline of its case, with its notices."""
    data = {"glass": glass.pk, "until": glass.expires_at.isoformat(), "opener": glass.staff_id}
    tell_beside(glass.case_id, step, staff_id, data, wishes)


def _case_of(glass: Glass) -> int | None:
    """The case that an entry names: one that the actor could read again, or else none."""
    reads = ask("actor_is_security") or Case.objects.filter(pk=glass.case_id).exists()
    return glass.case_id if reads else None

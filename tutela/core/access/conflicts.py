"""Declared conflicts of interest: what speaks of a name, or lies in a colleague's hands, hides itself.

The database finds the cases and hides them (`migrations/0004_conflicts_secured.sql`); what is here asks its
functions, and sees to the audit entry, the timeline and the notice. Whom it concerns is never told which
case.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from psycopg.errors import ProgramLimitExceeded

from tutela.core.apart import each_apart
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.beside import tell_beside
from tutela.core.flow.context import Wish
from tutela.core.flow.notices import mail_to, may_see
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor

from .functions import ask
from .models import LEAST_NAME, LEAST_WORDS, Conflict, ConflictQuerySet, Involvement

#: The steps of the events that are written here.
HIDDEN, LIFTED = "conflict_hid", "conflict_lifted"
AT_ONCE: Final = 200


def declare(
    actor: Actor,
    person: Staff,
    reason: str,
    *,
    name: str = "",
    colleague: Staff | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Conflict:
    """Declare a conflict of a person with a name or a colleague, from now unless told, until it is ended.

    The cases that speak of it hide themselves from that person with the commit. Raises NotAllowed for
    somebody else's conflict, unless the actor is a security officer or a manager of theirs; BadData.
    """
    name, reason = name.strip(), reason.strip()
    since = max(since or timezone.now(), timezone.now())
    _check(person, reason, name, colleague, since, until)
    with acting_as(actor):
        try:
            with transaction.atomic():
                made = ask(
                    "declare_conflict",
                    person.pk,
                    name,
                    colleague.pk if colleague else None,
                    reason,
                    since,
                    until,
                )
        except DatabaseError as error:
            raise _refused(error) from error
        if made is None:
            raise NotAllowed(
                _("A conflict is declared by the person, by a manager of theirs or by a security officer.")
            )
        record(Act.CONFLICT_DECLARED, actor, conflict=made, staff=person.pk)
        return find(made)


def _check(
    person: Staff, reason: str, name: str, colleague: Staff | None, since: datetime, until: datetime | None
) -> None:
    errors: dict[str, list[str]] = {}
    if bool(name) == (colleague is not None):
        errors["name"] = [_("Give a name or a colleague, and not both.")]
    elif name and len(name) < LEAST_NAME:
        errors["name"] = [_few(LEAST_NAME)]
    if colleague is not None and (colleague.pk == person.pk or colleague.is_system):
        errors["colleague"] = [_("Choose somebody else.")]
    if len(reason) < LEAST_WORDS:
        errors["reason"] = [_few(LEAST_WORDS)]
    if until is not None and until <= max(since, timezone.now()):
        errors["until"] = [_("This is over already.")]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def _few(least: int) -> str:
    return _("Say it in at least %(n)s characters.") % {"n": least}


def _refused(error: DatabaseError) -> BadData:
    if isinstance(error.__cause__, ProgramLimitExceeded):
        said = _("This stands in too many cases to mean one. Give the whole name.")
    else:
        said = _("There is no word in this name that could be found.")
    return BadData(_("Some answers cannot be used."), {"name": [said]})


def end(actor: Actor, number: int, words: str) -> Conflict:
    """End a conflict; what it hid shows again. Raises NotFound, NotAllowed, StepClosed, BadData."""
    words = words.strip()
    _check_words(words)
    with acting_as(actor):
        found = find(number)
        if found.ended_at:
            raise StepClosed(_("This conflict has ended."))
        if not ask("end_conflict", number, words):
            raise NotAllowed(
                _("A conflict is ended by a manager or a security officer, never by whom it concerns.")
            )
        record(Act.CONFLICT_ENDED, actor, conflict=number, staff=found.staff_id)
        found.refresh_from_db()
    return found


def lift(actor: Actor, case: Case, person: Staff, words: str) -> None:
    """Show a case to a person again: it is not about whom their conflict names.

    For managers of the workflow. Raises NotAllowed, also where there is nothing to lift; BadData.
    """
    words = words.strip()
    _check_words(words)
    with acting_as(actor):
        if not ask("lift_conflict", case.pk, person.pk, words):
            raise NotAllowed(
                _("This is for managers of the workflow, where a conflict of somebody else hid the case.")
            )
        record(Act.CONFLICT_LIFTED, actor, case.pk, staff=person.pk)
        tell_beside(case.pk, LIFTED, actor.id, {"opener": person.pk})


def _check_words(words: str) -> None:
    if len(words) < LEAST_WORDS:
        said = _("Say why in at least %(n)s characters.") % {"n": LEAST_WORDS}
        raise BadData(_("Some answers cannot be used."), {"words": [said]})


def find(number: int) -> Conflict:
    """A conflict that the actor may read. Raises NotFound."""
    found = every().filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such conflict, or it is not yours to see."))
    return found


def every() -> ConflictQuerySet:
    """All conflicts that the actor may read, the newest first."""
    return Conflict.objects.select_related("staff", "colleague", "declared_by", "ended_by").order_by("-id")


def may_answer_for(person: Staff) -> bool:
    """Whether the actor may declare and end conflicts of this other person."""
    return bool(ask("actor_may_declare_for", person.pk))


def people_of(actor: Actor) -> list[Staff]:
    """For whom the actor may declare: themselves, then those whom they manage; for officers everybody."""
    held = Grant.objects.active().filter(staff=actor.id)
    everybody = Staff.objects.filter(kind=Staff.Kind.PERSON, is_active=True).order_by("working_name", "id")
    people = everybody
    if not held.filter(workflow=PLATFORM, role=Role.SECURITY).exists():
        managed = held.filter(role=Role.MANAGER).values("workflow")
        people = everybody.filter(
            id__in=Grant.objects.active().filter(workflow__in=managed).values("staff_id")
        )
    return [*everybody.filter(pk=actor.id), *people.exclude(pk=actor.id)]


def tend(now: datetime | None = None) -> int:
    """Begin and end conflicts whose day has come, and tell of what was hidden: of how many cases."""
    now = now or timezone.now()
    actor = system_actor(SystemActor.CLOCK)
    with acting_as(actor):
        begin = list(Conflict.objects.in_force(now).filter(applied_at=None).values_list("pk", flat=True))
        over = list(Conflict.objects.filter(ended_at=None, until__lte=now).values_list("pk", flat=True))
    each_apart(begin, actor, lambda number: ask("apply_conflict", number))
    each_apart(over, actor, lambda number: _end_by_itself(number, actor))
    with acting_as(actor):
        untold = list(
            Involvement.objects.filter(told_at=None).order_by("id").values_list("pk", flat=True)[:AT_ONCE]
        )
    return each_apart(untold, actor, lambda number: _tell(number, now, actor))


def _end_by_itself(number: int, actor: Actor) -> None:
    if ask("end_conflict", number, ""):
        record(Act.CONFLICT_ENDED, actor, conflict=number)


def _tell(number: int, now: datetime, actor: Actor) -> None:
    """Write that a person keeps away, put the case out of their hands, and tell its managers. Not why."""
    rows = Involvement.objects.select_for_update(of=("self",), skip_locked=True).filter(
        pk=number, told_at=None
    )
    found = rows.select_related("staff", "case").first()
    if found is None:
        return
    people = _leads(found.case) if found.case.is_open else []
    record(Act.CONFLICT_FOUND, actor, found.case_id, staff=found.staff_id, conflict=found.conflict_id)
    notices = [_notice(one, found) for one in people]
    tell_beside(found.case_id, HIDDEN, found.staff_id, {}, notices, out_of_hands_of=found.staff_id)
    found.told_at = now
    found.save(update_fields=["told_at"])


def _leads(case: Case) -> list[Staff]:
    """The managers of a case who see it, or else its team."""
    able = may_see(case)
    managers = Grant.objects.holders(case.workflow, [Role.MANAGER]).values("id")
    return list(able.filter(id__in=managers) or able.filter(teams=case.team_id))


def _notice(person: Staff, found: Involvement) -> Wish:
    with translation.override(person.language):
        words = {"reference": found.case.reference, "who": found.staff.working_name}
        subject = _("%(reference)s: %(who)s keeps away from this case") % words
        text = _("%(who)s keeps away from case %(reference)s and does not see it any more.") % words
    return mail_to(person, subject, text, f"{settings.DESK_URL}/desk/case/{found.case.reference}/")

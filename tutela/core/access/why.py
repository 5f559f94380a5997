"""Why somebody sees a case, or does not: every reason for and against, in one place.

The rules are those of the policies; a test draws people, cases and openings by chance and compares the two.
What is said here is read with the rights of whoever asks, who must see the case themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case, Recusal
from tutela.core.errors import NotAllowed
from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant, Membership, Staff
from tutela.core.people.roles import PLATFORM, Role

from .models import Conflict, Glass, Involvement

#: The roles that read privileged notes: those of `tutela.actor_reviews()`.
REVIEWING = (
    Role.MANAGER, Role.DIRECTOR, Role.CHIEF, Role.COUNSEL, Role.COMMUNICATIONS, Role.EXECUTIVE_DIRECTOR,
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """One fact that speaks for or against, in words, with who made it so, when and why where that is kept.

    `counts` is false for what is over or does not matter here; it is listed all the same.
    """

    name: str
    speaks_for: bool
    counts: bool
    text: str
    by: str = ""
    since: datetime | None = None
    until: datetime | None = None
    why: str = ""


@dataclass
class Answer:
    """Whether one person sees one case now, every reason, and what of it stays closed to them."""

    person: Staff
    case: Case
    sees: bool = False
    to_look_only: bool = False
    privileged: bool = False
    reasons: list[Reason] = field(default_factory=list)


def ask(actor: Actor, person: Staff, case: Case) -> Answer:
    """The answer for a manager of the workflow or a security officer; recorded. Raises NotAllowed.

    The actor is named to the database already, and sees the case.
    """
    held = Grant.objects.active().filter(staff=actor.id)
    if not held.filter(
        Q(workflow=case.workflow, role=Role.MANAGER) | Q(workflow=PLATFORM, role=Role.SECURITY)
    ).exists():
        raise NotAllowed(_("This is for managers of the workflow and for security officers."))
    record(Act.ACCESS_ASKED, actor, case.pk, staff=person.pk)
    return why(person, case)


def why(person: Staff, case: Case, at: datetime | None = None) -> Answer:
    """Whether and why somebody sees a case, at a moment (now, unless told)."""
    at = at or timezone.now()
    grants = _grants(person, case, at)
    teams = _team(person, case)
    glasses = _glasses(person, case, at)
    against = [*_inactive(person), *_recusals(person, case)]
    granted = any(one.counts and one.speaks_for for one in grants)
    inside = not case.restricted or person.is_system or any(one.counts for one in teams)
    by_right = granted and inside
    eligible = granted or _is_security(person, at)
    through = eligible and not person.is_system and any(one.counts for one in glasses)
    stopped = any(one.counts for one in against)
    if not eligible:
        glasses = [_gone(one) for one in glasses]
    return Answer(
        person=person,
        case=case,
        sees=(by_right or through) and not stopped,
        to_look_only=through and not by_right and not stopped,
        privileged=(by_right or through) and not stopped and _reviews(person, case, at),
        reasons=[*against, *grants, *_restriction(case, inside=inside), *teams, *glasses],
    )


def _grants(person: Staff, case: Case, at: datetime) -> list[Reason]:
    rows = Grant.objects.filter(staff=person, workflow=case.workflow).select_related("granted_by")
    found = [
        Reason(
            "grant",
            True,
            person.is_active and row.since <= at and (row.until is None or row.until > at),
            _("Holds the role “%(role)s” on this workflow.") % {"role": Role(row.role).label},
            by=row.granted_by.working_name if row.granted_by else "",
            since=row.since,
            until=row.until,
            why=row.reason,
        )
        for row in rows.order_by("id")
    ]
    if any(one.counts for one in found):
        return found
    return [*found, Reason("no_grant", False, True, _("Holds no role on this workflow now."))]


def _restriction(case: Case, *, inside: bool) -> list[Reason]:
    if not case.restricted:
        return [
            Reason("open", True, True, _("The case is not restricted: every role on its workflow sees it."))
        ]
    said = _("The case is restricted to the team %(team)s.") % {"team": case.team.name}
    return [Reason("restricted", False, not inside, said)]


def _team(person: Staff, case: Case) -> list[Reason]:
    rows = Membership.objects.filter(staff=person, team=case.team_id).select_related("team")
    return [
        Reason(
            "team",
            True,
            person.is_active and case.restricted,
            _("Is in the team %(team)s.") % {"team": row.team.name},
            since=row.since,
        )
        for row in rows
    ]


def _recusals(person: Staff, case: Case) -> list[Reason]:
    found = {one.recusal_id: one for one in case.involvements.filter(staff=person).order_by("id")}
    # The conflicts that whoever asks may read.
    conflicts = Conflict.objects.select_related("declared_by").in_bulk(
        {one.conflict_id for one in found.values()}
    )
    return [
        _conflict(row, found[row.pk], conflicts.get(found[row.pk].conflict_id))
        if row.pk in found
        else Reason(
            "recusal",
            False,
            row.ended_at is None,
            _("Keeps away from this case."),
            since=row.since,
            until=row.ended_at,
        )
        for row in case.recusals.filter(staff=person).order_by("id")
    ]


def _conflict(row: Recusal, found: Involvement, conflict: Conflict | None) -> Reason:
    """That a declared conflict hides it. With whom stands with the conflict, not here."""
    return Reason(
        "conflict",
        False,
        row.ended_at is None,
        _("Keeps away from this case because of a declared conflict."),
        by=conflict.declared_by.working_name if conflict else "",
        since=row.since,
        until=row.ended_at,
        why=found.lift_words or (conflict.reason if conflict else ""),
    )


def _glasses(person: Staff, case: Case, at: datetime) -> list[Reason]:
    rows = Glass.objects.filter(staff=person, case=case).order_by("id")
    return [
        Reason(
            "glass",
            True,
            person.is_active and row.ends_at > at,
            _("Opened the case by break-glass, to look only."),
            by=person.working_name,
            since=row.opened_at,
            until=row.ends_at,
            why=row.reason,
        )
        for row in rows
    ]


def _gone(one: Reason) -> Reason:
    """An opening that ended with what made its holder eligible."""
    return Reason(one.name, True, False, one.text, one.by, one.since, one.until, one.why)


def _inactive(person: Staff) -> list[Reason]:
    return [] if person.is_active else [Reason("inactive", False, True, _("Does not work here any more."))]


def _is_security(person: Staff, at: datetime) -> bool:
    held = Grant.objects.active(at).filter(staff=person, workflow=PLATFORM, role=Role.SECURITY)
    return person.is_active and held.exists()


def _reviews(person: Staff, case: Case, at: datetime) -> bool:
    return Grant.objects.active(at).filter(staff=person, workflow=case.workflow, role__in=REVIEWING).exists()

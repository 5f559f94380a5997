"""Keeps the staff list: who works here, in which team, with which roles. Each change is recorded.

Nothing is deleted: people become inactive and grants end, so that old records keep their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import BadData, NotFound

from . import sessions
from .actor import Actor, acting_as
from .models import Grant, Membership, Staff, Team, Token
from .roles import PLATFORM, PLATFORM_ROLES, Role
from .sign_in import end_links
from .tokens import forget_tokens


def person_named(username: str) -> Staff:
    """The person of a username, active or not; never a job. Raises NotFound."""
    found = Staff.objects.filter(username=username, kind=Staff.Kind.PERSON).first()
    if found is None:
        raise NotFound(_("There is nobody with the username %(username)s.") % {"username": username})
    return found


def add_staff(by: Actor, username: str, working_name: str, fields: Mapping[str, str]) -> Staff:
    """Add a person. Raises BadData when the username is taken or cannot be one."""
    with acting_as(by):
        try:
            with transaction.atomic():
                staff = Staff.objects.create_person(username, working_name, **fields)
        except IntegrityError:
            said = _("The username %(username)s is taken.") % {"username": username}
            raise BadData(said, {"username": [said]}) from None
        record(Act.STAFF_CHANGED, by, staff=staff.pk, what="added")
    return staff


def end_staff(by: Actor, staff: Staff) -> None:
    """Let somebody go, at this moment: inactive, without grants, tokens, links, sessions and passphrase.

    What listens in their open pages ends with their sessions.
    """
    now = timezone.now()
    with acting_as(by):
        staff.is_active = False
        staff.set_unusable_password()
        staff.save(update_fields=["is_active", "password"])
        Grant.objects.active(now).filter(staff=staff).update(until=now)
        Token.objects.filter(staff=staff, revoked_at=None).update(revoked_at=now)
        end_links(staff)
        sessions.end_all(staff)
        record(Act.STAFF_CHANGED, by, staff=staff.pk, what="ended")
    forget_tokens()


def join_team(by: Actor, staff: Staff, team: str) -> bool:
    """Put somebody into a team. Returns False when they were in it. Raises NotFound."""
    with acting_as(by):
        _row, new = Membership.objects.get_or_create(team=_team(team), staff=staff)
        if new:
            record(Act.STAFF_CHANGED, by, staff=staff.pk, what="joined", team=team)
    return new


def leave_team(by: Actor, staff: Staff, team: str) -> bool:
    """Take somebody out of a team. Returns False when they were not in it. Raises NotFound."""
    with acting_as(by):
        gone, _each = Membership.objects.filter(team=_team(team), staff=staff).delete()
        if gone:
            record(Act.STAFF_CHANGED, by, staff=staff.pk, what="left", team=team)
    return bool(gone)


def give_grant(
    by: Actor, staff: Staff, workflow: str, role: Role, *, until: datetime | None = None, reason: str = ""
) -> Grant:
    """Give somebody a role on a workflow, for a time or until it is ended.

    Raises BadData when they hold it already, or when the role is not one of that place.
    """
    if (role in PLATFORM_ROLES) != (workflow == PLATFORM):
        said = _(
            "Security officers and partners hold their role on “platform”, and nobody holds another there."
        )
        raise BadData(said, {"role": [said]})
    with acting_as(by):
        active = Grant.objects.active().filter(staff=staff, workflow=workflow, role=role)
        if active.exists():
            said = _("%(who)s holds this role already.") % {"who": staff.working_name}
            raise BadData(said, {"role": [said]})
        grant = Grant.objects.create(
            staff=staff, workflow=workflow, role=role, until=until, granted_by_id=by.id, reason=reason
        )
        record(
            Act.GRANT_CHANGED, by, staff=staff.pk, what="given", workflow=workflow, role=role, grant=grant.pk
        )
    return grant


def end_grant(by: Actor, staff: Staff, workflow: str, role: Role) -> bool:
    """End a role that somebody holds. Returns False when they did not hold it."""
    now = timezone.now()
    with acting_as(by):
        held = Grant.objects.active(now).filter(staff=staff, workflow=workflow, role=role)
        ended = held.update(until=now)
        if ended:
            record(Act.GRANT_CHANGED, by, staff=staff.pk, what="ended", workflow=workflow, role=role)
    return bool(ended)


def _team(slug: str) -> Team:
    found = Team.objects.filter(slug=slug).first()
    if found is None:
        raise NotFound(_("There is no team %(team)s.") % {"team": slug})
    return found

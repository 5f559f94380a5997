"""What goes on the record: who came in and how, who could not, and what changed about it."""

from __future__ import annotations

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor


def failed(username: str, how: str) -> None:
    """Somebody could not sign in. Costs the same for a name that nobody has, which is not kept."""
    staff = Staff.objects.filter(username__iexact=username.strip(), kind=Staff.Kind.PERSON).first()
    said(Act.SIGN_IN_FAILED, None, staff=staff.pk if staff else None, how=how)


def said(act: Act, staff: Staff | None, /, **detail: object) -> None:
    """An entry by a person, or by the platform about somebody who has not proved who they are."""
    actor = Actor.of(staff, "desk") if staff else system_actor(SystemActor.OPERATOR)
    with acting_as(actor):
        record(act, actor, **detail)

"""The people who use the platform in a benchmark. Import after Django is set up."""

from __future__ import annotations

import time

from tutela.core.people.actor import Actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import Role

GRANTS = {
    "juniper": {"emergency": Role.RESPONDER, "triage": Role.RESPONDER},
    "wren": {"triage": Role.INTAKE},
    "larch": {"emergency": Role.COUNSEL},
}


def make_people() -> dict[str, Actor]:
    """Juniper, who sees all; Wren, who sees triage; Larch, counsel."""
    actors = {}
    for name, grants in GRANTS.items():
        staff, made = Staff.objects.get_or_create(username=name, defaults={"working_name": name.title()})
        for workflow, role in grants.items() if made else ():
            Grant.objects.create(staff=staff, workflow=workflow, role=role)
            Membership.objects.create(staff=staff, team=Team.objects.get(slug=workflow))
        actors[name] = Actor.of(staff, "desk")
    return actors


def signed_in(staff_id: int) -> str:
    """A session as a person has it who signed in and showed a second factor just now, as a Cookie header."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    from tutela.surfaces.desk.signing_in import gate

    staff = Staff.objects.get(pk=staff_id)
    now = time.time()
    session = SessionStore()
    session[SESSION_KEY] = str(staff.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = staff.get_session_auth_hash()
    session[gate.LIMITS] = {"began": now, "seen": now}
    session[gate.PROVED] = {"staff": staff.pk, "at": now}
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"

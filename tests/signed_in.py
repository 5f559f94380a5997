"""A client of Django's tests with somebody signed in, as the desk wants a session to be."""

from __future__ import annotations

import time

from django.test import Client

from tutela.core.people.models import Staff
from tutela.surfaces.desk.signing_in import gate


def sign_in(client: Client, staff: Staff) -> None:
    """Sign somebody in without asking, a moment ago: the first page has nothing to note."""
    client.force_login(staff)
    session = client.session
    gate.begin(session)
    session[gate.LIMITS]["seen"] = time.time()
    session.save()

"""Signs of life, written by loops and read by whoever wants to know."""

from __future__ import annotations

import json
import os
import socket
from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone

from .models import Heartbeat

INTAKE: Final = "intake"
CLOCKS: Final = "clocks"
PAGES: Final = "pages"
CHORES: Final = "chores"

#: Also run by the chores' own connection, which is not Django's. `%(detail)s` is JSON.
WRITE: Final = """
    INSERT INTO health_heartbeat (name, at, late_after, detail)
    VALUES (%(name)s, now(), %(late_after)s, %(detail)s::jsonb)
    ON CONFLICT (name) DO UPDATE SET at = now(), late_after = excluded.late_after, detail = excluded.detail
"""
#: One that never worked is silent at once.
_TROUBLE: Final = """
    INSERT INTO health_heartbeat (name, at, late_after, detail) VALUES (%(name)s, now(), 0, %(detail)s::jsonb)
    ON CONFLICT (name) DO UPDATE SET detail = excluded.detail
"""
_FORGOTTEN_AFTER = timedelta(days=1)


def effects_of(connector: str) -> str:
    """The name of the loop that delivers the effects of one connector."""
    return f"effects.{connector}"


def mailbox(name: str) -> str:
    """The name of the loop that fetches mail from one account."""
    return f"mailbox.{name}"[:60]


def where(**more: object) -> str:
    """This process, as JSON for the detail of a heartbeat."""
    return json.dumps({"process": os.getpid(), "machine": socket.gethostname(), **more})


def beat(name: str, late_after: int, **more: object) -> None:
    """Say that a loop just did its work. It counts as silent after `late_after` seconds without."""
    with connection.cursor() as cursor:
        cursor.execute(WRITE, {"name": name, "late_after": late_after, "detail": where(**more)})


def trouble(name: str, words: str) -> None:
    """Say why a loop could not do its work. That is no sign of life: it counts as silent when it did."""
    with connection.cursor() as cursor:
        cursor.execute(_TROUBLE, {"name": name, "detail": where(trouble=words)})


def forget_old() -> int:
    """Remove loops that are no more, such as that of a connector that was taken out."""
    return Heartbeat.objects.filter(at__lt=timezone.now() - _FORGOTTEN_AFTER).delete()[0]

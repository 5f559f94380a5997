"""The calendar of one person's rotas, and the secret address at which a calendar program reads it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import NotFound
from tutela.core.moment import database_now
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff

from . import duty, keep
from .models import Feed, Rota
from .plan import Stretch, stretches

PATH: Final = "/desk/on-call/calendar/"
#: What a calendar shows: from a fortnight ago to a quarter ahead.
BACK, AHEAD = timedelta(days=14), timedelta(days=92)


def make_feed(actor: Actor) -> str:
    """A new address of the person's own calendar; the one before ends. It cannot be shown again."""
    secret = secrets.token_urlsafe(32)
    with acting_as(actor):
        Feed.objects.update_or_create(
            staff_id=actor.id, defaults={"secret_hash": _hash(secret), "made_at": database_now()}
        )
        record(Act.ROTA_CHANGED, actor, what="feed_made")
    return f"{settings.DESK_URL}{PATH}{secret}/"


def end_feed(actor: Actor) -> None:
    """End the address. Nothing happens where there is none."""
    with acting_as(actor):
        if Feed.objects.filter(staff=actor.id).delete()[0]:
            record(Act.ROTA_CHANGED, actor, what="feed_ended")


def has_feed(actor: Actor) -> bool:
    """Whether the person has such an address."""
    return Feed.objects.filter(staff=actor.id).exists()


def reader_of(secret: str) -> Staff:
    """Whose calendar an address is. Raises NotFound, also for somebody who left."""
    found = (
        Feed.objects.filter(secret_hash=_hash(secret), staff__is_active=True).select_related("staff").first()
    )
    if found is None:
        raise NotFound
    return found.staff


def calendar(reader: Staff) -> bytes:
    """Who is on duty in the rotas that a person sees, as an iCalendar file. Names and times only."""
    now = database_now()
    begin, end = now - BACK, now + AHEAD
    made = Calendar()
    made.add("prodid", "-//Tutela//On call//EN")
    made.add("version", "2.0")
    made.add("x-wr-calname", _("On call"))
    made.add("refresh-interval;value=duration", "PT1H")
    for rota in keep.rotas(Actor.of(reader, "desk")):
        for one in _stretches(rota, begin, end):
            made.add_component(_event(rota, one, now))
    return bytes(made.to_ical())


def _stretches(rota: Rota, begin: datetime, end: datetime) -> Sequence[Stretch]:
    workflows = keep.workflows_of(rota)
    return stretches(duty.plans(workflows, begin, end)[workflows[0]], begin, end) if workflows else ()


def _event(rota: Rota, one: Stretch, now: datetime) -> Event:
    names = ", ".join(person.working_name for person in duty.people(one.watch.on))
    event = Event()
    event.add("uid", f"{rota.slug}-{one.starts:%Y%m%dT%H%M%SZ}@tutela")
    event.add("dtstamp", now)
    event.add("dtstart", one.starts)
    event.add("dtend", one.ends)
    if one.watch.first is None:
        event.add("summary", _("%(rota)s: nobody is on call") % {"rota": rota.name})
    else:
        event.add("summary", _("%(rota)s: %(who)s") % {"rota": rota.name, "who": names})
    event.add("transp", "TRANSPARENT")
    return event


def _hash(secret: str) -> bytes:
    said = f"calendar {secret}".encode("utf-8", "surrogatepass")
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).digest()

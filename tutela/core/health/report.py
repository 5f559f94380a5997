"""What `/readyz` and `tutela doctor` say. Numbers and names of loops; never anything of a case."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from tutela.core.moment import database_now
from tutela.core.oncall.duty import unwatched
from tutela.core.paging.pages import unheard

from . import beats
from .models import Ending, Heartbeat

#: Seconds for which a report may wait for its case, and a clock or an act outside for its loop.
REPORT_WAITS, CLOCK_LATE, EFFECT_WAITS = 60, 60, 900
#: Seconds for which an audit entry may wait for its seal, which comes every minute.
SEAL_WAITS = 300
#: Seconds that the clock of this machine may differ from the database's: worth a look, and too much.
SKEWED, FAR_OFF = 2.0, 30.0
#: How long before its end something is told of.
TOLD_BEFORE = timedelta(days=21)


class Part(StrEnum):
    """What is looked at."""

    DATABASE = "database"
    TABLES = "tables"
    LOOPS = "loops"
    REPORTS = "reports"
    CLOCKS = "clocks"
    EFFECTS = "effects"
    AUDIT = "audit"
    ENDINGS = "endings"
    TIME = "time"
    ACCESS = "access"
    MAIL = "mail"
    ON_CALL = "on_call"
    PAGES = "pages"


@dataclass(frozen=True)
class Health:
    """The state of the platform.

    `faults` are sentences about what keeps the platform from its work (it is not ready then);
    `attention` about what a person should look at although the platform works. `figures` has numbers
    only; ages are in seconds, None where nothing waits.
    """

    faults: list[str] = field(default_factory=list)
    attention: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    loops: dict[str, float | None] = field(default_factory=dict)
    parts: dict[Part, bool] = field(default_factory=dict)

    def fault(self, part: Part, sentence: str) -> None:
        """What keeps the platform from its work."""
        self.faults.append(sentence)
        self.parts[part] = False

    def look_at(self, part: Part, sentence: str) -> None:
        """What a person should look at although the platform works."""
        self.attention.append(sentence)
        self.parts[part] = False

    @property
    def ready(self) -> bool:
        """Whether nothing keeps the platform from its work."""
        return not self.faults


def look(expected: Iterable[str], mailboxes: Iterable[str] = ()) -> Health:
    """Look at the database and at the loops of these names. Needs no actor. Never raises.

    `mailboxes` are the accounts that mail is fetched from: one that is away is no fault of the platform's.
    """
    health = Health()
    try:
        missing = ", ".join(_missing_migrations())
        health.parts[Part.DATABASE] = True
        if missing:
            health.fault(
                Part.TABLES, _("The tables are not up to date: run `tutela migrate`. Missing: %s") % missing
            )
            return health
        health.figures.update(_figures())
        health.parts.update(dict.fromkeys(Part, True))
        _judge_loops(health, expected)
        for name in mailboxes:
            judge_mailbox(health, name)
        _judge_time(health)
        for ending in soon():
            health.look_at(Part.ENDINGS, str(ending))
        _judge_pages(health)
        for work in unwatched():
            health.look_at(
                Part.ON_CALL,
                _("Nobody is on call for “%(work)s”: only its managers are asked. Mend the rota.")
                % {"work": work},
            )
    except DatabaseError:
        # Its words would name hosts and paths to whoever asks.
        broken = Health()
        broken.fault(Part.DATABASE, _("The database does not answer."))
        return broken
    _judge_figures(health)
    return health


class _Known:
    """Whether the tables were seen to be up to date. What code this process runs does not change."""

    up_to_date = False


def _missing_migrations() -> list[str]:
    if _Known.up_to_date:
        return []
    loader = MigrationLoader(connection)
    unapplied = set(loader.graph.nodes) - set(loader.applied_migrations)
    missing = sorted(f"{app}.{name}" for app, name in unapplied)
    _Known.up_to_date = not missing
    return missing


def _figures() -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM tutela.health(), tutela.audit_figures(), tutela.access_figures()")
        names = [column.name for column in cursor.description]
        row = dict(zip(names, cursor.fetchone(), strict=True))
    return {name: round(value, 1) if isinstance(value, float) else value for name, value in row.items()}


def _judge_loops(health: Health, expected: Iterable[str]) -> None:
    beats = {beat.name: beat for beat in Heartbeat.objects.all()}
    now = timezone.now()
    for name in expected:
        beat = beats.get(name)
        age = round((now - beat.at).total_seconds(), 1) if beat else None
        health.loops[name] = age
        if beat is None or age is None:
            health.fault(
                Part.LOOPS, _("Nobody has ever done the work of “%s”: start `tutela worker`.") % name
            )
        elif age > beat.late_after:
            health.fault(
                Part.LOOPS,
                _("“%(name)s” has not been seen for %(seconds)d seconds: look at `tutela worker`.")
                % {"name": name, "seconds": age},
            )


def judge_mailbox(health: Health, name: str) -> None:
    """Look at one account that mail is fetched from. One query."""
    beat = Heartbeat.objects.filter(name=beats.mailbox(name)).first()
    words = {"name": name}
    if beat is None:
        health.look_at(
            Part.MAIL, _("Nobody has ever fetched the mail of “%(name)s”: start `tutela mail fetch`.") % words
        )
    elif trouble := beat.detail.get("trouble"):
        health.look_at(Part.MAIL, _("The mail of “%(name)s”: %(trouble)s") % {**words, "trouble": trouble})
    elif (timezone.now() - beat.at).total_seconds() > beat.late_after:
        health.look_at(
            Part.MAIL,
            _("The mail of “%(name)s” is not fetched: look at `tutela mail fetch`.") % words,
        )
    elif many := beat.detail.get("put_off"):
        health.look_at(
            Part.MAIL,
            ngettext(
                "%(many)d mail of “%(name)s” could not be stored, stays there and is tried again.",
                "%(many)d mails of “%(name)s” could not be stored, stay there and are tried again.",
                many,
            )
            % {**words, "many": many},
        )


def _judge_pages(health: Health) -> None:
    if many := unheard():
        health.look_at(
            Part.PAGES,
            ngettext(
                "%(many)d page went through its whole chain, and nobody has answered: it begins again.",
                "%(many)d pages went through their whole chain, and nobody has answered: they begin again.",
                many,
            )
            % {"many": many},
        )


def soon() -> list[Ending]:
    """What ends within three weeks or has ended, as it was last looked at. One query."""
    return list(Ending.objects.filter(ends_at__lt=timezone.now() + TOLD_BEFORE).order_by("ends_at", "id"))


def time_skew() -> float:
    """By how many seconds the clock of this machine is ahead of the database's. One query."""
    asked = timezone.now()
    theirs = database_now()
    return (asked + (timezone.now() - asked) / 2 - theirs).total_seconds()


def _judge_time(health: Health) -> None:
    """Times are told by both clocks, so that they must agree."""
    skew = time_skew()
    health.figures["clock_skew"] = round(skew, 1)
    if abs(skew) > SKEWED:
        told = health.fault if abs(skew) > FAR_OFF else health.look_at
        told(
            Part.TIME,
            _("The clock of this machine is %(seconds).1f seconds off the database's: mend its time service.")
            % {"seconds": skew},
        )


def _judge_figures(health: Health) -> None:
    numbers = health.figures
    if (numbers["report_waits"] or 0) > REPORT_WAITS:
        health.fault(
            Part.REPORTS,
            _("A report has waited %(seconds)d seconds for its case.") % {"seconds": numbers["report_waits"]},
        )
    if (numbers["clock_late"] or 0) > CLOCK_LATE:
        health.fault(
            Part.CLOCKS, _("A clock is %(seconds)d seconds late.") % {"seconds": numbers["clock_late"]}
        )
    if (numbers["effect_waits"] or 0) > EFFECT_WAITS:
        health.look_at(
            Part.EFFECTS,
            _("Something has waited %(seconds)d seconds to be sent.") % {"seconds": numbers["effect_waits"]},
        )
    if failed := numbers["effects_failed"]:
        health.look_at(
            Part.EFFECTS,
            ngettext(
                "%(many)d act outside was refused and waits for a person.",
                "%(many)d acts outside were refused and wait for a person.",
                failed,
            )
            % {"many": failed},
        )
    if faulty := numbers["clocks_faulty"]:
        health.look_at(
            Part.CLOCKS,
            ngettext(
                "%(many)d clock could not be acted on; its row says why.",
                "%(many)d clocks could not be acted on; their rows say why.",
                faulty,
            )
            % {"many": faulty},
        )
    _judge_audit(health, numbers)
    if late := numbers["reviews_late"]:
        health.look_at(
            Part.ACCESS,
            ngettext(
                "%(many)d review of who holds which role is overdue.",
                "%(many)d reviews of who holds which role are overdue.",
                late,
            )
            % {"many": late},
        )


def _judge_audit(health: Health, numbers: dict[str, Any]) -> None:
    if (numbers["entry_unsealed"] or 0) > SEAL_WAITS:
        health.look_at(
            Part.AUDIT,
            _("Entries of the audit log have waited %(seconds)d seconds for their seal.")
            % {"seconds": numbers["entry_unsealed"]},
        )
    if numbers["anchor_fails"] is not None:
        health.look_at(
            Part.AUDIT,
            _("An anchor of the audit log has not taken a head for %(seconds)d seconds: see `tutela doctor`.")
            % {"seconds": numbers["anchor_fails"]},
        )

"""Closed cases that are old enough to go, made the way real ones are."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F
from django.utils import timezone

from tests.cast import Cast, report_emergency
from tutela.core.cases.models import Case
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.records import disposal, runs
from tutela.core.records.models import Run

WHY = "A preservation demand came in."
BY_LAW = "18 U.S.C. 2703(f), letter of 3 March 2026"
NOT_CREDIBLE = {"target": "no", "copied": "yes", "narrative": "The lines are from a song."}


def closed(cast: Cast, **report: object) -> str:
    """A case that was assessed and closed just now, with everything on it that a case may have."""
    reference = report_emergency(**report)
    fill(reference, cast)
    close(reference, cast)
    return reference


def fill(reference: str, cast: Cast, word: str = "Marker") -> None:
    """A note, advice, an answer, an exhibit, a party."""
    perform(reference, "note", cast.juniper, {"text": f"{word} in a note"})
    perform(reference, "note", cast.larch, {"text": f"{word} in advice", "privileged": True})
    perform(reference, "answer", cast.juniper, {"text": f"{word} in an answer"})
    perform(reference, "add_exhibit", cast.juniper, {"kind": "text", "title": word, "text": f"{word} seen"})
    party = {"kind": "account", "name": f"Example{word}", "part": "reported"}
    perform(reference, "add_party", cast.juniper, party)


def close(reference: str, cast: Cast) -> None:
    """From received to closed; what was to be sent was sent."""
    perform(reference, "acknowledge", cast.juniper)
    perform(reference, "assess_not_credible", cast.juniper, NOT_CREDIBLE)
    perform(reference, "close", cast.juniper)
    delivered(reference)


def delivered(reference: str) -> None:
    """As the courier would leave it."""
    with acting_as(system_actor(SystemActor.COURIER)):
        Effect.objects.filter(case__reference=reference).update(state=EffectState.CONFIRMED)


def grow_old(reference: str, cast: Cast, years: int = 4) -> None:
    """Let years pass over one case."""
    with acting_as(cast.alder):
        span = timedelta(days=366 * years)
        cases = Case.objects.filter(reference=reference)
        cases.filter(closed_at__isnull=False).update(closed_at=F("closed_at") - span)
        cases.update(received_at=F("received_at") - span, opened_at=F("opened_at") - span)


def old(cast: Cast, **report: object) -> str:
    """A closed case whose time is over."""
    reference = closed(cast, **report)
    grow_old(reference, cast)
    return reference


def agreed(cast: Cast, *references: str) -> Run:
    """A run that Alder proposed and Larch agreed to."""
    run = runs.propose(cast.alder, references, "Their time is over.")
    return runs.decide(cast.larch, run.number, runs.APPROVED)


def dispose(cast: Cast, *references: str) -> Run:
    """The same, carried out."""
    run = agreed(cast, *references)
    disposal.carry_out()
    return reread(cast, run)


def reread(cast: Cast, run: Run) -> Run:
    """A run as it is now."""
    with acting_as(cast.alder):
        return runs.find_run(run.number)


def days_ago(days: int) -> datetime:
    """A moment in the past."""
    return timezone.now() - timedelta(days=days)

"""The way of an emergency, as far as a test wants to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.cast import Cast, agree, case_of, report_emergency
from tutela.core.cases.models import Case
from tutela.core.flow.perform import Outcome, perform
from tutela.core.people.actor import Actor, acting_as
from tutela.programs.directory.files import load_sample
from tutela.programs.directory.models import Agency
from tutela.programs.registers.models import ReleaseEntry
from tutela.programs.registers.releases import entries_of

POLICE = "National Police of Exampleland"
NUMBER = "+99 555 0100"
CHECKLIST = {"target": "yes", "place": "yes", "time": "yes", "copied": "no", "narrative": "Names a station."}
CALL = {"number_called": NUMBER, "answered_by": "Duty officer 17"}
RELEASE: Mapping[str, Any] = {
    "recipient_type": "law_enforcement",
    "recipient_name": "Duty officer 17",
    "recipient_contact": "+99 555 0101",
    "legal_basis": "2702c4",
    "reason": "harm",
    "data_classes": ["ip", "times"],
    "accounts": "ExampleMoss",
    "description": "A goodbye message on a talk page. https://wiki.example/wiki/User_talk:ExampleMoss",
    "released": "192.0.2.7, signed in at 14:05 UTC",
}
URGENT = {**RELEASE, "why_urgent": "They say that they are at the station now."}


def do(reference: str, step: str, actor: Actor, /, **data: Any) -> Outcome:
    """Perform one step."""
    return perform(reference, step, actor, data)


def acknowledged(cast: Cast, **report: object) -> str:
    reference = report_emergency(**report)
    do(reference, "acknowledge", cast.juniper)
    return reference


def locating(cast: Cast, **report: object) -> str:
    reference = acknowledged(cast, **report)
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    return reference


def deciding(cast: Cast, **report: object) -> str:
    reference = locating(cast, **report)
    load_sample()
    do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=police().pk)
    return reference


def verified(cast: Cast, **report: object) -> str:
    reference = deciding(cast, **report)
    do(reference, "verify_agency", cast.juniper, **CALL)
    return reference


def held(cast: Cast, **report: object) -> str:
    reference = verified(cast, **report)
    do(reference, "disclose", cast.juniper, **RELEASE)
    return reference


def disclosed(cast: Cast, **report: object) -> str:
    reference = held(cast, **report)
    agree(reference, cast.larch)
    return reference


def disclosed_urgently(cast: Cast, **report: object) -> str:
    reference = verified(cast, **report)
    do(reference, "disclose_urgently", cast.juniper, **URGENT)
    return reference


def following_up(cast: Cast, **report: object) -> str:
    reference = acknowledged(cast, **report)
    do(reference, "assess_not_credible", cast.juniper, **CHECKLIST)
    return reference


def police() -> Agency:
    return Agency.objects.get(name=POLICE)


def look(reference: str, actor: Actor) -> Case:
    return case_of(reference, actor)


def log_of(reference: str, actor: Actor) -> list[ReleaseEntry]:
    """The release log of the case as it reads now."""
    with acting_as(actor):
        return list(entries_of(Case.objects.get(reference=reference)))

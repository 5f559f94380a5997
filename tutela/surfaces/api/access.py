"""Why somebody sees a case: for the API and the command line."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from tutela.core.access import why
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.keep import person_named

from .looks import look_at
from .reading import person


def explained(actor: Actor, reference: str, username: str) -> dict[str, Any]:
    """Every reason for and against. Raises NotFound (no such case, then no such person), NotAllowed."""
    with acting_as(actor):
        case = look_at(reference, actor, "access")
        answer = why.ask(actor, person_named(username), case)
    return {
        "reference": case.reference,
        "person": person(answer.person),
        "sees": answer.sees,
        "to_look_only": answer.to_look_only,
        "privileged": answer.privileged,
        "reasons": [asdict(one) for one in answer.reasons],
    }

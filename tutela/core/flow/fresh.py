"""A fresh second factor for grave steps: shown for this very step, on this case, with these answers.

The core does not know factors. Who acts brings the proof (`Actor.proof`); here it is only compared with what
is about to be done. A proof for another step, other answers, an older version of the case or an older round
of a proposal does not count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.errors import FreshFactorNeeded
from tutela.core.people.models import Staff

from . import approvals
from .models import Request

if TYPE_CHECKING:
    from tutela.core.cases.models import Case
    from tutela.core.people.actor import Actor

    from .declare import Step, Workflow

FRESH_FOR: Final = timedelta(minutes=5)


def check_fresh(
    workflow: Workflow,
    step: Step,
    case: Case,
    actor: Actor,
    cleaned: Mapping[str, Any],
    data: Mapping[str, Any],
) -> str:
    """How the actor proved a fresh second factor, empty where none is asked for. Raises FreshFactorNeeded.

    Jobs, dry runs and tokens made for grave steps are excused. Where second factors are only offered, people
    without one are not asked.
    """
    if actor.excused or actor.is_system or not _asks(workflow, step, case, cleaned):
        return ""
    return proved(actor, subject_of(step, case, data))


def proved(actor: Actor, subject: str) -> str:
    """How the actor proved a fresh second factor for a subject. As `check_fresh`, for what is no step."""
    if actor.excused or actor.is_system or (settings.SECOND_FACTOR == "offered" and not _has_one(actor)):
        return ""
    proof = actor.proof
    if proof is None or proof.subject != subject or timezone.now() - proof.at > FRESH_FOR:
        raise FreshFactorNeeded(
            _("This step asks for your second factor again, for exactly what is done here."), subject=subject
        )
    return proof.how


def subject_of(step: Step, case: Case, data: Mapping[str, Any]) -> str:
    """What a proof is for: a hash over the case and its version, the step, and the answers to its form."""
    from .perform import plain

    asked = step.form.base_fields if step.form else {}
    answers = {name: value for name, value in plain(data).items() if name in asked and value != ""}
    said = json.dumps([case.reference, case.version, step.name, answers], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def _asks(workflow: Workflow, step: Step, case: Case, cleaned: Mapping[str, Any]) -> bool:
    if step.name != "approve" or not step.common:
        return step.fresh_factor
    request = approvals.open_request(case, cleaned["request"], cleaned["round"])
    return request.kind == Request.Kind.APPROVAL and workflow.step(request.step).fresh_factor


def _has_one(actor: Actor) -> bool:
    return Staff.objects.filter(pk=actor.id).exclude(second_factor_since=None).exists()

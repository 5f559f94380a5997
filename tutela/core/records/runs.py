"""Disposal runs: one person proposes which cases go, another one agrees. Carrying out is `disposal.py`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from django.db import models
from django.utils.translation import gettext as _

from tutela.core.access.functions import ask
from tutela.core.audit.models import Act
from tutela.core.audit.record import record_each
from tutela.core.cases.models import Case
from tutela.core.cases.numbers import is_number, next_number
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.fresh import proved
from tutela.core.flow.perform import lock_in_order
from tutela.core.people.actor import Actor, acting_as

from .due import InTheWay, Line, lines_of
from .holds import answers_for, not_a_keeper, say_why
from .models import LEAST_REASON, Run

PREFIX, COUNTER = "DR", "disposal runs"
MOST_CASES = 500
APPROVED, REFUSED, WITHDRAWN = Run.State.APPROVED, Run.State.REFUSED, Run.State.WITHDRAWN


def propose(actor: Actor, references: Iterable[str], reason: str = "") -> Run:
    """Propose to dispose of due cases of one workflow. Nothing goes before another person agrees.

    Raises BadData (with why a case cannot go), NotFound and NotAllowed.
    """
    wanted = sorted({one.strip() for one in references if one.strip()})
    with acting_as(actor):
        named = Case.objects.filter(reference__in=filter(is_number, wanted))
        cases = list(named.values_list("pk", "workflow"))
        if not wanted or len(cases) != len(wanted):
            raise NotFound(_("There is no such case, or it is not yours to see."))
        slugs = {workflow for _pk, workflow in cases}
        if len(slugs) > 1 or len(wanted) > MOST_CASES:
            said = _("Name cases of one workflow only, %(n)s at most.") % {"n": MOST_CASES}
            raise BadData(_("Some answers cannot be used."), {"cases": [said]})
        (slug,) = slugs
        if not answers_for(slug):
            raise not_a_keeper()
        lock_in_order(pk for pk, _workflow in cases)
        lines = _that_go(wanted)
        asked = [{"case": one.case.pk, "due_at": one.due_at.isoformat()} for one in lines]
        made = ask("propose_disposal", next_number(PREFIX, COUNTER), slug, reason.strip(), json.dumps(asked))
        if made is None:
            raise NotAllowed(_("Not all of these cases are yours to dispose of."))
        run = Run.objects.get(pk=made)
        record_each(Act.DISPOSAL_PROPOSED, actor, [(one.case.pk, {"run": run.number}) for one in lines])
    return run


def _that_go(references: list[str]) -> list[Line]:
    lines = lines_of(references)
    errors = {}
    for reference in references:
        line = lines.get(reference)
        if line is None or not line.may_go:
            errors[reference] = [why_not(line)]
    if errors:
        raise BadData(_("Not all of these cases can go."), errors)
    return [lines[reference] for reference in references]


def why_not(line: Line | None) -> str:
    """Why a case cannot be proposed, in words."""
    if line is None:
        return _("The case is open, or no rule says when it goes.")
    if line.kept_by:
        return str(InTheWay(line.kept_by).label)
    if line.in_run:
        return _("Another run has it.")
    return str(InTheWay.EARLY.label)


def decide(actor: Actor, number: str, verdict: str, words: str = "") -> Run:
    """Agree to a run (APPROVED), stop it (REFUSED), or withdraw one's own (WITHDRAWN).

    Raises NotFound, NotAllowed, StepClosed, BadData; FreshFactorNeeded where agreeing needs it.
    """
    words = words.strip()
    if verdict != APPROVED and len(words) < LEAST_REASON:
        raise BadData(_("Some answers cannot be used."), {"words": [say_why()]})
    with acting_as(actor):
        run = find_run(number)
        if run.state != Run.State.PROPOSED:
            raise StepClosed(_("This run was decided already."), state=run.state)
        if not answers_for(run.workflow):
            raise not_a_keeper()
        if (run.proposed_by_id == actor.id) != (verdict == WITHDRAWN):
            raise NotAllowed(_("Another person agrees or stops it; who proposed it may withdraw it."))
        how = proved(actor, subject_of(run, words)) if verdict == APPROVED else ""
        if not ask("decide_disposal", run.pk, verdict, words):
            raise NotAllowed(_("You do not see all the cases of this run."))
        said = {"run": run.number, "verdict": verdict, "factor": how}
        record_each(
            Act.DISPOSAL_DECIDED,
            actor,
            [(case, said) for case in run.items.values_list("case_id", flat=True)],
        )
        run.refresh_from_db()
    return run


def subject_of(run: Run, words: str) -> str:
    """What a fresh second factor is shown for: this run, with these cases, and these words."""
    cases = list(run.items.order_by("id").values_list("reference", flat=True))
    said = json.dumps(["disposal", run.number, cases, words])
    return hashlib.sha256(said.encode()).hexdigest()


def find_run(number: str) -> Run:
    """A run that the actor may read of. Raises NotFound."""
    found = runs().filter(number=number).first() if is_number(number) else None
    if found is None:
        raise NotFound(_("There is no such run, or it is not yours to see."))
    return found


def runs() -> models.QuerySet[Run]:
    """All runs that the actor may read of, the newest first."""
    return Run.objects.select_related("proposed_by", "decided_by").order_by("-id")

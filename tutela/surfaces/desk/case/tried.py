"""What a step would do, for a page to show before it is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.surfaces.desk.faces import moment

from .timeline import effect_label

if TYPE_CHECKING:
    from tutela.core.flow.declare import Workflow
    from tutela.core.flow.dry_run import DryRun


@dataclass(frozen=True)
class Tried:
    """The result of a dry run in words; `error` says why it could not run."""

    when: str
    state: Any = ""
    effects: tuple[str, ...] = ()
    letters: tuple[Any, ...] = ()
    error: str = ""


def tried(workflow: Workflow, run: Callable[[], DryRun]) -> Tried:
    """Run it dry and say what would happen."""
    when = moment(timezone.now())
    try:
        result = run()
    except (StepClosed, BadData, NotFound, NotAllowed) as error:
        return Tried(when, error=str(error) or _("The one who asked no longer sees this case."))
    state = workflow.state(result.state).label
    return Tried(when, state, tuple(effect_label(one) for one in result.effects), result.letters)

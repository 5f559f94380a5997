"""The retention schedule: every type of record, how long it is kept, and what happens then.

The rule of the cases of a workflow stands in its declaration. The others stand here. Which field of which
table belongs to which type, and what class of data it is, stands in `classes.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.utils.translation import gettext_lazy as _

from tutela.core.flow import registry

from .rules import Action, Rule, Trigger, days_long, keep

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

#: The type of everything that hangs on a case: its rule is that of the case's workflow.
CASE: Final = "case"

OURS = "Our own rule, November 2026"
GUIDELINES = "Data retention guidelines of the Wikimedia Foundation, read in November 2026"


@dataclass(frozen=True)
class RecordType:
    """One line of the schedule."""

    name: str
    label: _StrOrPromise
    rule: Rule

    def described(self) -> dict[str, Any]:
        """As plain values, in the active language."""
        return {"name": self.name, "label": str(self.label), **self.rule.described()}


def _short(trigger: Trigger, days: int, why: _StrOrPromise, source: str = OURS) -> Rule:
    """Swept by a chore, without anybody's approval."""
    return Rule(trigger, days_long(days), Action.DELETE, why, source)


#: What is no case.
OTHERS: tuple[RecordType, ...] = (
    RecordType(
        "sign_in",
        _("Sessions, sign-in links and one-time codes"),
        _short(Trigger.LAST_USE, 7, _("Of use for signing in, and for nothing afterwards.")),
    ),
    RecordType(
        "network",
        _("Networks from which staff signed in"),
        _short(Trigger.LAST_USE, 90, _("Nonpublic technical data are kept for 90 days at most."), GUIDELINES),
    ),
    RecordType(
        "job",
        _("Rows of chores"),
        _short(Trigger.ADDED, 3, _("Long enough to look into a fault.")),
    ),
    RecordType(
        "working",
        _("Presence, search words and counters of tries"),
        _short(Trigger.LAST_USE, 1, _("Made from something else. Search words go with their case.")),
    ),
    RecordType(
        "release_log",
        _("Release log"),
        keep(_("Every release of nonpublic data is documented. It outlives its case."), GUIDELINES),
    ),
    RecordType(
        "contact_register",
        _("Warned and suspended contacts"),
        keep(_("Known again by a keyed hash; the address itself is not kept."), OURS),
    ),
    RecordType(
        "audit",
        _("Audit log"),
        keep(_("Numbers and words of ours only. It proves what was done, disposal too."), OURS),
    ),
    RecordType(
        "disposal",
        _("Runs, certificates, tombstones and tallies"),
        keep(_("They say that something was disposed of, and nothing of what it said."), OURS),
    ),
    RecordType(
        "staff",
        _("Staff, teams, grants, shifts and tokens"),
        keep(_("Old records name who acted. People who left are seen by working name only."), OURS),
    ),
    RecordType(
        "directory",
        _("Directory of agencies, venues and helplines"),
        keep(_("Public addresses, verified again from time to time."), OURS),
    ),
    RecordType(
        "platform",
        _("Settings of the platform and wrapped keys"),
        keep(_("Needed to run. A key opens nothing without the service that wraps it."), OURS),
    ),
)  # fmt: skip


def schedule() -> Iterator[RecordType]:
    """Every line: the cases of each installed workflow, then the others."""
    for workflow in registry.workflows():
        if workflow.retention is not None:
            yield RecordType(f"{CASE}:{workflow.slug}", workflow.plural, workflow.retention)
    yield from OTHERS


def kept_since(name: str, now: datetime) -> datetime:
    """What is older than this has been kept for long enough. Raises KeyError for what is kept for ever."""
    lengths = {one.name: one.rule.length for one in OTHERS if one.rule.length}
    return lengths[name].before(now)

"""Finds a case for a reader, and records the look when the case is restricted."""

from __future__ import annotations

import re

from django.utils.translation import gettext as _

from tutela.core.access.glass import opened_by
from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.errors import NotFound
from tutela.core.people.actor import Actor

REFERENCE = r"^[A-Z]{1,8}-[0-9]{4}-[0-9]{1,9}$"
_REFERENCE = re.compile(REFERENCE)


def find_case(reference: str) -> Case:
    """The case of a reference. Raises NotFound, alike for no such case and for one that is not theirs."""
    if _REFERENCE.fullmatch(reference):
        whole = Case.objects.select_related("assignee", "team", "merged_into")
        if case := whole.filter(reference=reference).first():
            return case
    raise NotFound(_("There is no such case, or it is not yours to see."))


def look_at(reference: str, actor: Actor, part: str) -> Case:
    """The case, with an audit entry in the same transaction when it is restricted or open by break-glass."""
    case = find_case(reference)
    if case.restricted or opened_by(case, actor):
        record(Act.CASE_LOOKED, actor, case.pk, part=part)
    return case

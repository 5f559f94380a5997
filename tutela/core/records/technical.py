"""Destroys technical data of a case (addresses, sign-ins) while the case itself stays.

Declarations name it, and the portal reads declarations: it asks functions of the database, not the models of
this package, which the portal does not know.
"""

from __future__ import annotations

from django.utils.translation import gettext as _

from tutela.core.access.functions import ask
from tutela.core.cases.models import Case
from tutela.core.errors import StepClosed


def is_held(case: Case) -> bool:
    """Whether a legal hold keeps the case. One query."""
    return bool(ask("case_is_held", case.pk))


def destroy_technical_data(case: Case) -> list[int]:
    """Empty the exhibits of that kind, within the transaction of who works on the case. Their numbers.

    Raises StepClosed where nothing may go: there is none, a hold came meanwhile, or it is not theirs.
    """
    gone: list[int] = ask("destroy_technical_data", case.pk)
    if not gone:
        raise StepClosed(_("This case holds no technical data."), state=case.state)
    return gone

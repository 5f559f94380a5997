"""What must hold before a step of an emergency is open: each says in one line why not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Exhibit, Report
from tutela.core.kept import kept
from tutela.core.records.technical import is_held
from tutela.programs.directory.models import Agency, digits
from tutela.programs.registers.releases import entries_of

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

IMMINENT = "imminent"


def agency_of(case: Case) -> Agency | None:
    """The agency that the case names, from the directory as it is now."""
    return Agency.objects.filter(pk=case.facts.get("agency_id")).first()


def unacknowledged(case: Case) -> QuerySet[Report]:
    """The reports whose senders have not had the acknowledgement; machines are never answered."""
    return case.reports.filter(automatic=False).exclude(messages__letter="acknowledgement").defer("raw")


def somebody_waits(case: Case) -> _StrOrPromise | None:
    """Open while a reporter has not had the acknowledgement."""
    return None if unacknowledged(case).exists() else _("Every reporter has had the acknowledgement.")


def is_imminent(case: Case) -> _StrOrPromise | None:
    """Open while the case is assessed as credible and imminent."""
    if case.facts.get("assessment") == IMMINENT:
        return None
    return _("Only for a threat that is assessed as credible and imminent.")


def agency_known(case: Case) -> _StrOrPromise | None:
    """Open once an agency was chosen from the directory."""
    return None if agency_of(case) else _("Record the place and the agency first.")


def agency_verified(case: Case) -> _StrOrPromise | None:
    """Open once somebody called this agency back on the number in the directory."""
    agency = agency_of(case)
    verified = case.facts.get("verified") or {}
    if agency is None:
        return _("Record the place and the agency first.")
    if verified.get("agency") != agency.pk or verified.get("digits") != digits(agency.call_back_number):
        return _("Call the agency back first, on the number in the directory.")
    return None


def something_disclosed(case: Case) -> _StrOrPromise | None:
    """Open once data was released on the case."""
    return None if entries_of(case).exists() else _("Nothing was disclosed.")


def nothing_disclosed(case: Case) -> _StrOrPromise | None:
    """Open while no data was released on the case."""
    return _("Something was disclosed: close it for review.") if entries_of(case).exists() else None


def no_technical_data(case: Case) -> _StrOrPromise | None:
    """Open while the case holds no technical data."""
    return _("This case still holds technical data.") if _technical_data(case.pk) else None


def technical_data(case: Case) -> _StrOrPromise | None:
    """Open while the case holds technical data."""
    return None if _technical_data(case.pk) else _("This case holds no technical data.")


def not_held(case: Case) -> _StrOrPromise | None:
    """Open while no legal hold keeps the case."""
    return _("The case is under a legal hold: nothing of it is destroyed.") if is_held(case) else None


@kept
def _technical_data(case: int) -> QuerySet[Exhibit, int]:
    held = Exhibit.objects.filter(case=case, kind=Exhibit.Kind.TECHNICAL, destroyed_at=None)
    return held.values_list("pk", flat=True)[:1]

"""What must hold before a step of triage is open: each says in one line why not yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Report
from tutela.programs.registers import contacts

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


def sender_of(case: Case) -> Report | None:
    """The first report that came with a mail address."""
    reports = case.reports.defer("raw").order_by("received_at", "id")
    return next((one for one in reports if one.sender_email), None)


def address_of(case: Case) -> str:
    """The mail address that the case is about, or an empty string."""
    sender = sender_of(case)
    return sender.sender_email if sender else ""


def has_address(case: Case) -> _StrOrPromise | None:
    """Open while the reporter can be recognised by a mail address."""
    return None if address_of(case) else _("This reporter gave no mail address.")


def was_warned(case: Case) -> _StrOrPromise | None:
    """Open once the address was warned, on this case or an earlier one."""
    address = address_of(case)
    if address and contacts.was_warned(address):
        return None
    return _("This address was not warned yet: warn first.")


def not_suspended(case: Case) -> _StrOrPromise | None:
    """Open while no suspension is in force for the address."""
    return _("This address is suspended already.") if contacts.suspension(address_of(case)) else None


def is_suspended(case: Case) -> _StrOrPromise | None:
    """Open while a suspension is in force for the address."""
    return None if contacts.suspension(address_of(case)) else _("No suspension is in force for this address.")

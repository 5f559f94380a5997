"""What stands at the old address of a case that was disposed of, for those who could see the case."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tutela.core.cases.numbers import is_number
from tutela.core.errors import Disposed

from .models import Tombstone


def find_tombstone(reference: str) -> Tombstone | None:
    """The tombstone with its certificate, if the actor may read it."""
    if not is_number(reference):
        return None
    return Tombstone.objects.select_related("certificate").filter(reference=reference).first()


def check_not_disposed(reference: str) -> None:
    """Raises Disposed where the case was, and the actor may know."""
    if stone := find_tombstone(reference):
        told = {"certificate": stone.certificate.number, "disposed_at": stone.certificate.at.isoformat()}
        raise Disposed(_("The case was disposed of."), **told, rule=stone.certificate.rule)

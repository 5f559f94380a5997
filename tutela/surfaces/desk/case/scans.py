"""What the scanner said of a file, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from tutela.core.files.models import Scan

if TYPE_CHECKING:
    from tutela.core.cases.models import ReportFile
    from tutela.core.files.models import File


def scan_of(file: File | ReportFile) -> Scan | None:
    """What is known; nothing of a file whose report has no case yet."""
    found: Scan | None = getattr(file, "scan", None)
    return found


def words_of(scan: Scan | None) -> str:
    """One line for the page."""
    if scan is None:
        return ""
    if scan.is_harmful:
        return _("Harmful: %(name)s") % {"name": scan.found}
    if scan.state == Scan.State.REFUSED:
        return _("Not scanned: %(why)s") % {"why": scan.why}
    if scan.state == Scan.State.WAITING and not settings.CLAMD:
        return _("Not scanned: no scanner is set up.")
    if scan.state == Scan.State.WAITING and scan.why:
        return _("Not scanned yet: %(why)s") % {"why": scan.why}
    return scan.get_state_display()

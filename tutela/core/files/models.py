"""The files of cases: what is known of each, and the key that opens it. The bytes lie in the store."""

from __future__ import annotations

import hmac
import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.people.models import Staff
from tutela.core.vault import keyring
from tutela.core.vault.fields import SealedBytes, SealedText


class File(models.Model):
    """A file of one case. The same content twice in a case is one file.

    Its address is a hash under a key of the case: whoever holds a copy of the database or of the store
    cannot tell whether a file that they know is among these.
    """

    case = models.ForeignKey("cases.Case", models.PROTECT, related_name="files")
    #: What its chunks are bound to; also tells apart two objects that were written at the same time.
    uuid = models.UUIDField(unique=True, default=uuid.uuid4)
    address = models.BinaryField(max_length=32)
    key = SealedBytes(help_text=_("The key of a file"))
    name = SealedText(help_text=_("The name of a file"))
    sha256 = SealedBytes(help_text=_("The hash of a file"))
    content_type = models.CharField(max_length=200)
    size = models.BigIntegerField()
    added_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    # Its case was destroyed, and the object with it.
    gone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "address"], name="files_one_of_a_content"),
        ]

    def __str__(self) -> str:
        return f"file {self.pk}"

    @property
    def object_name(self) -> str:
        """Its name in the store."""
        return object_name(bytes(self.address), self.uuid)

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The case, and the file."""
        return f"{self.case_id} {self.uuid.hex}"


class Scan(models.Model):
    """What the scanner said of a file; until it has, the file stands in its queue."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Not scanned yet")
        CLEAN = "clean", _("Scanned, nothing found")
        FOUND = "found", _("Harmful")
        REFUSED = "refused", _("Not scanned")

    file = models.OneToOneField(File, models.CASCADE, null=True, related_name="scan")
    report_file = models.OneToOneField("cases.ReportFile", models.CASCADE, null=True, related_name="scan")
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # The name of what was found, as the scanner gives it.
    found = models.CharField(max_length=200, blank=True)
    # Why it was not scanned, where the scanner said.
    why = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(default=timezone.now)
    scanned_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(state="waiting"), name="files_scan_next"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(file=None) ^ Q(report_file=None), name="files_scan_of_one"),
        ]

    def __str__(self) -> str:
        return f"scan {self.pk}: {self.state}"

    @property
    def is_harmful(self) -> bool:
        """Whether something was found."""
        return self.state == Scan.State.FOUND


def address_of(sha256: bytes, case_key: bytes) -> bytes:
    """The address of a content within a case."""
    own = hmac.digest(case_key, b"addresses of files", "sha256")
    return hmac.digest(own, sha256, "sha256")


def object_name(address: bytes, number: uuid.UUID) -> str:
    """The name of an object: never used twice, so that an object without a row is nobody's for good."""
    said = address.hex()
    return f"{said[:2]}/{said[2:]}.{number.hex[:8]}"

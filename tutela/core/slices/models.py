"""A slice of a case, as it was agreed to. Row security and functions of the database are its only doors."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case
from tutela.core.people.models import Staff
from tutela.core.vault import keyring
from tutela.core.vault.fields import SealedJSON, SealedText

#: Characters that the words with which a slice ends have at least.
LEAST_WORDS = 10


class State(models.TextChoices):
    """How far a slice is."""

    ASKED = "asked", _("Waiting for approval")
    GIVEN = "given", _("Given")
    ENDED = "ended", _("Ended")
    EXPIRED = "expired", _("Expired")
    REFUSED = "refused", _("Refused")
    WITHDRAWN = "withdrawn", _("Withdrawn")


class Slice(models.Model):
    """Some words of a case, redacted, for some people until a moment. Only the redacted words are kept.

    What it says, for whom and until when never changes: `digest` is over all of it, and whoever agrees
    names the digest of what they read.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="slices")
    #: The ids of the partners. In the row itself, so that nobody is added to what was agreed to.
    readers = ArrayField(models.BigIntegerField())
    purpose = SealedText(help_text=_("What a slice is given for"))
    #: A list of {"title": …, "text": …}.
    parts = SealedJSON(help_text=_("The redacted words of a slice"))
    digest = models.BinaryField(max_length=32)
    until = models.DateTimeField()
    asked_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    given_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    given_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    end_words = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["case", "-id"], name="slices_of_case"),
            GinIndex(fields=["readers"], name="slices_of_reader"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(until__gt=F("asked_at")), name="slices_forward"),
            models.CheckConstraint(condition=Q(readers__len__gt=0), name="slices_for_somebody"),
            models.CheckConstraint(
                condition=Q(given_by=None) | ~Q(given_by=F("asked_by")), name="slices_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"slice {self.pk}"

    @property
    def state(self) -> State:
        """How far it is now."""
        if self.ended_at:
            if self.given_at:
                return State.ENDED
            return State.WITHDRAWN if self.ended_by_id == self.asked_by_id else State.REFUSED
        if self.until <= timezone.now():
            return State.EXPIRED
        return State.GIVEN if self.given_at else State.ASKED

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The case, who asked and when."""
        return f"{self.case_id} {self.asked_by_id} {_moment(self.asked_at)}"


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()

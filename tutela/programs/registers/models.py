"""Rows of the registers. They are added and never changed; a correction is a row of its own.

No foreign key leads to a case: an entry outlives the case it speaks of. Row-level security
(`migrations/0002_row_security.sql`) shows an entry to those who could see its case.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tutela.core.people.models import Staff


class RecipientType(models.TextChoices):
    """Who received a release."""

    LAW_ENFORCEMENT = "law_enforcement", _("Law enforcement")
    LEGAL = "legal", pgettext_lazy("kind of recipient", "Legal")
    OTHER = "other", _("Other")


class ReleaseReason(models.TextChoices):
    """Why something was released."""

    HARM = "harm", _("Harm to a person or a facility")
    TERRORISM = "terrorism", _("Terroristic threat")
    SUBPOENA = "subpoena", _("Subpoena compliance")
    OTHER = "other", _("Other")


class LegalBasis(models.TextChoices):
    """Under which rule something was released."""

    CONTENT = "2702b8", _("18 U.S.C. 2702(b)(8): contents, in an emergency")
    RECORDS = "2702c4", _("18 U.S.C. 2702(c)(4): records, in an emergency")
    BOTH = "2702b8c4", _("18 U.S.C. 2702(b)(8) and (c)(4): contents and records, in an emergency")
    DSA = "dsa18", _("Regulation (EU) 2022/2065, article 18: suspicion of a crime that threatens life")
    CONSENT = "consent", _("Consent of the person")
    OTHER = "other", _("Another basis, named in the description")


class DataClass(models.TextChoices):
    """What kind of data was released."""

    USERNAME = "username", _("Account names")
    IP = "ip", _("IP addresses")
    USER_AGENT = "user_agent", _("Browser and device")
    EMAIL = "email", _("Mail address")
    CONTENT = "content", _("What the person wrote")
    TIMES = "times", _("Times of edits and sign-ins")
    REAL_NAME = "real_name", _("Legal name or address, where known")
    REPORTER = "reporter", _("What the reporter told us")


class ReleaseEntry(models.Model):
    """One release of data to somebody outside, as numbered in the release log (RL-2026-0001)."""

    number = models.CharField(max_length=24, unique=True)
    at = models.DateTimeField(default=timezone.now)
    workflow = models.CharField(max_length=40)
    case_id = models.BigIntegerField()
    case_reference = models.CharField(max_length=24)
    # Who may read the entry follows the case as it was: its team where it was restricted.
    team_id = models.BigIntegerField()
    restricted = models.BooleanField(default=False)
    released_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    approved_by = ArrayField(models.BigIntegerField(), default=list)
    pre_approved = models.BooleanField()
    recipient_type = models.CharField(max_length=20, choices=RecipientType)
    recipient_type_other = models.CharField(max_length=200, blank=True)
    recipient_name = models.CharField(max_length=200)
    recipient_contact = models.CharField(max_length=300, blank=True)
    agency = models.CharField(max_length=200, blank=True)
    agency_case_number = models.CharField(max_length=120, blank=True)
    call_back_number = models.CharField(max_length=40, blank=True)
    call_back_answered_by = models.CharField(max_length=200, blank=True)
    call_back_at = models.DateTimeField(null=True, blank=True)
    call_back_by = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=20, choices=ReleaseReason)
    reason_other = models.CharField(max_length=200, blank=True)
    legal_basis = models.CharField(max_length=20, choices=LegalBasis)
    data_classes = ArrayField(models.CharField(max_length=20, choices=DataClass), default=list)
    accounts = ArrayField(models.CharField(max_length=300), default=list, blank=True)
    description = models.TextField()
    why_urgent = models.TextField(blank=True)
    minutes_from_receipt = models.PositiveIntegerField()
    is_test = models.BooleanField(default=False)
    corrects = models.OneToOneField(
        "self", models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    correction_reason = models.CharField(max_length=300, blank=True)

    class Meta:
        verbose_name_plural = _("release entries")
        indexes: ClassVar = [
            models.Index(fields=["case_id", "id"], name="registers_release_case"),
            models.Index(fields=["-at"], name="registers_release_newest"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(corrects=None) | ~Q(correction_reason=""), name="registers_correction_says_why"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ContactRestriction(models.Model):
    """A warning to a vexatious contact, the time for which we stop answering, or its end.

    `contact_hash` is a keyed hash: the register knows an address again and cannot tell it.
    """

    class Act(models.TextChoices):
        WARNED = "warned", _("Warned")
        SUSPENDED = "suspended", _("Suspended")
        LIFTED = "lifted", _("Suspension lifted")

    act = models.CharField(max_length=10, choices=Act)
    contact_hash = models.BinaryField(max_length=32)
    at = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    weighed = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    workflow = models.CharField(max_length=40)
    case_id = models.BigIntegerField()
    case_reference = models.CharField(max_length=24)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["contact_hash", "id"], name="registers_contact")]

    def __str__(self) -> str:
        return f"{self.act} {self.at:%Y-%m-%d}"

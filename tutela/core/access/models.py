"""Openings of a case by break-glass. Added and changed by functions of the database alone."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tutela.core.cases.models import Case
from tutela.core.people.models import Staff

#: Characters that a reason and the words of a review have at least.
LEAST_REASON, LEAST_WORDS = 20, 10
#: Minutes that an opening lasts at most.
MOST_MINUTES = 480


class GlassQuerySet(models.QuerySet["Glass"]):
    """Questions about openings. Row security has the last word on each."""

    def open(self, at: datetime | None = None) -> GlassQuerySet:
        """Those that show their case at a moment (now, unless told)."""
        return self.filter(closed_at=None, expires_at__gt=at or timezone.now())

    def unreviewed(self) -> GlassQuerySet:
        """Those on which nobody has given a verdict."""
        return self.filter(reviewed_at=None)


class Glass(models.Model):
    """One opening of a case by somebody who does not see it by right: why, how long, and what came of it.

    `reference` and `workflow` are repeated for those who see the opening and not the case.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="glasses")
    reference = models.CharField(max_length=24)
    workflow = models.CharField(max_length=40)
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="glasses")
    reason = models.TextField()
    opened_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    review_due_at = models.DateTimeField()
    # When somebody is reminded next; None once it was reviewed.
    next_at = models.DateTimeField(null=True)
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    justified = models.BooleanField(null=True)
    review_words = models.TextField(blank=True)

    objects = GlassQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["staff", "expires_at"], name="access_glass_of"),
            models.Index(fields=["next_at"], condition=Q(reviewed_at=None), name="access_glass_next"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(expires_at__gt=F("opened_at")), name="access_glass_forward"),
            models.CheckConstraint(
                condition=Q(reviewed_by=None) | ~Q(reviewed_by=F("staff")), name="access_glass_by_another"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} by {self.staff_id}"

    @property
    def ends_at(self) -> datetime:
        """When it ended, or will."""
        return self.closed_at or self.expires_at

    @property
    def is_open(self) -> bool:
        """Whether it shows the case now."""
        return self.ends_at > timezone.now()

"""Openings by break-glass, declared conflicts, reviews of who holds which role.

The first two are added and changed by functions of the database alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from tutela.core.cases.models import Case, Recusal
from tutela.core.people.models import Grant, Staff

#: Characters that a reason and the words of a review have at least.
LEAST_REASON, LEAST_WORDS = 20, 10
#: Characters of a name that somebody has a conflict with, at least.
LEAST_NAME = 2
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


class ConflictQuerySet(models.QuerySet["Conflict"]):
    """Questions about declared conflicts. Row security has the last word on each."""

    def in_force(self, at: datetime | None = None) -> ConflictQuerySet:
        """Those that hold at a moment (now, unless told)."""
        at = at or timezone.now()
        return self.filter(ended_at=None, since__lte=at).filter(Q(until=None) | Q(until__gt=at))


class Conflict(models.Model):
    """That one person has a conflict of interest with somebody, from one day to another.

    Either with a `name` (of an account, a person or an organisation) or with a `colleague`. The database
    keeps beside it how the name is looked for.
    """

    staff = models.ForeignKey(Staff, models.PROTECT, related_name="conflicts")
    name = models.CharField(max_length=300, blank=True)
    colleague = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    reason = models.TextField()
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    declared_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    declared_at = models.DateTimeField()
    # When the cases that were there already were looked through; None until it begins.
    applied_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    end_words = models.TextField(blank=True)

    objects = ConflictQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["staff", "-id"], name="access_conflict_of")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(~Q(name=""), colleague=None) | Q(name="", colleague__isnull=False),
                name="access_conflict_with_one",
            ),
            models.CheckConstraint(
                condition=Q(colleague=None) | ~Q(colleague=F("staff")), name="access_conflict_with_another"
            ),
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gt=F("since")), name="access_conflict_forward"
            ),
        ]

    def __str__(self) -> str:
        return f"conflict of {self.staff_id}"

    @property
    def is_over(self) -> bool:
        """Whether it holds no more."""
        return self.ended_at is not None or (self.until is not None and self.until <= timezone.now())


class Involvement(models.Model):
    """A case that speaks of somebody with whom a person has a conflict, and so hides itself from them.

    The recusal does the hiding. It is None where the person kept away already.
    """

    conflict = models.ForeignKey(Conflict, models.PROTECT, related_name="involvements")
    case = models.ForeignKey(Case, models.PROTECT, related_name="involvements")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    recusal = models.ForeignKey(Recusal, models.PROTECT, null=True, related_name="+")
    found_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)
    over_at = models.DateTimeField(null=True)
    # Who found that it is not so, where somebody did; otherwise it ended with its conflict.
    lifted_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    lift_words = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(told_at=None), name="access_involvement_untold"),
            models.Index(fields=["recusal"], name="access_involvement_hides"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["conflict", "case"], name="access_one_involvement"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} for {self.conflict_id}"


class Review(models.Model):
    """The look, once a quarter, at who holds which role on one workflow (or on the platform)."""

    workflow = models.CharField(max_length=40)
    #: For instance 2026-Q4.
    quarter = models.CharField(max_length=7)
    opened_at = models.DateTimeField()
    due_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workflow", "quarter"], name="access_one_review"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.quarter}"

    @property
    def is_late(self) -> bool:
        """Whether something of it should have been decided by now."""
        return self.closed_at is None and self.due_at <= timezone.now()


class ReviewLine(models.Model):
    """One role of one person in a review, and what was decided of it.

    `kept` is None until then; a role that ended otherwise meanwhile needs no decision.
    """

    review = models.ForeignKey(Review, models.PROTECT, related_name="lines")
    grant = models.ForeignKey(Grant, models.PROTECT, related_name="+")
    kept = models.BooleanField(null=True)
    words = models.TextField(blank=True)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["review", "grant"], name="access_one_review_line"),
        ]

    def __str__(self) -> str:
        return f"{self.grant_id} in {self.review_id}"

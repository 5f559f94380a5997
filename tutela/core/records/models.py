"""Legal holds, disposal runs, and what is left of a case that was disposed of.

Rows are added and changed by functions of the database alone (`migrations/0002_records.sql`); row-level
security shows each to those who see the case, or could see it.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tutela.core.cases.models import Case, Party, Severity
from tutela.core.people.models import Staff

#: Characters that a reason has at least.
LEAST_REASON = 10


class HoldQuerySet(models.QuerySet["Hold"]):
    """Questions about holds. Row security has the last word on each."""

    def active(self) -> HoldQuerySet:
        """Those that nobody has released."""
        return self.filter(released_at=None)


class Hold(models.Model):
    """An order to keep: nothing under it goes until it is released. Never deleted while it is active."""

    number = models.CharField(max_length=24, unique=True)
    # Of the cases it was placed on; whoever releases it holds a role there.
    workflow = models.CharField(max_length=40)
    reason = models.TextField()
    authority = models.CharField(max_length=300)
    # Where it covers every case of a party, now and later.
    party = models.ForeignKey(Party, models.PROTECT, null=True, related_name="+")
    placed_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    placed_at = models.DateTimeField(default=timezone.now)
    review_at = models.DateField(null=True, blank=True)
    released_at = models.DateTimeField(null=True)
    released_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    release_reason = models.TextField(blank=True)

    objects = HoldQuerySet.as_manager()

    def __str__(self) -> str:
        return self.number


class HeldCase(models.Model):
    """That a hold covers a case, and how it came to."""

    class How(models.TextChoices):
        NAMED = "named", _("named in the hold")
        PARTY = "party", _("a case of the party")
        FOLLOWED = "followed", _("took over something that was under the hold")

    hold = models.ForeignKey(Hold, models.PROTECT, related_name="cases")
    case = models.ForeignKey(Case, models.PROTECT, related_name="holds")
    how = models.CharField(max_length=10, choices=How)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold", "case"], name="records_held_once"),
        ]

    def __str__(self) -> str:
        return f"{self.hold_id} on {self.case_id}"


class Run(models.Model):
    """A batch of cases that one person proposes to dispose of and another one agrees to."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("waits for approval")
        APPROVED = "approved", pgettext_lazy("state of disposal runs", "being carried out")
        REFUSED = "refused", _("stopped")
        WITHDRAWN = "withdrawn", _("withdrawn")
        DONE = "done", pgettext_lazy("state of disposal runs", "carried out")

    number = models.CharField(max_length=24, unique=True)
    workflow = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    reason = models.TextField(blank=True)
    proposed_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField(default=timezone.now)
    decided_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    decision_words = models.TextField(blank=True)
    finished_at = models.DateTimeField(null=True)
    # How many cases were proposed, also those that the reader does not see.
    size = models.PositiveIntegerField()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["id"], condition=Q(state="approved"), name="records_run_at_work"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "done"])
                | (Q(decided_by__isnull=False) & ~Q(decided_by=F("proposed_by"))),
                name="records_approved_by_another",
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Item(models.Model):
    """One case of a run, with the cases merged into it. No foreign key: it outlives the case."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("state of a case in a disposal run", "waiting")
        DONE = "done", _("disposed of")
        KEPT = "kept", _("kept")

    run = models.ForeignKey(Run, models.PROTECT, related_name="items")
    case_id = models.BigIntegerField()
    reference = models.CharField(max_length=24)
    due_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    # Why it was kept: the name of what stood in the way (see due.py).
    kept_by = models.CharField(max_length=20, blank=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["run", "id"], condition=Q(state="waiting"), name="records_item_waiting"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case_id"], condition=Q(state="waiting"), name="records_in_one_run"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} in {self.run_id}"


class Certificate(models.Model):
    """That a case was disposed of: how much, when, by whose word, by which rule. Never changed."""

    number = models.CharField(max_length=24, unique=True)
    run = models.ForeignKey(Run, models.PROTECT, related_name="certificates")
    item = models.OneToOneField(Item, models.PROTECT, related_name="certificate")
    reference = models.CharField(max_length=24)
    workflow = models.CharField(max_length=40)
    # The rule as it was, in a line.
    rule = models.CharField(max_length=300)
    due_at = models.DateTimeField()
    at = models.DateTimeField()
    proposed_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    # The case and those that were merged into it.
    references = ArrayField(models.CharField(max_length=24))
    keys_destroyed = models.PositiveIntegerField()
    # Rows deleted, by table.
    rows = models.JSONField()

    def __str__(self) -> str:
        return self.number


class Tombstone(models.Model):
    """What stays of a case: its reference and dates, and nothing that anybody wrote. Never changed."""

    case_id = models.BigIntegerField(unique=True)
    reference = models.CharField(max_length=24, unique=True)
    workflow = models.CharField(max_length=40)
    received_at = models.DateTimeField()
    opened_at = models.DateTimeField()
    closed_at = models.DateTimeField()
    certificate = models.ForeignKey(Certificate, models.PROTECT, related_name="tombstones")
    # Who may read it follows the case as it was.
    team_id = models.BigIntegerField()
    restricted = models.BooleanField()
    hidden_from = ArrayField(models.BigIntegerField())

    def __str__(self) -> str:
        return self.reference


class Tally(models.Model):
    """How many cases there were, of those that are gone: for figures that must not change with disposal."""

    workflow = models.CharField(max_length=40)
    received = models.DateField()
    closed = models.DateField()
    state = models.CharField(max_length=40)
    severity = models.PositiveSmallIntegerField(choices=Severity)
    channel = models.CharField(max_length=10, blank=True)
    is_test = models.BooleanField()
    cases = models.PositiveIntegerField()

    class Meta:
        verbose_name_plural = _("tallies")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workflow", "received", "closed", "state", "severity", "channel", "is_test"],
                name="records_one_tally",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.received}: {self.cases}"

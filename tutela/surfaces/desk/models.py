"""What people keep about the desk itself. Cases are never kept here, only their numbers.

These tables have no row-level security: a row belongs to its maker, and the querysets keep to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core import kept  # noqa: F401  its lookup `any`
from tutela.core.people.models import Staff


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    """Questions about saved views."""

    def for_person(self, staff_id: int, workflows: Iterable[str]) -> SavedViewQuerySet:
        """One's own, and those shared with the workflows on which one holds a grant."""
        return self.filter(Q(owner_id=staff_id) | Q(shared_with__any=list(workflows))).order_by("name", "id")


class SavedView(models.Model):
    """A filter with a name. Shared with everybody on one workflow, or kept to oneself."""

    owner = models.ForeignKey(Staff, models.CASCADE, related_name="saved_views")
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filter"), max_length=300, blank=True)
    sort = models.CharField(max_length=10, default="due")
    shared_with = models.CharField(_("shared with"), max_length=40, blank=True)
    made_at = models.DateTimeField(default=timezone.now)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["shared_with"], name="desk_view_shared")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "name"], name="desk_one_view_of_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class BulkRun(models.Model):
    """One step on many cases at once: what came of each.

    `results` is a list of {"case": id, "event": id or null, "reason": why not, or ""}.
    """

    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    step = models.CharField(max_length=60)
    key = models.CharField(max_length=64)
    at = models.DateTimeField(default=timezone.now)
    results = models.JSONField(default=list)
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["staff", "key"], name="desk_one_run"),
        ]

    def __str__(self) -> str:
        return f"{self.step} on {len(self.results)}"

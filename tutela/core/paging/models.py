"""A page: that somebody is asked to answer for a case. It holds no word of the case."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from tutela.core.cases.models import Case
from tutela.core.people.models import Staff


class Page(models.Model):
    """One cause for which people are asked, level by level, until one of them answers.

    `asked` counts the levels that were asked; after the last one it begins again, and `rounds` counts that.
    `next_at` is when the next level is asked; None once the page is answered or over.
    """

    case = models.OneToOneField(Case, models.PROTECT, related_name="page", primary_key=True)
    made_at = models.DateTimeField()
    asked = models.PositiveIntegerField(default=0)
    rounds = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    last_asked: models.JSONField[list[int]] = models.JSONField(default=list)
    last_asked_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="paging_next")
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answered_by=None)
                | Q(answered_at__gte=F("made_at"), next_at=None),
                name="paging_answered_is_over",
            ),
        ]

    def __str__(self) -> str:
        return f"page for case {self.case_id}"

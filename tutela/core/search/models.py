"""One row of searchable words for each case, message, party and report, kept by triggers."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models

from tutela.core.cases.models import Case


class Document(models.Model):
    """What can be found, and the case that it leads to. Written by triggers in the database."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="+")
    workflow = models.CharField(max_length=40)
    kind = models.CharField(max_length=10)
    source_id = models.BigIntegerField()
    words = SearchVectorField()
    # Names and titles only, folded to lower case without accents: for typos and parts of words.
    names = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "source_id", "case"], name="search_one_document"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["workflow", "case"], name="search_newest"),
            GinIndex(fields=["words"], name="search_words", fastupdate=False),
            GinIndex(fields=["names"], name="search_names", opclasses=["gin_trgm_ops"], fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.source_id}"

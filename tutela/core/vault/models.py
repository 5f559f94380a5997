"""Rows of wrapped keys. None of them opens anything without the provider's key-encryption key."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from tutela.core.people.models import Staff


class WorkflowKey(models.Model):
    """The key that wraps the keys of one workflow's cases; itself wrapped by the provider."""

    workflow = models.CharField(max_length=40)
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)
    # Set when a newer one took its place; kept until no case's key needs it.
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["workflow"], condition=Q(retired_at=None), name="vault_one_workflow_key"
            ),
        ]

    def __str__(self) -> str:
        return f"key {self.pk} of {self.workflow}"


class CaseKey(models.Model):
    """The key of one case. Destroying it destroys what it sealed; the row stays and says so."""

    case = models.OneToOneField("cases.Case", models.PROTECT, related_name="+", primary_key=True)
    workflow_key = models.ForeignKey(WorkflowKey, models.PROTECT, related_name="case_keys")
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)
    # The key that it replaced, until nothing is sealed with that one any more.
    older = models.BinaryField(blank=True, default=b"")
    replaced_at = models.DateTimeField(null=True, blank=True)
    # The tombstone: when it was destroyed, by whom and why.
    destroyed_at = models.DateTimeField(null=True, blank=True)
    destroyed_by = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    destroyed_why = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["replaced_at"],
                condition=Q(replaced_at__isnull=False),
                name="vault_replaced_case_key",
            ),
        ]

    def __str__(self) -> str:
        return f"key of case {self.pk}"


class IndexKey(models.Model):
    """The key of the hashes by which sealed values are looked up. An older one is destroyed at once."""

    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["retired_at"],
                condition=Q(retired_at=None),
                nulls_distinct=False,
                name="vault_one_index_key",
            ),
        ]

    def __str__(self) -> str:
        return f"index key {self.pk}"


class IntakeKey(models.Model):
    """A pair of keys (X25519): the doors seal to the public half, the worker holds the other one."""

    public = models.BinaryField()
    # The private half, wrapped by the provider.
    wrapped = models.BinaryField()
    made_at = models.DateTimeField(default=timezone.now)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["retired_at"],
                condition=Q(retired_at=None),
                nulls_distinct=False,
                name="vault_one_intake_key",
            ),
        ]

    def __str__(self) -> str:
        return f"intake key {self.pk}"

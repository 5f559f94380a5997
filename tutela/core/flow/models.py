"""Rows of the engine: running clocks, held steps and the opinions given on them."""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tutela.core.cases.models import Case, Event, Note
from tutela.core.people.models import Staff
from tutela.core.vault import keyring
from tutela.core.vault.fields import SealedJSON


class Request(models.Model):
    """A step that waits for approval, or one done on the urgent path that waits for its review."""

    class Kind(models.TextChoices):
        APPROVAL = "approval", _("Approval before acting")
        REVIEW = "review", _("Review after the urgent path")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("state of requests", "open")
        RELEASED = "released", _("released")
        STOPPED = "stopped", _("stopped")
        WITHDRAWN = "withdrawn", _("withdrawn")

    case = models.ForeignKey(Case, models.PROTECT, related_name="requests")
    step = models.CharField(max_length=60)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.APPROVAL)
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    # What was entered, as submitted; cleaned again when the step is released.
    data = SealedJSON(default=dict, help_text=_("What a step that waits for approval asks to do"))
    # The reviewers, fixed when asked: [{"name", "roles", "order", "required"}].
    chain = models.JSONField(default=list)
    # Grows when the proposal changes; opinions on an older round no longer count.
    round = models.PositiveIntegerField(default=1)
    came_from = models.CharField(max_length=40)
    proposer = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    event = models.ForeignKey(Event, models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "step", "kind"], condition=Q(state="open"), name="flow_one_open_request"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["opened_at"], condition=Q(state="open"), name="flow_open_requests"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.step} on {self.case_id}"

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The case, the step and when it was asked for."""
        return f"{self.case_id} {self.kind} {self.step} {self.opened_at.astimezone(UTC).isoformat()}"


class Opinion(models.Model):
    """What one reviewer said. Given once per round; a change of the proposal voids it.

    Whoever sees the case sees the verdict. The reason is a privileged note, said to the proposer.
    """

    class Verdict(models.TextChoices):
        AGREE = "agree", _("Agree")
        ASK = "ask", _("Ask first")
        STOP = "stop", _("Stop")

    request = models.ForeignKey(Request, models.PROTECT, related_name="opinions")
    case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    reviewer = models.CharField(max_length=60)
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=5, choices=Verdict)
    note = models.OneToOneField(Note, models.PROTECT, null=True, related_name="opinion")
    round = models.PositiveIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["request", "reviewer", "round"],
                condition=Q(verdict__in=["agree", "stop"]),
                name="flow_one_verdict",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reviewer}: {self.verdict}"

    @property
    def reason(self) -> str:
        """Why, or "" where nothing was said or it is not theirs to read. Needs `select_related("note")`."""
        return self.note.text if self.note else ""


class ClockRow(models.Model):
    """One run of a clock on one case."""

    class State(models.TextChoices):
        RUNNING = "running", _("running")
        PAUSED = "paused", _("paused")
        MET = "met", _("met")
        LAPSED = "lapsed", _("lapsed")
        ENDED = "ended", _("ended")

    case = models.ForeignKey(Case, models.PROTECT, related_name="clocks")
    name = models.CharField(max_length=40)
    state = models.CharField(max_length=10, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField()
    # Before this moment what the clock opens is not allowed yet (for instance restoring a file).
    earliest_at = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField()
    warn_at = models.DateTimeField(null=True, blank=True)
    warned_at = models.DateTimeField(null=True, blank=True)
    lapsed_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    pause_reason = models.CharField(max_length=40, blank=True)
    # When the poller has to look at it next; null when there is nothing more to do.
    next_at = models.DateTimeField(null=True, blank=True)
    failures = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "name"], condition=Q(stopped_at=None), name="flow_one_running_clock"
            ),
            models.CheckConstraint(
                condition=Q(due_at__gte=models.F("started_at")), name="flow_clock_forward"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["next_at", "id"], condition=~Q(next_at=None), name="flow_clock_next"),
            models.Index(fields=["case", "id"], name="flow_clock_case"),
            models.Index(
                fields=["id"], condition=Q(failures__gt=0, stopped_at=None), name="flow_clock_faulty"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} on {self.case_id}: {self.state}"

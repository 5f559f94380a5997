"""What a decision wants to happen outside, written with the decision."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Event
from tutela.core.vault import keyring
from tutela.core.vault.fields import SealedJSON, SealedText
from tutela.core.vault.seals import VaultError


class EffectState(models.TextChoices):
    """Nothing is shown as done before it is `confirmed`."""

    DUE = "due", _("due")
    SENDING = "sending", _("sending")
    CONFIRMED = "confirmed", _("confirmed")
    FAILED = "failed", _("refused")
    ABANDONED = "abandoned", _("taken back")


class Effect(models.Model):
    """One act on the outside world, delivered exactly once.

    `key` goes with it to the connector, which can tell by it whether the act already happened.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="effects")
    event = models.ForeignKey(Event, models.PROTECT, related_name="effects")
    connector = models.CharField(max_length=40)
    verb = models.CharField(max_length=40)
    payload = SealedJSON(help_text=_("What goes to the outside: letters with their addresses"))
    label = models.CharField(max_length=300)
    key = models.CharField(max_length=64, unique=True)
    # The approval that this effect rests on, where its step needed one (flow.Request).
    request_id = models.BigIntegerField(null=True)
    message_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=10, choices=EffectState, default=EffectState.DUE)
    due_at = models.DateTimeField(default=timezone.now)
    made_at = models.DateTimeField(default=timezone.now)
    attempts = models.PositiveIntegerField(default=0)
    # The database session (its process number) of the courier that holds it: others see when it is gone.
    claimed_by = models.PositiveIntegerField(null=True)
    claimed_until = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    receipt = models.JSONField(null=True)
    error = SealedText(blank=True, default=str, help_text=_("What the other side said when it refused"))
    what_to_do = models.TextField(blank=True)

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["due_at", "id"], condition=Q(state__in=["due", "sending"]), name="effect_due"
            ),
            models.Index(fields=["case", "id"], name="effect_case"),
            models.Index(fields=["id"], condition=Q(state="failed"), name="effect_failed"),
        ]

    def __str__(self) -> str:
        return f"{self.label or f'{self.connector} {self.verb}'} ({self.made_at:%Y-%m-%d %H:%M} UTC)"

    #: Why a courier that holds it cannot read it.
    unread: VaultError | None = None

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """Its key."""
        return self.key

    @property
    def by_hand(self) -> bool:
        """Whether a person recorded that it was done, rather than the other side."""
        return bool(self.receipt and self.receipt.get("by"))


def stuck_effects(case: Case | int) -> models.QuerySet[Effect]:
    """What a person may try again or leave undone: refused, or tried and not through yet."""
    return Effect.objects.filter(
        Q(state=EffectState.FAILED) | Q(state=EffectState.DUE, attempts__gt=0), case=case
    )

"""The audit log: who did what, and who looked at what. Rows are added and never changed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    """What an entry says: `thing:verb`."""

    CASE_OPENED = "case:opened", _("Case opened")
    CASE_STEP = "case:step", _("Step performed")
    CASE_HELD = "case:held", _("Step held for approval")
    CASE_OPINION = "case:opinion", _("Opinion given")
    CASE_LOOKED = "case:looked", _("Case looked at")
    CASE_CLOCK = "case:clock", _("Clock lapsed or warned")
    WORDS_UNFOLDED = "words:unfolded", _("Folded words looked at")
    EXHIBIT_LOOKED = "exhibit:looked", _("Exhibit looked at")
    REPORT_LOOKED = "report:looked", _("Original report looked at")
    EXPORTED = "case:exported", _("Case exported")
    EFFECT_DELIVERED = "effect:delivered", _("Effect delivered")
    EFFECT_REFUSED = "effect:refused", _("Effect refused")
    EFFECT_RECORDED = "effect:recorded", _("Effect recorded as done by a person")
    SIGNED_IN = "person:signed_in", _("Signed in")
    SIGNED_OUT = "person:signed_out", _("Signed out")
    GRANT_CHANGED = "grant:changed", _("Grant changed")
    TOKEN_MADE = "token:made", _("Token made")
    TOKEN_REVOKED = "token:revoked", _("Token revoked")
    STAFF_CHANGED = "staff:changed", _("Staff list changed")
    KEY_RENEWED = "key:renewed", _("Key renewed")
    RELEASE_LOGGED = "release:logged", _("Release entered in the log")


class Entry(models.Model):
    """One act or one look. Holds ids and words of ours only, never personal data.

    No foreign keys: an entry outlives what it speaks of.
    """

    at = models.DateTimeField(default=timezone.now)
    act = models.CharField(max_length=40, choices=Act)
    actor_id = models.BigIntegerField()
    via = models.CharField(max_length=10)
    request_id = models.CharField(max_length=40, blank=True)
    case_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = _("entries")
        indexes: ClassVar = [
            models.Index(fields=["case_id", "-id"], name="audit_case_newest"),
            models.Index(fields=["actor_id", "-id"], name="audit_actor_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act}"

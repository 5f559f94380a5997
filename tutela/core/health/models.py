"""The last sign of life of each loop, and what ends soon."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """A loop writes it after a pass that worked. So a loop that is alive and does nothing grows old here.

    Several workers share one row per loop: it says that somebody does this work.
    """

    name = models.CharField(max_length=60, primary_key=True)
    at = models.DateTimeField()
    # Seconds after which the loop counts as silent.
    late_after = models.PositiveIntegerField()
    detail: models.JSONField[dict[str, Any]] = models.JSONField(default=dict)

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"


class Ending(models.Model):
    """Something that works until a day: then sealing, mail or a page stops working, or should not go on."""

    class Kind(models.TextChoices):
        """What it is."""

        CERTIFICATE = "certificate", _("Certificate")
        AUTHORITY = "authority", _("Root certificate")
        TOKEN = "token", _("API token")
        KEY = "key", _("Key")
        UNSEEN = "unseen", _("Certificate that could not be looked at")

    kind = models.CharField(max_length=12, choices=Kind)
    what = models.CharField(max_length=200)
    ends_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "what"], name="health_one_ending"),
        ]

    def __str__(self) -> str:
        """The sentence for a person."""
        return str(_SENTENCES[self.Kind(self.kind)]) % {
            "what": self.what,
            "day": date_format(timezone.localtime(self.ends_at), "DATE_FORMAT"),
        }


_SENTENCES = {
    Ending.Kind.CERTIFICATE: _("The certificate of %(what)s ends on %(day)s: renew it."),
    Ending.Kind.AUTHORITY: _("The root certificate %(what)s ends on %(day)s: put the next one beside it."),
    Ending.Kind.TOKEN: _("The API token %(what)s ends on %(day)s: make a new one for who uses it."),
    Ending.Kind.KEY: _("A key is to be renewed by %(day)s: tutela vault renew %(what)s"),
    Ending.Kind.UNSEEN: _("The certificate of %(what)s could not be looked at."),
}

"""The last sign of life of each loop."""

from __future__ import annotations

from typing import Any

from django.db import models


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

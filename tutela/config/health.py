"""Two addresses for machines: whether this process is alive, and whether the platform can do its work."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse

from tutela.connectors import FACTORIES
from tutela.core.health import beats
from tutela.core.health.report import Health, look


def healthz(_request: HttpRequest) -> JsonResponse:
    """Answers 200 while the process is alive; touches nothing else."""
    return JsonResponse({"status": "alive"})


def readyz(_request: HttpRequest) -> JsonResponse:
    """Answers 200 when the platform can do its work, else 503; with figures, and words for what is wrong."""
    health = whole_platform()
    return JsonResponse(
        {
            "status": "ready" if health.ready else "not ready",
            "faults": health.faults,
            "attention": health.attention,
            "loops": health.loops,
            "figures": health.figures,
        },
        status=200 if health.ready else 503,
    )


def whole_platform() -> Health:
    """The health of the database and of every loop that this installation should run."""
    return look(loops())


def loops() -> list[str]:
    """The names of the loops that `tutela worker` runs."""
    return [beats.INTAKE, beats.CLOCKS, beats.CHORES, *map(beats.effects_of, FACTORIES)]

"""The address that says whether a process is alive. It belongs to both apps."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse


def healthz(_request: HttpRequest) -> JsonResponse:
    """Answers 200 while the process is alive; touches nothing else."""
    return JsonResponse({"status": "alive"})

"""Answers that a browser saves and opens by no means, whatever is in them."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header

from tutela.core.files.leaving import Leaving, safe_name

Answer = TypeVar("Answer", HttpResponse, StreamingHttpResponse)


def as_download(answer: Answer, name: str) -> Answer:
    """Give an answer the headers of a download."""
    answer.headers["Content-Type"] = "application/octet-stream"
    answer.headers["Content-Disposition"] = (
        content_disposition_header(as_attachment=True, filename=safe_name(name)) or "attachment"
    )
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return answer


def streamed(leaving: Leaving) -> StreamingHttpResponse:
    """An exhibit, piece by piece."""
    answer = StreamingHttpResponse(leaving.chunks)
    answer.headers["Content-Length"] = str(leaving.size)
    return as_download(answer, leaving.name)

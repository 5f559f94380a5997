"""Looks at a file from outside and says why nobody should open it. Never unpacks or decodes it.

A file's own first bytes decide what it is, not what the sender calls it.
"""

from __future__ import annotations

from typing import Final

from . import archives, pictures
from .problems import Finding

MAX_FILE: Final = 30 * 1024 * 1024


def examine(data: bytes) -> Finding | None:
    """Why the file in `data` is better not opened, or None. Never raises."""
    if len(data) > MAX_FILE:
        return Finding("too-large", f"{len(data)} bytes")
    if data.startswith(archives.ZIP):
        return archives.look_into_zip(data)
    if data.startswith(archives.GZIP):
        return archives.look_into_gzip(data)
    if data.startswith(archives.CLOSED) or data[257:262] == b"ustar":
        return Finding("archive-closed")
    if pictures.is_picture(data):
        return pictures.look_at(data)
    return None

"""Archives, judged by their directories and never unpacked to anywhere."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .problems import Finding

MAX_UNPACKED: Final = 200 * 1024 * 1024
MAX_RATIO: Final = 200
MAX_ENTRIES: Final = 5_000

ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
GZIP: Final = b"\x1f\x8b"
# 7-Zip, RAR, bzip2, xz, Zstandard, cabinet: their directories cannot be read without unpacking.
CLOSED: Final = (
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"MSCF",
)
MAGIC: Final = (*ZIP, GZIP, *CLOSED)

_NAMES: Final = (
    *(".zip", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2"),
    *(".xz", ".zst", ".lz", ".cab", ".jar", ".iso", ".arj"),
)
_END: Final = struct.Struct("<4s4H2LH")
_CENTRAL: Final = struct.Struct("<4s6H3L5H2L")
_LOCAL: Final = struct.Struct("<4s5H3L2H")
_ENCRYPTED: Final = 0x1
_ZIP64: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class _Entry:
    """One file in a zip archive, as its directory has it."""

    name: str
    encrypted: bool
    packed: int
    unpacked: int
    offset: int


class _BrokenError(Exception):
    """The directory of an archive makes no sense."""


def look_into_zip(data: bytes) -> Finding | None:
    """Read the directory of a zip archive, which is also what office documents are."""
    try:
        entries: list[_Entry] = []
        for entry in _entries(data):
            if len(entries) >= MAX_ENTRIES:
                return Finding("archive-entries", f"> {MAX_ENTRIES}")
            entries.append(entry)
        return _judge(data, entries)
    except (_BrokenError, struct.error):
        return Finding("archive-broken", "zip")


def _entries(data: bytes) -> Iterator[_Entry]:
    """The directory at the end of the archive, entry by entry."""
    end = data.rfind(b"PK\x05\x06", max(len(data) - 65_557, 0))
    if end < 0:
        raise _BrokenError
    _, _, _, _, _, size, start, _ = _END.unpack_from(data, end)
    if _ZIP64 in {size, start} or size > end:
        raise _BrokenError
    position, shift = end - size, end - size - start  # what stands before the archive shifts it
    while position < end:
        fields = _CENTRAL.unpack_from(data, position)
        if fields[0] != b"PK\x01\x02":
            raise _BrokenError
        name, extra, comment = fields[10:13]
        begin = position + _CENTRAL.size
        yield _Entry(
            data[begin : begin + name].decode("utf-8", "replace"),
            bool(fields[3] & _ENCRYPTED),
            fields[8],
            fields[9],
            fields[16] + shift,
        )
        position = begin + name + extra + comment


def _judge(data: bytes, entries: list[_Entry]) -> Finding | None:
    unpacked = sum(entry.unpacked for entry in entries)
    if unpacked > MAX_UNPACKED or unpacked > MAX_RATIO * max(len(data), 50_000):
        return Finding("archive-bomb", f"{unpacked} bytes")
    if _overlap(data, entries):
        return Finding("archive-overlap")
    if any(entry.encrypted for entry in entries):
        return Finding("archive-closed", "zip")
    if any(entry.name.lower().endswith(_NAMES) for entry in entries):
        return Finding("archive-nested")
    return None


def _overlap(data: bytes, entries: list[_Entry]) -> bool:
    """Whether two entries use the same bytes: how a small archive unpacks to petabytes."""
    reached = 0
    for entry in sorted(entries, key=lambda one: one.offset):
        if entry.offset < reached:
            return True
        local = _LOCAL.unpack_from(data, entry.offset)
        if local[0] != b"PK\x03\x04":
            raise _BrokenError
        reached = entry.offset + _LOCAL.size + local[9] + local[10] + entry.packed
    return reached > len(data)


def look_into_gzip(data: bytes) -> Finding | None:
    """Unpack to nowhere, and stop at the limit: the format does not say how large its content is."""
    unpacker = zlib.decompressobj(wbits=31)
    limit, total, rest = min(MAX_UNPACKED, MAX_RATIO * max(len(data), 50_000)), 0, data
    first = b""
    try:
        while rest and not unpacker.eof:
            piece = unpacker.decompress(rest, 1 << 20)
            first = first or piece[:512]
            total, rest = total + len(piece), unpacker.unconsumed_tail
            if total > limit:
                return Finding("archive-bomb", f"> {limit} bytes")
    except zlib.error:
        return Finding("archive-broken", "gzip")
    return Finding("archive-nested") if first.startswith(MAGIC) or first[257:262] == b"ustar" else None

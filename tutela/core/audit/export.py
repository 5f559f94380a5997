"""The log for an auditor outside: one file, with all that it takes to verify it without us."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction

from tutela.core.errors import NotFound

from .anchors import Anchor
from .heads import Head, signing_key
from .models import HeadRow
from .sealed import as_sealer, ask, sealed_since

#: The verifier, which needs only Python and `cryptography`. It goes into every export.
VERIFIER = Path(__file__).with_name("verifier.py")
FIRST_LINE = "tutela audit export 1"
README = """\
An export of an audit log.

  entries.jsonl     one entry on each line, in the order in which they were sealed: who (by number) did or
                    looked at what, and when. No words and no names of people are in here.
  heads.txt         every signed tree head: after so many entries, the tree of RFC 9162 had this root
  anchor-*.txt      the heads as places outside the database keep them
  manifest.txt      the SHA-256 of each file, signed
  verifier.py       verifies all of it

To verify:  python3 verifier.py EXPORT.zip PUBLIC-KEY   (needs Python 3.11 and its package `cryptography`)

Get the public key, and best the verifier too, by another way than this file: `tutela audit key` prints it.
"""


@dataclass(frozen=True, slots=True)
class Exported:
    """How many entries and heads went into the file, and the public key to hand over by another way."""

    entries: int
    heads: int
    key: str


def export(path: Path, to: Sequence[Anchor]) -> Exported:
    """Write all that is sealed to a new file. Raises `NotFound` before the first seal, OSError."""
    held = [(anchor.name, list(anchor.heads())) for anchor in to]
    with transaction.atomic():
        ask("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        with (
            as_sealer(),
            path.open("xb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            return _write(_Files(archive), held)


def _write(files: _Files, held: list[tuple[str, list[Head]]]) -> Exported:
    texts = list(HeadRow.objects.order_by("number").values_list("text", flat=True))
    if not texts:
        raise NotFound("Nothing was sealed yet: run `tutela audit seal`.")
    entries = files.add("entries.jsonl", _entries())
    files.add("heads.txt", (text.encode() + b"\n" for text in texts))
    for number, (name, heads) in enumerate(held, 1):
        lines = [f"{name}\n\n", *(head.text + "\n" for head in heads)]
        files.add(f"anchor-{number}.txt", map(str.encode, lines))
    files.add("README.txt", [README.encode()])
    files.add("verifier.py", [VERIFIER.read_bytes()])
    key = signing_key(settings.AUDIT_KEY_FILE)
    signature = key.sign(files.manifest.encode()).hex()
    files.add("manifest.txt", [f"{files.manifest}signature: {signature}\n".encode()])
    return Exported(entries, len(texts), key.public_key().public_bytes_raw().hex())


def _entries() -> Iterator[bytes]:
    for some in sealed_since(0):
        for one in some:
            # A line stays empty where an entry is gone: the verifier says so, and names its number.
            yield (one.data or b"") + b"\n"


class _Files:
    """The files of an archive, and what the manifest says of them."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self.manifest = f"{FIRST_LINE}\n"

    def add(self, name: str, pieces: Iterable[bytes]) -> int:
        """Write a file in pieces, whose number is returned."""
        digest, many = hashlib.sha256(), 0
        with self._archive.open(name, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
                many += 1
        self.manifest += f"{digest.hexdigest()} {name}\n"
        return many

"""A bucket as the place of sealed files: `s3:BUCKET` or `s3:BUCKET/FOLDER`.

A small file is put at once. A larger one arrives in parts below `coming/`, and is given its name within the
service when all of it is there: nobody finds half a file under a name.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured

from .answers import answer

try:
    from . import client
except ImportError:  # pragma: no cover  an installation without the extra `aws`
    client = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from .client import Body, Upload

PART = 8 * 1024 * 1024
COMING = "coming/"


@dataclass(frozen=True)
class Found:
    """An object in the bucket."""

    name: str
    size: int
    since: datetime


class FileBucket:
    """The store `s3:`. It sees sealed bytes, and names that say nothing."""

    def __init__(self, where: str) -> None:
        if client is None:
            raise NotConfigured(_("S3 needs the extra “aws” of this package."))
        bucket, _slash, folder = where.partition("/")
        self.bucket = client.Bucket(bucket)
        self.folder = f"{folder.strip('/')}/" if folder.strip("/") else ""

    def writer(self) -> ObjectWriter:
        """Begin an object."""
        return ObjectWriter(self)

    def open(self, name: str) -> Source:
        """An object to read. Raises FileNotFoundError."""
        try:
            return Source(answer(lambda: self.bucket.open(self.folder + name)))
        except client.Missing as error:
            raise FileNotFoundError(name) from error

    def size(self, name: str) -> int | None:
        """How many bytes an object has; None where there is none of that name."""
        return answer(lambda: self.bucket.size(self.folder + name))

    def remove(self, name: str) -> None:
        """Remove an object."""
        answer(lambda: self.bucket.remove(self.folder + name))

    def objects(self) -> Iterator[Found]:
        """Every object that has its name."""
        return (one for one in self._all() if not one.name.startswith(COMING))

    def tidy(self, before: datetime) -> int:
        """Remove what was begun and left."""
        coming = self.folder + COMING
        left = [one for one in self._all() if one.name.startswith(COMING) and one.since < before]
        for one in left:
            self.remove(one.name)
        return len(left) + answer(lambda: self.bucket.drop_uploads(coming, before))

    def _all(self) -> Iterator[Found]:
        every = self.bucket.objects(self.folder)
        while (one := answer(lambda: next(every, None))) is not None:
            yield Found(one.key.removeprefix(self.folder), one.size, one.since)


class Source:
    """An object that is being read."""

    def __init__(self, body: Body) -> None:
        self._body = body

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end."""
        return answer(lambda: self._body.read(size))

    def close(self) -> None:
        """Read no further."""
        self._body.close()


class ObjectWriter:
    """An object on its way into the bucket, a part of it in memory."""

    def __init__(self, files: FileBucket) -> None:
        self._files = files
        self._coming = f"{files.folder}{COMING}{secrets.token_hex(16)}"
        self._held = bytearray()
        self._upload: Upload | None = None
        self._is_whole = False

    def write(self, data: bytes) -> None:
        """Add bytes."""
        self._held += data
        while len(self._held) > PART:
            part = bytes(self._held[:PART])
            del self._held[:PART]
            self._send(part)

    def keep(self, name: str) -> None:
        """Put a small one under its name; complete a larger one, and give it its name."""
        bucket, key, rest = self._files.bucket, self._files.folder + name, bytes(self._held)
        if self._upload is None:
            answer(lambda: bucket.put(key, rest))
            return
        if not self._is_whole:
            self._send(rest)
            answer(self._upload.finish)
            self._is_whole = True
        answer(lambda: bucket.move(self._coming, key))
        self._upload = None

    def drop(self) -> None:
        """Throw it away."""
        upload, self._upload = self._upload, None
        self._held.clear()
        if upload is not None and self._is_whole:
            answer(lambda: self._files.bucket.remove(self._coming))
        elif upload is not None:
            answer(upload.drop)

    def _send(self, part: bytes) -> None:
        upload = self._upload or answer(lambda: self._files.bucket.upload(self._coming))
        self._upload = upload
        answer(lambda: upload.add(part))

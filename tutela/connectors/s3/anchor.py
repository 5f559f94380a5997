"""A bucket with object lock as an anchor of the audit log: `s3:BUCKET` or `s3:BUCKET/FOLDER`.

Each head is an object, and so are the leaves that it added. Both are locked in compliance mode for
`TUTELA_ANCHOR_LOCK_DAYS`: until then nobody can remove them. What is put over them, or hides them
behind a mark of deletion, is passed over: of each name the first version counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected

from .answers import answer

try:
    from . import client
except ImportError:  # pragma: no cover  an installation without the extra `aws`
    client = None  # type: ignore[assignment]


class LockedBucket:
    """`FOLDER/heads/DATE/NUMBER` and `FOLDER/leaves/DATE/NUMBER`, each written once."""

    every = timedelta()
    reads_back = True

    def __init__(self, where: str) -> None:
        if client is None:
            raise NotConfigured(_("S3 needs the extra “aws” of this package."))
        self.name = f"s3:{where}"
        bucket, _slash, folder = where.partition("/")
        self._bucket = client.Bucket(bucket)
        self._folder = f"{folder.rstrip('/')}/" if folder else ""

    def newest(self) -> str | None:
        """The last head of the last day. Raises ConnectorError."""
        for day in reversed(self._days("heads")):
            if versions := self._of_day("heads", day):
                return self._get(versions[-1])
        return None

    def put(self, number: int, day: str, text: str, lines: Iterable[str]) -> None:
        """Write the leaves, then the head. Raises ConnectorError: `Rejected` if another head is there."""
        if not answer(self._bucket.has_lock):
            raise NotConfigured(
                _("The bucket of %(name)s has no object lock, so that heads could be removed from it.")
                % {"name": self.name},
                what_to_do=_("Make a bucket with object lock; an older one cannot be given it by us."),
            )
        until = datetime.now(UTC) + timedelta(days=settings.ANCHOR_LOCK_DAYS)
        place = f"{day}/{number:012d}"
        self._write(f"{self._folder}leaves/{place}", "".join(lines), until)
        self._write(f"{self._folder}heads/{place}", text, until)

    def texts(self) -> Iterator[str]:
        """Every head, a request for each."""
        return map(self._get, self._every("heads"))

    def lines(self) -> Iterator[str]:
        """Every leaf, a request for each head."""
        for version in self._every("leaves"):
            yield from self._get(version).splitlines()

    def _write(self, key: str, text: str, until: datetime) -> None:
        try:
            answer(lambda: self._bucket.put_locked(key, text.encode(), until))
        except client.Exists as error:
            # A crash came after it was written and before we knew.
            there = answer(lambda: list(self._bucket.first_versions(key)))
            if not there or self._get(there[0]) != text:
                raise Rejected(
                    _("%(name)s holds something else as %(key)s.") % {"name": self.name, "key": key}
                ) from error

    def _get(self, version: client.Version) -> str:
        return answer(lambda: self._bucket.get(version)).decode("ascii", "replace")

    def _every(self, kind: str) -> Iterator[client.Version]:
        for day in self._days(kind):
            yield from self._of_day(kind, day)

    def _days(self, kind: str) -> list[str]:
        return answer(lambda: self._bucket.folders(f"{self._folder}{kind}/"))

    def _of_day(self, kind: str, day: str) -> list[client.Version]:
        return answer(lambda: list(self._bucket.first_versions(f"{self._folder}{kind}/{day}/")))

"""One bucket of S3 through boto3. Credentials and the endpoint come from where boto3 looks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

SECONDS = 10
T = TypeVar("T")
_NOT_LET_IN = {"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "NoSuchBucket", "403"}
_AWAY = {"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"}


class Away(Exception):
    """No answer, or one that says to ask again later."""


class Refused(Exception):
    """It understood the request and refused it."""


class NotLetIn(Exception):
    """There are no credentials, no such bucket, or they may not use it."""


class Exists(Exception):
    """There is an object of that name already."""


class Missing(Exception):
    """There is no object of that name."""


@dataclass(frozen=True, slots=True)
class Object:
    """An object as a list names it."""

    key: str
    size: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object."""

    key: str
    id: str


class Body:
    """An object that is being read."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """At most that many bytes; none at the end."""
        try:
            return bytes(self._stream.read(size))
        except (BotoCoreError, OSError) as error:
            raise Away(str(error)) from error

    def close(self) -> None:
        """Read no further."""
        self._stream.close()


class Upload:
    """An object that arrives in parts, each of 5 MiB or more but for the last."""

    def __init__(self, s3: Any, place: dict[str, str]) -> None:
        self._s3, self._parts = s3, list[dict[str, Any]]()
        begun = _ask(lambda: s3.create_multipart_upload(**place, ContentType="application/octet-stream"))
        self._place = {**place, "UploadId": begun["UploadId"]}

    def add(self, data: bytes) -> None:
        """Send the next part."""
        number = len(self._parts) + 1
        sent = _ask(lambda: self._s3.upload_part(**self._place, PartNumber=number, Body=data))
        self._parts.append({"ETag": sent["ETag"], "PartNumber": number})

    def finish(self) -> None:
        """Make an object of the parts."""
        parts = {"Parts": self._parts}
        _ask(lambda: self._s3.complete_multipart_upload(**self._place, MultipartUpload=parts))

    def drop(self) -> None:
        """Throw the parts away, unless somebody did."""
        with suppress(Missing):
            _ask(lambda: self._s3.abort_multipart_upload(**self._place))


class Bucket:
    """One bucket. Of one that keeps versions, the first ones can be asked for."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._s3: Any = boto3.client(
            "s3", config=Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 2})
        )

    def has_lock(self) -> bool:
        """Whether objects of the bucket can be locked."""
        try:
            found = self._s3.get_object_lock_configuration(Bucket=self._name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ObjectLockConfigurationNotFoundError":
                return False
            raise _told(error) from error
        except BotoCoreError as error:
            raise _told(error) from error
        return bool(found["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled")

    def put_locked(self, key: str, data: bytes, until: datetime) -> None:
        """A new object that nobody, the owner of the account included, can remove before `until`.

        Raises `Exists` when there is one, `Away`, `Refused`, `NotLetIn`.
        """
        _ask(
            lambda: self._s3.put_object(
                Bucket=self._name,
                Key=key,
                Body=data,
                IfNoneMatch="*",
                ChecksumAlgorithm="SHA256",
                ObjectLockMode="COMPLIANCE",
                ObjectLockRetainUntilDate=until,
            )
        )

    def put(self, key: str, data: bytes) -> None:
        """An object, all at once."""
        _ask(lambda: self._s3.put_object(**self._at(key), Body=data, ContentType="application/octet-stream"))

    def upload(self, key: str) -> Upload:
        """An object in parts."""
        return Upload(self._s3, self._at(key))

    def move(self, key: str, to: str) -> None:
        """Give an object another name, within the service."""
        try:
            self._s3.copy(self._at(key), self._name, to)  # in parts, where it is large
        except (BotoCoreError, ClientError) as error:
            raise _told(error) from error
        self.remove(key)

    def open(self, key: str) -> Body:
        """An object to read. Raises `Missing`."""
        return Body(_ask(lambda: self._s3.get_object(**self._at(key)))["Body"])

    def size(self, key: str) -> int | None:
        """How many bytes an object has; None where there is none."""
        try:
            return int(_ask(lambda: self._s3.head_object(**self._at(key)))["ContentLength"])
        except Missing:
            return None

    def remove(self, key: str) -> None:
        """Remove an object, if it is there."""
        _ask(lambda: self._s3.delete_object(**self._at(key)))

    def objects(self, prefix: str) -> Iterator[Object]:
        """Every object below a prefix."""
        pages = iter(self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=prefix))
        while (page := _ask(lambda: next(pages, None))) is not None:
            for one in page.get("Contents", []):
                yield Object(one["Key"], one["Size"], one["LastModified"])

    def drop_uploads(self, prefix: str, before: datetime) -> int:
        """Throw away uploads below a prefix that began before that time. Returns how many."""
        dropped = 0
        pages = iter(
            self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self._name, Prefix=prefix)
        )
        while (page := _ask(lambda: next(pages, None))) is not None:
            for one in page.get("Uploads", []):
                if one["Initiated"] < before:
                    place = {**self._at(one["Key"]), "UploadId": one["UploadId"]}
                    _ask(partial(self._s3.abort_multipart_upload, **place))
                    dropped += 1
        return dropped

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._name, "Key": key}

    def get(self, version: Version) -> bytes:
        """The bytes of one version."""
        answer = _ask(lambda: self._s3.get_object(Bucket=self._name, Key=version.key, VersionId=version.id))
        return bytes(_ask(answer["Body"].read))

    def folders(self, prefix: str) -> list[str]:
        """The names between a prefix that ends in a slash and the next slash, in order.

        Also of what is hidden behind a mark of deletion.
        """
        pages = self._pages(Prefix=prefix, Delimiter="/")
        found = {one["Prefix"] for page in pages for one in page.get("CommonPrefixes", [])}
        return sorted(one.removeprefix(prefix).rstrip("/") for one in found)

    def first_versions(self, prefix: str) -> Iterator[Version]:
        """The oldest version of each object, in the order of names, whatever was put over it later."""
        latest: Version | None = None
        for page in self._pages(Prefix=prefix):
            for one in page.get("Versions", []):  # of one name the newest first
                found = Version(one["Key"], one["VersionId"])
                if latest and latest.key != found.key:
                    yield latest
                latest = found
        if latest:
            yield latest

    def _pages(self, **more: str) -> Iterator[Any]:
        pages = iter(self._s3.get_paginator("list_object_versions").paginate(Bucket=self._name, **more))
        while (page := _ask(lambda: next(pages, None))) is not None:
            yield page


def _ask(call: Callable[[], T]) -> T:
    try:
        return call()
    except (BotoCoreError, ClientError) as error:
        raise _told(error) from error


def _told(error: BotoCoreError | ClientError) -> Exception:
    if isinstance(error, NoCredentialsError):
        return NotLetIn(str(error))
    if not isinstance(error, ClientError):
        return Away(str(error))
    code = str(error.response["Error"]["Code"])
    said = f"{code}: {error.response['Error'].get('Message', '')}"
    if code in {"PreconditionFailed", "ConditionalRequestConflict"}:
        return Exists(said)
    if code in {"NoSuchKey", "NoSuchUpload", "NotFound", "404"}:
        return Missing(said)
    if code in _NOT_LET_IN:
        return NotLetIn(said)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Away(said) if code in _AWAY or status >= 500 else Refused(said)

"""One bucket of S3 through boto3. Credentials and the endpoint come from where boto3 looks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an object."""

    key: str
    id: str


class Bucket:
    """A bucket that keeps versions."""

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
    if code in _NOT_LET_IN:
        return NotLetIn(said)
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    return Away(said) if code in _AWAY or status >= 500 else Refused(said)

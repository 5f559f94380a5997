"""AWS KMS through boto3. Credentials come from where boto3 looks for them; nothing of them is kept here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

SECONDS = 5
T = TypeVar("T")
_NOT_LET_IN = {
    "AccessDeniedException",
    "UnrecognizedClientException",
    "NotFoundException",
    "InvalidClientTokenId",
}
_REFUSED = {
    "InvalidCiphertextException",
    "IncorrectKeyException",
    "ValidationException",
    "InvalidArnException",
}


class Away(Exception):
    """No answer, or one that says to ask again later."""


class Refused(Exception):
    """It understood the request and refused it: what it was given is not what it once made."""


class NotLetIn(Exception):
    """There are no credentials, no such key, or they may not use it."""


class Kms:
    """One symmetric key of KMS, named by its ARN."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._kms: Any = boto3.client(
            "kms",
            region_name=arn.split(":")[3] or None,
            config=Config(connect_timeout=SECONDS, read_timeout=SECONDS, retries={"max_attempts": 2}),
        )

    def encrypt(self, plain: bytes, context: str) -> bytes:
        """The ciphertext, bound to a context."""
        answer = _ask(
            lambda: self._kms.encrypt(KeyId=self._arn, Plaintext=plain, EncryptionContext={"tutela": context})
        )
        return bytes(answer["CiphertextBlob"])

    def decrypt(self, ciphertext: bytes, context: str) -> bytes:
        """What was encrypted for that context."""
        answer = _ask(
            lambda: self._kms.decrypt(
                KeyId=self._arn, CiphertextBlob=ciphertext, EncryptionContext={"tutela": context}
            )
        )
        return bytes(answer["Plaintext"])

    def rotations(self) -> int:
        """How often the material of the key was renewed."""
        pages = self._kms.get_paginator("list_key_rotations")
        return _ask(lambda: sum(len(page["Rotations"]) for page in pages.paginate(KeyId=self._arn)))

    def rotate(self) -> None:
        """Renew the material of the key."""
        _ask(lambda: self._kms.rotate_key_on_demand(KeyId=self._arn))


def _ask(call: Callable[[], T]) -> T:
    try:
        return call()
    except NoCredentialsError as error:
        raise NotLetIn(str(error)) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        kind = NotLetIn if code in _NOT_LET_IN else Refused if code in _REFUSED else Away
        raise kind(str(error)[:300]) from error
    except BotoCoreError as error:
        raise Away(str(error)[:300]) from error

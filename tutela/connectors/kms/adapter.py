"""Key-encryption keys in AWS KMS: `kms:arn:aws:kms:REGION:ACCOUNT:key/ID`.

The key never leaves the service, which keeps older material by itself for as long as the key lives: after a
renewal, what it wrapped is wrapped again, and nothing is dropped here.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from django.utils.translation import gettext as _

from tutela.core.errors import NotConfigured, Rejected, TryLater

try:
    from . import client
except ImportError:  # pragma: no cover  an installation without the extra `aws`
    client = None  # type: ignore[assignment]

T = TypeVar("T")


class KmsKeys:
    """The provider `kms:`. What it wraps begins with how often the key had been renewed by then."""

    def __init__(self, arn: str) -> None:
        if client is None:
            raise NotConfigured(_("AWS KMS needs the extra “aws” of this package."))
        if not arn.startswith("arn:") or arn.count(":") < 5:
            raise NotConfigured(_("TUTELA_VAULT=kms: needs the ARN of a key."))
        self._kms = client.Kms(arn)

    def wrap(self, key: bytes, context: str) -> bytes:
        """The key, wrapped with the newest material."""
        number = _answer(self._kms.rotations)
        return f"{number}:".encode() + _answer(lambda: self._kms.encrypt(key, context))

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """The key that was wrapped."""
        _number, _colon, ciphertext = wrapped.partition(b":")
        return _answer(lambda: self._kms.decrypt(ciphertext, context))

    def is_newest(self, wrapped: bytes, context: str) -> bool:  # noqa: ARG002  its mark tells
        """Whether the key was not renewed since."""
        return wrapped.partition(b":")[0] == str(_answer(self._kms.rotations)).encode()

    def renew(self) -> str:
        """Renew the material of the key."""
        _answer(self._kms.rotate)
        return str(_answer(self._kms.rotations))

    def drop_older(self, replaced_before: datetime) -> list[str]:  # noqa: ARG002  the service keeps them
        """Nothing: the service lets no single material go."""
        return []


def _answer(call: Callable[[], T]) -> T:
    try:
        return call()
    except client.Away as error:
        raise TryLater(
            _("AWS KMS does not answer: %(error)s") % {"error": error},
            what_to_do=_("Nothing is lost. It is tried again by itself."),
        ) from error
    except client.NotLetIn as error:
        raise NotConfigured(
            _("AWS KMS does not let us in: %(error)s") % {"error": error},
            what_to_do=_("Check the credentials, the key's ARN and its policy."),
        ) from error
    except client.Refused as error:
        raise Rejected(_("AWS KMS refused: %(error)s") % {"error": error}) from error

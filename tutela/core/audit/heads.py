"""Signed tree heads: what the whole log was at one moment, on nine lines that a person can read."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tutela.config import environment
from tutela.core.errors import TutelaError

FIRST_LINE = "tutela audit head 1"
#: What stands in the place of the previous head in the first one.
NONE = "none"
_HEX = r"([0-9a-f]{64})"
_TEXT = re.compile(
    rf"{FIRST_LINE}\nnumber: ([1-9]\d*)\nsize: ([1-9]\d*)\nroot: {_HEX}\n"
    rf"time: (\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{6}}Z)\nprevious: ({NONE}|[0-9a-f]{{64}})\n"
    rf"key: {_HEX}\nsignature: ([0-9a-f]{{128}})\n"
)


class BadHead(TutelaError):
    """A text is not a head."""


@dataclass(frozen=True, slots=True)
class Head:
    """`size` entries give `root`. All but number, size and time are lower-case hexadecimal.

    `previous` is the SHA-256 of the whole text of the head before, or "none"; `key` the public key.
    """

    number: int
    size: int
    root: str
    time: str
    previous: str
    key: str
    signature: str = ""

    @property
    def signed(self) -> str:
        """The text that the signature is over: every line before it."""
        return (
            f"{FIRST_LINE}\nnumber: {self.number}\nsize: {self.size}\nroot: {self.root}\n"
            f"time: {self.time}\nprevious: {self.previous}\nkey: {self.key}\n"
        )

    @property
    def text(self) -> str:
        """The whole head, as it is stored and handed to anchors."""
        return f"{self.signed}signature: {self.signature}\n"

    @property
    def digest(self) -> str:
        """What the next head names as its previous one."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    def is_signed_by_its_key(self) -> bool:
        """Whether the signature is that of the key that the head names."""
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.key))
        try:
            key.verify(bytes.fromhex(self.signature), self.signed.encode())
        except InvalidSignature:
            return False
        return True


def signed_head(key: Ed25519PrivateKey, size: int, root: bytes, before: Head | None, at: datetime) -> Head:
    """The next head after `before`, signed."""
    head = Head(
        number=before.number + 1 if before else 1,
        size=size,
        root=root.hex(),
        time=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        previous=before.digest if before else NONE,
        key=public_text(key),
    )
    return replace(head, signature=key.sign(head.signed.encode()).hex())


def parse(text: str) -> Head:
    """Read a head. Raises `BadHead` unless the text is exactly one."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadHead("This is not a head of an audit log.")
    return _head(found)


def heads_in(text: str) -> Iterator[Head]:
    """Every head in a text that holds other things too, such as a mail."""
    return map(_head, _TEXT.finditer(text.replace("\r\n", "\n")))


def _head(found: re.Match[str]) -> Head:
    number, size, root, time, previous, key, signature = found.groups()
    return Head(int(number), int(size), root, time, previous, key, signature)


def signing_key(path: Path) -> Ed25519PrivateKey:
    """The log's own key, made from the secret that the file keeps; the file is made at the first call."""
    secret = environment.kept_secret(path)
    return Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"tutela audit key\0" + secret).digest())


def public_text(key: Ed25519PrivateKey) -> str:
    """The public half, as heads name it."""
    return key.public_key().public_bytes_raw().hex()

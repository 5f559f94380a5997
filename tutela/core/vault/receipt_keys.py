"""The keys of receipt codes: what we write to a reporter opens with the code that only they have.

The code's letters (80 random bits) give a private key; its public half is kept with the report. So the
portal, which holds no key, shows our words to whoever types the code, and to nobody else.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from .seals import KEY_BYTES, NotGenuine

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INFO = b"tutela message to a reporter"


def public_half(letters: str) -> bytes:
    """What is kept with the report of a code."""
    return _private(letters).public_key().public_bytes_raw()


def seal_to(public: bytes, text: str) -> bytes:
    """A text that only the holder of the code can open."""
    return _SUITE.encrypt(text.encode(), X25519PublicKey.from_public_bytes(public), info=_INFO)


def open_with(letters: str, sealed: bytes) -> str:
    """What was sealed to the receipt of a code. Raises NotGenuine."""
    try:
        return _SUITE.decrypt(sealed, _private(letters), info=_INFO).decode()
    except (InvalidTag, ValueError):
        raise NotGenuine("A message to a reporter does not open: it was changed or moved.") from None


def _private(letters: str) -> X25519PrivateKey:
    seed = HKDF(SHA256(), KEY_BYTES, salt=None, info=b"tutela receipt code").derive(letters.encode())
    return X25519PrivateKey.from_private_bytes(seed)

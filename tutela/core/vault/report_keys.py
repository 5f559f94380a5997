"""The key of one report: sealed to the intake's public key by whoever receives it, then kept by its case.

What is stored is one letter, a number of eight bytes, and the sealed key: `i` and an intake key's
number, `c` and a case's; or `x` and the case with which it was destroyed.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from django.utils.translation import gettext as _

from . import keyring
from .seals import Destroyed, NotGenuine, new_key, seal, unseal

_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_INTAKE, _CASE, _GONE = b"i", b"c", b"x"


def make(identity: str, using: str = "default") -> tuple[bytes, bytes]:
    """A fresh key for a report, and the same sealed to the intake. The maker cannot open it again."""
    key, public = new_key(), keyring.intake_public_key(using)
    sealed = _SUITE.encrypt(key, public.key, info=_place(identity).encode())
    return key, _INTAKE + public.number.to_bytes(8) + sealed


def unwrap(stored: bytes, identity: str) -> bytes:
    """The key of a report. Raises NotGenuine, Unavailable and Destroyed."""
    kind, number, sealed = stored[:1], int.from_bytes(stored[1:9]), stored[9:]
    if kind == _GONE:
        raise Destroyed(_("The key of this case was destroyed; what it sealed is gone."))
    if kind == _CASE:
        return keyring.open_with(keyring.case_key(number), sealed, _place(identity))
    if kind != _INTAKE:
        raise NotGenuine(f"The {_place(identity)} has an unknown format.")
    try:
        return _SUITE.decrypt(sealed, keyring.intake_private_key(number), info=_place(identity).encode())
    except (InvalidTag, ValueError):
        raise NotGenuine(f"The {_place(identity)} does not open: it was changed or moved.") from None


def give_to_case(stored: bytes, identity: str, case_id: int) -> bytes:
    """The same key, kept by a case from now on."""
    if stored[:9] == _CASE + case_id.to_bytes(8) or stored[:1] == _GONE:
        return stored
    key = unwrap(stored, identity)
    return _CASE + case_id.to_bytes(8) + seal(keyring.case_key(case_id, to_seal=True), key, _place(identity))


def seal_again(stored: bytes, identity: str, case_id: int, new: bytes, old: bytes) -> bytes:
    """The same key, kept by the newer key of its case. As it came where the older one did not seal it."""
    if stored[:9] != _CASE + case_id.to_bytes(8):
        return stored
    try:
        return stored[:9] + seal(new, unseal(old, stored[9:], _place(identity)), _place(identity))
    except NotGenuine:
        return stored


def destroyed(case_id: int) -> bytes:
    """What stands in the place of a key that was destroyed with its case."""
    return _GONE + case_id.to_bytes(8)


def is_with_case(stored: bytes) -> bool:
    """Whether a case keeps it already."""
    return stored[:1] == _CASE


def _place(identity: str) -> str:
    return f"key of report {identity}"

"""The one-time key of a form, the receipt code that grows out of it, and where a form came from.

The portal stores nothing on the device, so there is no cookie to hold a secret against forged posts.
A forged post could do little harm: nobody is signed in, so it does nothing that its author could not do
from their own machine. It could still put words into our queue in the name of a visitor, or have
somebody write into a form whose key another person knows. So every form carries a key that we signed,
and the browser's own word on where a post came from is checked as well. A post that fails is never
thrown away: the person gets their words back and presses Send once more.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from urllib.parse import urlsplit

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.http import HttpRequest, QueryDict

from tutela.core.cases.receive import ALPHABET

KEY_BYTES = 18
CODE_BYTES = 10
PATIENCE_SECONDS = 10
PATIENCE_ENDS_AFTER = 3600

_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_TO_OURS = str.maketrans(_BASE32, ALPHABET)


def new_key() -> str:
    """A fresh key for one form: 144 random bits and our signature."""
    return _keys().sign(secrets.token_urlsafe(KEY_BYTES))


def random_part(key: str) -> str:
    """The random part of a key that we signed, or an empty string for anything else.

    A key has no end: a page may lie open for days before its words are sent.
    """
    try:
        return _keys().unsign(key)
    except BadSignature:
        return ""


def code_for(random: str, content: bytes) -> str:
    """The receipt code of a report: 80 bits as `7Q4M XK2P 9DTR H3WN`.

    It is computed from the form's key and from what was said, so that a retry over a broken line shows the
    same code; and it cannot be computed without our secret. What was said is part of it so that
    somebody who knows the key of another person's form still cannot ask for that person's code.
    """
    digest = hmac.new(
        settings.SECRET_KEY.encode(), b"portal code\0" + random.encode() + b"\0" + content, hashlib.sha256
    ).digest()
    letters = base64.b32encode(digest[:CODE_BYTES]).decode().translate(_TO_OURS)
    return " ".join(letters[at : at + 4] for at in range(0, len(letters), 4))


def new_patience(content: bytes) -> str:
    """A token that says since when somebody has been waiting to send this."""
    return _waits().sign(f"{int(time.time())}.{content.hex()}")


def has_waited(token: str, content: bytes) -> bool:
    """Whether a token is ours, was made for this content, and is old enough."""
    try:
        since, _dot, what = _waits().unsign(token).partition(".")
    except BadSignature:
        return False
    waited = time.time() - int(since)
    return what == content.hex() and PATIENCE_SECONDS <= waited <= PATIENCE_ENDS_AFTER


def comes_from_here(request: HttpRequest) -> bool:
    """Whether the browser says that a post comes from a page of ours, or says nothing about it.

    A browser that was told to send no referrer writes `Origin: null` on our own forms too: where
    `Sec-Fetch-Site` is missing as well, that says nothing.
    """
    site = request.headers.get("Sec-Fetch-Site", "")
    if site:
        return site in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    return origin == "null" or urlsplit(origin).netloc == request.get_host()


def is_ours(request: HttpRequest, data: QueryDict) -> bool:
    """Whether a post carries a key that we made, and comes from a page of ours."""
    return bool(random_part(data.get("key", ""))) and comes_from_here(request)


def to_go_on(request: HttpRequest, data: QueryDict) -> str:
    """The key that a form goes on with: its own, or a new one where we cannot trust it."""
    return str(data["key"]) if is_ours(request, data) else new_key()


def _keys() -> Signer:
    return Signer(salt="tutela.portal.key")


def _waits() -> Signer:
    return Signer(salt="tutela.portal.patience")

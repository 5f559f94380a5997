"""The time-stamp protocol over HTTP (RFC 3161, section 3.4). Asks once; verifies nothing."""

from __future__ import annotations

import requests

SECONDS = 15.0
#: A token with its certificates takes 2 to 10 kB.
MOST_BYTES = 1 << 20


class Away(Exception):
    """No answer, or one that is no time-stamp."""


class Refused(Exception):
    """The authority answered with an HTTP status other than 200."""


def ask(url: str, query: bytes) -> bytes:
    """The answer to a time-stamp query, both DER. Raises `Away` or `Refused`."""
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        with requests.post(
            url, data=query, headers=headers, timeout=SECONDS, stream=True, allow_redirects=False
        ) as answer:
            if answer.status_code != requests.codes.ok:
                raise Refused(f"{answer.status_code} {answer.reason}")
            found = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    except (requests.RequestException, OSError) as error:
        raise Away(f"{type(error).__name__}: {error}") from error
    if len(found) > MOST_BYTES:
        raise Away("the answer does not end")
    return bytes(found)

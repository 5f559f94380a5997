"""The transit engine of HashiCorp Vault over HTTP. Each call asks once and keeps nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidRequest, Unauthorized, VaultError

SECONDS = 5.0
T = TypeVar("T")


class Away(Exception):
    """No answer, or one that says to ask again later."""


class Refused(Exception):
    """It understood the request and refused it: what it was given is not what it once made."""


class NotLetIn(Exception):
    """The token is missing, over, or not allowed to do this."""


@dataclass(frozen=True)
class Key:
    """A named key as the engine describes it: its newest version, and when each was made (Unix time)."""

    newest: int
    made_at: dict[int, float]


class Transit:
    """One key of one transit engine. The token is read anew for each call, so that it can be changed."""

    def __init__(self, url: str, mount: str, name: str, token_file: Path | None) -> None:
        self._url, self._mount, self._name, self._token_file = url, mount, name, token_file

    def encrypt(self, plain: bytes, context: str) -> str:
        """The ciphertext, `vault:v1:…`, bound to a context."""
        answer = self._ask(
            lambda engine: engine.encrypt_data(
                self._name, _b64(plain), associated_data=_b64(context.encode()), mount_point=self._mount
            )
        )
        return str(answer["data"]["ciphertext"])

    def decrypt(self, ciphertext: str, context: str) -> bytes:
        """What was encrypted for that context."""
        answer = self._ask(
            lambda engine: engine.decrypt_data(
                self._name,
                ciphertext,
                associated_data=_b64(context.encode()),
                mount_point=self._mount,
            )
        )
        return base64.b64decode(answer["data"]["plaintext"])

    def key(self) -> Key:
        """What the engine tells of the key."""
        data = self._ask(lambda engine: engine.read_key(self._name, mount_point=self._mount))["data"]
        return Key(int(data["latest_version"]), {int(one): float(at) for one, at in data["keys"].items()})

    def rotate(self) -> None:
        """Add a version to the key."""
        self._ask(lambda engine: engine.rotate_key(self._name, mount_point=self._mount))

    def trim(self, oldest: int) -> None:
        """Destroy the versions before one."""
        # One after the other: the engine takes the same version for both, the library refuses them together.
        self._set(min_encryption_version=oldest)
        self._set(min_decryption_version=oldest)
        self._ask(lambda engine: engine.trim_key(self._name, oldest, mount_point=self._mount))

    def _set(self, **limit: int) -> None:
        self._ask(
            lambda engine: engine.update_key_configuration(self._name, mount_point=self._mount, **limit)
        )

    def _ask(self, call: Callable[[Any], T]) -> Any:
        try:
            with requests.Session() as session:
                client = hvac.Client(
                    url=self._url,
                    token=self._token(),
                    timeout=SECONDS,
                    session=session,
                    allow_redirects=False,
                )
                return call(client.secrets.transit)
        except (Unauthorized, Forbidden) as error:
            raise NotLetIn(_words(error)) from error
        except InvalidRequest as error:
            raise Refused(_words(error)) from error
        except (VaultError, requests.RequestException) as error:
            raise Away(_words(error)) from error

    def _token(self) -> str:
        try:
            return self._token_file.read_text(encoding="utf-8").strip() if self._token_file else ""
        except (OSError, UnicodeDecodeError) as error:
            raise NotLetIn(_words(error)) from error


def _b64(plain: bytes) -> str:
    return base64.b64encode(plain).decode()


def _words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]

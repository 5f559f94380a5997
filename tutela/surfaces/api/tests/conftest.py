"""The cast, with a token each, and a caller."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from tests.cast import Cast, make_cast, report_emergency
from tutela.core.people.actor import system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.people.tokens import forget_tokens, make_token


@pytest.fixture(autouse=True)
def _forget() -> Iterator[None]:
    forget_tokens()
    yield
    forget_tokens()


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture
def reference(cast) -> str:
    return report_emergency()


def token(username: str, scope: str = "write", days: int = 1) -> str:
    staff = Staff.objects.get(username=username)
    operator = system_actor(SystemActor.OPERATOR)
    text, _row = make_token(staff, f"{username} {scope}", scope, timedelta(days=days), operator)
    return text


@dataclass
class Caller:
    """Somebody who calls the API with a token."""

    token: str

    def get(self, path: str, **query: Any) -> Any:
        return self._client().get(f"/api/v1{path}", query, headers=self._headers())

    def get_unless(self, path: str, etag: str) -> Any:
        """What stands there now, unless it is what the tag names."""
        headers = {**self._headers(), "If-None-Match": etag}
        return self._client().get(f"/api/v1{path}", headers=headers)

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        return self._client().post(
            f"/api/v1{path}",
            body if isinstance(body, bytes) else json.dumps(body or {}),
            content_type=headers.pop("content_type", "application/json"),
            headers={**self._headers(), **headers},
        )

    def send(self, method: str, path: str, body: object = None) -> Any:
        """Any method on any address."""
        return self._client().generic(
            method.upper(),
            f"/api/v1{path}",
            json.dumps(body or {}),
            "application/json",
            headers=self._headers(),
        )

    def _client(self) -> Client:
        return Client(raise_request_exception=False)

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}


@pytest.fixture
def call(cast):
    """`call("juniper")` or `call("wren", "intake")`: a caller with a fresh token."""
    return lambda username, scope="write": Caller(token(username, scope))

"""Who calls: bearer tokens with scopes."""

from __future__ import annotations

import time
import uuid
from http import HTTPStatus
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.errors import AuthenticationError
from ninja.security import HttpBearer

from tutela.core.errors import TooMany
from tutela.core.people.actor import Actor
from tutela.core.people.models import Token
from tutela.core.people.tokens import Holder, holder_of

from .problems import SCOPE, RequestProblem

READ, WRITE, GRAVE, INTAKE = Token.Scope.READ, Token.Scope.WRITE, Token.Scope.GRAVE, Token.Scope.INTAKE
LONGEST_TOKEN = 200
WINDOW = 60.0


class Bearer(HttpBearer):
    """A token of `tutela token create`, in the header Authorization."""

    #: token id -> when its running minute began, and how many requests it made in it.
    _minutes: ClassVar[dict[int, tuple[float, int]]] = {}

    def __init__(self, *scopes: Token.Scope) -> None:
        super().__init__()
        self.scopes = scopes

    def authenticate(self, request: HttpRequest, token: str) -> Holder:  # noqa: ARG002
        """The holder. Raises AuthenticationError (401), RequestProblem (403), TooMany (429)."""
        holder = holder_of(token) if len(token) <= LONGEST_TOKEN else None
        if holder is None:
            raise AuthenticationError(HTTPStatus.UNAUTHORIZED)
        if holder.scope not in self.scopes:
            needed = " / ".join(self.scopes)
            raise RequestProblem(
                SCOPE,
                _("This operation needs a token with the scope %(needed)s; yours has %(has)s.")
                % {"needed": needed, "has": holder.scope},
            )
        if holder.scope != INTAKE:  # a flood of reports is slowed elsewhere, and never refused here
            self._count(holder.token_id)
        return holder

    def _count(self, token_id: int) -> None:
        now = time.monotonic()
        began, count = self._minutes.get(token_id, (now, 0))
        if now - began >= WINDOW:
            began, count = now, 0
        self._minutes[token_id] = (began, count + 1)
        if count >= settings.API_REQUESTS_PER_MINUTE:
            raise TooMany(_("This token made too many requests within a minute."))


reads = Bearer(READ, WRITE, GRAVE)
writes = Bearer(WRITE, GRAVE)
sends = Bearer(INTAKE)


def actor_of(request: HttpRequest) -> Actor:
    """The person or job whose token came with the request."""
    caller: Any = request
    holder: Holder = caller.auth
    return holder.actor(caller.request_id)


def new_request_id() -> str:
    """A name for one request, which joins its audit entries and its log lines."""
    return uuid.uuid4().hex

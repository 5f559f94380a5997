"""Tells a story line by line, and keeps what did not hold."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import formatdate
from importlib.resources import files
from smtplib import LMTP
from typing import Any, TypeVar
from uuid import uuid4

from django.conf import settings
from rich.console import Console

from tutela.core.people.actor import Actor
from tutela.core.people.models import Staff, Token
from tutela.core.people.tokens import make_token

Found = TypeVar("Found")
PATIENCE = timedelta(seconds=30)


class Broken(Exception):
    """A part of the story without which the rest cannot be told."""


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    body: dict[str, Any]


@dataclass
class Person:
    """One of the people of the sample, working through the API with a token of their own."""

    name: str
    token: str

    def get(self, path: str) -> Answer:
        """Read something."""
        return self._call("GET", path, None)

    def step(self, reference: str, step: str, **data: Any) -> Answer:
        """Perform a step, under a key of its own."""
        return self._call("POST", f"/cases/{reference}/steps/{step}", data)

    def _call(self, method: str, path: str, data: Mapping[str, Any] | None) -> Answer:
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{settings.DESK_URL}/api/v1{path}",
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers={
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "Idempotency-Key": uuid4().hex,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  as above
                return Answer(answer.status, json.load(answer))
        except urllib.error.HTTPError as error:
            return Answer(error.code, _json(error.read()))
        except urllib.error.URLError as error:
            raise Broken(
                f"{settings.DESK_URL} does not answer ({error.reason}). Start the platform with: make run"
            ) from None


def _json(body: bytes) -> dict[str, Any]:
    try:
        read = json.loads(body)
    except ValueError:
        return {"detail": body[:200].decode(errors="replace")}
    return read if isinstance(read, dict) else {"detail": read}


@dataclass
class Teller:
    """Prints the story. `failures` is what did not hold."""

    title: str
    console: Console = field(default_factory=lambda: Console(highlight=False, soft_wrap=True))
    failures: list[str] = field(default_factory=list)
    mark: str = field(default_factory=lambda: f"story-{uuid4().hex[:12]}")
    _tokens: list[Token] = field(default_factory=list)

    def person(self, username: str) -> Person:
        """A person of the sample, with a token for the length of the story."""
        staff = Staff.objects.filter(username=username).first()
        if staff is None:
            raise Broken(f"There is no {username} here. Load the sample team with: tutela sample load")
        actor = Actor.of(staff, "cli")
        text, token = make_token(staff, f"{self.title} story", Token.Scope.GRAVE, timedelta(hours=1), actor)
        self._tokens.append(token)
        return Person(staff.working_name, text)

    def end(self) -> None:
        """Give the tokens back."""
        from django.utils import timezone

        for token in self._tokens:
            token.revoked_at = timezone.now()
            token.save(update_fields=["revoked_at"])

    def says(self, who: str, text: str) -> None:
        """A line of the story."""
        self.console.print(f"[bold]{who:<12}[/bold] {text}")

    def holds(self, whether: object, text: str) -> bool:
        """A part that must hold; goes on either way."""
        mark = "[green]✓[/green]" if whether else "[red]✗ does not hold:[/red]"
        self.console.print(f"{'':<12} {mark} {text}")
        if not whether:
            self.failures.append(text)
        return bool(whether)

    def done(self, who: Person, answer: Answer, text: str) -> dict[str, Any]:
        """A step that must have worked (200, or 202 when it waits for approval). Raises Broken."""
        self.says(who.name, text)
        if answer.status not in {200, 202}:
            self.failures.append(text)
            raise Broken(f"{text}: answered {answer.status}, {answer.body}")
        if answer.status == 202:
            self.console.print(f"{'':<12} [yellow]⧗[/yellow] waits for approval; nothing has left the house")
        return answer.body

    def refused(self, who: Person, answer: Answer, status: int, text: str) -> None:
        """Something that must not work."""
        self.says(who.name, text)
        self.holds(answer.status == status, f"refused with {status}: {answer.body.get('detail', '')}")

    def wait(self, look: Callable[[], Found | None], text: str) -> Found:
        """Wait until something is there. Raises Broken when it does not come."""
        until = time.monotonic() + PATIENCE.total_seconds()
        while time.monotonic() < until:
            if found := look():
                return found
            time.sleep(0.2)
        self.failures.append(text)
        raise Broken(f"{text}: not after {PATIENCE.total_seconds():.0f} seconds. Is the worker running?")

    def send_mail(self, name: str, mailbox: str) -> bytes:
        """Hand a mail file of the story to the LMTP listener. Returns what was sent."""
        text = files("tutela.surfaces.story").joinpath(f"{name}.eml").read_text(encoding="utf-8")
        raw = text.format(mark=self.mark, date=formatdate()).replace("\n", "\r\n").encode()
        self.deliver(raw, mailbox)
        return raw

    def deliver(self, raw: bytes, mailbox: str) -> None:
        """One LMTP delivery. Raises Broken when the listener does not take it."""
        try:
            with LMTP("127.0.0.1", settings.LMTP_PORT) as mail:
                refused = mail.sendmail("reader@wiki.example", [f"{mailbox}@tutela.example"], raw)
        except OSError as error:
            raise Broken(
                f"The mail listener does not take mail: {error}. Start the platform with: make run"
            ) from None
        self.holds(not refused, "LMTP answered 250: the report is durable")

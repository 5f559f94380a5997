"""`tutela mail` listens for mail or fetches it; `tutela receive` takes in one mail from a file."""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from threading import Event
from typing import Annotated, Final

import typer
from django.conf import settings
from django.db import InterfaceError, OperationalError

from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Received
from tutela.core.errors import NotConfigured, TutelaError
from tutela.surfaces.cli.main import TRY_LATER, fail
from tutela.surfaces.mail import fetcher, listener
from tutela.surfaces.mail.incoming import mailbox_of, take_in

app = typer.Typer(help="Mail: listen for it, or take in one from a file.")
ways = typer.Typer()
app.add_typer(ways, name="mail")

#: Exit code of sysexits.h for an unknown addressee: mail servers understand it.
NO_USER: Final = 67


@ways.callback(invoke_without_command=True)
def mail(context: typer.Context) -> None:
    """Listen for mail over LMTP on this machine, until SIGTERM; or fetch it, with `fetch`."""
    if context.invoked_subcommand is not None:
        return

    def started(port: int) -> None:
        typer.echo(
            f"Taking mail for {', '.join(settings.MAILBOXES)} over LMTP on 127.0.0.1:{port}.", err=True
        )

    try:
        listener.run(started)
    except OSError as error:
        fail(f"Port {settings.LMTP_PORT} cannot be listened on: {error.strerror}. Set TUTELA_LMTP_PORT.")


@ways.command()
def fetch(
    *, once: Annotated[bool, typer.Option("--once", help="Take in what is there now, and end.")] = False
) -> None:
    """Fetch mail over IMAP from the accounts in TUTELA_IMAP, until SIGTERM.

    A mail is marked as taken only when its report is durable. With --once: 75 when some of it was not.
    """
    try:
        found = fetcher.configured()
    except NotConfigured as error:
        fail(str(error))
    if not once:
        typer.echo(f"Fetching mail for {', '.join(one.name for one in found)}.", err=True)
        fetcher.run(found)
        return
    done = [fetcher.Fetcher(one, Event()).once() for one in found]  # one that fails stops no other
    if not all(done):
        fail("Not all mail was taken in; what was not stays in its mailbox. Try again later.", TRY_LATER)


@app.command()
def receive(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="The mail as it came; - for standard input.")],
    *,
    mailbox: Annotated[str, typer.Option(help="The mailbox that it came to, or its whole address.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make a report of one mail, and a case of the report. Ends with 0 only when the report is durable.

    The same mail twice is one report. 67: no such mailbox. 75: try again later.
    """
    name = mailbox_of(mailbox)
    if not name:
        fail(f"There is no mailbox “{mailbox}”. There are: {', '.join(settings.MAILBOXES)}.", NO_USER)
    raw = _read(path)
    try:
        received = take_in(raw, name)
    except (OperationalError, InterfaceError):
        fail("The database cannot be reached. Nothing was stored; try again later.", TRY_LATER)
    except TutelaError as error:
        fail(str(error))
    _print(received, _opened(received), as_json=as_json)


def _read(path: Path) -> bytes:
    try:
        with nullcontext(sys.stdin.buffer) if str(path) == "-" else path.open("rb") as file:
            raw = file.read(listener.MAX_MAIL + 1)
    except OSError as error:
        fail(f"{path}: {error.strerror}.")
    if len(raw) > listener.MAX_MAIL:
        fail(f"The mail is larger than {listener.MAX_MAIL // 1024**2} MB.")
    return raw


def _opened(received: Received) -> str | None:
    """The case, or None where it must wait: the report is safe, and the worker tries again."""
    try:
        return open_case(received.report_id)
    except Exception as error:  # noqa: BLE001 - whatever it is, the report must be announced as durable
        typer.echo(f"The report is stored, but has no case yet ({error}). The worker tries again.", err=True)
        return None


def _print(received: Received, case: str | None, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"report": received.report_id, "case": case, "duplicate": received.duplicate}))
        return
    typer.echo(f"report     {received.report_id}")
    typer.echo(f"case       {case or '-'}")
    typer.echo(f"duplicate  {'yes' if received.duplicate else 'no'}")

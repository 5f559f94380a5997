"""Every verb of the command line × every kind of person. A new verb fails here until it is named."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from django.db import transaction
from typer.testing import CliRunner

from tests.cast import first
from tutela.core.people.actor import Actor
from tutela.core.people.models import Staff
from tutela.surfaces.cli.main import COMMANDS

from .scene import ABSENT, LIKE_IT, MARKER, NONE, Hidden, hide, leave, outsiders, reads_of_openings, traces

pytestmark = pytest.mark.django_db
#: What a person asks for, in the words of the shell.
ASKED = {
    "case list": "--search {like}",
    "case show": "{reference}",
    "case steps": "{reference}",
    "case timeline": "{reference}",
    "case do": "{reference} note -d text=words",
    "case add-file": "{reference} {file} --title words",
    "case get-file": "{reference} 1",
    "search": "{like}",
    "capture": "https://wiki.example/wiki/A --case {reference}",
    "report send": "emergency --text words",
    "report list": "{reference}",
    "release list": "--recipient {like}",
    "release show": "{release}",
    "glass open": "{reference} --reason short",
    "glass list": "",
    "glass show": "{opening}",
    "glass close": "{opening}",
    "glass review": "{opening} --justified --words 'The team was there.'",
    "conflict declare": "words --reason short",
    "conflict list": "",
    "conflict show": "{conflict}",
    "conflict end": "{conflict} --words 'It is over, I say.'",
    "conflict lift": "{reference} heron --words 'Another one of that name.'",
    "slice sources": "{reference}",
    "slice ask": "{reference} --purpose words --with laurel --part facts",
    "slice list": "{reference}",
    "slice show": "{reference} {slice}",
    "slice give": "{reference} {slice} --digest 00",
    "slice end": "{reference} {slice} --words 'It is over, I say.'",
    "slice mine": "",
    "slice read": "{slice}",
    "oncall who": "",
    "oncall list": "",
    "oncall show": "emergencies",
    "oncall set": "emergencies heron --for emergency --first 2026-11-23",
    "oncall take": "emergencies --from '2026-12-24 09:00:00' --to '2026-12-25 09:00:00'",
    "page list": "",
    "page ack": "{reference}",
    "review list": "",
    "review show": "1",
    "review decide": "1 juniper responder --keep --words 'Still on the rota.'",
    "why": "juniper {reference}",
    "records due": "emergency",
    "records certificate": first("DC"),
    "records hold list": "--all",
    "records hold place": "{reference} --reason 'A court asks for it.' --authority 'Example Court'",
    "records hold release": "{hold} --reason 'It is over, I say.'",
    "records dispose list": "",
    "records dispose show": first("DR"),
    "records dispose propose": "{reference}",
    "records dispose approve": first("DR"),
    "records dispose stop": f"{first('DR')} --words 'It is not so.'",
    "records dispose withdraw": f"{first('DR')} --words 'It is not so.'",
}
#: Verbs of whoever runs the machine. They act as the operator, who holds no role on any workflow.
OF_THE_MACHINE = {
    "run", "web", "prepare", "migrate", "database", "backup", "backup-key", "restore", "doctor",
    "mail fetch", "receive", "worker", "live", "token create", "token list", "token revoke", "staff list",
    "staff add", "staff end", "staff join", "staff leave", "staff link", "staff invite", "staff reset",
    "staff tie",
    "grant give", "grant end", "grant list", "directory load", "directory dump", "directory list",
    "audit seal", "audit key", "audit verify", "audit export", "flow check", "flow show", "flow docs",
    "vault inventory", "vault seal", "vault renew", "vault move", "vault where", "vault finish",
    "vault sheet", "vault restore", "sample load", "sample links", "story", "records schedule",
    "records dispose carry-out",
}  # fmt: skip
#: Of those, the ones that print what stands in the database, with what they ask.
PRINTED = {
    "token list": "",
    "staff list": "",
    "grant list": "",
    "directory list": "venue",
    "vault inventory": "",
    "audit verify": "",
    "records schedule": "",
}


def verbs() -> Iterator[tuple[str, typer.Typer, tuple[str, ...]]]:
    """Each verb, its app, and how it is called within the app."""
    for commands in COMMANDS:
        app = importlib.import_module(commands.module).app
        for words in _below(typer.main.get_command(app)):
            if commands.group:
                yield " ".join((commands.names[0], *words)), app, words
            else:
                yield " ".join(words) or commands.names[0], app, words


def _below(command: Any) -> Iterator[tuple[str, ...]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield ()
        return
    for name, one in below.items():
        yield from ((name, *words) for words in _below(one))


VERBS = {name: (app, words) for name, app, words in verbs()}


def test_every_verb_is_known():
    assert set(VERBS) == {*ASKED, *OF_THE_MACHINE}
    assert set(PRINTED) <= OF_THE_MACHINE


@pytest.fixture
def hidden(cast, monkeypatch) -> Hidden:
    monkeypatch.delenv("TUTELA_AS", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    return hide(cast)


@pytest.fixture
def people(cast, hidden) -> dict[str, Actor]:
    found = outsiders(cast, hidden)
    leave(found["somebody who left"])
    return found


def shell(name: str, asked: str, username: str = "") -> tuple[int, str]:
    """The exit code and all that was printed."""
    app, words = VERBS[name]
    result = CliRunner().invoke(app, [*words, *shlex.split(asked), *(["--as", username] if username else [])])
    return result.exit_code, result.output


def of(hidden: Hidden) -> dict[str, str]:
    return {
        "reference": hidden.reference,
        "release": hidden.release,
        "opening": str(hidden.opening),
        "conflict": str(hidden.conflict),
        "hold": hidden.hold,
        "slice": str(hidden.waiting_slice),
        "like": LIKE_IT,
        "file": __file__,
    }


NOT_THERE = {
    "reference": ABSENT,
    "release": "RL-2026-9999",
    "opening": str(NONE),
    "conflict": str(NONE),
    "hold": "LH-2026-9999",
    "slice": str(NONE),
    "like": LIKE_IT,
    "file": __file__,
}


def test_no_verb_tells_anybody_of_the_case_and_none_changes_it(hidden, people):
    before = traces(hidden)
    for name, asked in ASKED.items():
        for kind, actor in people.items():
            username = Staff.objects.get(pk=actor.id).username
            with transaction.atomic():
                code, text = shell(name, asked.format(**of(hidden)), username)
                # An officer closes openings and ends conflicts by right.
                transaction.set_rollback(reads_of_openings(kind))
            assert MARKER not in text, (name, kind)
            if reads_of_openings(kind):
                continue
            assert hidden.reference not in text, (name, kind)
            if "{" in asked:
                assert (code, text) == shell(name, asked.format(**NOT_THERE), username), (name, kind)
    assert traces(hidden) == before


def test_what_the_machine_prints_tells_nothing_of_it(hidden):
    for name, asked in PRINTED.items():
        _code, text = shell(name, asked)
        assert MARKER not in text, name
        assert hidden.reference not in text, name


def test_who_may_see_it_does(hidden):
    for name in ("case show", "search", "release list", "release show"):
        code, text = shell(name, ASKED[name].format(**of(hidden)), "juniper")
        assert (code, MARKER in text) == (0, True), name
    for name in ("search", "release show"):
        assert MARKER in shell(name, ASKED[name].format(**of(hidden)), "rowan")[1], name

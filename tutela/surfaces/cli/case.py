"""`tutela case`: list cases, read one, and do to it what the desk can do."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tutela.core.errors import BadData, NotFound
from tutela.core.files.leaving import safe_name
from tutela.core.flow import registry
from tutela.core.flow.perform import make_form
from tutela.core.people.actor import Actor, acting_as
from tutela.surfaces.api import doing, listing, reading, sending
from tutela.surfaces.api.forms_schema import takes_many
from tutela.surfaces.api.looks import find_case
from tutela.surfaces.cli.common import (
    As,
    AsJson,
    Limit,
    Page,
    actor_named,
    console,
    moment,
    plain,
    say_json,
    say_page,
    say_table,
    speaking,
)
from tutela.surfaces.cli.main import USAGE, fail

app = typer.Typer(help="Cases: list, show, do.", no_args_is_help=True)

Reference = Annotated[str, typer.Argument(help="The reference of a case, for instance EM-2026-0001.")]
StepName = Annotated[str, typer.Argument(help="The name of a step: see tutela case steps REFERENCE.")]


class Order(StrEnum):
    """In which order a list comes."""

    NEWEST = "newest"
    DUE = "due"
    UPDATED = "updated"


@app.command("list")
@speaking
def list_command(
    *,
    workflow: Annotated[str, typer.Option(help="Only this workflow.")] = "",
    state: Annotated[str, typer.Option(help="Only cases in this state.")] = "",
    assignee: Annotated[str, typer.Option(help="A username, or “me”, or “nobody”.")] = "",
    is_open: Annotated[
        bool, typer.Option("--open/--all", help="Only open cases, or closed ones too.")
    ] = True,
    words: Annotated[str, typer.Option("--search", help="Only cases with these words.")] = "",
    order: Annotated[Order, typer.Option(help="What comes first.")] = Order.DUE,
    limit: Limit = 50,
    cursor: Page = "",
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """List the cases that you may see, what is due soonest first.

    tutela case list --as juniper --workflow emergency --assignee nobody
    """
    wanted = listing.Wanted(
        workflow=workflow,
        state=state,
        assignee=assignee,
        open=True if is_open else None,
        words=words,
        order=order.value,
    )
    show_page(listing.list_cases(actor_named(username), wanted, limit, cursor or None), as_json=as_json)


def show_page(page: Mapping[str, Any], *, as_json: bool) -> None:
    """Print a page of cases."""
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = (
        (
            one["reference"],
            state_label(one["workflow"], one["state"]),
            one["severity"],
            one["assignee"]["username"] if one["assignee"] else "",
            moment(one["due_at"]),
            one["title"],
        )
        for one in page["items"]
    )
    say_table(
        ("Reference", "State", "Severity", "Assignee", "Due", "Title"), rows, "No case that you may see."
    )
    if page["next"]:
        typer.echo(f"More: --cursor {page['next']}", err=True)


def state_label(workflow: str, state: str) -> str:
    """The label of a state, or its name where the workflow no longer declares it."""
    try:
        return str(registry.workflow(workflow).state(state).label)
    except (LookupError, NotFound):
        return state


@app.command()
@speaking
def show(reference: Reference, *, as_json: AsJson = False, username: As = "") -> None:
    """Read one case: facts, clocks, what waits, and what you could do.

    tutela case show EM-2026-0001 --as juniper
    """
    case = reading.case_detail(reference, actor_named(username))
    if as_json:
        say_json(case)
        return
    for line in _told(case):
        console().print(plain(line), markup=False, highlight=False, soft_wrap=True)


def _told(case: Mapping[str, Any]) -> Iterable[str]:
    holder = case["assignee"]["name"] if case["assignee"] else "nobody"
    state = state_label(case["workflow"], case["state"])
    yield f"{case['reference']}  {case['title']}"
    yield f"State: {state}. Severity: {case['severity']}. With {holder}."
    yield f"Received {moment(case['received_at'])}. Version {case['version']}."
    lines = {
        "Clocks": [f"{one['label']}: {one['state']}, due {moment(one['due_at'])}" for one in case["clocks"]],
        "Facts": [f"{name}: {_short(value)}" for name, value in case["facts"].items()],
        "Parties": [f"{one['name']} ({one['kind']}, {one['part']})" for one in case["parties"]],
        "Waits for approval or review": [
            f"{one['id']}: {one['label']}, round {one['round']}, asked by {one['proposer']['name']}"
            for one in case["requests"]
        ],
        "Effects": [f"{one['label'] or one['verb']}: {one['state']}" for one in case["effects"]],
        "You could": [f"{one['name']}: {one['label']}" for one in case["steps"] if not one["why_not"]],
    }
    for title, found in lines.items():
        yield from _section(title, found)


def _section(title: str, lines: list[str]) -> Iterable[str]:
    return ["", title, *(f"  {line}" for line in lines)] if lines else []


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


@app.command()
@speaking
def steps(reference: Reference, *, as_json: AsJson = False, username: As = "") -> None:
    """List the steps that you could take on a case now, with the fields that each asks for.

    tutela case steps EM-2026-0001 --as juniper
    """
    found = reading.steps(reference, actor_named(username))
    if as_json:
        say_json(found)
        return
    rows = ((one["name"], one["label"], _asked(one["form"]), one["why_not"]) for one in found["items"])
    say_table(
        ("Step", "What it does", "Fields (* needed)", "Not yet, because"), rows, "No step is yours to take."
    )


def _asked(form: Mapping[str, Any]) -> str:
    needed = form.get("required", [])
    return ", ".join(f"{name}*" if name in needed else name for name in form["properties"])


@app.command()
@speaking
def timeline(
    reference: Reference, *, limit: Limit = 200, cursor: Page = "", as_json: AsJson = False, username: As = ""
) -> None:
    """Read what happened to a case, the oldest line first.

    tutela case timeline EM-2026-0001 --as juniper
    """
    page = reading.timeline(reference, actor_named(username), limit, cursor or None)
    if as_json:
        say_page(page["items"], page["next"])
        return
    rows = ((moment(one["at"]), one["actor"], one["label"], one["to_state"]) for one in page["items"])
    say_table(("When", "Who", "What", "State after it"), rows, "Nothing happened yet.")


@app.command()
@speaking
def do(
    reference: Reference,
    step: StepName,
    *,
    given: Annotated[
        list[str] | None, typer.Option("-d", metavar="FIELD=VALUE", help="An answer; once more for a list.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(help="A JSON file with the answers, or - for stdin.", allow_dash=True)
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen outside; keep nothing.")
    ] = False,
    key: Annotated[str, typer.Option(help="The same step under the same key is done once.")] = "",
    version: Annotated[int | None, typer.Option(help="Refuse when the case is not at this version.")] = None,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Take a step on a case.

    tutela case do EM-2026-0001 note -d text="Called the helpline." --as juniper
    """
    actor = actor_named(username)
    answers = {**_from_file(data), **_from_options(reference, step, actor, given or [])}
    doing.check_fields(reference, step, actor, answers)
    if dry_run:
        _say_rehearsed(doing.rehearsed(reference, step, actor, answers), as_json=as_json)
        return
    outcome = doing.told(doing.do_step(reference, step, actor, answers, key=key, version=version))
    if as_json:
        say_json(outcome)
    else:
        _say_done(outcome)


@app.command("add-file")
@speaking
def add_file(
    reference: Reference,
    path: Annotated[Path, typer.Argument(help="The file.", exists=True, dir_okay=False, readable=True)],
    *,
    title: Annotated[str, typer.Option(help="What it is: no names, no quoted harm.")],
    source: Annotated[str, typer.Option(help="Where it comes from.")] = "",
    key: Annotated[str, typer.Option(help="The same step under the same key is done once.")] = "",
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Keep a file of any size as an exhibit of a case. It is sealed while it is read.

    tutela case add-file EM-2026-0001 screen.png --title "Talk page" --as juniper
    """
    actor = actor_named(username)
    sending.check_may_send(reference, actor)
    with path.open("rb") as file:
        kept = sending.sent(reference, actor, path.name, iter(lambda: file.read(sending.PIECE), b""))
    answers = {"file": str(kept["id"]), "title": title, "source": source}
    outcome = doing.told(doing.do_step(reference, sending.STEP, actor, answers, key=key))
    if as_json:
        say_json({**outcome, "file": kept})
    else:
        _say_done(outcome)


@app.command("get-file")
@speaking
def get_file(
    reference: Reference,
    number: Annotated[int, typer.Argument(help="The number of the exhibit: 3 for E-3.")],
    *,
    to: Annotated[
        Path | None, typer.Option(help="Where to write it; else here, by its own name.", dir_okay=False)
    ] = None,
    sure: Annotated[bool, typer.Option("--sure", help="Also when the virus scan found something.")] = False,
    as_json: AsJson = False,
    username: As = "",
) -> None:
    """Write an exhibit of a case to a file. The look is recorded. What is there is never written over.

    tutela case get-file EM-2026-0001 1 --to screen.png --as juniper
    """
    if to and to.exists():
        fail(f"{to} is there already. Name another file.")
    leaving = reading.exhibit_file(reference, number, actor_named(username), knowing=sure)
    path = to or Path(safe_name(leaving.name))
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            for chunk in leaving.chunks:
                file.write(chunk)
        except BaseException:
            path.unlink()
            raise
    if as_json:
        say_json({"path": str(path), "size": leaving.size})
    else:
        typer.echo(plain(f"Written: {path}."))


def _say_rehearsed(found: Mapping[str, Any], *, as_json: bool) -> None:
    if as_json:
        say_json(found)
        return
    typer.echo(f"State: {state_label(_workflow_of(found['reference']), found['state'])}.")
    rows = ((one["connector"], one["verb"], one["label"], _short(one["payload"])) for one in found["would"])
    say_table(("Connector", "Verb", "Label", "With"), rows, "Nothing would happen outside.")
    for letter in found["letters"]:
        typer.echo(plain(f"\nThe reporter would read:\n{letter['text']}"))
    typer.echo("Nothing was changed.", err=True)


def _say_done(outcome: Mapping[str, Any]) -> None:
    step, reference = outcome["step"], outcome["reference"]
    if outcome["held"]:
        said = f"{reference}: {step} waits for approval as request {outcome['request']}."
        typer.echo(f"{said} Nothing happened outside.")
        return
    typer.echo(
        f"{reference}: {step} is done. State: {state_label(_workflow_of(reference), outcome['state'])}."
    )
    for one in outcome["effects"]:
        typer.echo(plain(f"  {one['connector']}: {one['label'] or one['verb']} ({one['state']})"))


def _workflow_of(reference: str) -> str:
    """The workflow of a reference, by its prefix."""
    prefix = reference.partition("-")[0]
    return next((one.slug for one in registry.workflows() if one.prefix == prefix), "")


def _from_file(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    raw = sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()
    try:
        answers = json.loads(raw)
    except ValueError as error:
        raise BadData(f"The answers are not JSON: {error}", {}) from None
    if not isinstance(answers, dict):
        raise BadData("The answers must be one JSON object.", {})
    return answers


def _from_options(reference: str, step: str, actor: Actor, given: list[str]) -> dict[str, Any]:
    """What -d says. A field that takes a list gets one; one that takes JSON is read as JSON by its form."""
    answers: dict[str, Any] = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            fail(f"-d {one}: write FIELD=VALUE.", USAGE)
        answers.setdefault(name, []).append(value)
    if not answers:
        return {}
    many = _list_fields(reference, step, actor)
    return {
        name: values if name in many or len(values) > 1 else values[0] for name, values in answers.items()
    }


def _list_fields(reference: str, step: str, actor: Actor) -> set[str]:
    with acting_as(actor):
        case = find_case(reference)
        declared = doing.declared_step(case, step)
        fields = make_form(declared, case).fields if declared.form else {}
    return {name for name, field in fields.items() if takes_many(field)}

"""The program, run in this process; and as a program of its own where that matters."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tests.cast import Cast, make_cast, report_emergency

Run = Callable[..., Result]


@pytest.fixture
def cast(db) -> Cast:
    return make_cast()


@pytest.fixture
def reference(cast) -> str:
    return report_emergency()


@pytest.fixture
def run(monkeypatch) -> Run:
    """`run("case", "list", "--json", by="juniper")`: what a command printed and how it ended."""
    monkeypatch.delenv("TUTELA_AS", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")

    def invoke(command: str, *words: str, by: str = "", **more: Any) -> Result:
        app = import_module(f"tutela.surfaces.cli.{command}").app
        return CliRunner().invoke(app, [*words, *(["--as", by] if by else [])], **more)

    return invoke


@pytest.fixture
def as_json(run) -> Callable[..., Any]:
    """The same with --json, which must end well: what it printed, read."""

    def invoke(command: str, *words: str, **more: Any) -> Any:
        result = run(command, *words, "--json", **more)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    return invoke


def program(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    """`tutela …` as a shell runs it."""
    command = [sys.executable, "-m", "tutela", *words]
    env = {**os.environ, **more.pop("env", {})}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=120, **more)

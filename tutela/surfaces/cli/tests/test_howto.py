"""The examples of the how-to pages work as they are written, in their order."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cast import make_cast, report_emergency
from tutela.surfaces.api.problems import KINDS

PAGES = Path(__file__).resolve().parents[4] / "docs" / "howto"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def script_of(page: str, url: str) -> str:
    """All examples of a page as one script. Python is handed to Python, with the variables so far."""
    text = (PAGES / page).read_text(encoding="utf-8").replace("http://127.0.0.1:8800", url)
    lines = ["set -euo pipefail"]
    for kind, code in BLOCK.findall(text):
        lines.append(code if kind == "sh" else f"export TOKEN\npython3 - <<'PYTHON'\n{code}\nPYTHON")
    return "\n".join(lines)


@pytest.fixture
def programs(tmp_path) -> dict[str, str]:
    """An environment in which `tutela` and `python3` are ours."""
    for name, command in (
        ("tutela", f'exec "{sys.executable}" -m tutela "$@"'),
        ("python3", f'exec "{sys.executable}" "$@"'),
    ):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{command}\n")
        program.chmod(0o755)
    surroundings = {"NO_COLOR": "1", "TUTELA_ANCHORS": f"folder:{tmp_path / 'anchors'}"}
    return {**os.environ, **surroundings, "PATH": f"{tmp_path}:{os.environ['PATH']}"}


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="curl is not installed")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["api.md", "cli.md"])
def test_the_examples_of_a_page_work(page, live_server, programs):
    make_cast()
    report_emergency(sender_email="reader@wiki.example")
    script = script_of(page, live_server.url)
    assert script.count("tutela ") + script.count("curl ") > 8
    done = subprocess.run(
        ["bash", "-c", script], check=False, capture_output=True, text=True, env=programs, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


def test_the_page_lists_every_problem():
    page = (PAGES / "api.md").read_text(encoding="utf-8")
    table = dict(re.findall(r"^\| (\d{3}) \| ([^|]*) \|", page, re.MULTILINE))
    for kind in KINDS:
        assert f"`{kind.code}`" in table[str(kind.status)], kind.code

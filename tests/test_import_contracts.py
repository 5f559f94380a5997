from __future__ import annotations

import tomllib
from pathlib import Path

from tutela.workflows import INSTALLED

PYPROJECT = Path(__file__).resolve().parent.parent / "pyproject.toml"


def test_every_installed_workflow_is_held_apart_from_the_others():
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    (apart,) = [one for one in contracts if one["name"] == "Workflows do not know each other"]
    assert apart["modules"] == [f"tutela.workflows.{name}" for name in INSTALLED]

"""The pages on security name tests; each of them is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "SECURITY.md", *sorted((ROOT / "docs" / "security").glob("*.md"))]


def named_in(page: Path) -> list[tuple[str, str]]:
    """Every `path::name` of a page."""
    return re.findall(r"`([\w/]+\.py)::(\w+)`", page.read_text())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_test_that_a_page_names_is_there(page):
    missing = [
        f"{path}::{name}"
        for path, name in named_in(page)
        if not (ROOT / path).exists() or f"def {name}(" not in (ROOT / path).read_text()
    ]
    assert missing == []


def test_the_threat_model_goes_through_all_that_must_never_happen():
    page = (ROOT / "docs" / "security" / "threat-model.md").read_text()
    headings = re.findall(r"^## (\d)\. ", page, re.MULTILINE)
    assert headings == list("1234567")
    for part in re.split(r"^## (?=\d\. )", page, flags=re.MULTILINE)[1:]:
        rows = [line for line in part.splitlines() if line.startswith("| ") and "| --- |" not in line][1:]
        assert rows
        assert all("::" in row for row in rows), part.splitlines()[0]


def test_every_file_and_folder_that_a_page_links_to_is_there():
    for page in PAGES:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"

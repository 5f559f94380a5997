"""Rules that hold for every style sheet, template and script of the project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tutela.ui import assets
from tutela.ui.icons import NAMES

PACKAGE = Path(__file__).resolve().parents[2]
SHEETS = [path for path in PACKAGE.rglob("static/**/*.css") if "built" not in path.parts]
TEMPLATES = list(PACKAGE.rglob("templates/**/*.html")) + list(PACKAGE.rglob("ui/tests/pages/*.html"))
TOKENS = PACKAGE / "ui" / "static" / "ui" / "css" / "tokens.css"

COLOUR = re.compile(
    r"#[0-9a-f]{3,8}\b|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch|color|color-mix|light-dark)\(", re.IGNORECASE
)
NAMED = re.compile(
    r":[^;{]*\b(?:white|black|red|green|blue|gr[ae]y|yellow|orange|purple|pink|silver|navy)\b", re.IGNORECASE
)
PHYSICAL = re.compile(
    r"(?<![\w-])(?:(?:margin|padding|border)-(?:left|right|top|bottom)|left|right|top|bottom|width|height"
    r"|(?:min|max)-(?:width|height)|text-align\s*:\s*(?:left|right)|float)\s*:"
)


def _rules(path: Path) -> str:
    """The sheet without comments, and without the conditions of its media queries."""
    text = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return re.sub(r"@media[^{]*", "", text)


@pytest.mark.parametrize("sheet", [path for path in SHEETS if path != TOKENS], ids=lambda path: path.name)
def test_a_style_sheet_names_roles_and_never_a_colour(sheet: Path) -> None:
    rules = _rules(sheet)
    assert COLOUR.findall(rules) == []
    assert NAMED.findall(rules) == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda path: path.name)
def test_a_style_sheet_knows_start_and_end_but_not_left_and_right(sheet: Path) -> None:
    assert PHYSICAL.findall(_rules(sheet)) == []


@pytest.mark.parametrize(
    "text", ["a { color: #fff }", "a { background: rgb(0 0 0 / .5) }", "a { border: 1px solid red }"]
)
def test_the_rule_about_colours_finds_them(text: str) -> None:
    assert COLOUR.search(text) or NAMED.search(text)


@pytest.mark.parametrize("text", ["a { margin-left: 0 }", "a { width: 1rem }", "a{text-align: right}"])
def test_the_rule_about_directions_finds_them(text: str) -> None:
    assert PHYSICAL.search(text) or "text-align: right" in text


def test_dark_by_the_system_and_dark_when_pinned_are_the_same_colours() -> None:
    text = TOKENS.read_text(encoding="utf-8")
    by_system = re.search(r":root:not\(\[data-theme='light'\]\) \{(?P<body>.*?)\}", text, re.DOTALL)
    pinned = re.search(r":root\[data-theme='dark'\] \{(?P<body>.*?)\}", text, re.DOTALL)
    assert by_system
    assert pinned
    assert by_system["body"].split() == pinned["body"].split()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: "/".join(path.parts[-3:]))
def test_a_template_has_no_inline_style_script_or_handler(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert re.findall(r"\sstyle\s*=", text) == []
    assert re.findall(r"<style\b", text) == []
    assert re.findall(r"\son[a-z]+\s*=\s*[\"']", text) == []
    assert re.findall(r"javascript:", text) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")", text) == []


def test_the_sprite_has_every_icon_and_no_more(built: None) -> None:
    sprite = (assets.BUILT / "icons.svg").read_text(encoding="utf-8")
    drawn = re.findall(r'<symbol id="([a-z0-9-]+)" viewBox="0 0 20 20">', sprite)
    assert sorted(name for name in drawn if not name.endswith("-rtl")) == NAMES


def test_arrows_mirror_and_clocks_do_not(built: None) -> None:
    mirrored = json.loads((assets.BUILT / "icons.json").read_text(encoding="utf-8"))
    assert {"next", "previous", "undo", "handover", "send", "leave"} <= set(mirrored)
    assert not {"clock", "check", "pause", "search"} & set(mirrored)


def test_tokens_turn_dark_by_the_system_or_when_pinned_but_not_on_paper() -> None:
    sheet = assets.token_sheet(":root { --a: 1; /* why */ }", ":root { --a: 2; }")
    assert sheet.count("--a: 1;") == 1
    assert "@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) { --a: 2; }" in sheet
    assert "@media not print { :root[data-theme='dark'] { --a: 2; }" in sheet
    assert "why" not in sheet


def test_building_without_the_packages_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(assets.CodexMissingError, match="npm ci"):
        assets.build(tmp_path, tmp_path / "built")

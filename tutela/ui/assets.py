"""Make the files that pages take from the Codex packages: `python -m tutela.ui.assets`.

Nothing of Codex is kept in the repository. `npm ci` brings the packages; this module writes into
`static/ui/built/` one style sheet with Codex's tokens (light, dark by the system's wish, dark when
pinned) and one sprite with the icons that `tutela.ui.icons` names. It replaces what was there.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tutela.ui.icons import ALSO_FLIP, CODEX, OWN

PACKAGES = Path(__file__).resolve().parent.parent.parent / "node_modules" / "@wikimedia"
BUILT = Path(__file__).resolve().parent / "static" / "ui" / "built"

_RULE = re.compile(r":root\s*\{(?P<body>.*)\}", re.DOTALL)


class CodexMissingError(Exception):
    """The Codex packages are not installed; the message says what to run."""


@dataclass(frozen=True)
class Symbol:
    """One icon of the sprite. Right-to-left pages mirror it (`flips`) or draw another (`rtl`)."""

    name: str
    body: str
    flips: bool = False
    rtl: str = ""


def build(packages: Path = PACKAGES, built: Path = BUILT) -> list[Path]:
    """Write the token sheet, the sprite and the list of mirrored icons; return their paths.

    Raises `CodexMissingError` when a package is not there, `KeyError` when an icon left Codex.
    """
    icons = _read(packages / "codex-icons" / "dist" / "codex-icons.json")
    tokens = packages / "codex-design-tokens" / "dist"
    symbols = _symbols(json.loads(icons))
    built.mkdir(parents=True, exist_ok=True)
    return [
        _write(built / "codex.css", token_sheet(_read(tokens / _ROOT), _read(tokens / _DARK))),
        _write(built / "icons.svg", sprite(symbols)),
        _write(built / "icons.json", json.dumps(directions(symbols), indent=1, sort_keys=True)),
    ]


_ROOT = "theme-wikimedia-ui-root.css"
_DARK = "theme-wikimedia-ui-mode-dark.css"


def token_sheet(root: str, dark: str) -> str:
    """Return one sheet from Codex's light and dark sheets; `data-theme` on `<html>` wins over the system."""
    light, night = _body(root), _body(dark)
    return (
        "/* Design tokens of Wikimedia Codex, GPL-2.0-or-later. Made by tutela.ui.assets. */\n"
        f":root {{{light}}}\n"
        f"@media (prefers-color-scheme: dark) {{ :root:not([data-theme='light']) {{{night}}} }}\n"
        f"@media not print {{ :root[data-theme='dark'] {{{night}}} }}\n"
    )


def sprite(symbols: list[Symbol]) -> str:
    """Return one SVG document with a `<symbol>` per icon, and one more where right-to-left differs."""
    parts = [_symbol(s.name, s.body) for s in symbols]
    parts += [_symbol(f"{s.name}-rtl", s.rtl) for s in symbols if s.rtl]
    return '<svg xmlns="http://www.w3.org/2000/svg">\n' + "\n".join(parts) + "\n</svg>\n"


def directions(symbols: list[Symbol]) -> dict[str, str]:
    """Return icon -> `flips` or `rtl` for the icons that care about the direction of the page."""
    return {s.name: "rtl" if s.rtl else "flips" for s in symbols if s.rtl or s.flips}


def _symbols(codex: dict[str, Any]) -> list[Symbol]:
    taken = [_from_codex(name, codex[f"cdxIcon{theirs}"]) for name, theirs in CODEX.items()]
    own = [Symbol(name, drawing.body, drawing.flips) for name, drawing in OWN.items()]
    return sorted(taken + own, key=lambda symbol: symbol.name)


def _from_codex(name: str, icon: str | dict[str, Any]) -> Symbol:
    if isinstance(icon, str):
        return Symbol(name, icon, name in ALSO_FLIP)
    return Symbol(name, icon["ltr"], bool(icon.get("shouldFlip")), icon.get("rtl", ""))


def _symbol(name: str, body: str) -> str:
    return f'<symbol id="{name}" viewBox="0 0 20 20">{body}</symbol>'


def _body(sheet: str) -> str:
    rule = _RULE.search(sheet)
    if rule is None:
        message = "a Codex token sheet has no :root rule; was the package changed?"
        raise CodexMissingError(message)
    return re.sub(r"/\*.*?\*/", "", rule["body"], flags=re.DOTALL)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = f"{path} is missing. Run `npm ci` first."
        raise CodexMissingError(message) from error


def _write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def main() -> int:
    """Build all, print each path; return 1 with one line of advice when Codex is missing."""
    try:
        written = build()
    except CodexMissingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.writelines(f"{path}\n" for path in written)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

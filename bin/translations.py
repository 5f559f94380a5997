"""Compile each `django.po` that is newer than its `django.mo`. Unfinished (fuzzy) messages are left out."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po


def main() -> None:
    """Compile what is stale."""
    for source in sorted(Path("tutela/locale").glob("*/LC_MESSAGES/*.po")):
        compiled = source.with_suffix(".mo")
        if not compiled.exists() or compiled.stat().st_mtime < source.stat().st_mtime:
            compile_one(source, compiled)


def compile_one(source: Path, compiled: Path) -> None:
    """Write the compiled file beside its source, whole or not at all."""
    locale = source.parent.parent.name
    with source.open("rb") as text:
        catalog = read_po(text, locale=locale)
    staging = compiled.with_suffix(".staging")
    with staging.open("wb") as target:
        write_mo(target, catalog)
    staging.replace(compiled)


if __name__ == "__main__":
    main()

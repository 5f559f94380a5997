"""The questions of an assessment, from `checklist.toml` or the file that the operator names."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import get_language

OURS = Path(__file__).with_name("checklist.toml")
VARIABLE = "TUTELA_EMERGENCY_CHECKLIST"


@dataclass(frozen=True)
class Item:
    """One question. `labels` maps a language to its wording; English is always there."""

    name: str
    labels: Mapping[str, str]

    def __str__(self) -> str:
        language = get_language() or "en"
        return self.labels.get(language) or self.labels.get(language.split("-")[0]) or self.labels["en"]


def items() -> tuple[Item, ...]:
    """The questions in their order. Raises ImproperlyConfigured, naming the file and the fault."""
    return read(Path(os.environ.get(VARIABLE) or OURS))


@cache
def read(path: Path) -> tuple[Item, ...]:
    """The questions of one file."""
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("item", [])
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"The checklist {path} cannot be read: {error}") from None
    found = tuple(_item(path, number, entry) for number, entry in enumerate(entries, start=1))
    names = [one.name for one in found]
    if not found or len(set(names)) < len(names):
        raise ImproperlyConfigured(
            f"The checklist {path} needs at least one [[item]], each with its own name."
        )
    return found


def _item(path: Path, number: int, entry: Mapping[str, Any]) -> Item:
    name, labels = entry.get("name"), entry.get("label")
    if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name) or name == "narrative":
        raise ImproperlyConfigured(f"{path}, item {number}: `name` must be a short word in small letters.")
    if not isinstance(labels, dict) or not labels.get("en"):
        raise ImproperlyConfigured(f"{path}, item {number} ({name}): `label.en` is missing.")
    return Item(name, labels)

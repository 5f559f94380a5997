"""Text whose lines were cut for the journey and say so: `format=flowed` (RFC 3676)."""

from __future__ import annotations

import re
from typing import Final

_QUOTES: Final = re.compile(r">*")
_SIGNATURE: Final = "-- "


def unflow(text: str, *, delete_space: bool) -> str:
    """`text` with the lines of each paragraph joined again. Quoting depth is kept as `> ` signs.

    `delete_space` is the part's DelSp parameter: languages without spaces cut with one that goes again.
    """
    paragraphs: list[tuple[int, list[str]]] = []
    flowing = False
    for line in text.split("\n"):
        depth = len(_QUOTES.match(line)[0])  # type: ignore[index]  # `>*` matches everywhere
        content = line[depth:].removeprefix(" ")
        if not flowing or paragraphs[-1][0] != depth or content == _SIGNATURE:
            paragraphs.append((depth, []))
        flowing = content.endswith(" ") and content != _SIGNATURE
        paragraphs[-1][1].append(content[:-1] if flowing and delete_space else content)
    return "\n".join(_quoted(depth, "".join(lines)) for depth, lines in paragraphs)


def _quoted(depth: int, line: str) -> str:
    return f"{'>' * depth} {line}" if depth else line

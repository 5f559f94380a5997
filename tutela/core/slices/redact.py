"""Blacks words out of a text, however they are written.

Texts are compared as people read them: without regard to case, to compatibility forms of Unicode, to
accents and other marks, to characters that nobody sees, and to how many spaces or underlines stand between
words. What is too much is seen in the preview; what is too little is seen by somebody who should not.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: Stands for whatever was blacked out, of one length for all.
BLACK = "█████"
#: Letters by name that look like nothing.
_FILLERS = frozenset("\u115f\u1160\u3164\uffa0")


def black_out(text: str, words: Iterable[str]) -> str:
    """The text with each of the words blacked out wherever it stands, within longer words as well.

    Words without a letter or digit are passed over: see `is_word`.
    """
    needles = sorted({fold(word).strip() for word in words if is_word(word)}, key=len, reverse=True)
    while spans := _spans(text, needles):
        kept, at = [], 0
        for start, end in spans:
            kept += [text[at:start], BLACK]
            at = end
        text = "".join([*kept, text[at:]])
    return text


def is_word(word: str) -> bool:
    """Whether something can be looked for: it holds a letter or a digit."""
    return any(one.isalnum() for one in fold(word))


def fold(text: str) -> str:
    """A text as it is compared."""
    return _mapped(text)[0]


def _mapped(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the index of the one that it came from."""
    letters: list[str] = []
    owners: list[int] = []
    for at, one in enumerate(text):
        for letter in _folded(one):
            if letter == " " and letters and letters[-1] == " ":
                continue
            letters.append(letter)
            owners.append(at)
    return "".join(letters), owners


@lru_cache(maxsize=4096)
def _folded(one: str) -> str:
    now = unicodedata.normalize("NFKD", one)
    while (then := unicodedata.normalize("NFKD", now.casefold())) != now:
        now = then
    return "".join(" " if letter.isspace() or letter == "_" else letter for letter in now if _is_seen(letter))


def _is_seen(letter: str) -> bool:
    if letter in _FILLERS:
        return False
    if letter.isspace():
        return True
    return unicodedata.category(letter) not in {"Mn", "Me", "Cf", "Cc", "Cs"}


def _spans(text: str, needles: list[str]) -> list[tuple[int, int]]:
    """Where the needles stand in the text itself: parts that neither overlap nor touch."""
    folded, owners = _mapped(text)
    found: list[tuple[int, int]] = []
    for needle in needles:
        at = folded.find(needle)
        while at >= 0:
            found.append((owners[at], _end(text, owners[at + len(needle) - 1])))
            at = folded.find(needle, at + 1)
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _end(text: str, last: int) -> int:
    """Behind a character and the marks upon it."""
    end = last + 1
    while end < len(text) and not _folded(text[end]):
        end += 1
    return end

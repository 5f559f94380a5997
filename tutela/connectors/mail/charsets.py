"""From bytes to text that a database and a page can hold, whatever the bytes are."""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases
from typing import Final

# Text encodings that mail uses. Python knows more (zip, punycode, unicode_escape, …) that must not be
# reachable from a header, and remembers every unknown name it is asked for, so we ask only for these.
_KNOWN: Final = frozenset(
    {"ascii", "big5", "big5hkscs", "gb18030", "hz", "johab", "koi8_r", "koi8_t", "koi8_u", "kz1048"}
    | {"ptcp154", "shift_jis_2004", "shift_jisx0213", "tis_620", "utf_7", "utf_8"}
    | {f"cp{number}" for number in (437, 720, 737, 775, 874, 932, 949, 950, 1006, 1125, 1140)}
    | {f"cp{number}" for number in (850, 852, 855, 856, 857, 858, 860, 861, 862, 863, 864, 865, 866, 869)}
    | {f"cp{number}" for number in range(1250, 1259)}
    | {f"euc_{name}" for name in ("jis_2004", "jisx0213", "jp")}
    | {f"iso2022_{name}" for name in ("jp", "jp_1", "jp_2", "jp_2004", "jp_3", "jp_ext", "kr")}
    | {f"iso8859_{number}" for number in (2, 3, 4, 5, 6, 7, 8, 10, 11, 13, 14, 15, 16)}
    | {f"mac_{name}" for name in ("cyrillic", "greek", "iceland", "latin2", "roman", "turkish")}
    | {f"utf_{bits}{order}" for bits in (16, 32) for order in ("", "_be", "_le")}
)
# What mailers write and mean: each is read as the larger set that it is a part of.
_MEANT: Final = {
    "latin_1": "cp1252",
    "iso8859_1": "cp1252",
    "iso8859_9": "cp1254",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x_gbk": "gb18030",
    "ks_c_5601_1987": "cp949",
    "euc_kr": "cp949",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "x_sjis": "cp932",
    "shift_jis": "cp932",
    "windows_31j": "cp932",
    "windows_874": "cp874",
    "x_mac_roman": "mac_roman",
    "x_mac_cyrillic": "mac_cyrillic",
    "unicode_1_1_utf_7": "utf_7",
    "x_unknown": "",
    "unknown_8bit": "",
}
_SHIFT_TO_KANJI: Final = b"\x1b$B"  # ISO-2022-JP gives itself away, and often goes undeclared
_BOMS: Final = (
    (codecs.BOM_UTF8, "utf_8"),
    (codecs.BOM_UTF32_LE, "utf_32"),
    (codecs.BOM_UTF32_BE, "utf_32"),
    (codecs.BOM_UTF16_LE, "utf_16"),
    (codecs.BOM_UTF16_BE, "utf_16"),
)

# Everything that is neither text nor a tab or line feed: control characters, halves of surrogate pairs,
# and the code points that Unicode promises never to use. PostgreSQL refuses some, terminals obey others.
_LINE_ENDS: Final = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_NOT_TEXT: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
# Characters that turn the direction of what follows. In a name or a subject they only deceive.
_TURNS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")
_SPACES: Final = re.compile(r"\s+")


def codec(label: str) -> str:
    """Python's name of the text encoding that a mailer means by `label`, or "" for one we do not read."""
    name = re.sub(r"[^a-z0-9]+", "_", label[:40].lower()).strip("_")
    name = _MEANT.get(name, aliases.get(name, name))
    name = _MEANT.get(name, name)
    return name if name in _KNOWN else ""


def decode(data: bytes, label: str = "") -> tuple[str, str]:
    """The text in `data`, and what was wrong: "", "charset-unknown", "charset-guessed" or "broken-text".

    Nothing is dropped: bytes without a meaning become U+FFFD.
    """
    for mark, name in _BOMS:
        if data.startswith(mark):
            return _read(data, name)
    name = codec(label)
    if name and name != "ascii":
        return _read(data, name)
    if _SHIFT_TO_KANJI in data:
        return _read(data, "iso2022_jp_ext")
    text, trouble = _read(data, "utf_8")
    if trouble:
        text, trouble = data.decode("cp1252", "replace"), "charset-guessed"
    return text, "charset-unknown" if label and not name else trouble


def _read(data: bytes, name: str) -> tuple[str, str]:
    try:
        return data.decode(name), ""
    except UnicodeError:
        return data.decode(name, "replace"), "broken-text"


def clean(text: str) -> str:
    """`text` with line feeds as its only line ends and without characters that are not text."""
    return _NOT_TEXT.sub("", _LINE_ENDS.sub("\n", text)).removeprefix("\ufeff")


def has_controls(text: str) -> bool:
    """Whether `clean` would leave characters out of `text`."""
    return bool(_NOT_TEXT.search(_LINE_ENDS.sub("\n", text).removeprefix("\ufeff")))


def one_line(text: str, limit: int = 1000) -> str:
    """`text` for a place of one line: no line ends, no turning of direction, `limit` characters."""
    return _SPACES.sub(" ", _TURNS.sub("", clean(text[: limit * 2]))).strip()[:limit]


def turns_direction(text: str) -> bool:
    """Whether `text` holds characters that would show it, or what follows it, in another order."""
    return bool(_TURNS.search(text))

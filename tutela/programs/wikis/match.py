"""Reads the mails of the extension MediaModeration: a file on a wiki has the hash of a known image.

They are in English on every wiki. The text part is escaped as HTML, and names have underscores for spaces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from urllib.parse import urlsplit

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_SUBJECT = re.compile(r"Automated scan found hash match for hash ([0-9a-z]{31}) at\b")
_INTRO = re.compile(
    r"^The following file revisions? on (https?://\S+) (?:is|are) a possible match to a known", re.MULTILINE
)
_FILE = re.compile(r"^\* (\S+): (.+)$", re.MULTILINE)
_VERSION = re.compile(r"(\d\d):(\d\d), (\d{1,2}) ([A-Z][a-z]+) (\d{4})(?: \( (\S+) \))?")
_UNDATED = re.compile(r"^The following filenames? had versions which matched,.*?: (.+)$", re.MULTILINE)
_BETWEEN = re.compile(r", and |, | and ")


@dataclass(frozen=True)
class Version:
    """One version of a file; `address` is "" where the wiki does not show it."""

    uploaded: datetime
    address: str = ""


@dataclass(frozen=True)
class MatchedFile:
    """A file by its name on the wiki. It has no versions where the wiki knows no time of upload."""

    name: str
    versions: tuple[Version, ...] = ()


@dataclass(frozen=True)
class Match:
    """What one mail says. `sha1` is in hex, `wiki` the host of the wiki."""

    sha1: str
    wiki: str
    server: str
    files: tuple[MatchedFile, ...]

    @property
    def told(self) -> set[tuple[str, datetime | None]]:
        """Every version that it names, to see whether another mail says more."""
        dated = {(file.name, version.uploaded) for file in self.files for version in file.versions}
        return dated | {(file.name, None) for file in self.files if not file.versions}


def sha1_in(subject: str) -> str:
    """The SHA-1 that such a subject names, in hex; "" for any other subject."""
    found = _SUBJECT.match(subject)
    number = int(found[1], 36) if found else 0
    return number.to_bytes(20).hex() if found and number.bit_length() <= 160 else ""


def subject_of(sha1: str) -> str:
    """How the subjects of all mails about one hash begin."""
    number, digits = int(sha1, 16), ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return f"Automated scan found hash match for hash {digits:0>31} at"


def read_match(subject: str, text: str) -> Match | None:
    """What the mail says; None where subject and text are not those of such a mail. Never raises."""
    sha1, text = sha1_in(subject), text.replace("\r\n", "\n")
    intro = _INTRO.search(text)
    if not (sha1 and intro):
        return None
    body = text[intro.end() :]
    files = [MatchedFile(unescape(name), _versions(said)) for name, said in _FILE.findall(body)]
    for names in _UNDATED.findall(body):
        files += [MatchedFile(unescape(name)) for name in _BETWEEN.split(names.strip()) if name]
    try:
        wiki = urlsplit(unescape(intro[1])).hostname or ""
    except ValueError:
        return None
    return Match(sha1, wiki, unescape(intro[1]), tuple(files)) if files and wiki else None


def _versions(said: str) -> tuple[Version, ...]:
    found = []
    for hour, minute, day, month, year, address in _VERSION.findall(said):
        if month not in _MONTHS:
            continue
        try:
            at = datetime(int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), tzinfo=UTC)
        except ValueError:
            continue
        found.append(Version(at, unescape(address)))
    return tuple(found)

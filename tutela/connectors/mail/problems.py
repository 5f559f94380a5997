"""What can be wrong with a mail or a file in it, by a code that is stored and a sentence for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

MAX_PROBLEMS: Final = 50


@dataclass(frozen=True)
class Problem:
    """One thing that was wrong, and where: the name of a file, a count, a word from the mail."""

    code: str
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """Why a file is quarantined. The file is kept whole all the same."""

    code: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"[:300] if self.detail else self.code


MAIL: Final[dict[str, StrPromise]] = {
    "broken-text": _("Some characters could not be read and are shown as �."),
    "charset-guessed": _("The mail does not say how its characters are written; they were guessed."),
    "charset-unknown": _("The mail names a character set that does not exist; its characters were guessed."),
    "control-characters": _("Control characters were left out of the text."),
    "cut-short": _("The mail ends in the middle of a part."),
    "direction-control": _("A name turned the direction of writing, which can hide what a file is."),
    "empty": _("The mail has neither text nor files."),
    "encoded-word": _("A header is wrongly encoded and is shown as it came."),
    "encrypted": _("A part of the mail is encrypted and could not be read."),
    "header-cut": _("A header is longer than we read; the rest is in the mail as it came."),
    "headers-cut": _("There are more headers than we read; the rest is in the mail as it came."),
    "mail-cut": _(
        "The mail is larger than we take. This is its beginning; the whole of it is in the mailbox."
    ),
    "no-blank-line": _("No blank line separates the headers from the text."),
    "no-boundary": _("The mail says that it has parts, but none could be found."),
    "no-date": _("The date could not be read."),
    "no-headers": _("The mail has no headers."),
    "no-sender": _("The mail names no sender that could be answered."),
    "quarantined": _("A file could do harm when it is opened. It is kept, but not offered for opening."),
    "text-cut": _("The text is longer than we show; the whole of it is attached as a file."),
    "tnef": _("The mail came in Outlook's own format (winmail.dat), which is kept but not read."),
    "too-deep": _("Mails are nested deeper than we read; the rest is attached as a file."),
    "too-many-files": _("There are more files than we take out; the rest is in the mail as it came."),
    "too-many-parts": _("The mail has more parts than we read; the rest is in the mail as it came."),
    "too-many-recipients": _("There are more recipients than we list."),
    "transfer-encoding": _("A part is wrongly encoded; as much as possible of it was read."),
    "unparsable": _("The mail could not be read. It is kept as it came and shown as plain characters."),
}
FILES: Final[dict[str, StrPromise]] = {
    "archive-bomb": _("This archive would unpack to far more than its own size."),
    "archive-broken": _("This archive is damaged or pretends to be something else."),
    "archive-closed": _("We cannot look into this archive before it is unpacked."),
    "archive-entries": _("This archive holds too many files."),
    "archive-nested": _("This archive holds further archives."),
    "archive-overlap": _("Files in this archive share the same bytes, as in archives made to do harm."),
    "image-broken": _("This picture is damaged or pretends to be something else."),
    "image-frames": _("This picture has too many frames."),
    "image-pixels": _("This picture has too many pixels."),
    "too-large": _("This file is too large to open here."),
}


def explain(code: str) -> StrPromise | str:
    """The sentence for a code, in the reader's language. An unknown code explains itself."""
    code = code.partition(":")[0]
    return MAIL.get(code) or FILES.get(code) or code

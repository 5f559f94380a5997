"""One entry of the log is one line, whatever a visitor put into an address or a name."""

from __future__ import annotations

import logging
import re
import time

# Control characters, the line ends of Unicode, and marks that turn a line's direction around.
_STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
INDENT = "    "


class OneLine(logging.Formatter):
    """Writes what could begin a line of its own as an escape; a stack trace follows, indented. In UTC."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's own name
        """The line of one record."""
        return _STEERS.sub(_escaped, super().formatMessage(record))

    def formatException(self, ei: object) -> str:  # noqa: N802  as above
        """A stack trace, of which no line looks like an entry."""
        lines = super().formatException(ei).splitlines()  # type: ignore[arg-type]  # what logging itself passes
        return "\n".join(INDENT + _STEERS.sub(_escaped, line) for line in lines)


def _escaped(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()

"""Reads what the extension ReportIncident writes: an emergency, or a direct report by mail.

A reporter can write anything into the details, also lines that look like ours. So each label counts where
the extension puts it, once, and nothing after the beginning of the details does.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs, urlsplit

MOST_NAME, MOST_ADDRESS = 255, 1000


class Threat(StrEnum):
    """What is threatened, by the extension's own names."""

    PHYSICAL = "threats-physical-harm"
    SELF = "threats-self-harm"
    PUBLIC = "threats-public-harm"


_THREATS = {
    "Threats of physical harm": Threat.PHYSICAL,
    "Threats of self-harm": Threat.SELF,
    "Threats of public harm": Threat.PUBLIC,
}
# An emergency is written in English on every wiki. In this order.
_LABELS = (
    ("reporter", re.compile(r"Reporting user:(.*)")),
    ("reported", re.compile(r"Reported user:(.*)")),
    ("address", re.compile(r"Link to (?:page|reported comment|reported topic):(.*)")),
    ("threat", re.compile(r"Threat type:(.*)")),
)
_DETAILS = re.compile(r"^Details:", re.MULTILINE)
_WEB = re.compile(r"https?://\S+\Z")
_LABELLED = re.compile(r"[^:\uff1a]{1,80}[:\uff1a](.*)")


@dataclass(frozen=True)
class Incident:
    """What such a report says. A name is "" where none is given, `threat` None where it is another one."""

    reporter: str = ""
    reported: str = ""
    address: str = ""
    threat: Threat | None = None
    behaviour: str = ""
    details: str = ""


def read_emergency(text: str) -> Incident:
    """An emergency, as it stands in the body of the comment. Never raises; what is missing is empty."""
    text = text.replace("\r\n", "\n")
    start = _DETAILS.search(text)
    head, details = (text[: start.start()], text[start.end() :]) if start else (text, "")
    lines, found, at = head.split("\n"), dict[str, str](), 0
    for name, label in _LABELS:
        for place in range(at, len(lines)):
            if match := label.match(lines[place]):
                found[name], at = match[1].strip(), place + 1
                break
    return Incident(
        reporter=found.get("reporter", "")[:MOST_NAME],
        reported=found.get("reported", "")[:MOST_NAME],
        address=_address(found.get("address", "")),
        threat=_THREATS.get(found.get("threat", "")),
        details=details.strip(),
    )


def read_direct(text: str) -> Incident | None:
    """A direct report, whose labels are in any language; None where the text is no such report.

    Known by its shape: two names, an address, an empty line, the behaviour, the details, and at the end
    the address for a mail to whoever reported it, which names them once more.
    """
    lines = [line.strip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    if len(lines) < 7 or lines[3]:
        return None
    values = [_value(line) for line in (*lines[:3], lines[4], lines[5], lines[-1])]
    reporter, reported, address, behaviour, details, answer = values
    if not (_WEB.match(address) and reporter and behaviour and _is_mail_to(answer, reporter)):
        return None
    return Incident(
        reporter=reporter[:MOST_NAME],
        reported=reported[:MOST_NAME],
        address=_address(address),
        behaviour=behaviour[:MOST_NAME],
        details="\n".join([details, *lines[6:-1]]).strip(),
    )


def _value(line: str) -> str:
    """What stands behind a label, in whichever language it is."""
    match = _LABELLED.match(line)
    return match[1].strip() if match else ""


def _is_mail_to(address: str, name: str) -> bool:
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return False
    return query.get("wpTarget", [""])[0].replace("_", " ") == name.replace("_", " ")


def _address(said: str) -> str:
    return said[:MOST_ADDRESS] if _WEB.match(said) else ""

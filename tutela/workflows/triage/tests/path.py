"""Reports that are not ours, and the way they take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.cast import Cast, agree, case_of
from tutela.core.cases.models import Case, CaseLink, Message
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, receive
from tutela.core.flow.perform import Outcome, perform
from tutela.core.people.actor import Actor, acting_as
from tutela.programs.directory.files import load_sample

READER = "loud.reader@wiki.example"
SUSPENSION = {"weighed": ["frequency", "intent"], "measure": "month", "reason": "Forty mails in a week."}


def do(reference: str, step: str, actor: Actor, /, **data: Any) -> Outcome:
    """Perform one step."""
    return perform(reference, step, actor, data)


def mail(**changes: Any) -> Incoming:
    """A mail to the general address."""
    words = "Somebody keeps reverting my edits."
    values: dict[str, Any] = {
        "channel": "mail",
        "workflow": "triage",
        "mailbox": "info",
        "raw": words.encode(),
        "text": words,
        "subject": "Reverted again",
        "sender_email": READER,
        "language": "en",
    }
    values |= changes
    return Incoming(**{**values, "source_key": values.get("source_key") or values["text"]})


def received(**changes: Any) -> str:
    """A case in triage from a mail. Returns the reference."""
    return open_case(receive(mail(**changes)).report_id)


def sorted_out(cast: Cast, **changes: Any) -> str:
    """A case that is sorted, with the invented directory loaded."""
    load_sample()
    reference = received(**changes)
    do(reference, "sort", cast.wren, category="one_wiki", wiki="en.wiki.example")
    return reference


def suspended(cast: Cast, measure: str = "month") -> str:
    """A case whose sender was warned and is not answered for a time."""
    reference = received()
    do(reference, "warn", cast.wren, reason="Again and again.")
    do(reference, "suspend_contact", cast.wren, **{**SUSPENSION, "measure": measure})
    agree(reference, cast.alder)
    return reference


def look(reference: str, actor: Actor) -> Case:
    return case_of(reference, actor)


def letters(reference: str, actor: Actor) -> list[Message]:
    """What we wrote, the first letter first."""
    with acting_as(actor):
        return opened(Message.objects.filter(case__reference=reference, direction="out").order_by("id"))


def opened(letters: Iterable[Message]) -> list[Message]:
    """Letters whose words were opened while somebody is named: with nobody named, no key is to be had."""
    found = list(letters)
    for one in found:
        assert (one.text, one.subject, one.recipient) is not None
    return found


def linked_to(reference: str, actor: Actor) -> list[Case]:
    """The cases that were referred from this one, as one actor sees them."""
    with acting_as(actor):
        return [
            link.case for link in CaseLink.objects.filter(other__reference=reference).select_related("case")
        ]

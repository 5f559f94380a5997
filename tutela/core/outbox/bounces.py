"""A letter that a mail server took from us, and another one brought back: it was not delivered after all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tutela.core.errors import TryLater
from tutela.core.people.actor import Actor

from .ledger import refused_after_all
from .models import Effect, EffectState

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from tutela.core.cases.models import Case


def came_back(case: Case, letter: int | None, bounce: Mapping[str, str], actor: Actor) -> None:
    """Show the letter as refused, with the reason in plain words. A person decides what to do, as ever.

    `bounce` has the `message_id` of the mail, the `status` of RFC 3463 (`5.1.1`) and the `words` of the
    server. Call it with the case locked. One that was told of before changes nothing. Raises TryLater while
    it is not written down yet that the letter went out.
    """
    sent = Effect.objects.select_for_update().filter(case=case, connector="mail")
    ours = sent.filter(message_id=letter) if letter else sent
    if ours.filter(state=EffectState.SENDING).exists():
        raise TryLater(_("What came of the letter is not written down yet."))
    if not letter:
        ours = ours.filter(receipt__reference=bounce["message_id"])
    for effect in ours.filter(state=EffectState.CONFIRMED):
        effect.error = reason(bounce["status"], bounce["words"])
        effect.what_to_do = _("Correct the address or answer the reporter another way.")
        refused_after_all(effect, actor)


#: By the subject and the detail of a status (RFC 3463, 3), the most exact first.
_REASONS: Final[Mapping[str, StrPromise]] = {
    "2.2": gettext_lazy("The mail came back: the mailbox is full."),
    "3.4": gettext_lazy("The mail came back: it is too large for the other side."),
    "1": gettext_lazy("The mail came back: there is no such address."),
    "2": gettext_lazy("The mail came back: the mailbox takes no mail."),
    "4": gettext_lazy("The mail came back: the other mail server could not be reached."),
    "7": gettext_lazy("The mail came back: the other side did not want it."),
}


def reason(status: str, words: str) -> str:
    """Why a mail came back, for somebody who never read RFC 3463, and the server's own words after it."""
    detail = status.partition(".")[2]
    plain = _REASONS.get(detail) or _REASONS.get(detail.partition(".")[0]) or _("The mail came back.")
    return f"{plain} {words}".strip()

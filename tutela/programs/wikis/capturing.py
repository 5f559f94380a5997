"""Wishes for captures: what a wiki shows of an address is to be kept before it is changed or hidden.

A capture is an act outside like any other: the step that opens a case, or a person, wishes for it; the
courier does it right after the commit (`captures.py`), tries again while the wiki is away, and the case shows
where it stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tutela.core.flow.context import Context, Wish
from tutela.core.flow.declare import Step
from tutela.core.people.roles import Role

from .known import addresses_in, wiki_of, wikis

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

    from tutela.core.cases.models import Case

CONNECTOR, VERB = "wiki", "capture"
MOST_OF_A_REPORT = 20
MOST_ADDRESS = 2000


def wish_for(context: Context, address: str) -> Wish:
    """The wish to keep what a known wiki shows of an address."""
    payload = {"address": address, "case": context.case.pk, "asked_by": context.actor.name}
    label = label_of(address)
    name = f"capture-{hashlib.sha256(address.encode('utf-8', 'replace')).hexdigest()[:16]}"
    return Wish(CONNECTOR, VERB, payload, label, name)


def label_of(address: str) -> str:
    """What a capture is called: the wiki's name and no more, as labels are not sealed."""
    return _("Capture from %(wiki)s") % {"wiki": urlsplit(address).hostname or ""}


def wishes_of(context: Context) -> list[Wish]:
    """Captures of what the reports of a case that opens speak of."""
    texts = [text for report in context.reports for text in (report.subject, report.text)]
    found = addresses_in(str(context.case.facts.get("where", "")), *texts)
    return [wish_for(context, one) for one in found[:MOST_OF_A_REPORT]]


class Capture(forms.Form):
    """Which address."""

    address = forms.CharField(label=gettext_lazy("Address"), max_length=MOST_ADDRESS)

    def clean_address(self) -> str:
        """An address of a wiki that we know; nothing else is ever asked."""
        address: str = self.cleaned_data["address"].strip()
        if wiki_of(address) is None:
            raise forms.ValidationError(_("This is no address of a wiki that we know."))
        return address


def _capture(context: Context) -> Sequence[Wish]:
    return [wish_for(context, context.data["address"])]


def _some_wiki(_case: Case) -> _StrOrPromise | None:
    """Open where the operator named a wiki."""
    return None if wikis() else gettext_lazy("No wiki is named here whose pages could be captured.")


def capture_step(roles: tuple[Role, ...], states: tuple[str, ...]) -> Step:
    """The step by which a person has an address captured."""
    return Step(
        "capture",
        gettext_lazy("Capture a page"),
        roles,
        states,
        run=_capture,
        form=Capture,
        needs=(_some_wiki,),
        hint=gettext_lazy("Keeps what the wiki shows now as an exhibit."),
        past=gettext_lazy("%(who)s asked for the capture of a page"),
        aside=True,
        icon="camera",
    )

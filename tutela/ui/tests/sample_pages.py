"""Invented content for the pages drawn in `tests/pages/`; the texts are in `pages.json`."""

from __future__ import annotations

import json
from pathlib import Path

from django import forms

from tutela.ui.samples import WHO, sample_elements

PAGES = json.loads(Path(__file__).with_name("pages.json").read_text(encoding="utf-8"))
WHERE = "A link is best. If it is gone already, the name of the page is enough."
WHAT = "You do not have to judge how serious it is. If you know a place, a time or a name, write it here."
HOW = [
    ("here", "Here only|Private, with a receipt code"),
    ("mail", "Also by e-mail|Only if nobody else reads your mail"),
]
VERDICTS = [
    ("agree", "Agree|Passes to Tansy, Communications"),
    ("ask", "Ask first|Holds the chain, the clock keeps running"),
    ("stop", "Stop|Ends this proposal for everyone, with your reason"),
]


class ReportForm(forms.Form):
    who = forms.ChoiceField(
        label="Who might be hurt?", choices=WHO, widget=forms.RadioSelect, initial="writer"
    )
    where = forms.CharField(label="Where did you see it?", help_text=WHERE, required=False)
    what = forms.CharField(
        label="What did you see?", help_text=WHAT, widget=forms.Textarea(attrs={"rows": 3})
    )
    reply = forms.ChoiceField(
        label="How may we answer you?", choices=HOW, widget=forms.RadioSelect, initial="here"
    )


class VerdictForm(forms.Form):
    choice = forms.ChoiceField(label="Decision", choices=VERDICTS, widget=forms.RadioSelect, initial="agree")
    reason = forms.CharField(label="Your reason", widget=forms.Textarea, help_text="Seen by reviewers only.")


def rail(_request):
    """Stand in for the desk's own context processor; the shape is in `ui/README.md`."""
    return {"rail": PAGES["rail"]}


def with_elements(**more):
    return {**sample_elements(), **more}


CONTEXTS = {
    "portal_home": dict,
    "portal_emergency": lambda: {"report": ReportForm()},
    "portal_receipt": dict,
    "portal_status": with_elements,
    "queue": lambda: with_elements(groups=PAGES["groups"]),
    "preview": with_elements,
    "case": lambda: with_elements(slim=True, linked=PAGES["linked"]),
    "approval": lambda: with_elements(slim=True, grounds=PAGES["grounds"], verdict=VerdictForm()),
}

"""Invented content for the elements page; the texts are in `samples.json`. Nothing here is about anybody."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django import forms

from tutela.ui.icons import NAMES

SAMPLES = Path(__file__).with_name("samples.json")
WRONG = "This address has no ending such as “.org”. Correct it, or choose “Here only”."
WHO = [
    ("writer", "The person who wrote it"),
    ("other", "Another person, or many"),
    ("me", "Me|We offer someone to talk to"),
    ("unsure", "I am not sure"),
]
REASONS = [("", "Choose a reason"), ("place", "To find the place")]
TYPED = {"who": "writer", "where": "", "reason": "place", "reply": "sample@example", "words": ""}


class SampleForm(forms.Form):
    """One field of each kind."""

    who = forms.ChoiceField(label="Who might be hurt?", choices=WHO, widget=forms.RadioSelect)
    where = forms.CharField(label="Where did you see it?", help_text="A link is best.", required=False)
    reason = forms.ChoiceField(label="Reason", choices=REASONS)
    reply = forms.EmailField(label="Reply by e-mail to", error_messages={"invalid": WRONG})
    words = forms.CharField(label="What did you see?", widget=forms.Textarea, required=False)
    agree = forms.BooleanField(label="The agency was called back on the number we hold", required=False)


def sample_elements() -> dict[str, Any]:
    """Return the context of `ui/elements.html`: content for each element, and a form with one fault."""
    content: dict[str, Any] = json.loads(SAMPLES.read_text(encoding="utf-8"))
    return {**content, "form": SampleForm(TYPED), "icons": NAMES}

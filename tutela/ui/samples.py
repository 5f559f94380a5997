"""Invented content for the elements page. Nothing here is about anybody."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _

from tutela.ui.clockface import Face


class SampleForm(forms.Form):
    """One field of each kind, shown empty, filled and wrong."""

    who = forms.ChoiceField(
        choices=[
            ("writer", "The person who wrote it"),
            ("other", "Another person, or many"),
            ("me", "Me|We offer someone to talk to"),
            ("unsure", "I am not sure"),
        ],
        widget=forms.RadioSelect,
        label="Who might be hurt?",
        initial="writer",
    )
    where = forms.CharField(label="Where did you see it?", help_text="A link is best.", required=False)
    reason = forms.ChoiceField(choices=[("", "Choose a reason"), ("place", "To find the place")], label="Reason")
    reply = forms.EmailField(
        label="Reply by e-mail to",
        error_messages={"invalid": "This address has no ending such as “.org”. Correct it, or choose “Here only”."},
    )
    words = forms.CharField(label="What did you see?", widget=forms.Textarea(attrs={"rows": 2}), required=False)
    agree = forms.BooleanField(label="The agency was called back on the number in our directory", required=False)


def sample_elements() -> dict[str, Any]:
    """Return the context of `ui/elements.html`."""
    return {
        "clocks": _clocks(),
        "cells": _cells(),
        "effects": _effects(),
        "form": SampleForm({"who": "writer", "where": "", "reason": "place", "reply": "sample@example", "words": ""}),
        "next": _next(),
        "chain": _chain(),
        "parties": _parties(),
        "exhibits": _exhibits(),
        "trail": _trail(),
        "rows": [("ExampleTarn", "8,412 edits, 6 wikis", 6), ("Tarn by the Sample Lake", "212 edits, 2 wikis", 2)],
        "facts": _facts(),
        "tabs": [
            {"label": "All", "count": 11, "url": "#all", "current": True},
            {"label": "Acts", "count": 5, "url": "#acts"},
            {"label": "Messages", "count": 3, "url": "#messages"},
        ],
        "people": ["Linden", "Sorrel"],
    }


def _clocks() -> list[tuple[str, list[Face | None]]]:
    rows = {
        "statutory": ["3 days left", "5 h left", "40 min left", "2 h over", "on hold", "Met"],
        "target": ["2 h left", "38 min left", "9 min left", "12 min over", "reporter", "Met in 9 min"],
        "internal": ["Monday", "today", "", "1 day over", "paused", "done"],
    }
    names = {"statutory": _("Law"), "target": _("Target"), "internal": _("Internal")}
    return [(names[shape], _row(shape, texts)) for shape, texts in rows.items()]


def _row(shape: str, texts: list[str]) -> list[Face | None]:
    lefts = [0.6, 0.3, 0.1, 0.0, 0.5, 1.0]
    urgencies = ["runs", "soon", "now", "late", "paused", "met"]
    together = zip(texts, urgencies, lefts, strict=True)
    return [
        Face(shape=shape, urgency=urgency, text=text, left=left, sentence="Answer the reporter, due 15:22") if text else None
        for text, urgency, left in together
    ]


def _cells() -> list[Face]:
    return [
        Face(shape="target", urgency="soon", text="38 min left", left=0.32, label="Decide on disclosure", detail="target, due 15:22"),
        Face(shape="target", urgency="met", text="Met in 9 min", label="Answer the reporter", detail="target, 1 hour"),
        Face(shape="internal", urgency="runs", text="57 min left", icon="message", label="Answer the new message", detail="internal, due 15:41"),
        Face(shape="statutory", urgency="runs", text="90 days left", label="Destroy technical data", detail="law, due 10 June"),
    ]


def _effects() -> list[dict[str, str]]:
    what = "Lock on all wikis"
    return [
        {"state": "due", "what": what, "words": "due", "detail": "Leaves when the case is saved."},
        {"state": "sending", "what": what, "words": "sending, second try", "detail": "The wiki did not answer. Next try in 40 seconds."},
        {"state": "confirmed", "what": what, "words": "confirmed 14:22", "detail": "Receipt log 481 209, read back 14:30."},
        {"state": "refused", "what": what, "words": "refused", "detail": "The wiki says: no right to lock. Ask for the right, or hand over to a steward."},
        {"state": "drifted", "what": what, "words": "drifted", "detail": "Confirmed on 12 March, found unlocked on 15 March. Lock again?"},
    ]


def _next() -> dict[str, Any]:
    return {
        "title": "What must happen next",
        "lead": "Call the agency back, on the number in our directory",
        "hint": "Proves who receives it. About 5 minutes.",
        "primary": {"label": "Verify the agency by call-back", "url": "#verify", "key": "S"},
        "waits": [
            {
                "person": "Larch",
                "words": "Larch decides for Legal",
                "chip": "10 min",
                "detail": "Paged 14:34, answered 14:36. Linden is paged at 14:54.",
            }
        ],
        "also": [
            {"label": "Add to the request", "icon": "edit", "key": "1", "url": "#add"},
            {"label": "Assess again", "icon": "flag", "key": "2", "url": "#assess"},
            {"label": "Withdraw the request", "icon": "undo", "key": "3", "url": "#withdraw"},
            {
                "label": "Disclose now, on the urgent path",
                "icon": "urgent",
                "key": "4",
                "url": "#urgent",
                "harm": True,
                "hint": "Only if waiting risks a life. Fresh second factor; Legal reviews within 24 hours.",
            },
        ],
        "not_yet": [
            {"label": "Disclose to the agency", "blocked": "Needs the call-back and Legal’s approval."},
            {"label": "Approve the request", "blocked": "You proposed it, so you cannot approve it."},
            {"label": "Close the case", "blocked": "A request to disclose is open."},
        ],
    }


def _chain() -> list[dict[str, Any]]:
    return [
        {"part": "Evaluate"},
        {"number": 1, "state": "done", "what": "Evaluated and proposed", "who": "Wren and Teasel, 6 March"},
        {"part": "All must agree. Any one may stop it.", "icon": "stop"},
        {"number": 2, "state": "done", "what": "Lead manager", "who": "Alder agreed, 10 March"},
        {"number": 3, "state": "here", "what": "Legal", "who": "You, Linden. Asked 09:10", "end": "now"},
        {"number": 4, "state": "ahead", "what": "Executive director", "who": "Yarrow"},
        {"part": "Then act. Nothing outside happens before.", "icon": "lock"},
        {"number": 5, "state": "ahead", "what": "Enforce, and tell the person", "who": "the same day", "end": "9 effects"},
    ]


def _parties() -> list[dict[str, Any]]:
    return [
        {
            "name": "ExampleMoss",
            "url": "#party-1",
            "role": "at risk",
            "wikis": [{"name": "Example Wikipedia"}, {"name": "Sample Wiktionary"}, {"name": "Example Commons"}],
        },
        {
            "name": "~2026-10421-07",
            "url": "#party-2",
            "role": "maybe the same",
            "more": "Confidence medium, link ends 10 June",
            "wikis": [{"name": "Sample Wiktionary, until 19 March", "blocked": True}],
        },
        {"name": "National Police of Exampleland", "icon": "phone", "role": "unverified", "role_kind": "soon"},
        {"name": "Reporter", "icon": "lock", "role": "sealed", "role_kind": "sealed"},
    ]


def _exhibits() -> list[dict[str, Any]]:
    return [
        {"number": "E-1", "title": "Talk page, as captured", "url": "#e1", "state": "folded", "more": "14:09 · 3 in the chain of custody"},
        {"number": "E-3", "title": "Technical data", "url": "#e3", "state": "sealed", "sealed": True, "more": "14:31 · opens for a reason, every look recorded"},
    ]


def _trail() -> list[dict[str, Any]]:
    return [
        {"words": "due 14:21"},
        {"words": "sent 14:21"},
        {"words": "confirmed 14:22", "state": "confirmed"},
        {"words": "receipt log 481 209", "url": "#log", "fact": True},
        {"words": "read back 14:30", "fact": True},
    ]


def _facts() -> list[Any]:
    return [
        ("At risk", "The person who wrote it"),
        {"label": "Account", "value": "ExampleMoss", "url": "#account"},
        {"label": "Place", "value": "Exampleland", "chip": "town sealed", "chip_kind": "sealed", "chip_icon": "lock"},
    ]

"""Invented content for the pages drawn in `tests/pages/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from tutela.ui.clockface import Face
from tutela.ui.samples import sample_elements

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest


def rail(_request: HttpRequest) -> dict[str, Any]:
    """Stand in for the desk's own context processor; the shape is in `ui/README.md`."""
    places = [
        {"label": "My day", "icon": "day", "count": 11, "url": "/en/pages/queue", "key": "M", "current": True},
        {"label": "Replies", "icon": "message", "count": 3, "new": True, "url": "#replies", "key": "R"},
        {"label": "Approvals", "icon": "approve", "count": 2, "url": "/en/pages/approval", "key": "A"},
        {"label": "On call", "icon": "phone", "note": "you, until 20:00", "url": "#oncall"},
    ]
    queues = [("Emergencies", "urgent", 4), ("Child protection", "shield", 6), ("Office actions", "block", 12)]
    queues += [("Privacy", "home", 9), ("Legal demands", "scale", 7), ("Copyright", "copyright", 5)]
    queues += [("Appeals", "undo", 3), ("Access rights", "key", 18), ("Triage", "tray", 23)]
    views = [("Due in 24 hours", 7), ("Severe, unassigned", 2), ("Waiting on reporter", 6)]
    me = {"name": "Juniper", "role": "Emergencies, triage", "sign_out": "#out", "links": []}
    return {
        "rail": {
            "home_url": "/en/pages/queue",
            "places": places,
            "queues": [{"label": a, "icon": b, "count": c, "url": f"#{b}"} for a, b, c in queues],
            "views": [{"label": a, "count": c, "url": "#view"} for a, c in views],
            "me": me,
        }
    }


def _target(urgency: str, text: str, left: float, sentence: str = "Target: decision on disclosure, due 15:22") -> Face:
    return Face(shape="target", urgency=urgency, text=text, left=left, sentence=sentence)


def _row(reference: str, level: str, title: str, workflow: str, meta: str, clock: Face, **more: Any) -> dict[str, Any]:
    row = {"reference": reference, "severity": level, "title": title, "workflow": workflow, "meta": meta}
    return {**row, "clock": clock, **more}


def queue() -> dict[str, Any]:
    """Return My day: four groups of cases and the preview of the first."""
    law = Face(shape="statutory", urgency="soon", text="5 h left", sentence="Law: report, due 19:50")
    law_runs = Face(shape="statutory", urgency="runs", text="3 working days left", sentence="Law: act expeditiously")
    inside = Face(shape="internal", urgency="runs", text="today", sentence="Internal: review asked for today")
    paused = Face(shape="target", urgency="paused", text="police", sentence="Paused: waiting for police")
    now = [
        _row("EM-2026-0042", "critical", "Threat of self-harm on a user talk page", "Emergency",
             "Example Wikipedia · waits for Legal", _target("soon", "38 min left", 0.32),
             unread=True, open=True, new=1, looking=["Heron"], restricted=True, owner="Juniper"),
        _row("EM-2026-0043", "high", "Threat against a school, posted at a help desk", "Emergency",
             "Sample Wikipedia · to be assessed", _target("now", "21 min left", 0.12), unread=True, restricted=True),
    ]
    today = [
        _row("CS-2026-0117", "critical", "Hash match: three uploads by one account", "Child protection",
             "Example Commons · to be reviewed", law, looking=["Wren"], restricted=True, owner="Wren"),
        _row("PR-2026-0088", "medium", "Home address posted on three wikis", "Privacy",
             "Placeholder Wikivoyage · suppression asked", _target("runs", "2 h left", 0.5), owner="Juniper"),
        _row("GB-2026-0009", "medium", "Global ban proposal: ExampleTarn", "Office action",
             "6 wikis · legal review, step 7 of 13", inside, looking=["Linden", "Sorrel"], restricted=True, owner="Linden"),
    ]
    week = [
        _row("DM-2026-0054", "medium", "Notice about five files by one photographer", "Copyright",
             "Example Commons · legal review", law_runs, owner="Larch", chosen=True),
        _row("AR-2026-0142", "low", "Renew four access agreements that end in April", "Access rights",
             "reminders sent", Face(shape="internal", urgency="runs", text="Mon 16 March"), owner="Juniper", chosen=True),
        _row("AP-2026-0006", "medium", "Appeal of an event ban", "Appeal", "file being prepared",
             _target("runs", "6 days left", 0.6), restricted=True, owner="Sorrel"),
    ]
    waiting = [
        _row("EM-2026-0039", "high", "Goodbye note on a sandbox page", "Emergency",
             "Sample Wiktionary · waiting for police", paused, restricted=True, owner="Juniper"),
        _row("TR-2026-0512", "low", "Repeated messages after being asked to stop", "Triage",
             "Example Wikipedia · waiting for reporter", paused, owner="Juniper"),
    ]
    return {
        **sample_elements(),
        "groups": [
            {"title": "Now", "hint": "within the hour", "rows": now},
            {"title": "Today", "rows": today},
            {"title": "This week", "rows": week},
            {"title": "Waiting on others", "rows": waiting},
        ],
    }


class ReportForm(forms.Form):
    """The emergency form as a reporter sees it."""

    who = forms.ChoiceField(
        choices=[
            ("writer", "The person who wrote it"),
            ("other", "Another person, or many"),
            ("me", "Me|we offer someone to talk to"),
            ("unsure", "I am not sure"),
        ],
        widget=forms.RadioSelect,
        label="Who might be hurt?",
        initial="writer",
    )
    where = forms.CharField(
        label="Where did you see it?",
        help_text="A link is best. If it is gone already, the name of the page is enough.",
        required=False,
        initial="https://wiki.example.org/wiki/User_talk:ExampleMoss",
    )
    what = forms.CharField(
        label="What did you see?",
        help_text="You do not have to judge how serious it is. If you know a place, a time or a name, write it here.",
        widget=forms.Textarea(attrs={"rows": 3}),
        initial="They wrote goodbye on their talk page and named a train station in Sample City. They",
    )
    reply = forms.ChoiceField(
        choices=[
            ("here", "Here only|Private, with a receipt code"),
            ("mail", "Also by e-mail|Only if nobody else reads your mail"),
        ],
        widget=forms.RadioSelect,
        label="How may we answer you?",
        initial="here",
    )


class VerdictForm(forms.Form):
    """What a reviewer decides, with a reason."""

    choice = forms.ChoiceField(
        choices=[
            ("agree", "Agree|Passes to Tansy, Communications"),
            ("ask", "Ask first|Holds the chain, the clock keeps running"),
            ("stop", "Stop|Ends this proposal for everyone, with your reason"),
        ],
        widget=forms.RadioSelect,
        label="Decision",
        initial="agree",
    )
    reason = forms.CharField(
        label="Your reason",
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="Privileged: seen by reviewers, never in a letter.",
    )


def emergency() -> dict[str, Any]:
    """Return the emergency form, half filled."""
    return {"report": ReportForm()}


def case() -> dict[str, Any]:
    """Return one emergency case, in the middle of its work; the rail is narrow."""
    linked = [
        {"name": "EM-2026-0044 Second report", "url": "#44", "icon": "merge", "role": "merged"},
        {"name": "EM-2025-0311 Earlier concern", "url": "#311", "icon": "link", "role": "closed"},
    ]
    return {**sample_elements(), "slim": True, "linked": linked}


def approval() -> dict[str, Any]:
    """Return one approval in a chain of review."""
    grounds = [
        ("Grounds", "Repeated harassment of two editors on four wikis, after two warnings"),
        ("Why us", "Three local blocks evaded; private facts that a community cannot weigh in public"),
        {"label": "Evidence", "value": "14 exhibits", "url": "#exhibits"},
    ]
    return {**sample_elements(), "slim": True, "grounds": grounds, "verdict": VerdictForm()}


CONTEXTS: dict[str, Callable[[], dict[str, Any]]] = {
    "portal_home": dict,
    "portal_emergency": emergency,
    "portal_receipt": dict,
    "portal_status": sample_elements,
    "queue": queue,
    "preview": sample_elements,
    "case": case,
    "approval": approval,
}

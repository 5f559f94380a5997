"""The lines of the timeline: one whole sentence for each kind of event and each step.

`%(who)s` and the other names are put in as marked-up text; the sentences themselves are never glued
from parts, so that each language may order them as it likes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.functional import _StrOrPromise

    from tutela.core.flow.declare import Workflow

#: A report came in, by the channel.
RECEIVED = {
    "portal": _("A report came in through the portal. It is kept exactly as it arrived."),
    "mail": _("A report came in by mail. It is kept exactly as it arrived."),
    "api": _("A report came in through the API. It is kept exactly as it arrived."),
    "cli": _("A report was entered on the command line. It is kept exactly as it arrived."),
    "wiki": _("A report came in from the wiki. It is kept exactly as it arrived."),
    "": _("The case was opened"),
}

#: What the engine, the intake and the common steps write, by the name of the step.
STEPS = {
    "take": _("%(who)s took the case"),
    "assign": _("%(who)s assigned the case to %(assignee)s"),
    "assign_nobody": _("%(who)s put the case into nobody’s hands"),
    "hand_over": _("%(who)s handed the case over to %(assignee)s"),
    "recuse": _("%(who)s stepped away from this case and no longer sees it"),
    "escalate": _("%(who)s raised the severity to %(severity)s"),
    "note": _("%(who)s wrote a note"),
    "edit_note": _("%(who)s changed a note. The earlier wording is kept."),
    "answer": _("%(who)s answered the reporter"),
    "mark_read": _("%(who)s marked the messages as read"),
    "add_exhibit": _("%(who)s added %(exhibits)s"),
    "add_file": _("%(who)s added %(exhibits)s"),
    "captured": _("%(who)s added %(exhibits)s"),
    "edit_facts": _("%(who)s changed what we know"),
    "edit_title": _("%(who)s changed the title"),
    "set_severity": _("%(who)s set the severity to %(severity)s"),
    "restrict": _("%(who)s restricted the case to its team"),
    "unrestrict": _("%(who)s lifted the restriction of the case to its team"),
    "follow_up": _("%(who)s wants to look again on %(at)s"),
    "pause_clocks": _("%(who)s paused the clocks: %(reason)s"),
    "resume_clocks": _("%(who)s let the clocks run on"),
    "add_party": _("%(who)s added %(party)s to the case"),
    "remove_party": _("%(who)s took %(party)s off the case"),
    "link_parties": _("%(who)s said that two parties may belong together"),
    "merge_parties": _("%(who)s said that %(merged)s is the same as %(party)s"),
    "split_party": _("%(who)s took back that %(party)s is the same as another party"),
    "link_case": _("%(who)s linked %(other)s"),
    "merge_into": _("%(who)s merged this case into %(other)s"),
    "unmerge": _("%(who)s took the merge with %(other)s back"),
    "merged": _("%(who)s merged %(other)s into this case"),
    "unmerged": _("%(who)s took %(other)s out of this case again"),
    "approve": _("%(who)s agreed to “%(of)s”"),
    "ask_first": _("%(who)s asks something before deciding on “%(of)s”"),
    "stop": _("%(who)s stopped “%(of)s”"),
    "amend": _("%(who)s changed the request for “%(of)s”. Earlier agreement no longer counts."),
    "withdraw": _("%(who)s withdrew the request for “%(of)s”"),
    "retry_effect": _("%(who)s had it tried again: %(effect)s"),
    "confirm_effect": _("%(who)s recorded that it did happen: %(effect)s"),
    "abandon_effect": _("%(who)s left it unsent: %(effect)s"),
    "undo": _("%(who)s took “%(of)s” back"),
    "reopen": _("%(who)s reopened the case"),
    "reporter_wrote": _("The reporter wrote again"),
    "delivered": _("%(effect)s: confirmed"),
    "failed": _("%(effect)s: refused"),
    "delayed": _("%(effect)s: not through yet, it is tried again"),
    "glass_opened": _("%(who)s opened this case by break-glass, until %(until)s"),
    "glass_closed": _("%(who)s closed the break-glass of %(opener)s early"),
    "glass_justified": _("%(who)s reviewed the break-glass of %(opener)s: justified"),
    "glass_not_justified": _("%(who)s reviewed the break-glass of %(opener)s: not justified"),
    "glass_review_due": _("The break-glass of %(opener)s waits for its review"),
    "glass_review_overdue": _("The review of the break-glass of %(opener)s is overdue"),
    "slice_asked": _("%(who)s asked to share a redacted slice, until %(until)s"),
    "slice_given": _("%(who)s agreed to the redacted slice that %(opener)s asked for, until %(until)s"),
    "slice_refused": _("%(who)s refused the redacted slice that %(opener)s asked for"),
    "slice_withdrawn": _("%(who)s withdrew the redacted slice"),
    "slice_ended": _("%(who)s ended the redacted slice that %(opener)s asked for"),
    "conflict_hid": _("%(who)s stepped away from this case and no longer sees it"),
    "conflict_lifted": _("%(who)s found that %(opener)s need not keep away from this case"),
    "page_asked": _("Nobody had answered yet, so %(opener)s was paged"),
    "page_answered": _("%(who)s answered the page"),
    "hold_placed": _("%(who)s placed the case under a legal hold"),
    "hold_released": _("%(who)s released a legal hold on the case"),
    "clock_warned": _("The clock “%(clock)s” runs low"),
    "clock_lapsed": _("The clock “%(clock)s” ran out"),
}

#: A step of a workflow that says no line of its own.
DID = _("%(who)s: %(step)s")
#: The same where it was released by an approval.
RELEASED = _("Everybody agreed. “%(step)s”, asked for by %(proposer)s, was done.")
HELD = _("%(who)s asked for approval: %(step)s")


def sentence(name: str, values: Mapping[str, Any]) -> SafeString:
    """One line by its name, with what it speaks of put in."""
    return fill(STEPS[name], values)


def fill(text: _StrOrPromise, values: Mapping[str, Any]) -> SafeString:
    """A sentence with its values, each escaped unless it is marked up already."""
    safe = _Missing({name: conditional_escape(value) for name, value in values.items()})
    return mark_safe(conditional_escape(str(text)) % safe)  # noqa: S308  every part was escaped above


class _Missing(dict[str, str]):
    """A record may outlive what it speaks of: then a dash stands for it."""

    def __missing__(self, key: str) -> str:
        return "—"


def strong(name: object) -> SafeString:
    """A name in a sentence: heavier, and apart from the direction of the text around it."""
    return format_html("<b><bdi>{}</bdi></b>", name)


def label_of(workflow: Workflow, step: str) -> str:
    """The label of a step; the bare name where the workflow no longer declares it."""
    try:
        return str(workflow.step(step).label)
    except KeyError:
        return step

"""The steps that every workflow has: notes, answers, people, links, approvals, clocks, undo.

They go through the same door as the workflow's own steps, so that each is checked, recorded and
reachable from the desk, the API and the command line alike.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tutela.core.people.roles import PLATFORM_ROLES, Role

from . import common_forms as ask
from . import common_runs as do
from .declare import Step, restore

if TYPE_CHECKING:
    from .declare import Workflow

ANYBODY = tuple(role for role in Role if role not in {Role.SYSTEM, *PLATFORM_ROLES})
#: Auditors and readers look and change nothing.
WRITERS = tuple(role for role in ANYBODY if role not in {Role.AUDITOR, Role.READER})


def common_steps(workflow: Workflow) -> tuple[Step, ...]:
    """The common steps of one workflow: its workers do them, approvals are for whoever holds a seat."""
    workers = workflow.workers
    people = (
        Step(
            "take", _("Take the case"), workers, run=do.take, undo=restore, needs=(do.not_taken,), icon="hand"
        ),
        Step("assign", _("Assign"), workers, run=do.assign, form=ask.Assign, undo=restore, icon="user"),
        Step(
            "hand_over",
            _("Hand over"),
            workers,
            run=do.hand_over,
            form=ask.HandOver,
            undo=restore,
            icon="handover",
        ),
        Step("recuse", _("Recuse yourself"), ANYBODY, run=do.recuse, form=ask.Recuse, icon="leave"),
        Step("escalate", _("Escalate"), workers, run=do.escalate, form=ask.Reason, icon="urgent"),
    )
    words = (
        Step("note", _("Write a note"), WRITERS, run=do.note, form=ask.Note, icon="note"),
        Step("edit_note", _("Change a note"), WRITERS, run=do.edit_note, form=ask.EditNote, icon="edit"),
        Step("answer", _("Answer the reporter"), workers, run=do.answer, form=ask.Answer, icon="message"),
        Step(
            "mark_read",
            _("Mark messages as read"),
            workers,
            run=do.mark_read,
            needs=(do.has_unread,),
            icon="check",
        ),
        Step(
            "add_exhibit",
            _("Add an exhibit"),
            workers,
            run=do.add_exhibit,
            form=ask.AddExhibit,
            icon="attach",
        ),
        Step("add_file", _("Add a file"), workers, run=do.add_file, form=ask.AddFile, icon="attach"),
    )
    facts: tuple[Step, ...] = (
        Step(
            "edit_title",
            _("Change the title"),
            workers,
            run=do.edit_title,
            form=ask.Title,
            undo=restore,
            icon="edit",
        ),
        Step(
            "set_severity",
            _("Change the severity"),
            workers,
            run=do.set_severity,
            form=ask.SetSeverity,
            undo=restore,
            icon="flag",
        ),
        Step(
            "restrict",
            _("Restrict to the team"),
            workers,
            run=do.restrict,
            undo=restore,
            needs=(do.not_restricted,),
            icon="lock",
        ),
        Step(
            "unrestrict",
            _("Lift the restriction"),
            (Role.MANAGER,),
            run=do.unrestrict,
            form=ask.Reason,
            undo=restore,
            needs=(do.is_restricted,),
            icon="lock",
        ),
        Step(
            "follow_up",
            _("Follow up later"),
            workers,
            run=do.follow_up,
            form=ask.FollowUp,
            undo=restore,
            icon="calendar",
        ),
        Step(
            "pause_clocks",
            _("Pause the clocks"),
            workers,
            run=do.pause_clocks,
            form=ask.PauseClocks,
            undo=restore,
            needs=(do.has_clock_to_pause,),
            icon="pause",
        ),
        Step(
            "resume_clocks",
            _("Let the clocks run on"),
            workers,
            run=do.resume_clocks,
            undo=restore,
            needs=(do.has_paused_clock,),
            icon="wait",
        ),
    )
    if workflow.facts is not None:
        facts = (
            Step(
                "edit_facts",
                _("Change what we know"),
                workers,
                run=do.edit_facts,
                form=workflow.facts,
                undo=restore,
                icon="edit",
            ),
            *facts,
        )
    links = (
        Step("add_party", _("Add a party"), workers, run=do.add_party, form=ask.AddParty, icon="user"),
        Step(
            "remove_party",
            _("Remove a party"),
            workers,
            run=do.remove_party,
            form=ask.RemoveParty,
            icon="user",
        ),
        Step(
            "link_parties",
            _("Link two parties"),
            workers,
            run=do.link_parties,
            form=ask.LinkParties,
            icon="link",
        ),
        Step(
            "merge_parties",
            _("Merge two parties"),
            workers,
            run=do.merge_parties,
            form=ask.MergeParties,
            icon="merge",
        ),
        Step(
            "split_party",
            _("Take a merge of parties back"),
            workers,
            run=do.split_party,
            form=ask.OneParty,
            icon="undo",
        ),
        Step("link_case", _("Link another case"), workers, run=do.link_case, form=ask.LinkCase, icon="link"),
        Step(
            "merge_into",
            _("Merge into another case"),
            workers,
            target="merged",
            run=do.merge_into,
            form=ask.MergeInto,
            needs=(do.no_review_open,),
            icon="merge",
        ),
        Step(
            "unmerge",
            _("Take the merge back"),
            workers,
            sources=("merged",),
            run=do.unmerge,
            needs=(do.was_merged,),
            reopens=True,
            icon="undo",
        ),
    )
    outside = (
        Step(
            "retry_effect",
            _("Try again to send"),
            workers,
            sources=_wherever(workflow),
            run=do.retry_effect,
            form=ask.StuckEffect,
            needs=(do.has_stuck_effect,),
            icon="refresh",
        ),
        Step(
            "confirm_effect",
            _("It did happen"),
            workers,
            sources=_wherever(workflow),
            run=do.confirm_effect,
            form=ask.ConfirmEffect,
            needs=(do.has_stuck_effect,),
            icon="check",
        ),
        Step(
            "abandon_effect",
            _("Leave it unsent"),
            workers,
            sources=_wherever(workflow),
            run=do.abandon_effect,
            form=ask.AbandonEffect,
            needs=(do.has_stuck_effect,),
            icon="stop",
        ),
    )
    approvals = (
        Step(
            "approve",
            _("Agree"),
            WRITERS,
            run=do.approve,
            form=ask.Agreement,
            needs=(do.may_agree,),
            icon="approve",
            grave=True,
        ),
        Step(
            "ask_first",
            _("Ask first"),
            WRITERS,
            run=do.ask_first,
            form=ask.ReasonedOpinion,
            needs=(do.has_request,),
            icon="help",
        ),
        Step(
            "stop",
            _("Stop"),
            WRITERS,
            run=do.stop,
            form=ask.ReasonedOpinion,
            needs=(do.has_request,),
            icon="stop",
        ),
        Step(
            "amend",
            _("Add to the request"),
            workers,
            run=do.amend,
            form=ask.Amend,
            needs=(do.has_approval,),
            icon="edit",
        ),
        Step(
            "withdraw",
            _("Withdraw the request"),
            workers,
            run=do.withdraw,
            form=ask.Withdraw,
            needs=(do.has_approval,),
            icon="undo",
        ),
    )
    ends = [
        Step("undo", _("Undo"), workers, run=do.undo, form=ask.Undo, sources=_anywhere(workflow), icon="undo")
    ]
    if workflow.reopen_to:
        ends.append(
            Step(
                "reopen",
                _("Reopen the case"),
                workers,
                sources=_closed(workflow),
                target=workflow.reopen_to,
                run=do.reopen,
                form=ask.Reason,
                reopens=True,
                icon="refresh",
            )
        )
    return tuple(
        _as_common(step)
        for step in (*people, *words, *facts, *links, *outside, *approvals, *ends)
        if _possible(workflow, step)
    )


def _as_common(step: Step) -> Step:
    return replace(step, common=True)


def _possible(workflow: Workflow, step: Step) -> bool:
    """Leave out what this workflow can never offer: approvals where no step asks for one."""
    held = any(one.approval for one in workflow.steps)
    reviewed = any(one.review for one in workflow.steps)
    if step.name in {"amend", "withdraw"}:
        return held
    if step.name in {"approve", "ask_first", "stop"}:
        return held or reviewed
    return True


def _closed(workflow: Workflow) -> tuple[str, ...]:
    return tuple(state.name for state in workflow.states if state.final)


def _wherever(workflow: Workflow) -> tuple[str, ...]:
    return tuple(state.name for state in workflow.all_states)


def _anywhere(workflow: Workflow) -> tuple[str, ...]:
    return tuple(state.name for state in workflow.states)

"""What is not ours is answered with the right venue; what is ours goes to the workflow that owns it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tutela.core.flow.declare import (
    ESCALATE,
    OPENED,
    WAITING_FOR_REPORTER,
    WAITING_FOR_TRANSLATION,
    Approval,
    Clock,
    ClockClass,
    Letter,
    Reviewer,
    State,
    Step,
    WaitsFor,
    Workflow,
    business_days,
    days,
    restore,
    run_step,
)
from tutela.core.flow.needs import has_reporter, in_state
from tutela.core.people.roles import Role
from tutela.core.records.rules import Trigger, erase_closed, years_long
from tutela.programs.wikis.capturing import capture_step

from . import conditions, forms, matches, steps

TEAM = (Role.INTAKE, Role.RESPONDER, Role.MANAGER)
MANAGERS = (Role.MANAGER,)
MANAGER = Reviewer("manager", _("Manager"), MANAGERS)
OPEN = ("received", "sorted", "suspended_contact", "answered")

READING = _("A person is reading your report.")

STATES = (
    State("received", _("To be sorted"), _("We have your report. A person reads it soon.")),
    State("suspended_contact", _("From a suspended contact"), _("We have your report.")),
    State("sorted", _("To be answered"), READING),
    State("awaiting_approval", _("Waiting for approval to stop answering"), READING, WaitsFor.APPROVAL),
    State("answered", _("Answered"), _("We have answered you."), WaitsFor.REPORTER),
    State(
        "referred",
        _("Referred"),
        _("Your report is with the people who can help."),
        WaitsFor.NOBODY,
        final=True,
    ),
    State("closed", _("Closed"), _("We have finished."), WaitsFor.NOBODY, final=True),
)

SORTING = (
    Step(
        "sort",
        _("Sort"),
        TEAM,
        ("received", "sorted", "suspended_contact"),
        "sorted",
        run=steps.sort,
        form=forms.Sort,
        hint=_("What it is about, on which wiki, in which language."),
        past=_("%(who)s sorted the report"),
        icon="tag",
    ),
    Step(
        "mark_spam",
        _("Mark as spam"),
        TEAM,
        ("received", "sorted", "suspended_contact"),
        "closed",
        undo=restore,
        hint=_("Closes the case. Nobody is answered."),
        past=_("%(who)s marked the report as spam"),
        aside=True,
        icon="block",
    ),
)

ANSWERING = (
    Step(
        "answer_with_venue",
        _("Answer with the right venue"),
        TEAM,
        ("sorted",),
        "answered",
        run=steps.answer_with_venue,
        form=forms.AnswerWithVenue,
        needs=(has_reporter,),
        hint=_("Names the places of the community that can help, from the directory."),
        past=_("%(who)s answered with the right venue"),
        icon="place",
    ),
    Step(
        "refer",
        _("Refer to the workflow that owns it"),
        TEAM,
        ("received", "sorted", "suspended_contact", "answered"),
        "referred",
        run=steps.refer,
        form=forms.Refer,
        needs=(has_reporter,),
        hint=_("Opens a case there, with the report. Its people talk to the reporter from now on."),
        past=_("%(who)s referred the report"),
        aside=True,
        icon="handover",
    ),
    Step(
        "take_up_again",
        _("Take up again"),
        TEAM,
        ("answered",),
        "sorted",
        undo=restore,
        past=_("%(who)s took the report up again"),
        icon="refresh",
    ),
)

VEXATIOUS = (
    Step(
        "warn",
        _("Warn the reporter"),
        TEAM,
        OPEN,
        "answered",
        run=steps.warn,
        form=forms.Reason,
        needs=(conditions.has_address,),
        hint=_("For messages that intimidate staff, break the rules of conduct or come again and again."),
        past=_("%(who)s warned the reporter"),
        aside=True,
        icon="alert",
    ),
    Step(
        "suspend_contact",
        _("Stop answering this address"),
        TEAM,
        OPEN,
        "closed",
        run=steps.suspend_contact,
        form=forms.Suspend,
        needs=(conditions.has_address, conditions.was_warned, conditions.not_suspended),
        approval=Approval((MANAGER,), waits_in="awaiting_approval"),
        hint=_("Never for emergencies: those are read and answered whoever writes."),
        past=_("%(who)s stopped answering this address"),
        aside=True,
        icon="block",
        grave=True,
    ),
    Step(
        "lift_suspension",
        _("Answer this address again"),
        MANAGERS,
        ("received", "suspended_contact"),
        "received",
        run=steps.lift_suspension,
        form=forms.Reason,
        needs=(conditions.is_suspended,),
        past=_("%(who)s lifted the suspension of this address"),
        aside=True,
        icon="unlock",
    ),
)

CLOSING = (
    Step(
        "close",
        _("Close"),
        TEAM,
        ("sorted", "answered", "suspended_contact"),
        "closed",
        undo=restore,
        past=_("%(who)s closed the case"),
        icon="check",
    ),
    Step(
        "close_quietly",
        _("Close after two quiet weeks"),
        (Role.SYSTEM,),
        ("answered",),
        "closed",
        past=_("%(who)s closed the case after two quiet weeks"),
        icon="clock",
    ),
)

CAPTURING = capture_step(TEAM, tuple(state.name for state in STATES))

ANSWERED = ("answer_with_venue", "answer", "refer", "mark_spam", "warn", "suspend_contact", "close")

CLOCKS = (
    Clock(
        "sort",
        _("Sort the report"),
        ClockClass.INTERNAL,
        business_days(1),
        starts_on=(OPENED,),
        stops_on=("sort", *ANSWERED),
    ),
    Clock(
        "first_answer",
        _("Answer the reporter"),
        ClockClass.TARGET,
        business_days(3),
        starts_on=(OPENED, "reopen"),
        stops_on=ANSWERED,
        warn=business_days(1),
        pauses=(WAITING_FOR_REPORTER, WAITING_FOR_TRANSLATION),
        lapse=ESCALATE,
        needs=(in_state("received", "sorted"),),
    ),
    Clock(
        "answer_message",
        _("Answer the new message"),
        ClockClass.INTERNAL,
        business_days(2),
        starts_on=("reporter_wrote",),
        stops_on=("mark_read", *ANSWERED),
    ),
    Clock(
        "quiet",
        _("Close when the reporter stays quiet"),
        ClockClass.INTERNAL,
        days(14),
        starts_on=("answer_with_venue", "warn"),
        stops_on=("reporter_wrote", "take_up_again", "warn"),
        lapse=run_step("close_quietly"),
    ),
)

LETTERS = (
    Letter("venue", _("Pointer to the right venue")),
    Letter("warning", _("Warning")),
    Letter("suspension", _("We stop answering")),
)

WORKFLOW = Workflow(
    slug="triage",
    prefix="TR",
    label=_("Triage"),
    plural=_("Triage"),
    purpose=_("Everything that has no owner yet: answered with the right venue, or referred."),
    team="triage",
    takes_reports=True,
    severity=1,
    icon="tray",
    package="tutela.workflows.triage",
    states=STATES,
    start="received",
    may_open_in=("suspended_contact",),
    reopen_to="received",
    steps=(*SORTING, *ANSWERING, *VEXATIOUS, *CLOSING, CAPTURING),
    clocks=CLOCKS,
    letters=LETTERS,
    workers=TEAM,
    facts=forms.Facts,
    title_of=steps.title_of,
    facts_of=steps.facts_of,
    joins=matches.joins,
    on_open=steps.on_open,
    retention=erase_closed(
        years_long(1),
        _("Nothing was ours to decide. People come back within a year, seldom later."),
        "Data retention guidelines of the Wikimedia Foundation, read in November 2026; the length is our"
        " recommendation",
        since=Trigger.LAST_CONTACT,
    ),
)

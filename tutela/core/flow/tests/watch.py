"""A workflow for the tests of the poller: one clock for each thing that a lapse can do."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tutela.core.flow.declare import (
    ESCALATE,
    OPENED,
    PAGE,
    REMIND,
    WAITING_FOR_REPORTER,
    Clock,
    ClockClass,
    State,
    Step,
    WaitsFor,
    Workflow,
    business_days,
    days,
    minutes,
    run_step,
)
from tutela.core.people.roles import Role
from tutela.core.records.rules import erase_closed, years_long

FAULTS: list[Exception] = []


def _close(_context: object) -> None:
    if FAULTS:
        raise FAULTS.pop()


def _clock(name: str, due: object, starts_on: str, **more: object) -> Clock:
    stops_on = more.pop("stops_on", ("finish",))
    return Clock(name, name.title(), ClockClass.TARGET, due, (starts_on,), stops_on, **more)


WATCH = Workflow(
    slug="watch",
    prefix="WA",
    label=_("Watch"),
    plural=_("Watches"),
    purpose=_("To see clocks run out."),
    team="watch",
    restricted=True,
    severity=2,
    start="open",
    reopen_to="open",
    states=(
        State("open", _("Open"), _("We look at it.")),
        State("closed", _("Closed"), _("We have finished."), WaitsFor.NOBODY, final=True),
    ),
    steps=(
        Step("finish", _("Finish"), (Role.RESPONDER,), ("open",), "closed"),
        Step("page_me", _("Page me"), (Role.RESPONDER,), ("open",)),
        Step("escalate_me", _("Escalate me"), (Role.RESPONDER,), ("open",)),
        Step("doom", _("Doom"), (Role.RESPONDER,), ("open",)),
        Step("count_days", _("Count days"), (Role.RESPONDER,), ("open",)),
        Step("give_up", _("Give up"), (Role.SYSTEM,), ("open",), "closed", run=_close),
    ),
    clocks=(
        _clock("remind", minutes(60), OPENED, warn=minutes(15), lapse=REMIND, pauses=(WAITING_FOR_REPORTER,)),
        _clock("page", minutes(60), "page_me", lapse=PAGE),
        _clock("escalate", minutes(60), "escalate_me", lapse=ESCALATE),
        _clock("doom", minutes(60), "doom", lapse=run_step("give_up")),
        _clock("office", business_days(2), "count_days", warn=business_days(1)),
        _clock("destroy", days(30), OPENED, stops_on=("page_me",), outlives=True),
    ),
    retention=erase_closed(years_long(3), "For tests.", "These tests, 2026"),
)

"""First a warning, then a manager's word, then silence for a time; and never a word of it for emergencies."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tests.cast import Cast, agree, report_emergency
from tutela.core.errors import BadData, NotAllowed, StepClosed
from tutela.core.people.actor import acting_as
from tutela.programs.registers.contacts import suspension
from tutela.programs.registers.models import ContactRestriction
from tutela.workflows.triage.tests.path import (
    READER,
    SUSPENSION,
    do,
    letters,
    look,
    received,
    suspended,
)

pytestmark = pytest.mark.django_db


def in_force(actor, address=READER):
    with acting_as(actor):
        return suspension(address)


def test_nobody_is_suspended_without_a_warning(cast: Cast):
    with pytest.raises(StepClosed, match="warn first"):
        do(received(), "suspend_contact", cast.wren, **SUSPENSION)


def test_a_warning_says_what_comes_next(cast: Cast):
    reference = received()
    assert do(reference, "warn", cast.wren, reason="Again and again.").state == "answered"
    (letter,) = letters(reference, cast.wren)
    assert letter.letter == "warning"
    assert "Again and again" not in letter.text, "the reason is for the record"


def test_a_warning_on_an_earlier_case_counts(cast: Cast):
    do(received(), "warn", cast.wren, reason="Again and again.")
    assert do(received(text="Another mail"), "suspend_contact", cast.wren, **SUSPENSION).held


def test_a_manager_agrees_and_the_reporter_is_told(cast: Cast):
    reference = suspended(cast)
    assert look(reference, cast.wren).state == "closed"
    row = in_force(cast.wren)
    assert row.until is not None
    assert timedelta(days=29) < row.until - timezone.now() <= timedelta(days=30)
    assert row.weighed == ["frequency", "intent"]
    last = letters(reference, cast.wren)[-1]
    assert last.letter == "suspension"
    assert reference in last.text


@pytest.mark.parametrize(("measure", "days"), [("month", 30), ("half_year", 180), ("for_good", None)])
def test_the_measure_says_for_how_long(cast: Cast, measure, days):
    suspended(cast, measure)
    until = in_force(cast.wren).until
    assert (until is None) == (days is None)
    with time_machine.travel(timezone.now() + timedelta(days=(days or 9000) + 1)):
        assert (in_force(cast.wren) is None) == (days is not None)


def test_a_refused_approval_suspends_nobody(cast: Cast):
    reference = received()
    do(reference, "warn", cast.wren, reason="Again and again.")
    do(reference, "suspend_contact", cast.wren, **SUSPENSION)
    assert do(reference, "stop", cast.alder, reason="They stopped.").state == "answered"
    assert in_force(cast.wren) is None


def test_a_manager_does_not_agree_with_themselves(cast: Cast):
    reference = received()
    do(reference, "warn", cast.alder, reason="Again and again.")
    do(reference, "suspend_contact", cast.alder, **SUSPENSION)
    with pytest.raises(NotAllowed, match="Proposed it"):
        agree(reference, cast.alder)


def test_the_weighing_is_asked_for(cast: Cast):
    reference = received()
    do(reference, "warn", cast.wren, reason="Again and again.")
    with pytest.raises(BadData) as refused:
        do(reference, "suspend_contact", cast.wren, reason="x", measure="for_a_while")
    assert sorted(refused.value.errors) == ["measure", "weighed"]


def test_a_report_without_an_address_is_nobody_to_warn(cast: Cast):
    reference = received(sender_email="", channel="portal")
    with pytest.raises(StepClosed, match="gave no mail address"):
        do(reference, "warn", cast.wren, reason="Rude.")


def test_what_a_suspended_contact_sends_is_set_aside_and_a_person_still_reads_it(cast: Cast):
    suspended(cast)
    reference = received(text="It is me again.", sender_email="Loud.Reader+again@wiki.example")
    case = look(reference, cast.wren)
    assert case.state == "suspended_contact"
    with acting_as(cast.wren):
        assert case.reports.get().text == "It is me again."
    assert do(reference, "sort", cast.wren, category="other").state == "sorted"


def test_it_may_be_an_emergency_all_the_same(cast: Cast):
    suspended(cast)
    reference = received(text="I want to end it.")
    assert do(reference, "refer", cast.wren, workflow="emergency", reason="A threat.").state == "referred"


def test_an_emergency_from_a_suspended_address_is_handled_as_any_other(cast: Cast):
    suspended(cast)
    mail = {
        "channel": "mail",
        "sender_email": READER,
        "receipt_hash": None,
        "fields": {},
        "mailbox": "emergency",
    }
    reference = report_emergency(**mail)
    case = look(reference, cast.juniper)
    assert (case.state, case.due_clock) == ("received", "acknowledge")
    do(reference, "acknowledge", cast.juniper)
    (letter,) = letters(reference, cast.juniper)
    assert letter.recipient == READER


def test_a_manager_lifts_it(cast: Cast):
    suspended(cast)
    reference = received(text="I am sorry.")
    with pytest.raises(NotAllowed):
        do(reference, "lift_suspension", cast.wren, reason="They said sorry.")
    assert do(reference, "lift_suspension", cast.alder, reason="They said sorry.").state == "received"
    assert in_force(cast.wren) is None
    assert look(received(text="A new thing."), cast.wren).state == "received"


def test_nobody_is_suspended_twice(cast: Cast):
    suspended(cast)
    with pytest.raises(StepClosed, match="suspended already"):
        do(received(text="Again."), "suspend_contact", cast.wren, **SUSPENSION)


def test_the_register_does_not_hold_the_address(cast: Cast):
    suspended(cast)
    with acting_as(cast.wren):
        rows = list(ContactRestriction.objects.values())
    assert len(rows) == 2
    assert not any("loud" in str(value).lower() for row in rows for value in row.values())

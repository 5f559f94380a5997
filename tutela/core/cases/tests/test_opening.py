"""Each report becomes one case, or joins the case that it answers; a faulty one stalls no other."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from tests.cast import Cast, case_of, emergency, make_cast, report_emergency
from tests.kill.tools import wait_for
from tutela.core.cases.models import Case, Message, Report
from tutela.core.cases.opening import open_case, open_waiting
from tutela.core.cases.receive import receive
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor


@pytest.mark.django_db
def test_opening_twice_makes_one_case(cast: Cast):
    report = receive(emergency()).report_id
    assert open_case(report) == open_case(report)
    with acting_as(cast.juniper):
        assert Case.objects.count() == 1


@pytest.mark.django_db
def test_references_count_within_a_workflow_and_a_year(cast: Cast):
    first, second = report_emergency(), report_emergency(text="Another thing")
    assert first[:3] == "EM-"
    assert int(second[-4:]) == int(first[-4:]) + 1


@pytest.mark.django_db
def test_the_clocks_count_from_the_receipt_not_from_the_opening(cast: Cast):
    case = case_of(report_emergency(), cast.juniper)
    with acting_as(cast.juniper):
        clock = case.clocks.get(name="acknowledge")
    assert clock.started_at == case.received_at
    assert case.due_at == clock.due_at


@pytest.mark.django_db
def test_a_report_that_cannot_be_opened_is_put_off_and_the_next_one_is_opened():
    faulty = receive(emergency(workflow="no-such-workflow")).report_id
    good = receive(emergency(text="A good one")).report_id
    assert open_waiting() == 1
    with acting_as(system_actor(SystemActor.INTAKE)):
        assert Report.objects.get(pk=good).opened_at is not None
        waiting = Report.objects.get(pk=faulty)
    assert waiting.opened_at is None
    assert waiting.open_attempts == 1
    assert "no-such-workflow" in waiting.open_error
    assert open_waiting() == 0, "it waits for its time"


@pytest.mark.django_db
def test_an_answer_to_our_mail_joins_its_case_and_a_guessed_reference_does_not(cast: Cast):
    sent = {"channel": "mail", "sender_email": "reader@wiki.example", "receipt_hash": None, "fields": {}}
    reference = report_emergency(**sent)
    perform(reference, "answer", cast.juniper, {"text": "Thank you."})
    with acting_as(cast.juniper):
        Message.objects.filter(direction="out").update(message_id="<ours-7f3a@tutela.example>")
    answer = {**sent, "text": "They are at the station", "source_key": "<two@wiki.example>"}
    assert (
        open_case(receive(emergency(**answer, thread=("<ours-7f3a@tutela.example>",))).report_id) == reference
    )
    assert case_of(reference, cast.juniper).unread == 1
    guessed = {
        **answer,
        "text": f"Re: {reference}",
        "subject": reference,
        "source_key": "<three@wiki.example>",
    }
    assert open_case(receive(emergency(**guessed, thread=("<guess@wiki.example>",))).report_id) != reference


@pytest.mark.django_db(transaction=True)
def test_who_waits_for_another_process_that_opens_it_gets_the_same_case():
    make_cast()
    report = receive(emergency()).report_id
    has_it, may_end, found = threading.Event(), threading.Event(), []

    def open_slowly() -> None:
        with transaction.atomic():
            found.append(open_case(report))
            has_it.set()
            may_end.wait(30)
        connection.close()

    def open_too() -> None:
        found.append(open_case(report))
        connection.close()

    slow, other = threading.Thread(target=open_slowly), threading.Thread(target=open_too)
    slow.start()
    assert has_it.wait(30)
    other.start()
    wait_for(somebody_waits_for_a_lock, "the other one waits for the row")
    may_end.set()
    slow.join()
    other.join()
    assert found[0] == found[1]


def somebody_waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE wait_event_type = 'Lock' AND datname = current_database())"
        )
        return cursor.fetchone()[0]

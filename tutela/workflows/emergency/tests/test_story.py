"""One emergency from the report to its review, and what is left of it afterwards."""

from __future__ import annotations

import base64

import pytest

from tests.cast import Cast, agree, report_emergency
from tutela.core.cases.models import Event, Message
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests.path import (
    CALL,
    CHECKLIST,
    RELEASE,
    do,
    load_sample,
    log_of,
    look,
    police,
)

pytestmark = pytest.mark.django_db


def test_from_a_report_to_a_reviewed_case(cast: Cast):
    load_sample()
    reference = report_emergency(language="es", sender_email="reader@wiki.example")
    assert look(reference, cast.juniper).state == "received"

    do(reference, "take", cast.juniper)
    do(reference, "acknowledge", cast.juniper)
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=police().pk, how="They named it.")
    asked = do(reference, "disclose", cast.juniper, **RELEASE)
    assert (asked.held, asked.state) == (True, "awaiting_approval")
    do(reference, "verify_agency", cast.heron, **CALL)
    released = agree(reference, cast.larch, reason="Clear danger.")
    assert released.state == "disclosed"

    do(reference, "record_agency_number", cast.juniper, agency_case_number="P-77/26")
    do(reference, "record_feedback", cast.juniper, text="They found the person, safe.")
    do(reference, "record_follow_up", cast.heron, done=["hidden", "stewards"])
    do(reference, "thank_reporter", cast.juniper)
    do(reference, "close_for_review", cast.juniper)
    do(reference, "review", cast.alder, text="Quick and right.")

    case = look(reference, cast.alder)
    assert case.state == "closed"
    assert case.closed_at is not None
    with acting_as(cast.alder):
        said = [event.step for event in case.events.filter(kind=Event.Kind.STEP).order_by("id")]
        letters = list(case.messages.order_by("id").values_list("letter", flat=True))
        running = list(case.clocks.filter(stopped_at=None).values_list("name", flat=True))
    assert said[-1] == "review"
    assert letters == ["acknowledgement", "thanks"]
    assert running == ["technical_data"], "the duty to destroy outlives the case"
    (entry,) = log_of(reference, cast.alder)
    assert (entry.agency_case_number, entry.pre_approved) == ("P-77/26", True)
    assert entry.corrects_id is not None, "the row without the number is still there"


def test_the_letter_to_the_agency_holds_what_was_approved_and_goes_to_the_directory(cast: Cast):
    load_sample()
    reference = report_emergency()
    do(reference, "acknowledge", cast.juniper)
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=police().pk)
    do(reference, "verify_agency", cast.juniper, **CALL)
    do(reference, "disclose", cast.juniper, **RELEASE)
    with acting_as(cast.juniper):
        case = look(reference, cast.juniper)
        assert not any("attachments" in one.payload for one in case.effects.all()), (
            "nothing was sent while it waits"
        )
    agree(reference, cast.larch)
    with acting_as(cast.larch):
        (effect,) = (one for one in Effect.objects.filter(case=case) if "attachments" in one.payload)
        exhibit = case.exhibits.get()
        printed = bytes(exhibit.data)
    assert effect.payload["to"] == "duty-desk@police.exampleland.example"
    (attached,) = effect.payload["attachments"]
    assert base64.b64decode(attached["base64"]) == printed
    assert attached["content_type"] == "application/pdf"
    assert bytes(exhibit.data).startswith(b"%PDF-")
    assert "192.0.2.7" not in effect.payload["text"]
    assert effect.request_id is not None


def test_the_reporter_hears_from_us_twice_and_reads_no_detail(cast: Cast):
    reference = report_emergency(sender_email="reader@wiki.example")
    do(reference, "acknowledge", cast.juniper)
    do(reference, "assess_not_credible", cast.juniper, **CHECKLIST)
    do(reference, "thank_reporter", cast.juniper)
    do(reference, "close", cast.juniper)
    with acting_as(cast.juniper):
        texts = [one.text for one in Message.objects.filter(case__reference=reference).order_by("id")]
    assert len(texts) == 2
    assert not any("credible" in text or "ExampleMoss" in text for text in texts)

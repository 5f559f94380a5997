"""Every reporter hears from us, in their language; machines never do."""

from __future__ import annotations

import pytest

from tests.cast import Cast, emergency, report_emergency
from tutela.core.cases.models import Message, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.errors import BadData, StepClosed
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.programs.directory.files import load_sample
from tutela.programs.directory.models import Helpline, Venue
from tutela.workflows.emergency.tests.path import CHECKLIST, acknowledged, do, following_up, look

pytestmark = pytest.mark.django_db

BY_MAIL = {"sender_email": "reader@wiki.example", "receipt_hash": None, "channel": "mail"}


def letters(reference, actor, name):
    with acting_as(actor):
        found = list(Message.objects.filter(case__reference=reference, letter=name).order_by("id"))
        assert all(f"{one.text}{one.recipient}" for one in found)  # opened while somebody is named
        return found


def mails(reference, actor):
    with acting_as(actor):
        found = Effect.objects.filter(case__reference=reference, message_id__isnull=False)
        return [effect.payload["to"] for effect in found.order_by("id")]


def test_the_acknowledgement_is_behind_the_code_and_by_mail_where_there_is_an_address(cast: Cast):
    reference = acknowledged(cast, sender_email="reader@wiki.example", language="fr")
    (letter,) = letters(reference, cast.juniper, "acknowledgement")
    assert (letter.language, letter.recipient) == ("fr", "reader@wiki.example")
    assert reference in letter.subject
    assert mails(reference, cast.juniper) == ["reader@wiki.example"]


def test_without_an_address_nothing_is_mailed(cast: Cast):
    reference = acknowledged(cast)
    assert len(letters(reference, cast.juniper, "acknowledgement")) == 1
    assert mails(reference, cast.juniper) == []


def test_a_machine_is_not_answered(cast: Cast):
    reference = acknowledged(cast, automatic=True, **BY_MAIL)
    assert letters(reference, cast.juniper, "acknowledgement") == []
    assert look(reference, cast.juniper).state == "acknowledged"


def test_the_same_threat_reported_by_many_is_one_case_and_each_reporter_is_answered_once(cast: Cast):
    reference = acknowledged(cast, text="First report")
    second = report_emergency(text="Second report", language="es")
    do(second, "merge_into", cast.juniper, other=reference, reason="The same page.")
    with pytest.raises(StepClosed):
        do(second, "acknowledge", cast.juniper)
    do(reference, "acknowledge_others", cast.juniper)
    assert [one.language for one in letters(reference, cast.juniper, "acknowledgement")] == ["en", "es"]
    with pytest.raises(StepClosed, match="Every reporter has had"):
        do(reference, "acknowledge_others", cast.juniper)


def test_thanks_say_no_detail(cast: Cast):
    reference = following_up(cast)
    do(reference, "thank_reporter", cast.juniper)
    (letter,) = letters(reference, cast.juniper, "thanks")
    assert "ExampleMoss" not in letter.text


def test_another_venue_is_named(cast: Cast):
    load_sample()
    reference = following_up(cast)
    venue = Venue.objects.get(title="Requests to stewards")
    do(reference, "hand_over_to_venue", cast.juniper, venue=venue.pk)
    (letter,) = letters(reference, cast.juniper, "hand_over")
    assert venue.url in letter.text


class TestResources:
    """People to talk to, for the person at risk."""

    def test_the_reporter_who_is_at_risk_gets_helplines_of_the_country_in_their_language(self, cast: Cast):
        load_sample()
        reference = acknowledged(cast, fields={"who": "me"}, language="es")
        do(reference, "edit_facts", cast.juniper, country="ZE")
        do(reference, "send_resources", cast.juniper, to="reporter")
        (letter,) = letters(reference, cast.juniper, "resources")
        assert "Someone to Talk To, Exampleland" in letter.text
        assert "World List of Helplines" in letter.text
        assert "Night Line" not in letter.text, "nobody checked that one lately"
        assert "5550112" in letter.text

    def test_somebody_else_gets_them_by_mail_and_the_record_says_so(self, cast: Cast):
        load_sample()
        reference = acknowledged(cast)
        do(
            reference,
            "send_resources",
            cast.juniper,
            to="address",
            address="moss@wiki.example",
            language="fr",
        )
        (letter,) = letters(reference, cast.juniper, "resources")
        assert (letter.recipient, letter.report_id, letter.language) == ("moss@wiki.example", None, "fr")
        assert mails(reference, cast.juniper) == ["moss@wiki.example"]

    def test_chosen_helplines_only(self, cast: Cast):
        load_sample()
        reference = acknowledged(cast)
        line = Helpline.objects.get(name="Open Ear")
        do(reference, "send_resources", cast.juniper, to="reporter", helplines=[str(line.pk)])
        (letter,) = letters(reference, cast.juniper, "resources")
        assert "Open Ear" in letter.text
        assert "World List" not in letter.text

    def test_without_an_address_it_is_refused(self, cast: Cast):
        load_sample()
        with pytest.raises(BadData) as refused:
            do(acknowledged(cast), "send_resources", cast.juniper, to="address")
        assert list(refused.value.errors) == ["address"]

    def test_of_several_reporters_one_is_named(self, cast: Cast):
        load_sample()
        reference = acknowledged(cast, text="First report")
        do(report_emergency(text="Second"), "merge_into", cast.juniper, other=reference)
        with pytest.raises(BadData) as refused:
            do(reference, "send_resources", cast.juniper, to="reporter")
        assert list(refused.value.errors) == ["report"]

    def test_without_any_helpline_it_is_refused(self, cast: Cast):
        with pytest.raises(BadData) as refused:
            do(acknowledged(cast), "send_resources", cast.juniper, to="reporter")
        assert list(refused.value.errors) == ["helplines"]


def test_a_new_message_starts_its_own_clock(cast: Cast):
    reference = acknowledged(cast)
    with acting_as(cast.juniper):
        code = bytes(Report.objects.get(case__reference=reference).receipt_hash)
    added = emergency(text="They wrote again.", source_key="second", receipt_hash=None, adds_to=code)
    open_case(receive(added).report_id)
    case = look(reference, cast.juniper)
    assert (case.unread, case.due_clock) == (1, "answer_message")
    do(reference, "answer", cast.juniper, text="Thank you. We are on it.")
    case = look(reference, cast.juniper)
    assert (case.unread, case.due_clock) == (0, "assess")


def test_the_checklist_is_no_part_of_a_letter(cast: Cast):
    reference = acknowledged(cast)
    do(reference, "assess_not_credible", cast.juniper, **CHECKLIST)
    with acting_as(cast.juniper):
        assert not any("station" in one.text for one in Message.objects.filter(case__reference=reference))

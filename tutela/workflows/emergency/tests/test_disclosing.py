"""Legal agrees before, or reviews after; the log says what went to whom; nothing else goes anywhere."""

from __future__ import annotations

import sys

import pytest

from tests.cast import Cast, agree
from tutela.core.errors import BadData, NotAllowed, StepClosed
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant
from tutela.core.people.roles import Role
from tutela.programs.directory.models import Agency
from tutela.workflows.emergency.tests.path import (
    RELEASE,
    URGENT,
    disclosed,
    disclosed_urgently,
    do,
    held,
    log_of,
    look,
    police,
    verified,
)

pytestmark = pytest.mark.django_db


def to_agency(reference, actor):
    with acting_as(actor):
        found = Effect.objects.filter(case__reference=reference)
        return [one for one in found if "attachments" in one.payload]


def test_the_log_says_all_that_the_register_asks_for(cast: Cast):
    reference = disclosed(cast)
    (entry,) = log_of(reference, cast.juniper)
    assert entry.pre_approved
    assert entry.released_by_id == cast.juniper.id
    assert entry.approved_by == [cast.larch.id]
    assert (entry.recipient_type, entry.recipient_name) == ("law_enforcement", "Duty officer 17")
    assert (entry.reason, entry.legal_basis) == ("harm", "2702c4")
    assert (entry.data_classes, entry.accounts) == (["ip", "times"], ["ExampleMoss"])
    assert (entry.agency, entry.call_back_number) == ("National Police of Exampleland", "+99 555 0100")
    assert (entry.call_back_answered_by, entry.call_back_by_id) == ("Duty officer 17", cast.juniper.id)
    assert entry.call_back_at is not None
    assert entry.minutes_from_receipt == 0
    assert not entry.is_test
    assert entry.case_reference == reference


def test_on_the_urgent_path_it_goes_at_once_and_legal_reviews_it(cast: Cast):
    reference = disclosed_urgently(cast)
    (entry,) = log_of(reference, cast.juniper)
    assert not entry.pre_approved
    assert entry.approved_by == []
    assert entry.why_urgent == URGENT["why_urgent"]
    assert len(to_agency(reference, cast.juniper)) == 1
    case = look(reference, cast.juniper)
    with acting_as(cast.juniper):
        assert case.requests.get().kind == "review"
        assert case.clocks.get(name="review_disclosure").stopped_at is None
    agree(reference, cast.larch, reason="Right to act.")
    with acting_as(cast.juniper):
        assert case.clocks.get(name="review_disclosure").state == "met"


def test_legal_may_say_afterwards_that_it_was_wrong(cast: Cast):
    reference = disclosed_urgently(cast)
    with pytest.raises(BadData):
        do(reference, "stop", cast.larch)
    do(reference, "stop", cast.larch, reason="It could have waited an hour.")
    case = look(reference, cast.juniper)
    with acting_as(cast.juniper):
        assert case.clocks.get(name="review_disclosure").state == "met"
    assert case.state == "disclosed", "what is released cannot be taken back"


def test_the_urgent_path_overtakes_what_waits_for_approval(cast: Cast):
    reference = held(cast)
    do(reference, "disclose_urgently", cast.juniper, **URGENT)
    with acting_as(cast.juniper):
        requests = dict(look(reference, cast.juniper).requests.values_list("kind", "state"))
    assert requests == {"approval": "withdrawn", "review": "open"}
    assert len(to_agency(reference, cast.juniper)) == 1


def test_the_urgent_path_is_for_responders_and_managers(cast: Cast):
    reference = verified(cast)
    Grant.objects.filter(staff_id=cast.heron.id, workflow="emergency").update(role=Role.INVESTIGATOR)
    with pytest.raises(NotAllowed):
        do(reference, "disclose_urgently", cast.heron, **URGENT)
    assert do(reference, "disclose", cast.heron, **RELEASE).held


def test_the_urgent_path_must_say_why(cast: Cast):
    with pytest.raises(BadData) as refused:
        do(verified(cast), "disclose_urgently", cast.juniper, **RELEASE)
    assert list(refused.value.errors) == ["why_urgent"]


def test_a_refused_approval_sends_nothing_and_leads_back(cast: Cast):
    reference = held(cast)
    assert do(reference, "stop", cast.larch, reason="No danger is named.").state == "deciding"
    assert to_agency(reference, cast.juniper) == []
    assert log_of(reference, cast.juniper) == []
    do(reference, "do_not_disclose", cast.juniper, reason="Legal sees no danger.")
    do(reference, "close", cast.juniper)


def test_only_legal_agrees(cast: Cast):
    reference = held(cast)
    for actor in (cast.heron, cast.alder):
        with pytest.raises(NotAllowed, match="Holds no seat"):
            agree(reference, actor)


def test_a_proposer_who_is_counsel_too_does_not_agree_with_themselves(cast: Cast):
    Grant.objects.create(staff_id=cast.juniper.id, workflow="emergency", role=Role.COUNSEL)
    with pytest.raises(NotAllowed, match="Proposed it"):
        agree(held(cast), cast.juniper)


def test_a_changed_request_is_agreed_to_as_changed(cast: Cast):
    reference = held(cast)
    do(reference, "amend", cast.juniper, changes={"released": "192.0.2.9", "data_classes": ["ip"]})
    agree(reference, cast.larch)
    (entry,) = log_of(reference, cast.juniper)
    assert entry.data_classes == ["ip"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data_classes": []}, "data_classes"),
        ({"data_classes": "everything"}, "data_classes"),
        ({"legal_basis": "because"}, "legal_basis"),
        ({"recipient_name": ""}, "recipient_name"),
        ({"released": " "}, "released"),
        ({"reason": "other"}, "reason_other"),
        ({"recipient_type": "other"}, "recipient_type_other"),
    ],
)
def test_what_is_missing_or_unknown_is_named(cast: Cast, changes, field):
    with pytest.raises(BadData) as refused:
        do(verified(cast), "disclose", cast.juniper, **{**RELEASE, **changes})
    assert list(refused.value.errors) == [field]


def test_one_kind_of_data_may_come_as_a_text(cast: Cast):
    assert do(verified(cast), "disclose", cast.juniper, **{**RELEASE, "data_classes": "ip, email"}).held


def test_without_an_address_the_letter_is_kept_and_nothing_is_mailed(cast: Cast):
    reference = verified(cast)
    Agency.objects.filter(pk=police().pk).update(email="")
    do(reference, "disclose_urgently", cast.juniper, **URGENT)
    assert to_agency(reference, cast.juniper) == []
    with acting_as(cast.juniper):
        assert look(reference, cast.juniper).exhibits.get().title.startswith("Letter of disclosure RL-")


def test_without_a_printer_the_letter_is_plain_text_and_says_so(cast: Cast, monkeypatch):
    class Nothing:
        def find_spec(self, name, _path=None, _target=None):
            if name.split(".")[0] == "weasyprint":
                raise OSError("cannot load library 'libpango-1.0-0'")

    reference = verified(cast)
    for name in [name for name in sys.modules if name.split(".")[0] == "weasyprint"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Nothing(), *sys.meta_path])
    do(reference, "disclose_urgently", cast.juniper, **URGENT)
    (effect,) = to_agency(reference, cast.juniper)
    assert effect.payload["attachments"] == []
    assert "192.0.2.7" in effect.payload["text"]
    assert "as plain text" in effect.label


def test_markup_in_what_is_released_stays_words(cast: Cast):
    reference = verified(cast)
    do(
        reference,
        "disclose_urgently",
        cast.juniper,
        **{**URGENT, "released": "<img src=x> & <b>192.0.2.7</b>"},
    )
    assert len(to_agency(reference, cast.juniper)) == 1


class TestAfterwards:
    """What is learned after a release is added, never written over."""

    def test_the_case_number_of_the_agency_is_a_row_of_its_own(self, cast: Cast):
        reference = disclosed(cast)
        (before,) = log_of(reference, cast.juniper)
        do(reference, "record_agency_number", cast.juniper, agency_case_number="P-77/26")
        (after,) = log_of(reference, cast.juniper)
        assert after.corrects_id == before.pk
        assert after.agency_case_number == "P-77/26"
        assert look(reference, cast.juniper).facts["agency_case_number"] == "P-77/26"

    def test_a_mistake_is_corrected_with_a_reason(self, cast: Cast):
        reference = disclosed(cast)
        do(reference, "correct_release", cast.juniper, recipient_name="Duty officer 71", reason="Misheard.")
        (entry,) = log_of(reference, cast.juniper)
        assert (entry.recipient_name, entry.correction_reason) == ("Duty officer 71", "Misheard.")

    def test_a_correction_says_something(self, cast: Cast):
        with pytest.raises(BadData):
            do(disclosed(cast), "correct_release", cast.juniper, reason="Misheard.")

    def test_before_a_release_there_is_nothing_to_correct(self, cast: Cast):
        with pytest.raises(StepClosed):
            do(held(cast), "record_agency_number", cast.juniper, agency_case_number="P-77/26")

    @pytest.mark.parametrize(("step", "data"), [("record_feedback", {"text": "Safe."}), ("no_feedback", {})])
    def test_the_agency_answers_or_does_not(self, cast: Cast, step, data):
        reference = disclosed(cast)
        assert do(reference, step, cast.juniper, **data).state == "follow_up"
        with acting_as(cast.juniper):
            clock = look(reference, cast.juniper).clocks.get(name="agency_feedback")
        assert clock.state == "met"

    def test_a_second_agency_may_be_told(self, cast: Cast):
        reference = disclosed(cast)
        other = Agency.objects.get(name="Police of Sample City")
        do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=other.pk)
        call = {"number_called": other.call_back_number, "answered_by": "Control room"}
        do(reference, "verify_agency", cast.juniper, **call)
        do(reference, "disclose_urgently", cast.juniper, **URGENT)
        assert [entry.agency for entry in log_of(reference, cast.juniper)] == [
            "National Police of Exampleland",
            "Police of Sample City",
        ]

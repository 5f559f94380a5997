"""The agency comes from the directory and is called back there: nobody is sent to a door by a hoax."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.cast import Cast, agree
from tutela.core.errors import BadData, StepClosed
from tutela.core.people.actor import acting_as
from tutela.programs.directory.files import load_sample
from tutela.programs.directory.models import Agency
from tutela.workflows.emergency.tests.path import (
    CALL,
    CHECKLIST,
    NUMBER,
    RELEASE,
    URGENT,
    deciding,
    do,
    following_up,
    held,
    locating,
    look,
    police,
    verified,
)

pytestmark = pytest.mark.django_db


def test_the_agency_becomes_a_party_and_undo_takes_it_off(cast: Cast):
    reference = deciding(cast)
    case = look(reference, cast.juniper)
    assert (case.facts["agency"], case.facts["country"]) == ("National Police of Exampleland", "ZE")
    with acting_as(cast.juniper):
        part = case.parties.get(removed_at=None)
        assert (part.part, part.party.name) == ("agency", "National Police of Exampleland")
    do(reference, "undo", cast.juniper)
    case = look(reference, cast.juniper)
    assert (case.state, case.facts.get("agency")) == ("locating", None)
    with acting_as(cast.juniper):
        assert not case.parties.filter(removed_at=None).exists()


def test_an_agency_of_another_country_is_refused(cast: Cast):
    reference = locating(cast)
    load_sample()
    with pytest.raises(BadData) as refused:
        do(reference, "record_jurisdiction", cast.juniper, country="ZS", agency=police().pk)
    assert refused.value.errors == {"agency": ["This agency is in another country."]}


def test_only_a_credible_and_imminent_threat_goes_to_an_agency(cast: Cast):
    reference = following_up(cast)
    load_sample()
    with pytest.raises(StepClosed, match="credible and imminent"):
        do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=police().pk)


@pytest.mark.parametrize("same", ["+99 555 0100", "+99-555-0100", "(99) 5550100"])
def test_the_number_may_be_written_in_any_way(cast: Cast, same):
    reference = deciding(cast)
    do(reference, "verify_agency", cast.juniper, number_called=same, answered_by="Duty officer 17")
    assert look(reference, cast.juniper).facts["verified"]["number"] == NUMBER


@pytest.mark.parametrize("other", ["+99 555 0101", "5550100", "", "the number they gave me"])
def test_any_other_number_is_refused(cast: Cast, other):
    with pytest.raises(BadData) as refused:
        do(deciding(cast), "verify_agency", cast.juniper, number_called=other, answered_by="Somebody")
    assert list(refused.value.errors) == ["number_called"]


def test_a_call_that_was_not_made_yet_is_refused(cast: Cast):
    later = (timezone.now() + timedelta(hours=1)).isoformat()
    with pytest.raises(BadData) as refused:
        do(deciding(cast), "verify_agency", cast.juniper, **CALL, called_at=later)
    assert list(refused.value.errors) == ["called_at"]


def test_an_old_or_once_verified_entry_needs_a_second_source(cast: Cast):
    reference = deciding(cast)
    Agency.objects.filter(pk=police().pk).update(verified_at=timezone.now().date() - timedelta(days=181))
    with pytest.raises(BadData) as refused:
        do(reference, "verify_agency", cast.juniper, **CALL)
    assert list(refused.value.errors) == ["second_source"]
    do(
        reference,
        "verify_agency",
        cast.juniper,
        **CALL,
        second_source="https://police.exampleland.example/contact",
    )
    do(reference, "disclose", cast.juniper, **RELEASE)


def test_nothing_is_released_to_an_agency_that_was_not_called_back(cast: Cast):
    reference = deciding(cast)
    with pytest.raises(StepClosed, match="Call the agency back first"):
        do(reference, "disclose_urgently", cast.juniper, **URGENT)
    asked = do(reference, "disclose", cast.juniper, **RELEASE)
    assert asked.held, "Legal may read while somebody calls"
    with pytest.raises(StepClosed, match="Call the agency back first"):
        agree(reference, cast.larch)
    do(reference, "verify_agency", cast.heron, **CALL)
    assert agree(reference, cast.larch).state == "disclosed"


def test_another_agency_has_to_be_called_back_anew(cast: Cast):
    reference = verified(cast)
    other = Agency.objects.get(name="Police of Sample City")
    do(reference, "record_jurisdiction", cast.juniper, country="ZE", place="Sample City", agency=other.pk)
    with pytest.raises(StepClosed, match="Call the agency back first"):
        do(reference, "disclose_urgently", cast.juniper, **URGENT)


def test_a_number_that_changed_in_the_directory_has_to_be_called_anew(cast: Cast):
    reference = held(cast)
    Agency.objects.filter(pk=police().pk).update(call_back_number="+99 555 0199")
    with pytest.raises(StepClosed, match="Call the agency back first"):
        agree(reference, cast.larch)


def test_a_new_assessment_forgets_the_call(cast: Cast):
    reference = verified(cast)
    do(reference, "assess_again", cast.juniper, reason="Something changed.")
    do(reference, "assess_imminent", cast.juniper, **CHECKLIST)
    do(reference, "record_jurisdiction", cast.juniper, country="ZE", agency=police().pk)
    with pytest.raises(StepClosed, match="Call the agency back first"):
        do(reference, "disclose_urgently", cast.juniper, **URGENT)

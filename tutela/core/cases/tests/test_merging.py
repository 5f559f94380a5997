"""The same threat reported by many is one case with many reporters; and a merge can be taken back."""

from __future__ import annotations

import pytest

from tests.cast import Cast, case_of, emergency, report_emergency
from tutela.core.cases.models import Party
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import new_receipt, receive
from tutela.core.errors import BadData, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as


@pytest.fixture
def two(cast: Cast) -> tuple[str, str]:
    return report_emergency(), report_emergency(text="I saw the same goodbye on that page.")


@pytest.mark.django_db
def test_the_reporters_of_both_are_answered_in_one_place(cast: Cast, two):
    main, other = two
    perform(other, "merge_into", cast.juniper, {"other": main})
    merged = case_of(other, cast.juniper)
    case = case_of(main, cast.juniper)
    assert (merged.state, merged.is_open, merged.merged_into_id) == ("merged", False, case.pk)
    with acting_as(cast.juniper):
        assert case.reports.count() == 2
    perform(main, "answer", cast.juniper, {"text": "Thank you both."})
    with acting_as(cast.juniper):
        assert case.messages.count() == 2


@pytest.mark.django_db
def test_what_a_reporter_adds_after_the_merge_reaches_the_main_case(cast: Cast):
    main = report_emergency()
    _code, receipt = new_receipt()
    other = report_emergency(text="The same", receipt_hash=receipt)
    perform(other, "merge_into", cast.juniper, {"other": main})
    added = receive(emergency(text="And now this", receipt_hash=None, adds_to=receipt))
    assert open_case(added.report_id) == main
    assert case_of(main, cast.juniper).unread == 1
    perform(other, "unmerge", cast.juniper)
    assert case_of(other, cast.juniper).state == "received"
    assert (case_of(other, cast.juniper).unread, case_of(main, cast.juniper).unread) == (1, 0)
    with acting_as(cast.juniper):
        assert case_of(main, cast.juniper).reports.count() == 1


@pytest.mark.django_db
def test_a_case_is_not_merged_into_itself_or_into_one_that_is_unknown(cast: Cast, two):
    for wrong in (two[0], "EM-1999-0001", ""):
        with pytest.raises(BadData):
            perform(two[0], "merge_into", cast.juniper, {"other": wrong})


@pytest.mark.django_db
def test_merged_means_closed(cast: Cast, two):
    perform(two[1], "merge_into", cast.juniper, {"other": two[0]})
    with pytest.raises(StepClosed, match="Juniper moved this case on"):
        perform(two[1], "note", cast.juniper, {"text": "too late"})


@pytest.mark.django_db
def test_two_accounts_of_one_person_are_merged_and_split_again(cast: Cast):
    reference = report_emergency()
    for name in ("ExampleMoss", "ExampleMoss (alt)"):
        perform(reference, "add_party", cast.juniper, {"kind": "account", "name": name, "part": "reported"})
    with acting_as(cast.juniper):
        kept, other = Party.objects.order_by("id").values_list("pk", flat=True)
    link = {"party": kept, "other": other, "source": "the user page says so", "confidence": "medium"}
    perform(reference, "link_parties", cast.juniper, link)
    perform(reference, "merge_parties", cast.juniper, {"party": kept, "other": other})
    with pytest.raises(StepClosed, match="merged already"):
        perform(reference, "merge_parties", cast.juniper, {"party": kept, "other": other})
    perform(reference, "split_party", cast.juniper, {"party": other})
    with acting_as(cast.juniper):
        assert Party.objects.filter(merged_into=None).count() == 2

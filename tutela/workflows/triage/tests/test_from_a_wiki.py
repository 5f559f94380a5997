"""A direct report that a wiki mails for its user, in the wiki's language."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import case_of
from tutela.core.cases.opening import open_case
from tutela.core.people.actor import acting_as
from tutela.surfaces.mail.incoming import take_in

SAMPLES = Path(__file__).parents[3] / "programs/wikis/tests/samples"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "wiki", "reported", "reporter"),
    [
        ("direct-report-en.eml", "en.wiki.example", "TargetTwo", "reporter.one@mail.example"),
        ("direct-report-de.eml", "de.wiki.example", "ZielZwei", "melder@mail.example"),
    ],
)
def test_it_opens_with_the_page_and_the_account_and_answers_go_to_the_reporter(
    cast, name, wiki, reported, reporter
):
    received = take_in((SAMPLES / name).read_bytes(), "safety")
    case = case_of(open_case(received.report_id), cast.wren)
    assert case.wiki == wiki
    assert case.facts["where"].startswith(f"https://{wiki}/w/index.php?oldid=")
    with acting_as(cast.wren):
        (part,) = case.parties.select_related("party")
        (report,) = case.reports.all()
        assert report.sender_email == reporter
    assert (part.party.name, part.part) == (reported, "reported")

"""A report about a child does not wait at the end of the queue."""

from __future__ import annotations

import pytest

from tests.cast import Cast, case_of, report_emergency
from tutela.core.flow.perform import perform

pytestmark = pytest.mark.django_db


def opened(category: str) -> str:
    return report_emergency(workflow="triage", text=f"About {category}", fields={"category": category})


def test_what_the_sender_chose_says_how_soon_a_person_looks(cast: Cast):
    seen = {category: case_of(opened(category), cast.wren).severity for category in ("child", "other")}
    assert seen == {"child": 4, "other": 1}


def test_sorting_raises_the_severity_and_never_lowers_it(cast: Cast):
    reference = opened("child")
    for category, expected in (("other", 4), ("harassment", 4)):
        perform(
            reference, "sort", cast.wren, {"category": category, "wiki": "wiki.example", "language": "en"}
        )
        assert case_of(reference, cast.wren).severity == expected

"""The worker is killed while it disposes of cases: each goes whole, once, or is there as it was."""

from __future__ import annotations

import pytest

from tests.cast import make_cast
from tutela.core.cases.models import Case, Event
from tutela.core.people.actor import acting_as
from tutela.core.records.models import Certificate, Run, Tombstone
from tutela.core.records.tests.scene import agreed, old, reread

from .tools import Worker, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CASES = 3
CARRY_OUT = ("-m", "tutela", "records", "dispose", "carry-out")


@pytest.mark.parametrize(("point", "gone"), [("records.before_commit", 0), ("records.after_commit", 1)])
def test_each_case_goes_whole_and_once_whenever_the_worker_dies(point, gone):
    cast = make_cast()
    run = agreed(cast, *[old(cast) for _each in range(CASES)])
    Worker(*CARRY_OUT, crash_at=point).wait_for_crash()
    with acting_as(cast.alder):
        assert Case.objects.count() == CASES - gone
        assert Certificate.objects.count() == Tombstone.objects.count() == gone
        for case in Case.objects.all():
            assert case.facts
            assert Event.objects.filter(case=case).count() > CASES
    others = [Worker(*CARRY_OUT) for _each in range(2)]
    wait_for(lambda: reread(cast, run).state == Run.State.DONE, "the run is carried out")
    assert {one.process.wait() for one in others} == {0}
    with acting_as(cast.alder):
        assert not Case.objects.exists()
        assert Certificate.objects.count() == Tombstone.objects.count() == CASES

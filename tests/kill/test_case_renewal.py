"""Whoever renews the key of a case is killed half way: everything opens, and the next one finishes it."""

from __future__ import annotations

import pytest

from tests.cast import make_cast, report_emergency
from tutela.core.cases.models import Case, Note
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.vault.models import CaseKey

from .tools import PATIENCE, Worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("point", ["vault.before_commit", "vault.after_commit"])
def test_a_renewal_that_was_killed_is_finished_by_the_next_run(point):
    cast = make_cast()
    reference = report_emergency()
    perform(reference, "note", cast.larch, {"text": "Advice", "privileged": True})
    with acting_as(cast.larch):
        facts = Case.objects.get(reference=reference).facts

    Worker("-m", "tutela", "vault", "renew", "case", "--case", reference, crash_at=point).wait_for_crash()
    with acting_as(cast.larch):
        assert CaseKey.objects.get(case__reference=reference).replaced_at
        assert Case.objects.get(reference=reference).facts == facts
    assert Worker("-m", "tutela", "vault", "finish").process.wait(PATIENCE) == 0
    with acting_as(cast.larch):
        assert Note.objects.get(case__reference=reference).text == "Advice"
        assert Case.objects.get(reference=reference).facts == facts

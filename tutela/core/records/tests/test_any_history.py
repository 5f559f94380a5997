"""Whatever happens to cases, in whatever order: what is held never goes, and what goes goes whole."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.cast import Cast, make_cast, report_emergency
from tutela.core.cases.models import Case
from tutela.core.errors import TutelaError
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.records import disposal, runs
from tutela.core.records.due import coming
from tutela.core.records.holds import place_hold, release_hold
from tutela.core.records.models import HeldCase, Tombstone

from .scene import BY_LAW, WHY, close, delivered

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

CASES = 4
one_of_them = st.integers(0, CASES - 1)


class Histories(RuleBasedStateMachine):
    """Four emergencies, and all that people may do to them."""

    cast: Cast

    def __init__(self) -> None:
        super().__init__()
        self.cases = [report_emergency() for _each in range(CASES)]
        for one in self.cases:
            delivered(one)
        self.reports = {self._number(one) for one in self.cases}
        self.active: dict[str, set[int]] = {}

    def _number(self, reference: str) -> int:
        with acting_as(self.cast.alder):
            return Case.objects.get(reference=reference).reports.get().pk

    def _there(self, place: int) -> str | None:
        with acting_as(self.cast.alder):
            found = Case.objects.filter(reference=self.cases[place]).exists()
        return self.cases[place] if found else None

    @rule(place=one_of_them)
    def hold(self, place):
        reference = self._there(place)
        if reference:
            made = place_hold(self.cast.larch, [reference], WHY, BY_LAW)
            self.active[made.number] = self._reports_of(reference)

    def _reports_of(self, reference: str) -> set[int]:
        """What the hold must keep from now on: the reports that are with the case."""
        with acting_as(self.cast.alder):
            return set(Case.objects.get(reference=reference).reports.values_list("pk", flat=True))

    @precondition(lambda self: self.active)
    @rule(which=st.integers(0, 9))
    def release(self, which):
        number = sorted(self.active)[which % len(self.active)]
        release_hold(self.cast.linden, number, "The proceedings are over.")
        del self.active[number]

    @rule(place=one_of_them)
    def close(self, place):
        reference = self._there(place)
        if reference:
            with contextlib.suppress(TutelaError):
                close(reference, self.cast)

    @rule(place=one_of_them)
    def reopen(self, place):
        self._try(place, "reopen", {"reason": "It came again."})

    @rule(place=one_of_them, other=one_of_them)
    def merge(self, place, other):
        self._try(place, "merge_into", {"other": self.cases[other], "reason": ""})

    @rule(place=one_of_them)
    def unmerge(self, place):
        self._try(place, "unmerge", {})

    def _try(self, place: int, step: str, data: dict[str, str]) -> None:
        reference = self._there(place)
        if reference:
            with contextlib.suppress(TutelaError):
                perform(reference, step, self.cast.juniper, data)
            for one in self.cases:
                delivered(one)

    @rule()
    def years_pass(self):
        with acting_as(self.cast.alder):
            own = Case.objects.filter(reference__in=self.cases).exclude(closed_at=None)
            own.update(closed_at=F("closed_at") - timedelta(days=1200))

    @rule(late=st.one_of(st.none(), one_of_them))
    def dispose(self, late):
        """Propose and agree to all that may go; perhaps a hold comes in at the last moment."""
        with acting_as(self.cast.alder):
            lines = [one for one in coming("emergency", timezone.now()) if one.case.reference in self.cases]
            ripe = [one.case.reference for one in lines if one.may_go]
            unheld = [one.case.reference for one in lines if not one.kept_by]
        assert ripe == unheld
        if not ripe:
            return
        run = runs.propose(self.cast.alder, ripe)
        runs.decide(self.cast.larch, run.number, runs.APPROVED)
        if late is not None:
            self.hold(late)
        held = self._held()
        disposal.carry_out()
        with acting_as(self.cast.alder):
            gone = set(Tombstone.objects.values_list("reference", flat=True))
        assert set(ripe) - held <= gone, "what was agreed to and is not held goes"
        assert not gone & held

    def _held(self) -> set[str]:
        """The cases under a hold, with those that go with them."""
        with acting_as(self.cast.alder), connection.cursor() as cursor:
            active = HeldCase.objects.filter(hold__released_at=None, case__reference__in=self.cases)
            numbers = set(active.values_list("case_id", flat=True))
            family = set()
            for number in numbers:
                cursor.execute("SELECT tutela.case_family(%s)", [number])
                family |= {one for (one,) in cursor.fetchall()}
            return set(Case.objects.filter(pk__in=family).values_list("reference", flat=True))

    @invariant()
    def what_is_held_is_there(self):
        with acting_as(self.cast.alder):
            kept = {report for reports in self.active.values() for report in reports}
            there = set(Case.objects.filter(reports__in=kept).values_list("reports", flat=True))
            assert kept <= there

    @invariant()
    def what_went_went_whole(self):
        with acting_as(self.cast.alder), connection.cursor() as cursor:
            stones = Tombstone.objects.filter(reference__in=self.cases)
            gone = list(stones.values_list("case_id", flat=True))
            assert not Case.objects.filter(pk__in=gone).exists()
            for table in ("cases_report", "cases_event", "cases_message", "flow_clockrow", "vault_casekey"):
                cursor.execute(f"SELECT count(*) FROM {table} WHERE case_id = ANY (%s)", [gone])
                assert cursor.fetchone() == (0,)


@pytest.mark.parametrize("steps", [20])
def test_any_history(steps):
    Histories.cast = make_cast()
    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=8,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )

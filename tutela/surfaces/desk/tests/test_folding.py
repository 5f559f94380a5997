"""Runs of lines that a machine wrote fold into one; what matters stays in sight, and nothing is lost."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tutela.core.cases.models import Case, Event
from tutela.core.flow import registry
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.surfaces.desk.case.timeline import Item, timeline
from tutela.workflows.emergency.tests import path

from .scene import do, put_on_call, report

pytestmark = pytest.mark.django_db


@pytest.fixture
def reference(cast) -> str:
    """A report of which everybody on duty was told."""
    put_on_call(cast)
    return report()


def write(reference: str, cast, step: str, **data: object) -> int:
    """A line as the courier or the poller writes it, and its number."""
    kind = Event.Kind.CLOCK if step.startswith("clock") else Event.Kind.EFFECT
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        return Event.objects.create(case=case, kind=kind, step=step, actor_id=cast.juniper.id, data=data).pk


def told(reference: str, cast) -> list[Effect]:
    with acting_as(cast.juniper):
        found = Effect.objects.filter(case__reference=reference).select_related("event")
        return list(found.order_by("id"))


def warn(reference: str, cast, times: int = 1) -> list[int]:
    return [write(reference, cast, "clock_warned", clock="acknowledge") for _each in range(times)]


def lines(reference: str, cast) -> list[Item]:
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        return timeline(registry.workflow(case.workflow), case, cast.juniper.id).items


def said(items: list[Item]) -> list[str]:
    return [re.sub(r"<[^>]+>", "", item.line) for item in items]


def test_a_run_is_one_line_that_holds_them_all(cast, reference):
    pages = told(reference, cast)
    for effect in pages:
        write(reference, cast, "delivered", effect=effect.pk)
    warn(reference, cast, 2)
    run, came = lines(reference, cast)
    assert said([run]) == [f"{len(pages) + 2} notices and clock warnings"]
    assert len(run.folded) == len(pages) + 2
    assert f"{pages[0].label}: confirmed" in said(run.folded)
    assert not came.folded


def test_what_a_person_did_parts_two_runs(cast, reference):
    warn(reference, cast, 2)
    do(reference, "note", cast.heron, text="Called the helpline.")
    warn(reference, cast, 3)
    shown = lines(reference, cast)
    assert [len(item.folded) for item in shown] == [3, 0, 2, 0]


def test_one_line_alone_is_no_run(cast, reference):
    warn(reference, cast)
    assert said(lines(reference, cast))[0] == "The clock “Acknowledge the report” runs low"


@pytest.mark.parametrize("step", ["failed", "delayed", "clock_lapsed"])
def test_what_went_wrong_never_folds(cast, reference, step):
    effect = told(reference, cast)[0]
    warn(reference, cast, 2)
    write(reference, cast, step, effect=effect.pk, clock="acknowledge")
    warn(reference, cast, 2)
    assert [len(item.folded) for item in lines(reference, cast)] == [2, 0, 2, 0]


def test_a_warning_whose_mail_was_refused_never_folds(cast, reference):
    (first, *_rest) = warn(reference, cast, 3)
    with acting_as(cast.juniper):
        effect = Effect.objects.filter(case__reference=reference).first()
        effect.pk, effect.key, effect.event_id, effect.state = None, "again", first, EffectState.FAILED
        effect.error = "No such address."
        effect.save()
    assert [len(item.folded) for item in lines(reference, cast)] == [2, 0, 0]


def test_what_reached_somebody_outside_never_folds(cast):
    reference = path.disclosed(cast, sender_email="reader@wiki.example")
    outside = [one for one in told(reference, cast) if one.event.kind == Event.Kind.STEP]
    assert len(outside) >= 2
    for effect in outside:
        write(reference, cast, "delivered", effect=effect.pk)
    assert not [item for item in lines(reference, cast) if item.folded]


def test_every_line_of_a_run_has_its_anchor_on_the_page(cast, reference, desk):
    numbers = warn(reference, cast, 3)
    page = desk(cast.juniper).get(f"/desk/case/{reference}/").content.decode()
    assert "3 notices and clock warnings" in page
    for number in numbers:
        assert page.count(f'id="event-{number}"') == 1


def test_a_run_of_any_length_costs_the_same_and_leaves_the_preview_useful(cast, reference, desk):
    juniper = desk(cast.juniper)

    def queries() -> int:
        juniper.get(f"/desk/case/{reference}/")
        with CaptureQueriesContext(connection) as asked:
            juniper.get(f"/desk/case/{reference}/")
        return len(asked)

    do(reference, "note", cast.heron, text="Called the helpline.")
    effect = told(reference, cast)[0]
    write(reference, cast, "delivered", effect=effect.pk)
    before = queries()
    for _each in range(5):
        write(reference, cast, "delivered", effect=effect.pk)
        warn(reference, cast)
    assert queries() == before
    preview = juniper.get(f"/desk/case/{reference}/preview/").content.decode()
    assert "11 notices and clock warnings" in preview
    assert "Called the helpline." in preview

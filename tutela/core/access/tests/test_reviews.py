"""Once a quarter somebody looks at who holds which role."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError
from django.utils import timezone

from tests.cast import EMERGENCY
from tutela.config.health import whole_platform
from tutela.core.access import reviews
from tutela.core.access.models import Review, ReviewLine
from tutela.core.audit.models import Act, Entry
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant
from tutela.core.people.roles import PLATFORM, Role

pytestmark = pytest.mark.django_db
STILL = "Still on the rota."


def opened(actor: Actor, workflow: str = EMERGENCY) -> Review:
    reviews.tend()
    with acting_as(actor):
        return Review.objects.get(workflow=workflow)


def line_of(review: Review, actor: Actor, who: Actor) -> ReviewLine:
    with acting_as(actor):
        return review.lines.get(grant__staff=who.id)


def test_a_quarter_is_that_of_the_office(settings):
    settings.OFFICE_TIME_ZONE = "America/Los_Angeles"
    assert reviews.quarter_of(datetime(2027, 1, 1, 3, tzinfo=UTC)) == "2026-Q4"
    assert reviews.quarter_of(datetime(2027, 1, 1, 9, tzinfo=UTC)) == "2027-Q1"
    assert reviews.quarter_of(datetime(2026, 6, 30, 9, tzinfo=UTC)) == "2026-Q2"


def test_one_review_opens_for_each_place_and_quarter(cast, officer):
    assert reviews.tend() == 3
    assert reviews.tend() == 0
    assert reviews.tend(timezone.now() + timedelta(days=95)) == 3
    with acting_as(officer):
        assert set(Review.objects.values_list("workflow", flat=True)) == {EMERGENCY, "triage", PLATFORM}
    with acting_as(cast.alder):
        assert set(Review.objects.values_list("workflow", flat=True)) == {EMERGENCY, "triage"}
    for actor in (cast.juniper, cast.larch, cast.sorrel):
        with acting_as(actor):
            assert not Review.objects.exists()
            assert not ReviewLine.objects.exists()


def test_each_role_is_kept_or_ended_and_then_the_review_closes(cast, officer):
    review = opened(cast.alder)
    for who in (cast.juniper, cast.larch, cast.linden):
        line = line_of(review, cast.alder, who)
        reviews.decide(cast.alder, review.pk, line.pk, STILL, keep=True)
    heron = line_of(review, cast.alder, cast.heron)
    reviews.decide(cast.alder, review.pk, heron.pk, "Has moved to another team.", keep=False)
    assert not Grant.objects.active().filter(staff=cast.heron.id, workflow=EMERGENCY).exists()
    assert Grant.objects.active().filter(staff=cast.juniper.id).exists()
    with pytest.raises(StepClosed):
        reviews.decide(cast.alder, review.pk, heron.pk, STILL, keep=True)
    own = line_of(review, cast.alder, cast.alder)
    with pytest.raises(NotAllowed, match="your own"):
        reviews.decide(cast.alder, review.pk, own.pk, STILL, keep=True)
    with acting_as(cast.alder):
        assert reviews.waiting_for(cast.alder)[0].workflow == "triage"
    reviews.decide(officer, review.pk, own.pk, STILL, keep=True)
    with acting_as(cast.alder):
        review.refresh_from_db()
        assert review.closed_at
        acts = Entry.objects.filter(actor_id=cast.alder.id, act=Act.ROLE_REVIEWED)
        assert [one.detail["kept"] for one in acts.order_by("id")] == [True, True, True, False]


def test_it_is_for_those_who_answer_for_the_workflow(cast, outside):
    review = opened(cast.alder)
    line = line_of(review, cast.alder, cast.heron)
    for actor in (cast.juniper, cast.wren):
        with pytest.raises(NotFound):
            reviews.decide(actor, review.pk, line.pk, STILL, keep=False)
    with pytest.raises(BadData):
        reviews.decide(outside, review.pk, line.pk, "ok", keep=True)
    reviews.decide(outside, review.pk, line.pk, STILL, keep=True)


def test_the_database_holds_to_it(cast):
    review = opened(cast.alder)
    own = line_of(review, cast.alder, cast.alder)
    other = line_of(review, cast.alder, cast.heron)
    with acting_as(cast.alder):
        assert not ReviewLine.objects.filter(pk=own.pk).update(kept=True, decided_by=cast.alder.id)
    with pytest.raises(DatabaseError), acting_as(cast.alder):
        ReviewLine.objects.filter(pk=other.pk).update(kept=True, decided_by=cast.juniper.id)
    with pytest.raises(DatabaseError), acting_as(cast.alder):
        Review.objects.create(
            workflow=EMERGENCY, quarter="2020-Q1", opened_at=timezone.now(), due_at=timezone.now()
        )


def test_it_says_when_a_role_was_last_used(cast, restricted):
    perform(restricted, "take", cast.juniper)
    review = opened(cast.alder)
    with acting_as(cast.alder):
        used = {one.line.grant.staff_id: one.last_used for one in reviews.held_in(review, cast.alder)}
    assert used[cast.juniper.id] is not None
    assert used[cast.heron.id] is None


def test_a_role_that_ended_otherwise_waits_no_more(cast):
    review = opened(cast.alder)
    Grant.objects.filter(workflow=EMERGENCY).exclude(role=Role.RESPONDER).update(until=timezone.now())
    Grant.objects.filter(workflow=EMERGENCY, role=Role.RESPONDER).update(until=timezone.now())
    assert reviews.tend() == 0
    Grant.objects.create(staff_id=cast.alder.id, workflow=EMERGENCY, role=Role.MANAGER)
    with acting_as(cast.alder):
        review.refresh_from_db()
    assert review.closed_at


@pytest.mark.django_db(transaction=True)
def test_a_late_review_shows_in_the_health_of_the_platform(cast, superuser):
    assert reviews.tend() == 2
    assert not any("overdue" in line for line in whole_platform().attention)
    superuser.execute("UPDATE access_review SET due_at = now() - interval '1 minute'")
    said = whole_platform()
    assert said.figures["reviews_late"] == 2
    assert any("overdue" in line for line in said.attention)

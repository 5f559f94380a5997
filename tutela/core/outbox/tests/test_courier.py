"""The courier delivers once, says so only with a receipt, and asks before it does anything again."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from tests.cast import make_cast, report_emergency
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case, Event, Message
from tutela.core.errors import BadData, NotConfigured, Rejected, TryLater
from tutela.core.flow.common_runs import why_not_undo
from tutela.core.flow.context import Wish
from tutela.core.flow.models import Request
from tutela.core.flow.perform import open_steps, perform, queue_effects
from tutela.core.outbox import claims, courier
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

from .outside import Outside

pytestmark = pytest.mark.django_db


@pytest.fixture
def juniper():
    return make_cast().juniper


@pytest.fixture
def case(juniper):
    """A case whose own first mails are delivered, so that only the effects of the test are left."""
    reference = report_emergency()
    deliver(Outside())
    return reference


def wish(reference, *verbs, request_id=None, **more):
    """Queue an effect of each verb on the case, as a decision would. Returns their ids."""
    with acting_as(system_actor(SystemActor.INTAKE)):
        case = Case.objects.get(reference=reference)
        event = case.events.latest("id")
        start = Effect.objects.count()
        wishes = [
            Wish("outside", verb, {"to": "writer@wiki.example"}, verb, f"{start + number}")
            for number, verb in enumerate(verbs or ["send"])
        ]
        effects = queue_effects(case, event, wishes, request_id)
        Effect.objects.filter(pk__in=[one.pk for one in effects]).update(**more) if more else None
        return [one.pk for one in effects]


def look(effect_id):
    with acting_as(system_actor(SystemActor.COURIER)):
        found = Effect.objects.select_related("case", "event").get(pk=effect_id)
        assert found.payload is not None
        assert found.error is not None  # opened while somebody is named
        return found


def put(effect_id, **values):
    """Leave an effect as an earlier courier left it."""
    with acting_as(system_actor(SystemActor.COURIER)):
        Effect.objects.filter(pk=effect_id).update(**values)


def events(effect_id):
    with acting_as(system_actor(SystemActor.COURIER)):
        found = Event.objects.filter(kind=Event.Kind.EFFECT, data__effect=effect_id).order_by("id")
        return [event.step for event in found]


def deliver(outside):
    return courier.deliver_due({"outside": outside, "mail": outside})


def test_what_is_due_is_done_once_and_shown_with_its_receipt(case):
    outside = Outside()
    (one,) = wish(case)
    deliver(outside)
    assert deliver(outside) == 0
    effect = look(one)
    assert outside.done[effect.key] == 1
    assert effect.state == EffectState.CONFIRMED
    assert effect.receipt["reference"] == f"<{effect.key[:12]}@outside.example>"
    assert effect.confirmed_at is not None
    assert events(one) == ["delivered"]
    with acting_as(system_actor(SystemActor.COURIER)):
        entry = Entry.objects.filter(act=Act.EFFECT_DELIVERED).latest("id")
    assert entry.detail == {"effect": one, "event": effect.event_id}


def test_a_first_attempt_does_not_ask_whether_it_was_done(case):
    outside = Outside()
    wish(case)
    deliver(outside)
    assert outside.asked == []


def test_a_delivered_letter_keeps_its_message_id_so_that_an_answer_finds_the_case(juniper):
    reference = report_emergency(sender_email="reader@mail.example", message_id="<first@mail.example>")
    perform(reference, "answer", juniper, {"text": "We read it."})
    deliver(Outside())
    with acting_as(juniper):
        message = Message.objects.filter(case__reference=reference, direction="out").latest("id")
        effect = Effect.objects.get(message_id=message.pk)
    assert message.message_id == effect.receipt["reference"]


def test_a_delivery_leaves_the_version_alone_so_that_open_pages_stay_good(case):
    (one,) = wish(case)
    before = look(one).case.version
    deliver(Outside())
    assert look(one).case.version == before


def test_try_later_waits_as_long_as_the_other_side_asked(case):
    outside = Outside(errors=[TryLater("Greylisted.", timedelta(minutes=5), what_to_do="Wait.")])
    (one,) = wish(case)
    deliver(outside)
    effect = look(one)
    assert (effect.state, effect.attempts, effect.error, effect.what_to_do) == (
        "due",
        1,
        "Greylisted.",
        "Wait.",
    )
    assert timedelta(minutes=4) < effect.due_at - timezone.now() <= timedelta(minutes=5)
    assert deliver(outside) == 0
    put(one, due_at=timezone.now())
    deliver(outside)
    assert look(one).state == EffectState.CONFIRMED
    assert look(one).error == ""


def test_without_such_a_wish_the_wait_doubles(case):
    (one,) = wish(case)
    waits = []
    for _each in range(4):
        put(one, due_at=timezone.now())
        deliver(Outside(errors=[TryLater("Away.")]))
        waits.append(round((look(one).due_at - timezone.now()).total_seconds()))
    assert waits == [5, 10, 20, 40]


def test_the_timeline_tells_when_it_takes_long_and_tells_it_once(case):
    (one,) = wish(case)
    for _each in range(7):
        put(one, due_at=timezone.now())
        deliver(Outside(errors=[TryLater("Away.")]))
    assert events(one) == ["delayed"]


@pytest.mark.parametrize(
    "error", [Rejected("No such address.", what_to_do="Correct it."), NotConfigured("No server.")]
)
def test_a_refusal_waits_for_a_person_and_counts_as_a_change_of_the_case(case, error):
    (one,) = wish(case)
    before = look(one).case.version
    deliver(Outside(errors=[error]))
    effect = look(one)
    assert (effect.state, effect.error, effect.what_to_do) == ("failed", str(error), str(error.what_to_do))
    assert effect.case.version == before + 1
    assert events(one) == ["failed"]
    assert deliver(Outside()) == 0


def test_a_fault_in_a_connector_does_not_stop_the_others(case, caplog):
    outside = Outside(errors=[ZeroDivisionError("writer@wiki.example")])
    first, second = wish(case, "send", "send")
    deliver(outside)
    assert look(first).state == EffectState.DUE
    assert "ZeroDivisionError" in look(first).error
    assert look(second).state == EffectState.CONFIRMED
    assert "writer@wiki.example" not in caplog.text


def test_an_effect_for_no_connector_is_refused_and_not_forgotten(case):
    (one,) = wish(case)
    courier.deliver_due({"mail": Outside()})
    assert look(one).state == EffectState.FAILED
    assert "outside" in look(one).error


def test_couriers_leave_the_connectors_of_others_alone(case):
    (one,) = wish(case)
    courier.Courier({"mail": Outside()}, ["outside"]).run_once()
    courier.Courier({"mail": Outside()}, None).run_once()
    assert look(one).state == EffectState.DUE


# After a courier that died


def test_what_a_dead_courier_did_is_found_by_asking_and_not_done_again(case):
    outside = Outside()
    (one,) = wish(case, "ban")
    outside.done[look(one).key] = 1
    put(one, state="sending", attempts=1, due_at=timezone.now())
    deliver(outside)
    assert look(one).state == EffectState.CONFIRMED
    assert outside.done[look(one).key] == 1


def test_what_a_dead_courier_did_not_do_is_done(case):
    outside = Outside()
    (one,) = wish(case, "ban")
    put(one, state="sending", attempts=1, due_at=timezone.now())
    deliver(outside)
    assert outside.asked == [look(one).key]
    assert outside.done[look(one).key] == 1


def test_where_nobody_can_tell_and_twice_does_harm_a_person_must_find_out(case, juniper):
    outside = Outside(forgets=True)
    (one,) = wish(case, "ban")
    put(one, state="sending", attempts=1, due_at=timezone.now())
    deliver(outside)
    assert look(one).state == EffectState.FAILED
    assert outside.done[look(one).key] == 0
    perform(case, "retry_effect", juniper, {"effect": one})
    deliver(outside)
    assert look(one).state == EffectState.CONFIRMED
    assert outside.done[look(one).key] == 1


def test_where_nobody_can_tell_and_twice_does_no_harm_it_is_done(case):
    outside = Outside(forgets=True)
    (one,) = wish(case, "send")
    put(one, state="sending", attempts=1, due_at=timezone.now())
    deliver(outside)
    assert look(one).state == EffectState.CONFIRMED


def test_a_claim_holds_until_its_lease_ends(case):
    (one,) = wish(case, "ban")
    put(one, state="sending", attempts=1, claimed_by=1, due_at=timezone.now() + timedelta(minutes=1))
    assert deliver(Outside()) == 0


def test_a_harmless_effect_is_taken_over_as_soon_as_its_couriers_session_has_ended(case):
    harmless, grave = wish(case, "send", "ban")
    for one in (harmless, grave):
        put(one, state="sending", attempts=1, claimed_by=1, due_at=timezone.now() + timedelta(minutes=1))
    deliver(Outside())
    assert look(harmless).state == EffectState.CONFIRMED
    assert look(grave).state == EffectState.SENDING


def test_a_living_couriers_effects_are_not_taken_over(case):
    (one,) = wish(case, "send")
    own = connection.connection.info.backend_pid
    put(one, state="sending", attempts=1, claimed_by=own, due_at=timezone.now() + timedelta(minutes=1))
    assert deliver(Outside()) == 0


def test_what_must_not_be_done_twice_is_claimed_alone(case):
    wish(case, "send", "send", "ban", "ban", "send")
    outside = {"outside": Outside()}
    assert [courier.deliver_due(outside) for _each in range(5)] == [2, 1, 1, 1, 0]


# Approvals, undo, people


def test_nothing_leaves_without_its_approval(case, juniper):
    with acting_as(juniper):
        one_case = Case.objects.get(reference=case)
        request = Request.objects.create(
            case=one_case, step="close", came_from="received", proposer_id=juniper.id
        )
    (one,) = wish(case, request_id=request.pk)
    outside = Outside()
    deliver(outside)
    assert look(one).state == EffectState.FAILED
    assert not outside.done
    put(one, state="due", due_at=timezone.now())
    with acting_as(juniper):
        Request.objects.filter(pk=request.pk).update(state=Request.State.RELEASED)
    deliver(outside)
    assert look(one).state == EffectState.CONFIRMED


@pytest.mark.parametrize("state", [EffectState.ABANDONED, EffectState.FAILED, EffectState.CONFIRMED])
def test_what_is_settled_is_never_sent(case, state):
    outside = Outside()
    wish(case, state=state)
    assert deliver(outside) == 0
    assert not outside.done


def test_a_person_leaves_it_undone_and_says_why(case, juniper):
    (one,) = wish(case)
    deliver(Outside(errors=[Rejected("No.")]))
    perform(case, "abandon_effect", juniper, {"effect": one, "reason": "We told them by telephone."})
    assert look(one).state == EffectState.ABANDONED
    outside = Outside()
    assert deliver(outside) == 0
    with pytest.raises(BadData):
        perform(case, "retry_effect", juniper, {"effect": one})


def test_a_person_records_that_what_was_in_doubt_did_happen(case, juniper):
    (one,) = wish(case, "ban")
    put(one, state="sending", attempts=1, due_at=timezone.now())
    deliver(Outside(forgets=True))
    said = {"effect": one, "reason": "The account is locked there.", "reference": "log 4711"}
    perform(case, "confirm_effect", juniper, said)
    effect = look(one)
    assert (effect.state, effect.error, effect.what_to_do) == (EffectState.CONFIRMED, "", "")
    assert (effect.receipt["reference"], effect.receipt["by"]) == ("log 4711", juniper.id)
    assert effect.confirmed_at is not None
    assert effect.by_hand
    outside = Outside()
    assert deliver(outside) == 0
    assert not outside.done
    with acting_as(juniper):
        event = Event.objects.filter(step="confirm_effect").get()
        entry = Entry.objects.filter(act=Act.EFFECT_RECORDED).get()
        assert [note.text for note in event.case.notes.all()] == ["The account is locked there."]
    assert event.data["effect"] == one
    assert (entry.actor_id, entry.detail) == (juniper.id, {"effect": one, "event": effect.event_id})
    with pytest.raises(BadData):
        perform(case, "abandon_effect", juniper, said)


def test_how_it_is_known_must_be_said(case, juniper):
    (one,) = wish(case)
    deliver(Outside(errors=[Rejected("No.")]))
    with pytest.raises(BadData):
        perform(case, "confirm_effect", juniper, {"effect": one, "reason": " "})
    assert look(one).state == EffectState.FAILED


def test_what_is_due_for_the_first_time_is_in_no_doubt(case, juniper):
    wish(case)
    stuck = wish(case)[0]
    put(stuck, state="failed")
    untried = wish(case)[0]
    with pytest.raises(BadData):
        perform(case, "confirm_effect", juniper, {"effect": untried, "reason": "I think so."})


def test_a_refusal_is_in_the_audit_log(case):
    (one,) = wish(case)
    deliver(Outside(errors=[Rejected("No.")]))
    with acting_as(system_actor(SystemActor.COURIER)):
        entry = Entry.objects.filter(act=Act.EFFECT_REFUSED).get()
    assert entry.detail == {"effect": one, "event": look(one).event_id}
    assert entry.case_id == look(one).case_id


def test_trying_again_is_offered_only_where_something_is_stuck(case, juniper):
    stuck = {"retry_effect", "confirm_effect", "abandon_effect"}

    def offered():
        with acting_as(juniper):
            steps = open_steps(Case.objects.get(reference=case), juniper)
        return {step.name for step, why in steps if not why} & stuck

    (one,) = wish(case)
    assert offered() == set()
    deliver(Outside(errors=[Rejected("No.")]))
    assert offered() == stuck
    put(one, state="confirmed")
    assert offered() == set()


def test_it_can_be_tried_again_after_the_case_has_closed(case, juniper):
    (one,) = wish(case)
    deliver(Outside(errors=[Rejected("No.")]))
    with acting_as(juniper):
        Case.objects.filter(reference=case).update(state="merged", closed_at=timezone.now())
    perform(case, "retry_effect", juniper, {"effect": one})
    deliver(Outside())
    assert look(one).state == EffectState.CONFIRMED


def test_what_may_have_left_the_house_cannot_be_undone(case, juniper):
    perform(case, "set_severity", juniper, {"severity": "4"})
    with acting_as(juniper):
        step = Event.objects.filter(case__reference=case, step="set_severity").latest("id")
    (one,) = wish(case)
    with acting_as(juniper):
        assert why_not_undo(step, juniper.id) is None
    deliver(Outside(errors=[TryLater("It may have the mail.")]))
    with acting_as(juniper):
        assert look(one).event_id == step.pk
        assert "left the house" in str(why_not_undo(step, juniper.id))


# When the other side is away, and when we stop


def test_after_three_in_a_row_the_other_side_is_left_alone(case):
    outside = Outside(errors=[TryLater("Away.")] * 3)
    ids = wish(case, *["send"] * 6)
    one = courier.Courier({"outside": outside})
    one.run_once()
    tried = [look(each).attempts for each in ids]
    assert tried == [1, 1, 1, 0, 0, 0]
    assert {look(each).state for each in ids} == {EffectState.DUE}
    assert one.run_once() == 0


def test_a_stop_gives_back_what_was_not_tried(case):
    outside = Outside()
    ids = wish(case, *["send"] * 4)
    courier.Courier({"outside": outside}, stopping=lambda: sum(outside.done.values()) >= 2).run_once()
    assert [look(each).state for each in ids] == ["confirmed", "confirmed", "due", "due"]
    assert [look(each).attempts for each in ids] == [1, 1, 0, 0]


def test_a_long_batch_renews_its_claims(case, monkeypatch):
    monkeypatch.setattr(claims, "LEASE", timedelta(milliseconds=1))
    ids = wish(case, *["send"] * 3)
    deliver(Outside())
    assert {look(each).state for each in ids} == {EffectState.CONFIRMED}


@pytest.mark.django_db(transaction=True)
def test_whoever_looks_at_the_case_is_told(case, database):
    (one,) = wish(case)
    with psycopg.connect(database.url("desk"), autocommit=True) as listener:
        listener.execute("LISTEN tutela_live")
        deliver(Outside())
        told = [json.loads(one.payload) for one in listener.notifies(timeout=5, stop_after=1)]
    assert told == [{"case": look(one).case_id, "version": look(one).case.version}]

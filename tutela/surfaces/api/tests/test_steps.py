"""Doing something to a case through the API."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from tests.cast import case_of, make_cast, report_emergency
from tutela.core.cases.models import Case, Note
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as

from .conftest import Caller, token


def test_a_step_is_done_and_told(call, cast, reference):
    answer = call("juniper").post(f"/cases/{reference}/steps/note", {"text": "Called the helpline."})
    assert answer.status_code == 200
    told = answer.json()
    assert (told["reference"], told["step"], told["held"]) == (reference, "note", False)
    assert answer.headers["ETag"] == f'"{told["version"]}"'
    with acting_as(cast.juniper):
        assert Note.objects.get().text == "Called the helpline."


def test_steps_come_with_the_schema_of_what_they_ask(call, reference):
    steps = {one["name"]: one for one in call("juniper").get(f"/cases/{reference}/steps").json()["items"]}
    note = steps["note"]["form"]
    assert note["required"] == ["text"]
    assert note["properties"]["text"]["maxLength"] == 20_000
    assignees = steps["assign"]["form"]["properties"]["assignee"]["oneOf"]
    assert {"const": "heron", "title": "Heron"} in assignees
    assert steps["take"]["form"] == {"type": "object", "properties": {}, "additionalProperties": False}


def test_what_cannot_be_used_is_named_and_nothing_happens(call, cast, reference):
    before = case_of(reference, cast.juniper).version
    juniper = call("juniper")
    for body, field in [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "a\0b"}, None),
        ({"text": "fine", "tekst": "typing mistake"}, "tekst"),
        ({"text": ["a", "list"]}, "text"),
        ({"text": {"an": "object"}}, "text"),
        ({"text": "x" * 20_001}, "text"),
    ]:
        answer = juniper.post(f"/cases/{reference}/steps/note", body)
        assert answer.status_code == 422, body
        assert list(answer.json().get("errors", {None: 0})) == [field]
    assert case_of(reference, cast.juniper).version == before


@pytest.mark.parametrize(
    "body", [b'{"text": 1e999}', b'{"text": {"a": {"b": ' + b"[" * 30 + b"]" * 30 + b"}}}"]
)
def test_numbers_without_end_and_deep_nests_are_refused(call, reference, body):
    assert call("juniper").post(f"/cases/{reference}/steps/note", body).status_code == 422


def test_who_may_not_is_told_which_roles_may(call, cast, reference):
    answer = call("larch").post(f"/cases/{reference}/steps/take")
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert "responder" in answer.json()["detail"]


def test_a_closed_step_says_who_moved_the_case_on(call, cast, reference):
    perform(reference, "take", cast.heron)
    answer = call("juniper").post(f"/cases/{reference}/steps/take")
    assert (answer.status_code, answer.json()["code"]) == (409, "step_closed")
    assert answer.json()["state"] == "received"


def test_a_step_that_asks_nothing_needs_no_body(call, reference):
    assert call("juniper").post(f"/cases/{reference}/steps/take", b"").status_code == 200


def test_a_body_of_unknown_length_is_refused_and_not_passed_over(call, reference):
    chunked = {"Transfer-Encoding": "chunked"}
    answer = call("juniper").post(f"/cases/{reference}/steps/take", b"", **chunked)
    assert (answer.status_code, answer.json()["code"]) == (411, "length_required")


def test_a_step_that_nobody_declared_is_not_found(call, reference):
    assert call("juniper").post(f"/cases/{reference}/steps/fly").status_code == 404


def test_an_etag_that_is_no_longer_true_refuses_the_step(call, cast, reference):
    juniper = call("juniper")
    etag = juniper.get(f"/cases/{reference}").headers["ETag"]
    perform(reference, "note", cast.heron, {"text": "Meanwhile."})
    late = juniper.post(f"/cases/{reference}/steps/take", {}, **{"If-Match": etag})
    assert (late.status_code, late.json()["code"]) == (412, "stale")
    assert late.json()["changed_by"] == "Heron"
    now = juniper.get(f"/cases/{reference}").headers["ETag"]
    assert juniper.post(f"/cases/{reference}/steps/take", {}, **{"If-Match": now}).status_code == 200


@pytest.mark.parametrize("etag", ["12", '"a"', '"1", "2"', "garbage"])
def test_an_etag_that_is_none_of_ours_refuses_the_step(call, reference, etag):
    assert call("juniper").post(f"/cases/{reference}/steps/take", {}, **{"If-Match": etag}).status_code == 412


def test_the_same_key_twice_is_done_once_and_answered_the_same(call, cast, reference):
    juniper = call("juniper")
    first, again = (
        juniper.post(f"/cases/{reference}/steps/note", {"text": "Once."}, **{"Idempotency-Key": "k-1"})
        for _each in range(2)
    )
    assert first.json() == again.json()
    with acting_as(cast.juniper):
        assert Note.objects.count() == 1


def test_a_key_for_something_else_is_refused(call, cast, reference):
    juniper = call("juniper")
    key = {"Idempotency-Key": "k-1"}
    assert juniper.post(f"/cases/{reference}/steps/note", {"text": "Once."}, **key).status_code == 200
    for path, body in (("note", {"text": "Twice."}), ("take", {})):
        answer = juniper.post(f"/cases/{reference}/steps/{path}", body, **key)
        assert (answer.status_code, answer.json()["code"]) == (409, "key_reused")
    heron = call("heron").post(f"/cases/{reference}/steps/note", {"text": "Mine."}, **key)
    assert heron.status_code == 200  # keys belong to their holder


@pytest.mark.django_db(transaction=True)
def test_the_same_key_at_the_same_moment_is_done_once():
    cast = make_cast()
    reference = report_emergency()
    juniper = Caller(token("juniper"))
    answers = []

    def post() -> None:
        path, key = f"/cases/{reference}/steps/note", {"Idempotency-Key": "k-1"}
        answers.append(juniper.post(path, {"text": "Once."}, **key).json())
        connections.close_all()

    threads = [threading.Thread(target=post) for _each in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with acting_as(cast.juniper):
        assert Note.objects.count() == 1
    assert len({answer["event"] for answer in answers}) == 1


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(call, cast):
    reference = report_emergency(sender_email="reader@wiki.example")
    answer = call("juniper").post(f"/cases/{reference}/steps/answer?dry_run=true", {"text": "Thank you."})
    assert answer.status_code == 200
    (letter,) = answer.json()["letters"]
    assert (letter["recipient"], letter["text"]) == ("reader@wiki.example", "Thank you.")
    (mail,) = answer.json()["would"]
    assert (mail["connector"], mail["payload"]["to"]) == ("mail", "reader@wiki.example")
    with acting_as(cast.juniper):
        assert not Case.objects.get(reference=reference).messages.filter(direction="out").exists()


def test_recusing_hides_the_case_from_the_one_who_did_it(call, reference):
    juniper = call("juniper")
    assert juniper.post(f"/cases/{reference}/steps/recuse").status_code == 200
    assert juniper.get(f"/cases/{reference}").status_code == 404


def test_a_reading_token_changes_nothing(call, reference):
    answer = call("juniper", "read").post(f"/cases/{reference}/steps/take")
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


def test_what_was_refused_is_recorded_as_done_and_shown_as_a_persons_word(call, cast, reference):
    perform(reference, "answer", cast.heron, {"text": "We read it."})
    with acting_as(cast.heron):
        effect = Effect.objects.filter(case__reference=reference).latest("id").pk
        Effect.objects.filter(pk=effect).update(state="failed", error=b"No such mailbox.")
    juniper = call("juniper")
    known = {"effect": effect, "reason": "They called us back.", "reference": "17"}
    assert juniper.post(f"/cases/{reference}/steps/confirm_effect", known).status_code == 200
    (shown,) = [one for one in juniper.get(f"/cases/{reference}").json()["effects"] if one["id"] == effect]
    assert (shown["state"], shown["by_hand"], shown["error"]) == ("confirmed", True, "")

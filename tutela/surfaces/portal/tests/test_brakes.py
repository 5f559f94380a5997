"""Floods are slowed, and nobody who reports an emergency is kept out."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from tutela.surfaces.portal import brakes, tokens

from .conftest import WORDS, Visitor, hidden, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
EMERGENCY, OTHER = "/en/emergency/", "/en/other/other/"


def flood(visitor: Visitor, path: str, brake: brakes.Brake, **headers: str) -> None:
    """Send as many reports as go through freely."""
    for number in range(brake.freely):
        fields = {"key": visitor.key(path), "what": f"{WORDS} {number}", "answer": "here"}
        assert visitor.post(path, fields, **headers).status_code == 201


def wait_and_send(visitor: Visitor, path: str, answer, seconds: int):
    """Take the form that came back, wait, and press Send once more."""
    fields = {
        "key": hidden(answer, "key"),
        "wait": hidden(answer, "wait"),
        "what": typed(answer),
        "answer": "here",
    }
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds)):
        return visitor.post(path, fields)


def test_an_emergency_goes_through_after_a_short_wait_however_many_came_before(visitor, reports):
    flood(visitor, EMERGENCY, brakes.EMERGENCY)
    for number in range(3):
        slowed = visitor.report(what=f"Another witness, number {number}.")
        assert slowed.status_code == 429
        assert slowed.headers["Retry-After"] == "10"
        assert "Count to ten, then press Send once more. It will go through." in words_of(slowed)
        assert wait_and_send(visitor, EMERGENCY, slowed, 11).status_code == 201
    assert len(reports()) == brakes.EMERGENCY.freely + 3


def test_the_wait_must_be_waited_and_serves_for_one_report(visitor, reports):
    flood(visitor, OTHER, brakes.OTHER)
    slowed = visitor.report(OTHER, what="The eleventh.")
    assert wait_and_send(visitor, OTHER, slowed, 3).status_code == 429
    fields = {"key": visitor.key(OTHER), "wait": hidden(slowed, "wait"), "answer": "here"}
    with time_machine.travel(timezone.now() + timedelta(seconds=11)):
        assert visitor.post(OTHER, {**fields, "what": "Something else."}).status_code == 429
        assert visitor.post(OTHER, {**fields, "what": "x", "wait": "made-up"}).status_code == 429
    assert len(reports()) == brakes.OTHER.freely


def test_other_reports_stop_at_an_end_and_keep_their_words(visitor, reports):
    flood(visitor, OTHER, brakes.OTHER)
    for number in range(brakes.OTHER.most - brakes.OTHER.freely):
        slowed = visitor.report(OTHER, what=f"Slow {number}.")
        assert wait_and_send(visitor, OTHER, slowed, 11).status_code == 201
    slowed = visitor.report(OTHER, what="One too many.")
    stopped = wait_and_send(visitor, OTHER, slowed, 11)
    assert stopped.status_code == 429
    assert stopped.headers["Retry-After"] == "600"
    assert typed(stopped) == "One too many."
    assert visitor.report(EMERGENCY).status_code == 201, "an emergency is not kept out by the others"
    assert len(reports()) == brakes.OTHER.most + 1


def test_a_retry_of_what_is_stored_shows_its_receipt_at_any_time(visitor):
    fields = {"key": visitor.key(OTHER), "what": WORDS, "answer": "here"}
    visitor.post(OTHER, fields)
    flood_left = brakes.Brake("other", brakes.OTHER.freely - 1, None)
    flood(visitor, OTHER, flood_left)
    assert visitor.report(OTHER, what="New words.").status_code == 429
    assert visitor.post(OTHER, fields).status_code == 200


class TestAddresses:
    def test_each_has_its_own_count(self, visitor, settings):
        settings.PROXIES = 1
        flood(visitor, OTHER, brakes.OTHER, X_Forwarded_For="198.51.100.1")
        fields = {"key": visitor.key(OTHER), "what": "x", "answer": "here"}
        assert visitor.post(OTHER, fields, X_Forwarded_For="198.51.100.1").status_code == 429
        assert visitor.post(OTHER, fields, X_Forwarded_For="198.51.100.2").status_code == 201

    def test_what_a_visitor_writes_into_the_header_does_not_count(self, visitor, settings):
        """Our proxy appends the address that it saw; what stands before it came from outside."""
        settings.PROXIES = 1
        flood(visitor, OTHER, brakes.OTHER, X_Forwarded_For="203.0.113.5, 198.51.100.1")
        fields = {"key": visitor.key(OTHER), "what": "x", "answer": "here"}
        invented = "203.0.113.77, 198.51.100.1"
        assert visitor.post(OTHER, fields, X_Forwarded_For=invented).status_code == 429

    def test_without_a_proxy_of_ours_the_header_does_not_count(self, visitor):
        for number in range(brakes.OTHER.freely):
            fields = {"key": visitor.key(OTHER), "what": f"{number}", "answer": "here"}
            visitor.post(OTHER, fields, X_Forwarded_For=f"198.51.100.{number}")
        fields = {"key": visitor.key(OTHER), "what": "x", "answer": "here"}
        assert visitor.post(OTHER, fields, X_Forwarded_For="198.51.100.200").status_code == 429

    @pytest.mark.parametrize(
        ("one", "other", "same"),
        [
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
            ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
            ("::ffff:198.51.100.1", "198.51.100.1", True),
            ("198.51.100.1", "198.51.100.2", False),
            ("not an address", "not an address", True),
        ],
    )
    def test_a_network_counts_as_one_where_one_person_can_take_any_address_of_it(self, rf, one, other, same):
        networks = {brakes.network_of(rf.get("/", REMOTE_ADDR=address)) for address in (one, other)}
        assert (len(networks) == 1) is same

    def test_no_address_is_kept(self, visitor, superuser):
        visitor.report()
        visitor.post("/en/back/", {"code": "0000"})
        buckets = [bytes(row[0]) for row in superuser.execute("select bucket from people_throttle")]
        assert len(buckets) == 3
        assert all(len(bucket) == 32 and b"127.0.0.1" not in bucket for bucket in buckets)


def test_a_patience_token_has_a_beginning_and_an_end():
    content = b"x" * 32
    token = tokens.new_patience(content)
    now = timezone.now()
    for seconds, good in ((1, False), (9, False), (11, True), (3599, True), (3700, False)):
        with time_machine.travel(now + timedelta(seconds=seconds)):
            assert tokens.has_waited(token, content) is good
            assert not tokens.has_waited(token, b"y" * 32)

"""Bearer tokens: scopes, ends, and how soon an end counts."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tutela.core.audit.models import Act, Entry
from tutela.core.people import tokens
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import Staff, Token
from tutela.core.people.roles import SystemActor
from tutela.core.people.tokens import REMEMBERED, holder_of, make_token, revoke_token

from .conftest import Caller, token


@pytest.fixture
def operator(cast):
    return system_actor(SystemActor.OPERATOR)


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer tutela_unknown", "Basic anVuaXBlcjp4", "Bearer " + "x" * 5000]
)
def test_without_a_valid_token_the_answer_is_401(cast, header):
    answer = Client().get("/api/v1/cases", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "no_token"


def test_only_a_keyed_hash_is_kept(cast):
    text = token("juniper")
    assert text.startswith("tutela_")
    row = Token.objects.get()
    assert text.encode() not in bytes(row.secret_hash)
    assert len(bytes(row.secret_hash)) == 32


def test_making_and_revoking_are_recorded(cast, operator):
    _text, row = make_token(Staff.objects.get(username="wren"), "bot", "read", timedelta(days=1), operator)
    assert revoke_token(row, operator) is True
    assert revoke_token(row, operator) is False
    with acting_as(operator):
        assert [one.act for one in Entry.objects.order_by("id")] == [Act.TOKEN_MADE, Act.TOKEN_REVOKED]


def test_a_token_ends_when_it_said(cast):
    text = token("juniper", days=1)
    assert Caller(text).get("/cases").status_code == 200
    with time_machine.travel(timezone.now() + timedelta(days=1, seconds=1)):
        assert Caller(text).get("/cases").status_code == 401


def test_a_life_without_end_is_refused(cast, operator):
    for days in (0, -1, 4000):
        with pytest.raises(ValueError, match="lives"):
            make_token(Staff.objects.get(username="wren"), "bot", "read", timedelta(days=days), operator)


@pytest.mark.parametrize("ending", ["revoke", "leave"])
def test_an_end_counts_everywhere_within_a_minute(cast, monkeypatch, ending):
    """Another process ended it: this one has the token in its memory still."""
    text = token("juniper")
    seconds = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: seconds)
    assert holder_of(text) is not None
    if ending == "revoke":
        Token.objects.update(revoked_at=timezone.now())
    else:
        Staff.objects.filter(username="juniper").update(is_active=False)
    assert REMEMBERED <= 60
    seconds += REMEMBERED
    assert holder_of(text) is None


def test_a_known_token_costs_no_query(cast, django_assert_num_queries):
    text = token("juniper")
    holder_of(text)
    with django_assert_num_queries(0):
        assert holder_of(text) is not None


def test_the_last_use_is_kept_once_a_minute(cast, monkeypatch):
    text = token("juniper")
    seconds = 1000.0
    monkeypatch.setattr(tokens.time, "monotonic", lambda: seconds)
    with time_machine.travel(timezone.now(), tick=False) as clock:
        holder_of(text)
        first = Token.objects.get().last_used_at
        assert first == timezone.now()
        for shift, kept in ((31, first), (31, first + timedelta(seconds=62))):
            clock.shift(shift)
            seconds += shift
            holder_of(text)
            assert Token.objects.get().last_used_at == kept


def test_an_intake_token_reads_nothing(call, reference):
    intake = call("juniper", "intake")
    for path in ("/cases", f"/cases/{reference}", "/search?q=goodbye", "/requests", "/workflows"):
        assert intake.get(path).status_code == 403


def test_a_withdrawn_grant_counts_at_once(call, cast, reference):
    juniper = call("juniper")
    assert juniper.get(f"/cases/{reference}").status_code == 200
    Staff.objects.get(username="juniper").grants.update(until=timezone.now())
    assert juniper.get(f"/cases/{reference}").status_code == 404


def test_too_many_requests_of_one_token_wait(cast, settings):
    settings.API_REQUESTS_PER_MINUTE = 3
    caller = Caller(token("juniper"))
    assert [caller.get("/workflows").status_code for _each in range(4)] == [200, 200, 200, 429]
    assert int(caller.get("/workflows").headers["Retry-After"]) > 0

"""Who is on call, over the API."""

from __future__ import annotations

from datetime import date, time
from itertools import pairwise

import pytest

from tests.cast import EMERGENCY
from tutela.core.oncall.keep import Wanted, save_rota
from tutela.core.people.models import Staff

NIGHT = {"starts": "2026-12-24T09:00:00Z", "ends": "2026-12-25T09:00:00Z"}
EVE = "2026-12-24T12:00:00Z"


@pytest.fixture(autouse=True)
def _rota(cast):
    people = (Staff.objects.get(pk=cast.juniper.id), Staff.objects.get(pk=cast.heron.id))
    weeks = Wanted("Emergencies", (EMERGENCY,), "UTC", time(9), date(2026, 3, 2), people)
    save_rota(cast.alder, "emergencies", weeks)


def on_duty(caller) -> list[str]:
    (found,) = caller.get("/on-call", at=EVE).json()["items"]
    return [one["username"] for one in found["on"]]


def test_who_is_on_duty_and_the_weeks_to_come(call):
    juniper = call("juniper")
    assert on_duty(juniper) == ["juniper"]
    assert juniper.get("/rotas").json()["items"][0]["hour"] == "09:00"
    found = juniper.get("/rotas/emergencies/duty").json()["items"]
    assert all(one["ends"] == other["starts"] for one, other in pairwise(found))
    assert juniper.get("/rotas/emergencies/duty", since=EVE, until=EVE).status_code == 422
    assert juniper.get("/on-call", at="0001-01-01T00:00:00Z").status_code == 422
    assert call("wren").get("/rotas/emergencies/duty").status_code == 404
    assert call("wren").get("/rotas").json()["items"] == []


def test_a_span_is_taken(call):
    assert call("heron").post("/rotas/emergencies/take", NIGHT).status_code == 201
    assert on_duty(call("heron")) == ["heron"]
    assert call("heron").post("/rotas/emergencies/take", {**NIGHT, "username": "larch"}).status_code == 403
    assert call("alder").post("/rotas/emergencies/take", {**NIGHT, "username": "larch"}).status_code == 201
    assert call("juniper", "read").post("/rotas/emergencies/take", NIGHT).status_code == 403


def test_an_offer_waits_for_the_other(call):
    juniper, heron = call("juniper"), call("heron")
    made = juniper.post("/rotas/emergencies/offer", {**NIGHT, "username": "heron"})
    assert made.status_code == 201
    one = f"/offers/{made.json()['id']}"
    assert on_duty(juniper) == ["juniper"]
    assert [row["giver"]["username"] for row in heron.get("/offers").json()["items"]] == ["juniper"]
    assert juniper.post(f"{one}/agree", {}).status_code == 403
    assert call("larch").post(f"{one}/agree", {}).status_code == 404
    assert heron.post(f"{one}/agree", {}).json()["agreed"] is True
    assert on_duty(juniper) == ["heron"]
    assert heron.post(f"{one}/decline", {}).status_code == 409

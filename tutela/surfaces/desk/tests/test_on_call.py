"""Who is on call, at the desk: without scripts, by forms."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from tests.cast import EMERGENCY
from tutela.core.oncall import duty
from tutela.core.oncall.models import Absence, Offer, Rota

from .scene import put_on_call

pytestmark = pytest.mark.django_db
ROTA = "/desk/on-call/rotas/emergencies/"


def wall(hours: float) -> str:
    return (timezone.now() + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M")


def text_of(answer) -> str:
    return answer.content.decode()


def test_a_month_shows_who_is_on_duty_on_each_day(cast, desk):
    put_on_call(cast)
    text = text_of(desk(cast.juniper).get(ROTA))
    assert 'aria-current="date"' in text
    assert "Juniper</bdi>" in text
    assert "Heron</bdi>" in text
    for month in ("2026-12", "0001-01", "9999-12", "nonsense"):
        assert desk(cast.juniper).get(f"{ROTA}?month={month}").status_code == 200
    assert desk(cast.wren).get(ROTA).status_code == 404
    assert desk(cast.sorrel).get(ROTA).status_code == 404


def test_a_span_is_taken_and_ended(cast, desk):
    put_on_call(cast)
    heron = desk(cast.heron)
    assert heron.post(f"{ROTA}take/", {"starts": wall(-1), "ends": wall(2)}).status_code == 302
    assert duty.watch(EMERGENCY).first == cast.heron.id
    refused = heron.post(f"{ROTA}take/", {"starts": wall(2), "ends": wall(1)})
    assert refused.status_code == 422
    assert "The end comes before the beginning." in text_of(refused)
    page = text_of(heron.get(ROTA))
    start = page.split('name="starts" value="')[1].split('"')[0]
    assert heron.post(f"{ROTA}end/", {"person": "heron", "starts": start}).status_code == 302
    assert heron.post(f"{ROTA}end/", {"person": "heron", "starts": "soon"}).status_code == 404


def test_a_span_is_given_away_with_the_agreement_of_the_other(cast, desk):
    put_on_call(cast)
    juniper, heron = desk(cast.juniper), desk(cast.heron)
    said = {"give-person": "heron", "give-starts": wall(-1), "give-ends": wall(1)}
    assert juniper.post(f"{ROTA}give/", said).status_code == 302
    offer = Offer.objects.get()
    assert duty.watch(EMERGENCY).first == cast.juniper.id
    assert "You asked Heron" in text_of(juniper.get("/desk/on-call/"))
    assert "Juniper asks you to take a span." in text_of(heron.get("/desk/on-call/"))
    assert desk(cast.larch).post(f"/desk/on-call/offers/{offer.pk}/", {"agree": ""}).status_code == 404
    assert heron.post(f"/desk/on-call/offers/{offer.pk}/", {"agree": ""}).status_code == 302
    assert duty.watch(EMERGENCY).first == cast.heron.id


def test_a_manager_puts_somebody_on_duty_and_changes_the_rota(cast, desk):
    put_on_call(cast)
    alder = desk(cast.alder)
    said = {"person": "larch", "starts": wall(-1), "ends": wall(1)}
    assert alder.post(f"{ROTA}take/", said).status_code == 302
    assert duty.watch(EMERGENCY).first == cast.larch.id
    assert desk(cast.juniper).get(f"{ROTA}edit/").status_code == 403
    assert alder.get(f"{ROTA}edit/").status_code == 200
    form = {"name": "Night and day", "workflows": ["emergency"], "time_zone": "Europe/Berlin",
            "hour": "08:00", "first_on": "2026-03-02", "person1": "heron", "person3": "juniper",
            "level1": "duty", "minutes1": "5",
            "level2": "person", "named2": "alder", "minutes2": "7"}  # fmt: skip
    assert alder.post(f"{ROTA}edit/", {**form, "named2": ""}).status_code == 422
    assert alder.post(f"{ROTA}edit/", form).status_code == 302
    rota = Rota.objects.get()
    assert [turn.staff.username for turn in rota.turns.order_by("place")] == ["heron", "juniper"]
    assert [(one.who, one.minutes) for one in rota.levels.order_by("place")] == [("duty", 5), ("person", 7)]
    other = {**form, "name": "Sorting", "workflows": ["triage"], "person1": "alder", "person3": ""}
    made = alder.post("/desk/on-call/new/", other)
    assert made.status_code == 302
    assert made.headers["Location"] == "/desk/on-call/rotas/sorting/"
    assert desk(cast.juniper).get("/desk/on-call/new/").status_code == 403


def test_whoever_is_away_says_so_and_comes_back(cast, desk):
    put_on_call(cast)
    juniper = desk(cast.juniper)
    said = {"person": "juniper", "starts": wall(-1), "ends": wall(48)}
    assert juniper.post("/desk/on-call/away/", said).status_code == 302
    assert duty.watch(EMERGENCY).first == cast.heron.id
    assert juniper.post("/desk/on-call/away/", {**said, "person": "heron"}).status_code == 422
    number = Absence.objects.get().pk
    assert juniper.post(f"/desk/on-call/away/{number}/back/").status_code == 302
    assert duty.watch(EMERGENCY).first == cast.juniper.id


def test_a_calendar_program_needs_the_secret_and_nothing_else(cast, desk):
    put_on_call(cast)
    juniper = desk(cast.juniper)
    page = text_of(juniper.post("/desk/on-call/calendar/", {"make": ""}))
    address = page.split('<p class="ordered__code" dir="ltr">')[1].split("<")[0]
    where = "/desk/" + address.split("/desk/")[1]
    answer = Client().get(where)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert b"BEGIN:VEVENT" in answer.content
    assert address not in text_of(juniper.get("/desk/on-call/")), "it is shown once"
    juniper.post("/desk/on-call/calendar/", {"end": ""})
    assert Client().get(where).status_code == 404
    assert Client().get("/desk/on-call/calendar/unknown/").status_code == 404

"""A wiki's ReportIncident changes its base address to ours, and nothing else."""

from __future__ import annotations

import hashlib
import json
import logging
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.urls import resolve
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tutela.surfaces.portal import brakes, wiki

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
ADDRESS = "/api/v2/requests.json"
SAMPLES = Path(__file__).parents[3] / "programs/wikis/tests/samples/zendesk-requests.json"
EMERGENCIES = json.loads(SAMPLES.read_text())
REPORT = EMERGENCIES[0]["request"]["json"]
SECRET = "a-secret-of-the-example-wiki"


def send(visitor, body: object = REPORT, address: str = ADDRESS, **headers: str):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return visitor.send("POST", address, data, "application/json", **headers)


def said(answer) -> dict:
    assert answer.headers["Content-Type"] == "application/json"
    return json.loads(answer.content)


@pytest.mark.parametrize("sample", EMERGENCIES, ids=lambda one: one["name"])
def test_each_emergency_is_stored_as_it_came(visitor, reports, opened, sample):
    body = json.dumps(sample["request"]["json"]).encode()
    answer = send(visitor, body, sample["request"]["path"])
    assert answer.status_code == sample["expected"]["status"]
    assert said(answer)["request"]["subject"] == "Incident Reporting System emergency report"
    request = sample["request"]["json"]["request"]
    assert reports("channel, workflow, text") == [("wiki", "emergency", request["comment"]["body"])]
    assert opened("raw") == [body]
    assert opened("sender_email") == [request["requester"]["email"]]
    assert opened("sender_name") == [request["requester"]["name"]]


def test_a_base_address_may_end_with_a_slash():
    """The client of the tests would take the two for the beginning of a host."""
    assert resolve(f"/{ADDRESS}", "tutela.config.portal.urls").func is wiki.take


def test_a_double_click_is_one_report_and_later_it_is_another(visitor, reports):
    now = timezone.now().replace(hour=12, minute=1, second=0)
    with time_machine.travel(now, tick=False):
        first, second = send(visitor), send(visitor)
    assert said(first)["request"]["id"] == said(second)["request"]["id"]
    assert len(reports()) == 1
    with time_machine.travel(now + timedelta(seconds=wiki.SAME_FOR), tick=False):
        assert send(visitor).status_code == 201
    assert len(reports()) == 2


def test_the_number_tells_nobody_how_many_there_are(visitor, reports):
    numbers = [said(send(visitor, {"request": {"comment": {"body": f"{n}"}}}))["request"]["id"] for n in "ab"]
    assert abs(numbers[0] - numbers[1]) > 1000
    assert not set(numbers) & set(reports("id"))


def test_what_the_extension_does_not_send_today_is_kept(visitor, opened):
    more = json.loads(json.dumps(REPORT))
    more["request"]["tags"] = ["wiki"]
    more["request"]["comment"]["uploads"] = ["x"]
    assert send(visitor, more).status_code == 201
    assert json.loads(opened("fields")[0]["more"]) == {
        "request": {"tags": ["wiki"]},
        "comment": {"uploads": ["x"]},
    }


@pytest.mark.parametrize(
    "body",
    [
        b"Somebody wants to hurt people.",
        b'{"request": {"comment": {"body": "cut off',
        b'{"request": []}',
        b'{"request": {"comment": {"body": 7}}}',
        b"[" * 100_000,
        b'{"request": {"comment": {"body": "  "}}, "words": "elsewhere"}',
        "Сломано".encode("cp1251"),
        b"\0\xff",
        json.dumps({"request": {"comment": {"body": "half \ud800 a letter \0"}}}).encode(),
        b"x" * (wiki.MOST_BODY - 1),
    ],
)
def test_a_body_of_another_shape_is_kept_whole(visitor, reports, opened, body):
    assert send(visitor, body).status_code == 201
    assert opened("raw") == [body]
    assert reports("workflow") == ["emergency"]


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(min_size=1).filter(lambda one: one.strip()))
def test_any_bytes_are_kept(visitor, body):
    assert send(visitor, body).status_code in {201, 429}


def test_nothing_and_too_much_are_refused_in_words_for_the_wikis_log(visitor, reports):
    for body, status in ((b"", 400), (b" \n", 400), (b"x" * (wiki.MOST_BODY + 1), 413)):
        answer = send(visitor, body)
        assert answer.status_code == status
        assert said(answer).keys() == {"error", "description"}
    answer = visitor.get(ADDRESS)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert reports() == []


class TestWhoMay:
    def test_a_secret_names_the_wiki_and_shuts_the_open_door(self, visitor, reports, settings):
        settings.WIKI_KEYS = {"examplewiki": hashlib.sha256(SECRET.encode()).hexdigest()}
        assert send(visitor).status_code == 403
        assert send(visitor, address=f"/wiki/another-secret-than-this{ADDRESS}").status_code == 403
        assert send(visitor, address=f"/wiki/{SECRET}{ADDRESS}").status_code == 201
        assert send(visitor, address=f"/wiki/{SECRET}/{ADDRESS}").status_code == 201
        assert reports("mailbox") == ["examplewiki"]

    def test_networks(self, visitor, settings):
        settings.WIKI_NETWORKS = ["192.0.2.0/24", "2001:db8::/32"]
        settings.PROXIES = 1
        for address, status in (
            ("192.0.2.9", 201),
            ("::ffff:192.0.2.9", 201),
            ("2001:db8:1::1", 201),
            ("198.51.100.1", 403),
            ("not an address", 403),
        ):
            assert send(visitor, X_Forwarded_For=address).status_code == status, address

    def test_a_flood_is_stopped_and_told_when_to_come_back(self, visitor, reports, monkeypatch):
        monkeypatch.setattr(brakes, "STRANGE_WIKI", 3)
        answers = [send(visitor, {"request": {"comment": {"body": f"report {n}"}}}) for n in range(5)]
        assert [one.status_code for one in answers] == [201, 201, 201, 429, 429]
        assert answers[-1].headers["Retry-After"] == "600"
        assert len(reports()) == 3

    def test_a_flood_of_strangers_does_not_stop_a_wiki_that_we_know(self, visitor, settings, monkeypatch):
        monkeypatch.setattr(brakes, "STRANGE_WIKI", 0)
        settings.WIKI_KEYS = {"examplewiki": hashlib.sha256(SECRET.encode()).hexdigest()}
        assert send(visitor, address=f"/wiki/{SECRET}{ADDRESS}").status_code == 201


def test_without_the_database_the_extension_is_told_that_nothing_was_sent(visitor, database_away, reports):
    database_away()
    answer = send(visitor)
    assert answer.status_code == 503
    assert said(answer)["error"] == "ServiceUnavailable"
    database_away.come_back()
    assert send(visitor).status_code == 201
    assert len(reports()) == 1


def test_no_word_of_it_reaches_the_log(visitor, database_away, caplog):
    caplog.set_level(logging.DEBUG)
    send(visitor)
    database_away()
    send(visitor)
    lines = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    for word in ("They wrote that they know", "reporter.one", "ReporterOne"):
        assert word not in lines

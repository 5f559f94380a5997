"""The release log through the API: listed, filtered, read, exported; looks recorded."""

from __future__ import annotations

import csv
import io
from itertools import pairwise
from urllib.parse import urlencode

import pytest

from tests.cast import agree
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as
from tutela.workflows.emergency.tests import path

pytestmark = pytest.mark.django_db


def looks(actor, act=Act.CASE_LOOKED) -> int:
    with acting_as(actor):
        return Entry.objects.filter(act=act, actor_id=actor.id, via="api", detail__at="release log").count()


def test_a_release_is_listed_and_read(call, cast):
    reference = path.disclosed(cast)
    heron = call("heron", "read")
    (line,) = heron.get("/releases").json()["items"]
    assert line == heron.get(f"/releases/{line['number']}").json()
    assert (line["case_reference"], line["agency"]) == (reference, path.POLICE)
    assert line["released_by"] == {"username": "juniper", "name": "Juniper"}
    assert line["approved_by"] == [{"username": "larch", "name": "Larch"}]
    assert (line["pre_approved"], line["review"], line["reviewed_by"]) == (True, "", [])
    assert looks(cast.heron) == 2


def test_the_review_of_an_urgent_release_is_told(call, cast):
    reference = path.disclosed_urgently(cast)
    caller = call("heron")
    (line,) = caller.get("/releases", review_open="true").json()["items"]
    assert line["review"] == "open"
    agree(reference, cast.larch)
    assert caller.get("/releases", review_open="true").json()["items"] == []
    (line,) = caller.get("/releases?path=urgent").json()["items"]
    (said,) = line["reviewed_by"]
    assert (line["review"], said["username"], said["verdict"]) == ("released", "larch", "agree")


def test_a_corrected_row_names_what_is_right(call, cast):
    reference = path.disclosed(cast)
    path.do(reference, "correct_release", cast.juniper, recipient_name="Another", reason="Misheard.")
    caller = call("juniper")
    (now,) = caller.get("/releases").json()["items"]
    first, second = caller.get("/releases", corrected="true", limit=2).json()["items"]
    assert (first["number"], second["corrected_by"]) == (now["number"], now["number"])
    assert (now["corrects"], now["correction_reason"]) == (second["number"], "Misheard.")


def test_pages_follow_each_other(call, cast):
    reference = path.disclosed(cast)
    for name in ("Alder 1", "Alder 2"):
        path.do(reference, "correct_release", cast.juniper, recipient_name=name, reason="Misheard.")
    caller, seen, cursor = call("juniper"), [], None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = caller.get("/releases", corrected="true", limit=1, **more).json()
        seen += [one["number"] for one in page["items"]]
        if (cursor := page["next"]) is None:
            break
    assert len(seen) == 3
    assert all(newer > older for newer, older in pairwise(seen))


@pytest.mark.parametrize(
    ("query", "status", "found"),
    [
        ({"recipient": "national police"}, 200, 1),
        ({"recipient": "navy"}, 200, 0),
        ({"case": "EM-2026-9999"}, 200, 0),
        ({"since": "2020-01-01T00:00:00Z", "before": "2099-01-01T00:00:00Z"}, 200, 1),
        ({"before": "2020-01-01T00:00:00Z"}, 200, 0),
        ({"path": "urgent"}, 200, 0),
        ({"path": "sideways"}, 422, 0),
        ({"since": "yesterday"}, 422, 0),
    ],
)
def test_filters(call, cast, query, status, found):
    path.disclosed(cast)
    asked = urlencode(query)
    answer = call("juniper").get(f"/releases?{asked}")
    assert (answer.status_code, len(answer.json().get("items", []))) == (status, found)
    assert call("juniper").get(f"/releases.csv?{asked}").status_code == status


def test_the_export_is_a_table_and_is_recorded(call, cast):
    reference = path.disclosed(cast)
    answer = call("heron").get("/releases.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    (row,) = csv.DictReader(io.StringIO(answer.content.decode()))
    assert (row["case_reference"], row["approved_by"], row["pre_approved"]) == (reference, "Larch", "yes")
    assert row["call_back_number"] == f"'{path.NUMBER}", "a number with a plus is no formula either"
    assert looks(cast.heron, Act.EXPORTED) == 1


@pytest.mark.parametrize("number", ["RL-2026-9999", "EM-2026-0001", "RL-2026-%00", "’"])
def test_no_such_entry(call, number):
    assert call("juniper").get(f"/releases/{number}").status_code == 404

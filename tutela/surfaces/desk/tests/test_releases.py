"""The release log at the desk: found, read, exported, and every look at it recorded."""

from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import agree
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant
from tutela.core.people.roles import Role
from tutela.programs.registers.releases import log
from tutela.surfaces.desk.releases import PAGE
from tutela.workflows.emergency.tests import path

from .scene import do

pytestmark = pytest.mark.django_db
OTHER_DESK = {"agency": "Coast guard of Sampleland", "recipient_name": "Duty officer 71"}


def release(reference, actor, **changes):
    """Enter one more release of a case."""
    what = {
        "released_by_id": actor.id,
        "pre_approved": True,
        "recipient_type": "law_enforcement",
        "reason": "harm",
        "legal_basis": "2702c4",
        "data_classes": ["ip"],
        "accounts": ["ExampleMoss"],
        "description": "A goodbye message.",
        **OTHER_DESK,
        **changes,
    }
    with acting_as(actor):
        return log(path.look(reference, actor), actor, at=timezone.now(), **what)


def text_of(desk, url: str) -> str:
    answer = desk.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def sheet(desk, url: str = "/desk/releases/export/") -> list[dict[str, str]]:
    text = text_of(desk, url)
    return list(csv.DictReader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}"))))


def looks(actor, act=Act.CASE_LOOKED) -> int:
    with acting_as(actor):
        return Entry.objects.filter(act=act, actor_id=actor.id, detail__at="release log").count()


def test_the_rail_leads_to_the_log(cast, desk):
    assert 'href="/desk/releases/"' in text_of(desk(cast.juniper), "/desk/")
    assert 'href="/desk/releases/"' not in text_of(desk(cast.sorrel), "/desk/")
    assert "Release log" in text_of(desk(cast.juniper), "/desk/palette.json?q=release")


def test_a_release_shows_with_everything_recorded(cast, desk):
    reference = path.disclosed(cast)
    (entry,) = path.log_of(reference, cast.juniper)
    do(reference, "record_agency_number", cast.juniper, release=entry.number, agency_case_number="XP-17")
    heron = desk(cast.heron)
    (entry,) = path.log_of(reference, cast.juniper)
    page = text_of(heron, "/desk/releases/")
    assert f'href="/desk/releases/{entry.number}/"' in page
    assert f'href="/desk/case/{reference}/"' in page
    one = text_of(heron, f"/desk/releases/{entry.number}/")
    who = (path.POLICE, "Duty officer 17", "XP-17", path.NUMBER, "Larch", "Approved before")
    what = ("IP addresses", "18 U.S.C. 2702(c)(4)", "Harm to a person", "A goodbye message")
    for said in (*who, *what):
        assert said in one, said


def test_an_urgent_release_shows_until_it_is_reviewed(cast, desk):
    reference = path.disclosed_urgently(cast)
    release(path.acknowledged(cast), cast.juniper)
    heron = desk(cast.heron)
    open_ones = "/desk/releases/?review_open=on"
    assert reference in text_of(heron, open_ones)
    assert reference in text_of(heron, "/desk/releases/?path=urgent")
    assert reference not in text_of(heron, "/desk/releases/?path=pre_approved")
    (entry,) = path.log_of(reference, cast.juniper)
    do(reference, "correct_release", cast.juniper, recipient_name="Another", reason="Misheard.")
    (corrected,) = path.log_of(reference, cast.juniper)
    assert corrected.number in text_of(heron, open_ones), "a correction is still of the same release"
    agree(reference, cast.larch)
    assert reference not in text_of(heron, open_ones)
    assert "Larch" in text_of(heron, f"/desk/releases/{corrected.number}/")
    earlier = text_of(heron, f"/desk/releases/{entry.number}/")
    assert "This entry was corrected" in earlier
    assert corrected.number in earlier


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("recipient=coast", True),
        ("recipient=OFFICER+71", True),
        ("recipient=navy", False),
        ("since=2020-01-01&until=2099-12-31", True),
        ("since=2099-01-01", False),
        ("until=2020-01-01", False),
        ("since=0001-01-01&until=9999-12-31", True),
        ("path=pre_approved", True),
        ("path=urgent", False),
        ("after=not-ours", True),
    ],
)
def test_filters(cast, desk, query, found):
    entry = release(path.acknowledged(cast), cast.juniper)
    juniper = desk(cast.juniper)
    assert (entry.number in text_of(juniper, f"/desk/releases/?{query}")) is found
    assert bool(sheet(juniper, f"/desk/releases/export/?{query}")) is found


def test_a_day_that_is_none_is_told_and_never_exported(cast, desk):
    entry = release(path.acknowledged(cast), cast.juniper)
    juniper = desk(cast.juniper)
    text = text_of(juniper, "/desk/releases/?since=yesterday")
    assert "Enter a valid date." in text
    assert entry.number in text
    assert juniper.get("/desk/releases/export/?since=yesterday").status_code == 422


def test_pages_follow_each_other_and_cost_the_same(cast, desk):
    reference = path.acknowledged(cast)
    juniper = desk(cast.juniper)
    numbers = [release(reference, cast.juniper).number]
    text_of(juniper, "/desk/releases/")  # the first look is recorded, those right after are not
    with CaptureQueriesContext(connection) as few:
        text_of(juniper, "/desk/releases/?recipient=guard")
    numbers += [release(reference, cast.juniper).number for _each in range(PAGE)]
    with CaptureQueriesContext(connection) as many:
        text = text_of(juniper, "/desk/releases/?recipient=guard")
    assert len(many) == len(few)
    assert numbers[0] not in text
    older = text.partition('class="pages"')[2].partition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert "recipient=guard" in older
    assert numbers[0] in text_of(juniper, older)
    assert len(sheet(juniper)) == PAGE + 1


def test_the_log_is_for_those_who_could_see_the_case(cast, desk):
    reference = path.disclosed(cast)
    (entry,) = path.log_of(reference, cast.juniper)
    Grant.objects.create(staff_id=cast.wren.id, workflow="emergency", role=Role.AUDITOR)
    do(reference, "recuse", cast.heron, reason="I know them.")
    for person in (cast.wren, cast.sorrel, cast.heron):
        outsider = desk(person)
        assert entry.number not in text_of(outsider, "/desk/releases/")
        assert sheet(outsider) == []
        real = outsider.get(f"/desk/releases/{entry.number}/")
        unknown = outsider.get("/desk/releases/RL-2026-9999/")
        assert (real.status_code, real.content) == (unknown.status_code, unknown.content)
        assert real.status_code == 404
        assert looks(person) == looks(person, Act.EXPORTED) == 0


def test_the_case_is_a_link_only_for_those_who_see_it_now(cast, desk):
    reference = path.acknowledged(cast)
    do(reference, "unrestrict", cast.alder, reason="Only public data.")
    entry = release(reference, cast.juniper)
    do(reference, "restrict", cast.alder, reason="The person wrote again.")
    Grant.objects.create(staff_id=cast.wren.id, workflow="emergency", role=Role.AUDITOR)
    link = f'href="/desk/case/{reference}/"'
    for url in ("/desk/releases/", f"/desk/releases/{entry.number}/"):
        assert link in text_of(desk(cast.juniper), url)
        assert reference in text_of(desk(cast.wren), url)
        assert link not in text_of(desk(cast.wren), url)
    assert looks(cast.wren) == 1


def test_each_look_and_each_export_is_recorded_at_the_case(cast, desk):
    reference = path.disclosed(cast)
    juniper = desk(cast.juniper)
    text_of(juniper, "/desk/releases/")
    text_of(juniper, "/desk/releases/")
    assert looks(cast.juniper) == 1, "a person who stays looks once"
    sheet(juniper)
    sheet(juniper)
    assert looks(cast.juniper, Act.EXPORTED) == 2
    text_of(juniper, f"/desk/case/{reference}/")
    with acting_as(cast.juniper):
        own = Entry.objects.filter(act=Act.CASE_LOOKED, actor_id=cast.juniper.id, detail={})
        assert own.count() == 1, "a look at the log does not stand for one at the case"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " ="])
def test_no_cell_of_the_export_is_a_formula(cast, desk, start):
    release(path.acknowledged(cast), cast.juniper, recipient_name=f"{start}cmd()", accounts=[f"{start}A1"])
    (row,) = sheet(desk(cast.juniper))
    assert row["recipient_name"] == f"'{start}cmd()"
    assert row["accounts"] == f"'{start}A1"
    assert not [cell for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]

"""Break-glass at the desk: opened, shown on the case, closed, reviewed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import EMERGENCY
from tutela.core.access import glass
from tutela.core.access.models import Glass
from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role

from .scene import report

pytestmark = pytest.mark.django_db
WHY = "Nobody of the team answers and a life may depend on it."
PAGE = "/desk/break-glass/"


@pytest.fixture
def officer(cast) -> Actor:
    staff = Staff.objects.create_person("rowan", "Rowan", email="rowan@tutela.example")
    Grant.objects.create(staff=staff, workflow=PLATFORM, role=Role.SECURITY)
    return Actor.of(staff, "desk")


@pytest.fixture
def outside(cast) -> Actor:
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.MANAGER)
    return cast.sorrel


def test_from_opening_to_review(cast, desk, outside, officer):
    reference = report()
    sorrel, juniper, rowan = desk(outside), desk(cast.juniper), desk(officer)
    case = f"/desk/case/{reference}/"
    assert sorrel.get(case).status_code == 404
    opened = sorrel.post(PAGE, {"reference": reference, "reason": WHY, "minutes": "30"}, follow=True)
    assert opened.redirect_chain[-1][0] == case
    assert "Threat" in opened.content.decode() or reference in opened.content.decode()
    text = juniper.get(case).content.decode()
    assert "Break-glass: Sorrel, until" in text
    assert "opened this case by break-glass" in text
    with acting_as(officer):
        number = Glass.objects.get().pk
    one = f"{PAGE}{number}/"
    assert WHY in juniper.get(one).content.decode()
    assert "Not done." in rowan.post(f"{one}review/", said()).content.decode()
    assert sorrel.post(f"{one}close/").status_code == 302
    assert sorrel.get(case).status_code == 404
    page = rowan.get(one).content.decode()
    assert "Case looked at" in page
    assert "Record my decision" in page
    assert "Record my decision" not in juniper.get(one).content.decode()
    assert sorrel.post(f"{one}review/", said()).status_code == 403
    assert rowan.post(f"{one}review/", said()).status_code == 302
    assert "They answered for a colleague." in rowan.get(one).content.decode()
    assert "reviewed the break-glass of" in juniper.get(case).content.decode()
    assert rowan.post(f"{one}review/", said()).status_code == 409


def said() -> dict[str, str]:
    return {"justified": "yes", "words": "They answered for a colleague."}


def test_a_refusal_looks_like_nothing_and_stays_recorded(cast, desk, officer):
    reference = report()
    wren = desk(cast.wren)
    answers = [
        wren.post(PAGE, {"reference": name, "reason": WHY, "minutes": "30"}).content
        for name in (reference, "EM-2026-9999")
    ]
    assert answers[0] == answers[1] == wren.get("/desk/nothing/here/").content
    with acting_as(officer):
        assert Entry.objects.filter(act=Act.GLASS_REFUSED).count() == 2


def test_what_is_missing_is_asked_for_in_place(cast, desk, outside):
    reference = report()
    answer = desk(outside).post(PAGE, {"reference": reference, "reason": "short", "minutes": "900"})
    assert answer.status_code == 422
    assert "short" in answer.content.decode()
    known = desk(cast.juniper).post(PAGE, {"reference": reference, "reason": WHY, "minutes": "5"})
    assert known.status_code == 409
    assert "You see this case already." in known.content.decode()


def test_every_look_of_an_officer_is_recorded_also_at_an_open_case(cast, desk, officer):
    reference = report(workflow="triage", text="Copied.", subject="Copied")
    glass.open_glass(officer, reference, WHY)
    rowan = desk(officer)
    for _twice in range(2):
        assert rowan.get(f"/desk/case/{reference}/").status_code == 200
    with acting_as(officer):
        assert Entry.objects.filter(act=Act.CASE_LOOKED, actor_id=officer.id).count() == 1


def test_through_the_glass_no_step_is_offered(cast, desk, outside):
    reference = report()
    glass.open_glass(outside, reference, WHY)
    sorrel = desk(outside)
    assert "/steps/" not in sorrel.get(f"/desk/case/{reference}/").content.decode()
    assert sorrel.get(f"/desk/case/{reference}/steps/note/").status_code == 403
    assert sorrel.post(f"/desk/case/{reference}/steps/unrestrict/", {"reason": "x"}).status_code == 403


def test_the_list_does_not_ask_more_for_more_openings(cast, desk, officer):
    rowan = desk(officer)
    asked = []
    for _each in range(3):
        glass.open_glass(officer, report(), WHY)
        with CaptureQueriesContext(connection) as queries:
            text = rowan.get(PAGE).content.decode()
        asked.append(len(queries))
    assert text.count('role="rowheader"') == 3
    assert asked[0] == asked[1] == asked[2]

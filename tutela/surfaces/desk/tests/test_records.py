"""Records at the desk: the schedule, holds, what is due, a run with its decision, a certificate."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import first, report_emergency
from tutela.core.people.actor import acting_as
from tutela.core.records import disposal
from tutela.core.records.holds import place_hold
from tutela.core.records.models import Hold, Run
from tutela.core.records.tests.scene import BY_LAW, WHY, agreed, dispose, old

pytestmark = pytest.mark.django_db


def text(answer, status=200):
    assert answer.status_code == status, answer.content.decode()[:3000]
    return answer.content.decode()


def test_the_schedule_explains_itself(cast, desk):
    page = text(desk(cast.juniper).get("/desk/records/schedule/"))
    assert "3 years" in page
    assert "cases.Report" in page
    assert "Release log" in page


def test_from_the_preview_to_the_certificate(cast, desk):
    reference, kept = old(cast), old(cast)
    place_hold(cast.larch, [kept], WHY, BY_LAW)
    alder, larch = desk(cast.alder), desk(cast.larch)
    page = text(alder.get("/desk/records/due/emergency/"))
    assert f'value="{reference}"' in page
    assert f'value="{kept}"' not in page
    assert "Under a legal hold" in page
    made = alder.post("/desk/records/due/emergency/", {"case": [reference], "words": "Their time is over."})
    assert made.status_code == 302
    assert "Withdraw it" in text(alder.get(made.url))
    assert "cannot be brought back" in text(larch.get(made.url))
    decide = f"{made.url}decide/"
    assert larch.post(decide, {"verdict": "approved"}).status_code == 302
    assert disposal.carry_out() == 1
    page = text(alder.get(made.url))
    assert "disposed of" in page
    assert first("DC") in page
    page = text(alder.get(f"/desk/records/certificates/{first('DC')}/"))
    assert "It says what the audit log says." in page
    assert reference in page
    assert reference in text(alder.get("/desk/records/"))
    page = text(alder.get(f"/desk/case/{reference}/"), 410)
    assert "DC-2026-0001" in page
    assert "3 years from" in page
    assert alder.get(f"/desk/case/{reference}/exhibits/1/").status_code == 404
    for other in (cast.wren, cast.sorrel):
        told = desk(other).get(f"/desk/case/{reference}/")
        nothing = desk(other).get("/desk/case/EM-2020-0999/")
        assert (told.status_code, reference in told.content.decode()) == (404, False)
        assert nothing.status_code == 404


def test_nobody_agrees_to_their_own_run(cast, desk):
    reference = old(cast)
    made = desk(cast.alder).post("/desk/records/due/emergency/", {"case": [reference]})
    alder = desk(cast.alder)
    assert alder.post(f"{made.url}decide/", {"verdict": "approved"}).status_code == 422
    assert alder.post(f"{made.url}decide/", {"words": "Not before the audit."}).status_code == 302
    with acting_as(cast.alder):
        assert Run.objects.get().state == Run.State.WITHDRAWN


def test_a_run_is_stopped_with_a_reason(cast, desk):
    made = desk(cast.alder).post("/desk/records/due/emergency/", {"case": [old(cast)]})
    larch = desk(cast.larch)
    assert larch.post(f"{made.url}decide/", {"verdict": "refused"}).status_code == 422
    assert larch.post(f"{made.url}decide/", {"verdict": "refused", "words": WHY}).status_code == 302
    assert WHY in text(desk(cast.alder).get(made.url))


def test_who_does_not_answer_for_records_reads_and_decides_nothing(cast, desk):
    reference = old(cast)
    juniper = desk(cast.juniper)
    page = text(juniper.get("/desk/records/due/emergency/"))
    assert reference in page
    assert f'value="{reference}"' not in page
    assert juniper.post("/desk/records/due/emergency/", {"case": [reference]}).status_code == 403
    made = desk(cast.alder).post("/desk/records/due/emergency/", {"case": [reference]})
    assert "Record my decision" not in text(juniper.get(made.url))
    assert juniper.post(f"{made.url}decide/", {"verdict": "approved"}).status_code == 403
    for address in (made.url, "/desk/records/due/emergency/"):
        assert desk(cast.wren).get(address).status_code == 404


def test_what_cannot_go_is_named(cast, desk):
    young = report_emergency()
    page = text(desk(cast.alder).post("/desk/records/due/emergency/", {"case": [young]}), 422)
    assert young in page
    assert "Not all of these cases can go." in page


def test_a_hold_shows_on_the_case_and_is_released(cast, desk):
    reference = report_emergency()
    larch = desk(cast.larch)
    assert "Place a legal hold" in text(larch.get(f"/desk/case/{reference}/"))
    asked = {"cases": f"{reference} EM-2026-9999", "reason": WHY, "authority": BY_LAW}
    assert larch.post("/desk/records/holds/", asked).status_code == 404
    assert larch.post("/desk/records/holds/", {**asked, "reason": "short"}).status_code == 422
    made = larch.post("/desk/records/holds/", {**asked, "cases": reference, "review_at": "2035-01-31"})
    assert made.url == f"/desk/records/holds/{first('LH')}/"
    page = text(desk(cast.juniper).get(f"/desk/case/{reference}/"))
    assert f"Legal hold {first('LH')}" in page
    assert "placed the case under a legal hold" in page
    assert "Place a legal hold" not in page
    assert BY_LAW in text(desk(cast.juniper).get(made.url))
    release = f"{made.url}release/"
    assert desk(cast.juniper).post(release, {"words": "It is in my way."}).status_code == 403
    assert larch.post(release, {"words": "short"}).status_code == 422
    assert larch.post(release, {"words": "The proceedings are over."}).status_code == 302
    assert larch.post(release, {"words": "The proceedings are over."}).status_code == 409
    with acting_as(cast.larch):
        assert Hold.objects.get().released_by_id == cast.larch.id


@pytest.mark.parametrize(
    "where", ["/desk/records/", "/desk/records/due/emergency/", "/desk/records/holds/", "the run"]
)
def test_pages_do_not_ask_more_for_more_cases(cast, desk, where):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            address = f"/desk/records/runs/{run.number}/" if where == "the run" else where
            text(desk(cast.alder).get(address))
        return len(asked)

    def more(count: int) -> Run:
        dispose(cast, *[old(cast) for _each in range(count)])
        place_hold(cast.larch, [old(cast) for _each in range(count)], WHY, BY_LAW)
        return agreed(cast, *[old(cast) for _each in range(count)])

    run = more(1)
    few = queries()
    run = more(3)
    assert queries() == few

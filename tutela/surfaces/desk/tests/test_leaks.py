"""What is not theirs to see looks like what does not exist: the same page, the same cost, no trace."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote_plus

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import EMERGENCY, first
from tutela.core.access import conflicts
from tutela.core.access.glass import close_glass, open_glass
from tutela.core.access.models import Glass
from tutela.core.cases.models import Case, Recusal
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership, Staff
from tutela.core.people.roles import Role
from tutela.core.records.holds import place_hold
from tutela.programs.registers.releases import entries, log
from tutela.surfaces.desk.urls import urlpatterns
from tutela.workflows.emergency.tests import path

from .scene import do, dress, write_again

pytestmark = pytest.mark.django_db
PEOPLE = (
    "stranger",
    "other workflow",
    "not in the team",
    "recused",
    "in conflict",
    "grant ended",
    "left the team",
    "glass closed",
    "recused with a glass",
)
SECRETS = (
    "Threat of self-harm",
    "ExampleMoss",
    first("EM"),
    "Talk page, as captured",
    "goodbye",
    "October",
)
#: Addresses of one case, with its own numbers put in.
OF_A_CASE = [one for one in urlpatterns if "<str:reference>" in str(one.pattern)]
LISTS = [
    "/desk/",
    "/desk/?tab=teams",
    "/desk/?tab=nobody",
    "/desk/?tab=waiting",
    "/desk/?q=state:any",
    "/desk/?q=state:any+ExampleMoss",
    f"/desk/?q={first('EM')}",
    "/desk/approvals/",
    "/desk/replies/",
    "/desk/on-call/",
    "/desk/search/?q=ExampleMoss",
    f"/desk/search/?q={first('EM')}",
    "/desk/search/?q=Threat",
    f"/desk/palette.json?q={first('EM')}",
    "/desk/palette.json?q=Threat",
    "/desk/counts/",
    "/desk/views/",
    "/desk/releases/",
    "/desk/releases/?recipient=Police",
    "/desk/releases/?review_open=on",
    "/desk/releases/export/",
    "/desk/break-glass/",
    "/desk/conflicts/",
    "/desk/reviews/",
    "/desk/records/",
    "/desk/records/holds/",
]
WHY = "Nobody of the team answers the phone."


@pytest.fixture
def hidden(cast) -> str:
    """A restricted emergency with everything on it, and something that waits for everybody."""
    reference = path.held(cast)
    enter_release(reference, cast.juniper)
    dress(reference, cast)
    write_again(reference, cast, "They said goodbye once more.")
    place_hold(cast.larch, [reference], "ExampleMoss is asked about.", "A court, 12 October")
    return reference


def enter_release(reference: str, actor) -> None:
    """A release of the case in the release log."""
    kinds = {"recipient_type": "other", "reason": "harm", "legal_basis": "2702c4", "data_classes": []}
    said = {"recipient_name": "ExampleMoss Police", "description": "goodbye", **kinds}
    with acting_as(actor):
        case = Case.objects.get(reference=reference)
        log(case, actor, at=timezone.now(), released_by_id=actor.id, pre_approved=False, **said)


@pytest.fixture(params=PEOPLE)
def outsider(request, cast, hidden, desk):
    """Somebody who may not see it."""
    return desk(become(request.param, hidden, cast))


def become(kind: str, hidden: str, cast) -> Actor:
    """Make somebody of the cast one who may not see the case, or not any more."""
    if kind == "other workflow":
        return cast.wren
    if kind == "not in the team":
        Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.MANAGER)
    if kind in {"glass closed", "recused with a glass"}:
        return after_a_glass(hidden, cast, recused=kind == "recused with a glass")
    if kind in {"stranger", "not in the team"}:
        return cast.sorrel
    if kind == "recused":
        do(hidden, "recuse", cast.heron, reason="I know them.")
    elif kind == "in conflict":
        person = Staff.objects.get(pk=cast.heron.id)
        conflicts.declare(cast.heron, person, "They are a friend of mine.", name="~2026-10421-07")
    elif kind == "grant ended":
        Grant.objects.filter(staff_id=cast.heron.id).update(until=timezone.now())
    else:
        assert kind == "left the team"
        Membership.objects.filter(staff_id=cast.heron.id).delete()
    return cast.heron


def after_a_glass(hidden: str, cast, *, recused: bool):
    """Somebody who had it open by break-glass, until they closed it or were recused from it."""
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.MANAGER)
    opened = open_glass(cast.sorrel, hidden, WHY)
    assert opened is not None
    if recused:
        with acting_as(cast.juniper):
            Recusal.objects.create(case_id=opened.case_id, staff_id=cast.sorrel.id)
    else:
        close_glass(cast.sorrel, opened.pk)
        # Their own opening tells the reference that they typed, and nothing of the case.
        with acting_as(cast.sorrel):
            assert [one.reason for one in Glass.objects.all()] == [WHY]
    return cast.sorrel


def address(pattern, reference: str, numbers: dict[str, int]) -> str:
    route = str(pattern.pattern).replace("<str:reference>", reference).replace("<str:step>", "note")
    for name, number in numbers.items():
        route = route.replace(f"<int:{name}>", str(number))
    return f"/desk/{route}"


def numbers_of(pattern, reference: str, cast) -> dict[str, int]:
    """Numbers that are really there."""
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        number = {
            "report": case.reports.order_by("id").values_list("pk", flat=True)[0],
            "exhibit": case.exhibits.values_list("number", flat=True)[0],
            "request": case.requests.values_list("pk", flat=True)[0],
        }
        event = case.events.order_by("-id").values_list("pk", flat=True)[0]
    name = pattern.name
    kind = "exhibit" if "exhibit" in name else "request" if name in {"request", "amend"} else "report"
    return {"number": number[kind], "event": event, "file": 1}


def answer_of(desk, url: str, method: str = "get"):
    """The status, the bytes, the headers and the number of queries."""
    with CaptureQueriesContext(connection) as asked:
        answer = getattr(desk, method)(url)
    headers = {name: sorted(value.split("; ")) for name, value in answer.headers.items() if name != "Expires"}
    return answer.status_code, answer.content, headers, len(asked)


def test_every_address_of_the_case_is_as_if_there_were_no_case(cast, hidden, outsider):
    for pattern in OF_A_CASE:
        numbers = numbers_of(pattern, hidden, cast)
        for method in ("get", "post"):
            real = answer_of(outsider, address(pattern, hidden, numbers), method)
            unknown = answer_of(outsider, address(pattern, "EM-2026-9999", numbers), method)
            assert real == unknown, pattern
            assert real[0] in {404, 405}
            assert not [word for word in SECRETS if word in real[1].decode()]


def test_an_entry_of_the_release_log_is_as_if_there_were_none(cast, hidden, outsider):
    with acting_as(cast.juniper):
        number = entries().get(case_reference=hidden).number
    real = answer_of(outsider, f"/desk/releases/{number}/")
    assert real == answer_of(outsider, "/desk/releases/RL-2026-9999/")
    assert real[0] == 404


def test_a_hold_is_as_if_there_were_none(hidden, outsider):
    for rest, method in (("", "get"), ("release/", "post")):
        real = answer_of(outsider, f"/desk/records/holds/{first('LH')}/{rest}", method)
        assert real == answer_of(outsider, f"/desk/records/holds/LH-2026-9999/{rest}", method)
        assert real[0] == 404


def test_an_address_that_leads_nowhere_looks_the_same(hidden, outsider):
    case = answer_of(outsider, f"/desk/case/{hidden}/")
    assert case == answer_of(outsider, "/desk/nothing/here/")
    assert case == answer_of(outsider, "/desk/case/EM-2026-9999/")


def test_no_list_and_no_count_tells_of_it(hidden, outsider):
    empty = {url: shown(outsider.get(url), url) for url in LISTS}
    for url, text in empty.items():
        own = {hidden} if "break-glass" in url and own_glass(outsider) else set()
        assert not [word for word in SECRETS if word in text and word not in own], url
        assert set(re.findall(r'class="count(?: count--new)?">(\d[^<]*)', text)) <= {"0"}, url


def own_glass(outsider) -> bool:
    with acting_as(outsider.actor):
        return Glass.objects.filter(staff_id=outsider.actor.id).exists()


def shown(answer, url: str) -> str:
    """What a page shows beside the words that were asked for themselves."""
    assert answer.status_code == 200
    text = answer.content.decode()
    asked = unquote_plus(url.partition("q=")[2]).removeprefix("state:any").strip()
    return text.replace(asked, "").replace(quote(asked), "") if asked else text


@pytest.mark.django_db(transaction=True)
def test_nothing_is_left_of_a_glass_that_ran_out(cast, hidden, desk, superuser):
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.MANAGER)
    assert open_glass(cast.sorrel, hidden, WHY)
    outsider = desk(cast.sorrel)
    assert outsider.get(f"/desk/case/{hidden}/").status_code == 200
    superuser.execute(
        "UPDATE access_glass SET opened_at = opened_at - interval '2 hours',"
        " expires_at = expires_at - interval '2 hours'"
    )
    for pattern in OF_A_CASE:
        numbers = numbers_of(pattern, hidden, cast)
        real = answer_of(outsider, address(pattern, hidden, numbers))
        assert real == answer_of(outsider, address(pattern, "EM-2026-9999", numbers)), pattern
    assert hidden not in outsider.get("/desk/?q=state:any").content.decode()


def test_nobody_learns_of_it_by_changes(hidden, outsider):
    assert outsider.get("/desk/queue-changes/?since=2020-01-01T00:00:00%2B00:00").json() == {"count": 0}


def test_many_at_once_leave_it_out(hidden, outsider):
    answer = outsider.post("/desk/bulk/", {"case": [hidden], "step": "assign"})
    assert answer.status_code == 422
    assert hidden not in answer.content.decode()


def test_a_visible_case_does_not_name_the_hidden_one(cast, hidden, desk):
    open_one = path.acknowledged(cast)
    do(open_one, "link_case", cast.juniper, other=hidden, kind="related")
    do(hidden, "recuse", cast.heron, reason="")
    page = desk(cast.heron).get(f"/desk/case/{open_one}/")
    assert page.status_code == 200
    assert hidden not in page.content.decode()
    assert "Threat of self-harm" not in page.content.decode()


def test_those_who_may_see_it_do(cast, hidden, desk):
    for person in (cast.juniper, cast.heron, cast.larch, cast.alder):
        page = desk(person).get(f"/desk/case/{hidden}/")
        assert page.status_code == 200
        assert "Threat of self-harm" in page.content.decode()


def test_what_a_queue_one_has_no_grant_on_is_called_stays_unsaid(cast, hidden, desk):
    assert desk(cast.wren).get("/desk/queue/emergency/").status_code == 404
    assert Staff.objects.filter(pk=cast.wren.id).exists()

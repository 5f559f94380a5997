"""What waits for whom, what would happen, and one's own decision."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.cast import case_of
from tutela.core.cases.models import Case, Event, Message
from tutela.core.flow.approvals import why_not
from tutela.core.flow.models import Request
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.programs.registers.models import ReleaseEntry
from tutela.surfaces.desk.approvals.waiting import investigating, waiting_for
from tutela.surfaces.desk.approvals.who import OF_THEM, barred, holders
from tutela.workflows.emergency.tests import path

from .scene import do

pytestmark = pytest.mark.django_db


def request_of(reference: str, actor) -> Request:
    with acting_as(actor):
        asked = Request.objects.get(case__reference=reference, state="open")
        assert asked.data  # opened while somebody is named who sees the case
        return asked


def url_of(reference: str, actor) -> str:
    return f"/desk/case/{reference}/requests/{request_of(reference, actor).pk}/"


def waiting(actor) -> list[int]:
    with acting_as(actor), connection.cursor() as cursor:
        cursor.execute(*waiting_for(actor.id, investigating()))
        return [row[0] for row in cursor.fetchall()]


def everybody(cast):
    return [
        getattr(cast, name) for name in ("juniper", "heron", "larch", "linden", "alder", "wren", "sorrel")
    ]


def test_the_list_agrees_with_the_engine_for_everybody(cast):
    held = path.held(cast)
    urgent = path.disclosed_urgently(cast)
    other = path.held(cast)
    do(other, "ask_first", cast.larch, reason="Which account?")
    do(held, "note", cast.larch, text="Looking.")
    for actor in everybody(cast):
        with acting_as(actor):
            able = {one.pk for one in Request.objects.filter(state="open") if not why_not(one, actor.id)}
        assert set(waiting(actor)) == able, actor.name
    assert waiting(cast.juniper) == []
    assert len(waiting(cast.larch)) == 3
    assert case_of(urgent, cast.larch).state == "disclosed"


def test_who_may_not_is_named_as_the_engine_says(cast):
    reference = path.held(cast)
    do(reference, "amend", cast.heron, changes='{"description": "More."}')
    asked = request_of(reference, cast.juniper)
    with acting_as(cast.juniper):
        asked.case = Case.objects.get(reference=reference)
        said = barred(asked)
        for actor in everybody(cast):
            reason = why_not(asked, actor.id)
            if actor.id in said:
                assert str(OF_THEM[said[actor.id]]) == reason, actor.name
            else:
                assert reason in {"", "Holds no seat in this approval"}, actor.name
        assert {one.name for one in holders(asked)} == {"Larch", "Linden"}


def test_waiting_for_me_and_i_wait_for(cast, desk):
    reference = path.held(cast)
    larch = desk(cast.larch).get("/desk/approvals/").content.decode()
    assert "Disclose to the agency" in larch.split("I wait for")[0]
    juniper = desk(cast.juniper).get("/desk/approvals/").content.decode()
    assert "Nothing waits for your decision." in juniper.split("I wait for")[0]
    assert reference in juniper.split("I wait for")[1]


def test_the_page_shows_what_would_happen_and_keeps_nothing(cast, desk):
    reference = path.held(cast)
    text = desk(cast.larch).get(url_of(reference, cast.larch)).content.decode()
    for words in (
        "Nothing has been changed.",
        "It would be at “Waiting for the agency”.",
        f"Letter to {path.POLICE}",
        "192.0.2.7, signed in at 14:05 UTC",
        "Your decision, for: Legal",
        "You are the last to be asked: the step runs at once",
    ):
        assert words in text
    assert case_of(reference, cast.larch).state == "awaiting_approval"
    with acting_as(cast.larch):
        assert not Effect.objects.filter(connector="mail", label__contains="Police").exists()
        assert (
            not Message.objects.filter(case__reference=reference).exclude(letter="acknowledgement").exists()
        )
        assert not ReleaseEntry.objects.exists()


def test_agreeing_runs_the_step(cast, desk):
    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    answer = larch.post(url, {"verdict": "agree", "reason": "Clear danger.", "round": "1"}, follow=True)
    assert "Everybody agreed." in answer.content.decode()
    assert case_of(reference, cast.larch).state == "disclosed"
    after = larch.get(url).content.decode()
    assert "released" in after
    assert "button--act" not in after


def test_asking_first_holds_the_chain(cast, desk):
    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    answer = larch.post(url, {"verdict": "ask", "reason": ""})
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode(), "a question needs words"
    larch.post(url, {"verdict": "ask", "reason": "Which account?"})
    assert case_of(reference, cast.larch).state == "awaiting_approval"
    assert "Larch asks something before deciding" in plain(desk(cast.juniper).get(f"/desk/case/{reference}/"))
    page = larch.get(url).content.decode()
    assert "1 opinion was given. Many reviewers decide first and read after." in page


def test_stopping_ends_it_for_everybody(cast, desk):
    reference = path.held(cast)
    desk(cast.larch).post(url_of(reference, cast.larch), {"verdict": "stop", "reason": "No legal basis."})
    assert case_of(reference, cast.larch).state == "deciding"
    assert waiting(cast.linden) == []


def plain(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", answer.content.decode()))


def test_all_three_verdicts_stand_side_by_side(cast, desk):
    reference = path.held(cast)
    text = desk(cast.larch).get(url_of(reference, cast.larch)).content.decode()
    assert re.findall(r'name="verdict" value="(\w+)"', text) == ["agree", "ask", "stop"]
    assert "checked" not in re.search(r"<fieldset.*?</fieldset>", text, re.DOTALL)[0]


def test_the_proposer_reads_why_they_cannot_and_cannot(cast, desk):
    reference = path.held(cast)
    juniper, url = desk(cast.juniper), url_of(reference, cast.juniper)
    text = plain(juniper.get(url))
    assert "You proposed it, so you cannot approve it." in text
    assert "It waits for: Larch, Linden" in text
    answer = juniper.post(url, {"verdict": "agree", "reason": "", "round": "1"})
    assert answer.status_code == 403
    assert case_of(reference, cast.juniper).state == "awaiting_approval"


def test_what_must_be_met_first_is_told(cast, desk):
    reference = path.deciding(cast)
    do(reference, "disclose", cast.juniper, **path.RELEASE)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    assert "Not before:" in larch.get(url).content.decode()
    answer = larch.post(url, {"verdict": "agree", "reason": "", "round": "1"})
    assert answer.status_code == 409
    assert case_of(reference, cast.larch).state == "awaiting_approval"


def test_a_decision_on_a_page_that_is_out_of_date_is_not_taken(cast, desk):
    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    read = hidden(larch.get(url))
    do(reference, "amend", cast.juniper, changes='{"released": "192.0.2.8 instead"}')
    answer = larch.post(url, {**read, "verdict": "agree", "reason": "Clear danger."})
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Juniper changed the proposal at" in text
    assert "192.0.2.8 instead" in text, "it shows the request as it is now"
    assert "Clear danger." in text, "and keeps what was typed"
    assert larch.post(url, {**hidden(answer), "verdict": "agree"}).status_code == 302


def test_a_choice_that_was_forgotten_does_not_hide_that_the_proposal_changed(cast, desk):
    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    read = hidden(larch.get(url))
    do(reference, "amend", cast.juniper, changes='{"released": "192.0.2.8 instead"}')
    answer = larch.post(url, {**read, "reason": "Clear danger."})
    assert answer.status_code == 409
    assert "Juniper changed the proposal at" in answer.content.decode()


def test_an_agreement_that_names_no_round_is_none(cast, desk):
    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    answer = larch.post(url, {"verdict": "agree", "reason": "Clear danger."})
    assert answer.status_code == 422
    assert case_of(reference, cast.larch).state == "awaiting_approval"


def hidden(answer) -> dict[str, str]:
    """What the form of the page names: the version of the case and the round of the request."""
    found = re.findall(r'name="(version|round)" value="(\d+)"', answer.content.decode())
    assert [name for name, _value in found] == ["version", "round"]
    return dict(found)


def test_the_reason_is_read_by_reviewers_and_by_whoever_asked(cast, desk):
    reference = path.held(cast)
    do(reference, "ask_first", cast.larch, reason="Which quokka?")
    url = url_of(reference, cast.larch)
    for address in (url, f"/desk/case/{reference}/"):
        for actor in (cast.juniper, cast.larch, cast.linden, cast.alder):
            assert "Which quokka?" in desk(actor).get(address).content.decode(), (address, actor.name)
        text = desk(cast.heron).get(address).content.decode()
        assert "quokka" not in text
        assert "Privileged" in text, "that there is a reason may be known"


def test_two_changes_at_once_are_not_both_made(cast, desk):
    reference = path.held(cast)
    juniper, heron = desk(cast.juniper), desk(cast.heron)
    url = f"{url_of(reference, cast.juniper)}amend/"
    read = hidden(juniper.get(url))
    first = heron.post(url, {**hidden(heron.get(url)), **path.RELEASE, "released": "192.0.2.8"})
    assert first.status_code == 302
    late = juniper.post(url, {**read, **path.RELEASE, "released": "192.0.2.9"})
    assert late.status_code == 409
    text = late.content.decode()
    assert "Heron changed the proposal at" in text
    assert "192.0.2.8" in text, "it shows what is asked now"
    assert "192.0.2.9" in text, "and keeps what was typed"
    assert request_of(reference, cast.juniper).data["released"] == "192.0.2.8"
    assert juniper.post(url, {**hidden(late), **path.RELEASE, "released": "192.0.2.9"}).status_code == 302
    asked = request_of(reference, cast.juniper)
    assert (asked.round, asked.data["released"]) == (3, "192.0.2.9")


@pytest.mark.parametrize(
    ("step", "page"), [("approve", ""), ("ask_first", ""), ("stop", ""), ("amend", "amend/")]
)
def test_one_decides_on_the_page_of_the_request(cast, desk, step, page):
    reference = path.held(cast)
    answer = desk(cast.heron).get(f"/desk/case/{reference}/steps/{step}/")
    assert answer.headers["Location"] == f"{url_of(reference, cast.heron)}{page}"


def test_a_request_is_changed_with_the_form_of_its_step(cast, desk):
    reference = path.held(cast)
    do(reference, "ask_first", cast.larch, reason="Which account?")
    juniper, url = desk(cast.juniper), f"{url_of(reference, cast.juniper)}amend/"
    text = juniper.get(url).content.decode()
    assert "192.0.2.7, signed in at 14:05 UTC" in text
    changed = {**path.RELEASE, "released": "192.0.2.7 and 192.0.2.8"}
    assert juniper.post(url, changed).status_code == 302
    asked = request_of(reference, cast.juniper)
    assert (asked.round, asked.data["released"]) == (2, "192.0.2.7 and 192.0.2.8")
    with acting_as(cast.juniper):
        event = Event.objects.filter(step="amend").latest("id")
    assert event.data["changed"] == ["released"]
    assert "the request changed since" in desk(cast.larch).get(url.removesuffix("amend/")).content.decode()


def test_a_change_that_cannot_be_used_says_so(cast, desk):
    reference = path.held(cast)
    url = f"{url_of(reference, cast.juniper)}amend/"
    answer = desk(cast.juniper).post(url, {**path.RELEASE, "released": ""})
    assert answer.status_code == 422
    assert request_of(reference, cast.juniper).round == 1


def test_a_review_afterwards_is_no_approval(cast, desk):
    reference = path.disclosed_urgently(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)
    text = plain(larch.get(url))
    assert "Done on the urgent path" in text
    assert "Nothing has been sent." not in text
    assert "Dry run" not in text
    larch.post(url, {"verdict": "agree", "reason": "It was right.", "round": "1"})
    with acting_as(cast.larch):
        assert Request.objects.get(case__reference=reference).state == "released"


def test_more_reviewers_cost_no_more_queries(cast, desk):
    from tutela.core.people.models import Grant, Membership, Team
    from tutela.core.people.roles import Role

    reference = path.held(cast)
    larch, url = desk(cast.larch), url_of(reference, cast.larch)

    def queries() -> int:
        larch.get(url)
        with CaptureQueriesContext(connection) as asked:
            larch.get(url)
        return len(asked)

    before = queries()
    for number in range(8):
        person = Staff.objects.create_person(f"counsel{number}", f"Counsel {number}")
        Grant.objects.create(staff=person, workflow="emergency", role=Role.COUNSEL)
        Membership.objects.create(staff=person, team=Team.objects.get(slug="emergency"))
    assert queries() == before

"""Grave steps ask for a second factor shown for them, and take no other."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.cast import agree, case_of
from tutela.core.cases.models import Event
from tutela.core.errors import FreshFactorNeeded
from tutela.core.flow.models import Request
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff, Token
from tutela.core.people.tokens import holder_of, make_token
from tutela.surfaces.desk.tests.factors import accept, code_of, set_up_app
from tutela.workflows.emergency.tests import path

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def required(settings) -> None:
    settings.SECOND_FACTOR = "required"


@pytest.fixture
def larch(cast, settings):
    """Counsel at a browser, with an app; the case waits for them."""
    settings.SECOND_FACTOR = "offered"
    reference = path.held(cast)
    path.do(reference, "verify_agency", cast.heron, **path.CALL)
    settings.SECOND_FACTOR = "required"
    staff = Staff.objects.get(pk=cast.larch.id)
    desk = Client()
    accept(desk, staff)
    secret = set_up_app(desk)
    return desk, secret, reference, cast.larch


def decision(desk: Client, reference: str, actor: Actor, reason: str = "It is lawful.") -> tuple[str, dict]:
    with acting_as(actor):
        asked = Request.objects.get(case__reference=reference, state="open")
    address = f"/desk/case/{reference}/requests/{asked.pk}/"
    page = desk.get(address).content.decode()
    hidden = dict(re.findall(r'name="(key|version|round)" value="([^"]*)"', page))
    return address, {**hidden, "verdict": "agree", "reason": reason}


def subject_on(page: str) -> str:
    return re.search(r'name="factor-subject" value="([0-9a-f]{64})"', page).group(1)


def test_agreeing_asks_says_what_for_and_goes_on_with_what_was_typed(larch):
    desk, secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    asked = desk.post(address, answers)
    page = asked.content.decode()
    assert asked.status_code == 403
    for said in (
        reference,
        "Agree to: Disclose to the agency",
        "It is lawful.",
        "Nothing has been done yet.",
    ):
        assert said in page
    assert case_of(reference, actor).state == "awaiting_approval"
    done = desk.post(address, {**answers, "factor-subject": subject_on(page), "factor-code": code_of(secret)})
    assert done.status_code == 302, done.content.decode()
    assert case_of(reference, actor).state == "disclosed"
    with acting_as(actor):
        assert Event.objects.get(case__reference=reference, step="approve").data["factor"] == "totp"


def test_a_wrong_code_asks_again_and_keeps_what_was_typed(larch):
    desk, _secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    subject = subject_on(desk.post(address, answers).content.decode())
    again = desk.post(address, {**answers, "factor-subject": subject, "factor-code": "000000"})
    assert again.status_code == 403
    assert "The code is not right" in again.content.decode()
    assert 'name="reason" value="It is lawful."' in again.content.decode()
    assert case_of(reference, actor).state == "awaiting_approval"


def test_what_was_shown_for_other_answers_does_not_count(larch):
    desk, secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    subject = subject_on(desk.post(address, answers).content.decode())
    proved = {"factor-subject": subject, "factor-code": code_of(secret)}
    other = desk.post(address, {**answers, "reason": "Something else.", **proved})
    assert other.status_code == 403
    assert subject_on(other.content.decode()) != subject
    # Without a new code what was shown still counts for what it was shown for.
    assert desk.post(address, answers).status_code == 302


def test_what_was_shown_for_an_older_round_does_not_count(larch, cast):
    desk, secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    subject = subject_on(desk.post(address, answers).content.decode())
    number = int(address.split("/")[-2])
    perform(reference, "amend", cast.heron, {"request": number, "changes": '{"description": "Less."}'})
    proved = {"factor-subject": subject, "factor-code": code_of(secret)}
    assert desk.post(address, {**answers, **proved}).status_code == 409
    address, newer = decision(desk, reference, actor)
    assert desk.post(address, newer).status_code == 403
    assert case_of(reference, actor).state == "awaiting_approval"


def test_after_five_minutes_it_is_asked_again(larch):
    desk, secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    subject = subject_on(desk.post(address, answers).content.decode())
    stale = {**answers, "factor-subject": subject, "factor-code": code_of(secret)}
    with time_machine.travel(timezone.now() + timedelta(minutes=6)):
        late = desk.post(address, {**stale, "factor-code": code_of(secret)})
        assert late.status_code == 403
        assert case_of(reference, actor).state == "awaiting_approval"


def test_a_factor_shown_when_signing_in_is_not_one_for_the_step(larch):
    _desk, _secret, reference, actor = larch
    with pytest.raises(FreshFactorNeeded):
        agree(reference, actor)


def test_stopping_needs_no_factor(larch):
    desk, _secret, reference, actor = larch
    address, answers = decision(desk, reference, actor)
    assert desk.post(address, {**answers, "verdict": "stop"}).status_code == 302


def test_a_proposal_asks_before_it_is_held(cast, settings):
    settings.SECOND_FACTOR = "offered"
    reference = path.deciding(cast)
    settings.SECOND_FACTOR = "required"
    juniper = Staff.objects.get(pk=cast.juniper.id)
    desk = Client()
    accept(desk, juniper)
    secret = set_up_app(desk)
    address = f"/desk/case/{reference}/steps/disclose/"
    page = desk.get(address).content.decode()
    hidden = dict(re.findall(r'name="(key|version|seen)" value="([^"]*)"', page))
    answers = {**hidden, **path.RELEASE}
    asked = desk.post(address, answers)
    assert asked.status_code == 403, asked.content.decode()
    subject = subject_on(asked.content.decode())
    done = desk.post(address, {**answers, "factor-subject": subject, "factor-code": code_of(secret)})
    assert done.status_code == 302, done.content.decode()
    assert case_of(reference, cast.juniper).state == "awaiting_approval"


def test_where_factors_are_offered_only_those_without_one_are_not_asked(larch, cast, settings):
    settings.SECOND_FACTOR = "offered"
    _desk, _secret, reference, actor = larch
    with pytest.raises(FreshFactorNeeded):
        agree(reference, actor)
    assert agree(reference, cast.linden).state == "disclosed"


def test_a_token_performs_grave_steps_only_when_it_was_made_for_them(larch, client):
    _desk, _secret, reference, actor = larch
    staff = Staff.objects.get(pk=actor.id)
    with acting_as(actor):
        asked = Request.objects.get(case__reference=reference, state="open")
    body = {"request": asked.pk, "round": asked.round}
    answers = []
    for scope in (Token.Scope.WRITE, Token.Scope.GRAVE):
        text, _row = make_token(staff, "test", scope, timedelta(hours=1), actor)
        assert holder_of(text).scope == scope
        answers.append(
            client.post(
                f"/api/v1/cases/{reference}/steps/approve",
                body,
                content_type="application/json",
                headers={"Authorization": f"Bearer {text}"},
            )
        )
    refused, done = answers
    assert (refused.status_code, refused.json()["code"]) == (403, "fresh_factor")
    assert "grave" in refused.json()["what_to_do"]
    assert done.status_code == 200, done.json()

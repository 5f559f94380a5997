"""Somebody reports a threat, without an account and without scripts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from urllib.parse import parse_qs

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from tests.cast import make_cast
from tutela.core.cases.models import Case
from tutela.core.cases.opening import open_waiting
from tutela.core.cases.receive import receipt_hash
from tutela.core.people.actor import acting_as
from tutela.surfaces.portal.words import by_when

from .conftest import LINK, WORDS, Visitor, code_of, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
EMERGENCY = "/en/emergency/"


def test_the_code_is_shown_after_the_report_is_stored(visitor, reports, opened):
    answer = visitor.report(who="writer", where=LINK)
    assert answer.status_code == 201
    code = code_of(answer)
    assert words_of(answer).count(code) == 1
    assert reports("text, workflow, channel, language") == [(WORDS, "emergency", "portal", "en")]
    assert bytes(reports("receipt_hash")[0]) == receipt_hash(code)
    assert opened("fields") == [{"who": "writer", "where": LINK, "answer": "here", "category": "emergency"}]


def test_the_form_says_how_long_we_take(visitor):
    with time_machine.travel("2026-03-12 14:06:30+00:00", tick=False):
        form = words_of(visitor.get(EMERGENCY))
    assert "Within 1 hour A trained person reads it" in form
    assert "Within 3 hours We decide what to do." in form


def test_the_receipt_says_by_when(visitor, reports):
    receipt = words_of(visitor.report())
    (received_at,) = reports("received_at")
    for hours in (1, 3):
        assert by_when(received_at + timedelta(hours=hours), received_at) in receipt


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-03-12T23:59:59+00:00", "By 23:59 UTC"),
        ("2026-03-13T00:00:00+00:00", "By Friday, 13 March 2026, 00:00 UTC"),
        ("2026-03-13T01:30:00+02:00", "By 23:30 UTC"),
    ],
)
def test_tomorrow_is_said_with_its_day(moment, words):
    start = datetime.fromisoformat("2026-03-12T21:05:00+00:00")
    assert by_when(datetime.fromisoformat(moment), start) == words


def test_the_report_becomes_a_case_of_the_right_team(visitor):
    cast = make_cast()
    visitor.report(who="me", where=LINK)
    assert open_waiting() == 1
    with acting_as(cast.juniper):
        case = Case.objects.get()
        assert case.workflow == "emergency"
        assert case.facts == {"at_risk": "reporter", "where": LINK}


def test_who_may_be_at_risk_reads_first_that_somebody_listens(visitor):
    assert "You do not have to wait alone." in words_of(visitor.report(who="me"))
    assert "You do not have to wait alone." not in words_of(visitor.report(who="other"))


def test_a_link_alone_is_a_report(visitor, reports):
    assert visitor.report(what="", where=LINK).status_code == 201
    assert reports() == [LINK]


def test_an_address_is_kept_where_an_answer_by_mail_is_wished(visitor, opened):
    visitor.report(answer="mail", address=" \u200fsomeone@mail.example ")
    visitor.report(answer="here", address="someone@mail.example")
    assert opened("sender_email") == ["someone@mail.example", ""]


def test_an_answer_by_mail_needs_an_address(visitor, reports):
    for address, says in (
        ("", "Write your address here"),
        ("someone", "It looks like name@example.org."),
        ("a@b@c", "It looks like name@example.org."),
    ):
        answer = visitor.report(answer="mail", address=address)
        assert answer.status_code == 422
        assert says in words_of(answer)
        assert typed(answer) == WORDS
    assert reports() == []


class TestSendingTwice:
    def test_the_same_form_twice_is_one_report_with_one_code(self, visitor, reports):
        fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
        first, second = visitor.post(EMERGENCY, fields), visitor.post(EMERGENCY, fields)
        assert (first.status_code, second.status_code) == (201, 200)
        assert code_of(first) == code_of(second)
        assert reports() == [WORDS]

    def test_eight_presses_at_once_are_one_report_with_one_code(self, reports):
        fields = {"key": Visitor().key(), "what": WORDS, "answer": "here"}

        def press(_number):
            try:
                return code_of(Visitor().post(EMERGENCY, fields))
            finally:
                connections.close_all()

        with ThreadPoolExecutor(8) as presses:
            codes = set(presses.map(press, range(8)))
        assert len(codes) == 1
        assert reports() == [WORDS]

    def test_the_same_words_in_another_form_are_another_report(self, visitor, reports):
        assert code_of(visitor.report()) != code_of(visitor.report())
        assert len(reports()) == 2

    def test_changed_words_in_the_same_form_are_kept_and_have_a_code_of_their_own(self, visitor, reports):
        """After a lost answer somebody may add a line before they press Send again."""
        key = visitor.key()
        first = visitor.post(EMERGENCY, {"key": key, "what": "One line.", "answer": "here"})
        second = visitor.post(EMERGENCY, {"key": key, "what": "One line. And more.", "answer": "here"})
        assert code_of(first) != code_of(second)
        assert reports() == ["One line.", "One line. And more."]

    def test_who_knows_the_key_of_a_form_cannot_ask_for_its_code(self, visitor):
        key = visitor.key()
        code = code_of(visitor.post(EMERGENCY, {"key": key, "what": WORDS, "answer": "here"}))
        probe = visitor.post(EMERGENCY, {"key": key, "what": "Give me the code.", "answer": "here"})
        assert code not in words_of(probe)

    def test_a_tab_that_is_reloaded_days_later_shows_no_code(self, visitor, reports):
        fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
        code = code_of(visitor.post(EMERGENCY, fields))
        with time_machine.travel(timezone.now() + timedelta(hours=25)):
            later = visitor.post(EMERGENCY, fields)
        assert later.status_code == 200
        assert code not in later.content.decode()
        assert "Its code was shown when it was stored" in words_of(later)
        assert reports() == [WORDS]

    def test_the_key_is_not_kept_with_the_report(self, visitor, reports, opened):
        """Whoever reads the report could ask for its code with it."""
        key = visitor.key()
        visitor.post(EMERGENCY, {"key": key, "what": WORDS, "where": LINK, "answer": "here"})
        raw = bytes(opened("raw")[0])
        assert parse_qs(raw.decode()) == {"what": [WORDS], "where": [LINK], "answer": ["here"]}
        random = key.split(":")[0].encode()
        assert random not in raw + b"".join(bytes(part) for part in reports("dedup_key, content_hash")[0])


class TestFormsFromElsewhere:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
            {"Sec_Fetch_Site": "cross-site", "Origin": "null"},
            {"Origin": "https://other.example"},
        ],
    )
    def test_are_given_back_with_their_words_and_a_key_that_nobody_else_knows(
        self, visitor, reports, headers
    ):
        key = visitor.key()
        answer = visitor.post(EMERGENCY, {"key": key, "what": WORDS, "answer": "here"}, **headers)
        assert answer.status_code == 403
        assert "Not sent yet." in words_of(answer)
        assert typed(answer) == WORDS
        assert key not in answer.content.decode()
        assert reports() == []

    @pytest.mark.parametrize(
        "headers",
        [
            {},
            {"Origin": "null"},
            {"Origin": "http://testserver"},
            {"Origin": "null", "Sec_Fetch_Site": "same-origin"},
            {"Sec_Fetch_Site": "none"},
        ],
    )
    def test_our_own_are_taken_whatever_the_browser_says_of_itself(self, visitor, headers):
        fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
        assert visitor.post(EMERGENCY, fields, **headers).status_code == 201

    @pytest.mark.parametrize("key", ["", "made-up", "made-up:signature"])
    def test_a_key_that_we_did_not_make_costs_one_more_press(self, visitor, reports, key):
        answer = visitor.post(EMERGENCY, {"key": key, "what": WORDS, "answer": "here"})
        assert answer.status_code == 403
        fields = {"key": typed_key(answer), "what": typed(answer), "answer": "here"}
        assert visitor.post(EMERGENCY, fields).status_code == 201
        assert reports() == [WORDS]

    def test_a_key_from_elsewhere_does_not_live_on_in_a_form_with_an_error(self, visitor):
        key = visitor.key()
        answer = visitor.post(EMERGENCY, {"key": key, "what": ""}, Sec_Fetch_Site="cross-site")
        assert answer.status_code == 422
        assert key not in answer.content.decode()


def typed_key(answer):
    return typed(answer, "key")


class TestOtherLanguage:
    def test_choosing_one_loses_nothing_and_sends_nothing(self, visitor, reports):
        fields = {"key": visitor.key(), "what": WORDS, "where": LINK, "who": "other", "show": "ar"}
        answer = visitor.post("/ar/emergency/", fields)
        assert answer.status_code == 200
        page = answer.content.decode()
        assert '<html lang="ar" dir="rtl"' in page
        assert (typed(answer), typed(answer, "where")) == (WORDS, LINK)
        assert 'value="other"' in page.partition("checked")[0][-80:]
        assert reports() == []

    def test_the_report_keeps_the_language_of_its_form(self, visitor, reports):
        visitor.report("/zh-hans/emergency/")
        visitor.report("/ar/emergency/")
        assert reports("language") == ["zh-hans", "ar"]

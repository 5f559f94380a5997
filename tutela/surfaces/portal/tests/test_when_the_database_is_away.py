"""The database does not answer: nothing is promised, nothing typed is lost, and danger has another way."""

from __future__ import annotations

import logging

import pytest

from .conftest import LINK, NOBODYS_CODE, WORDS, code_of, hidden, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
EMERGENCY = "/en/emergency/"


def test_a_report_is_not_sent_and_all_of_it_is_still_there(visitor, database_away, settings):
    key = visitor.key()
    database_away()
    fields = {
        "key": key,
        "what": WORDS,
        "where": LINK,
        "who": "me",
        "answer": "mail",
        "address": "a@b.example",
    }
    answer = visitor.post(EMERGENCY, fields)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    says = words_of(answer)
    assert "Not sent." in says
    assert settings.EMERGENCY_ADDRESS in says
    assert [typed(answer, name) for name in ("what", "where", "address")] == [WORDS, LINK, "a@b.example"]
    assert 'value="me" id="id_who_2" checked' in answer.content.decode()


def test_pressing_send_again_when_it_is_back_sends_it_once(visitor, database_away, reports):
    fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
    database_away()
    answer = visitor.post(EMERGENCY, fields)
    database_away.come_back()
    again = {"key": hidden(answer, "key"), "what": typed(answer), "answer": "here"}
    first, second = visitor.post(EMERGENCY, again), visitor.post(EMERGENCY, again)
    assert (first.status_code, second.status_code) == (201, 200)
    assert reports() == [WORDS]


def test_an_addition_is_not_sent_and_all_of_it_is_still_there(visitor, database_away, reports):
    code, key = code_of(visitor.report()), visitor.key()
    database_away()
    answer = visitor.post("/en/back/add/", {"code": code, "key": key, "what": "More."})
    assert answer.status_code == 503
    assert (typed(answer), typed(answer, "code")) == ("More.", code)
    database_away.come_back()
    again = {"code": code, "key": hidden(answer, "key"), "what": "More."}
    assert visitor.post("/en/back/add/", again).status_code == 201
    assert reports() == [WORDS, "More."]


def test_a_code_is_not_called_wrong(visitor, database_away):
    database_away()
    answer = visitor.post("/en/back/", {"code": NOBODYS_CODE})
    assert answer.status_code == 503
    assert "Your report is safe." in words_of(answer)
    assert "We do not know this code" not in words_of(answer)


def test_pages_that_need_no_database_open(visitor, database_away):
    database_away()
    for path in (
        "/en/",
        EMERGENCY,
        "/en/other/",
        "/en/other/child/",
        "/en/back/",
        "/en/about/who-sees/",
        "/en/done/",
    ):
        assert visitor.get(path).status_code == 200


def test_the_numbers_that_everybody_knows_are_there(visitor, database_away):
    database_away()
    answer = visitor.get("/en/numbers/?country=FR")
    assert answer.status_code == 200
    assert 'href="tel:112"' in answer.content.decode()


def test_a_page_that_needs_it_says_so(visitor, database_away):
    database_away()
    answer = visitor.get("/en/help/")
    assert answer.status_code == 503
    assert "Call local emergency services" in words_of(answer)


def test_no_word_of_a_report_reaches_the_log(visitor, database_away, caplog):
    caplog.set_level(logging.DEBUG)
    key = visitor.key()
    code = code_of(visitor.report())
    database_away()
    visitor.post(EMERGENCY, {"key": key, "what": WORDS, "answer": "here"})
    visitor.post("/en/back/add/", {"code": code, "key": key, "what": WORDS})
    said = "\n".join(f"{record.getMessage()} {record.exc_text}" for record in caplog.records)
    assert "The database did not answer the portal: OperationalError" in said
    assert WORDS not in said
    assert code not in said
    assert key not in said

"""A reporter comes back with the code: where it stands, what we answered, and one more thing."""

from __future__ import annotations

import pytest

from tests.cast import make_cast
from tutela.core.cases.models import Case, Message, Report
from tutela.core.cases.opening import open_waiting
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.surfaces.portal import brakes

from .conftest import NOBODYS_CODE, WORDS, Visitor, code_of, hidden, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
BACK, ADD = "/en/back/", "/en/back/add/"


@pytest.fixture
def code(visitor) -> str:
    return code_of(visitor.report())


@pytest.fixture
def case(code) -> Case:
    """The case of the report, and the people who work on it."""
    cast = make_cast()
    open_waiting()
    with acting_as(cast.juniper):
        case = Case.objects.get()
    case.cast = cast
    return case


def test_the_code_opens_the_report(visitor, code):
    page = words_of(visitor.post(BACK, {"code": code}))
    assert "We have your report." in page
    assert WORDS in page


@pytest.mark.parametrize(
    "write",
    [str.lower, lambda code: code.replace(" ", ""), lambda code: code.replace(" ", "-"), "  {} ".format],
)
def test_small_letters_spaces_and_dashes_make_no_difference(visitor, code, write):
    assert visitor.post(BACK, {"code": write(code)}).status_code == 200


def test_the_page_follows_the_case_in_plain_words(visitor, code, case):
    perform(case.reference, "acknowledge", case.cast.juniper, {})
    assert "A trained person is reading your report." in words_of(visitor.post(BACK, {"code": code}))


def test_our_answer_is_there_in_its_own_language(visitor, code, case):
    with acting_as(case.cast.juniper):
        report = Report.objects.defer("raw").get()
    answer = "شكرا. <b>When</b> did you see it?"
    perform(case.reference, "answer", case.cast.juniper, {"report": report.pk, "text": answer})
    page = visitor.post(BACK, {"code": code})
    assert "The team ·" in words_of(page)
    assert "&lt;b&gt;When&lt;/b&gt;" in page.content.decode()
    assert 'dir="auto"' in page.content.decode()


def test_what_is_added_reaches_the_case_and_shows_at_once(visitor, code, case):
    page = visitor.post(BACK, {"code": code})
    more = {"code": code_of(page), "key": hidden(page, "key"), "what": "They just wrote again."}
    answer = visitor.post(ADD, more)
    assert answer.status_code == 201
    assert "Thank you. We have your words." in words_of(answer)
    assert "They just wrote again." in words_of(answer)
    assert open_waiting() == 1
    with acting_as(case.cast.juniper):
        assert Message.objects.latest("id").text == "They just wrote again."
        assert Case.objects.get().unread == 1


def test_the_same_addition_twice_is_one(visitor, code, reports):
    more = {"code": code, "key": visitor.key(), "what": "They just wrote again."}
    assert [visitor.post(ADD, more).status_code for _twice in range(2)] == [201, 200]
    assert reports() == [WORDS, "They just wrote again."]


def test_the_code_and_the_key_are_not_kept_with_an_addition(visitor, code, opened):
    visitor.post(ADD, {"code": code, "key": visitor.key(), "what": "More."})
    assert bytes(opened("raw")[1]) == b"what=More."


def test_a_closed_report_says_so_and_still_takes_words(visitor, code, case, superuser):
    perform(case.reference, "acknowledge", case.cast.juniper, {})
    superuser.execute("update cases_case set state = 'closed', closed_at = now()")
    page = visitor.post(BACK, {"code": code})
    assert "We have finished." in words_of(page)
    assert "You can still write to us here." in words_of(page)
    assert visitor.post(ADD, {"code": code, "key": visitor.key(), "what": "More."}).status_code == 201


def test_a_state_that_is_no_longer_declared_still_has_words(visitor, code, case, superuser):
    superuser.execute("update cases_case set state = 'of_old'")
    assert "We are working on it." in words_of(visitor.post(BACK, {"code": code}))


def test_the_code_never_stands_in_an_address(visitor, code):
    for answer in (visitor.post(BACK, {"code": code}), visitor.report()):
        page = answer.content.decode()
        shown = code_of(answer)
        for address in page.split('href="')[1:] + page.split('action="')[1:]:
            assert shown.split()[0] not in address.partition('"')[0]
    assert visitor.get(ADD).headers["Location"] == BACK


class TestWrongCodes:
    def test_all_get_the_same_answer(self, visitor, code):
        almost = code[:-1] + ("0" if code[-1] != "0" else "1")
        pages = [visitor.post(BACK, {"code": wrong}) for wrong in (almost, NOBODYS_CODE, "x", "é" * 200)]
        assert {page.status_code for page in pages} == {404}
        assert len({words_of(page) for page in pages}) == 1
        assert "We do not know this code." in words_of(pages[0])

    def test_they_ask_the_database_the_same_as_a_right_one(self, visitor, code, django_assert_num_queries):
        from django.db import connections

        asked = []
        for one in (code, NOBODYS_CODE):
            with django_assert_num_queries(4, connection=connections["portal"]) as queries:
                visitor.post(BACK, {"code": one})
            asked.append([query["sql"].partition("(")[0] for query in queries.captured_queries])
        assert asked[0] == asked[1]

    def test_none_at_all_is_asked_for(self, visitor):
        for nothing in ("", "   ", "---"):
            answer = visitor.post(BACK, {"code": nothing})
            assert answer.status_code == 422
            assert "Write your code here." in words_of(answer)

    def test_what_was_typed_with_a_wrong_code_is_kept(self, visitor, code, reports):
        answer = visitor.post(ADD, {"code": NOBODYS_CODE, "key": visitor.key(), "what": "More."})
        assert answer.status_code == 404
        assert typed(answer) == "More."
        again = {"code": code, "key": hidden(answer, "key"), "what": typed(answer)}
        assert visitor.post(ADD, again).status_code == 201
        assert reports() == [WORDS, "More."]

    def test_what_was_typed_without_a_code_is_kept(self, visitor):
        answer = visitor.post(ADD, {"code": "", "what": "More."})
        assert answer.status_code == 422
        assert typed(answer) == "More."

    def test_too_many_from_one_address_are_slowed_right_or_wrong(self, visitor, code):
        for _each in range(brakes.LOOK_UPS):
            visitor.post(BACK, {"code": NOBODYS_CODE})
        for one in (code, NOBODYS_CODE):
            answer = visitor.post(BACK, {"code": one})
            assert answer.status_code == 429
            assert answer.headers["Retry-After"] == "600"
            assert "Wait ten minutes" in words_of(answer)

    def test_too_many_for_one_code_are_slowed_wherever_they_come_from(self, visitor, code, settings):
        settings.PROXIES = 1
        for number in range(brakes.LOOK_UPS):
            assert (
                visitor.post(BACK, {"code": code}, X_Forwarded_For=f"198.51.100.{number}").status_code == 200
            )
        assert visitor.post(BACK, {"code": code}, X_Forwarded_For="203.0.113.9").status_code == 429


class TestFromElsewhere:
    def test_a_report_is_not_opened_for_another_page(self, visitor, code):
        """Somebody could open their own report in front of a visitor and wait for words to be added."""
        answer = visitor.post(BACK, {"code": code}, Sec_Fetch_Site="cross-site")
        assert answer.status_code == 403
        assert code.split()[0] not in answer.content.decode()
        assert WORDS not in words_of(answer)

    def test_nothing_is_added_for_another_page(self, visitor, code, reports):
        answer = visitor.post(
            ADD, {"code": code, "key": visitor.key(), "what": "Forged."}, Sec_Fetch_Site="cross-site"
        )
        assert answer.status_code == 403
        assert reports() == [WORDS]


def test_two_reporters_see_nothing_of_each_other(visitor):
    first = code_of(visitor.report(what="What the first one saw."))
    second = code_of(Visitor().report(what="What the second one saw."))
    assert "second" not in words_of(visitor.post(BACK, {"code": first}))
    assert "first one" not in words_of(visitor.post(BACK, {"code": second}))

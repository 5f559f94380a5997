"""Whatever arrives gets a clear answer, and no word of the reporter is lost."""

from __future__ import annotations

from io import BytesIO
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tutela.surfaces.portal import posted

from .conftest import LINK, WORDS, code_of, typed, words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
EMERGENCY = "/en/emergency/"
MOST = 1_000_000


class TestText:
    @pytest.mark.parametrize("nothing", ["", "   ", "\r\n\t", "\u3000\u2003"])
    def test_none_at_all_is_asked_for_beside_the_field(self, visitor, reports, nothing):
        answer = visitor.report(what=nothing, who="me")
        assert answer.status_code == 422
        page = answer.content.decode()
        assert "Write a few words about what you saw." in words_of(answer)
        assert 'aria-invalid="true"' in page
        assert 'aria-describedby="id_what-help id_what-error"' in page
        assert "Not sent yet" in page.partition("</title>")[0]
        assert reports() == []

    @pytest.mark.parametrize("letter", ["a", "س", "字", "&"])
    def test_five_megabytes_come_back_whole_with_what_to_do(self, visitor, reports, letter):
        text = letter * (5_000_000 // len(letter.encode()))
        answer = visitor.report(what=text, where=LINK)
        assert answer.status_code == 422
        assert typed(answer) == text
        assert typed(answer, "where") == LINK
        assert f"This is too long for us to take at once: {len(text):,} characters" in words_of(answer)
        assert reports() == []

    def test_the_longest_that_we_take_is_taken(self, visitor, reports):
        assert visitor.report(what="字" * MOST).status_code == 201
        assert len(reports()[0]) == MOST

    def test_nul_control_and_direction_marks_do_not_hurt(self, visitor, reports, opened):
        text = "before\0after \x01\x1b[31m \u202eback\u202c \u2066x\u2069 \x7f end"
        code = code_of(visitor.report(what=text))
        kept = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
        assert reports() == [kept]
        assert b"before%00after" in bytes(opened("raw")[0])
        page = visitor.post("/en/back/", {"code": code}).content.decode()
        assert f'dir="auto" lang="en">{kept}</p>' in page

    def test_broken_utf_8_is_taken_with_a_mark_and_kept_as_it_came(self, visitor, reports, opened):
        body = f"key={quote(visitor.key())}&answer=here&what=caf%E9+%FF%FE+end".encode()
        assert visitor.post(EMERGENCY, body).status_code == 201
        assert reports() == ["caf\ufffd \ufffd\ufffd end"]
        assert bytes(opened("raw")[0]) == b"answer=here&what=caf%E9+%FF%FE+end"

    def test_bytes_that_no_browser_sends_are_taken_too(self, visitor, reports):
        body = b"key=" + quote(visitor.key()).encode() + b"&answer=here&what=\xff\xfe\x80 text"
        assert visitor.post(EMERGENCY, body).status_code == 201
        assert reports()[0].endswith(" text")

    def test_markup_stays_text(self, visitor, reports):
        text = '</textarea><script>alert(1)</script>"><img src=x onerror=alert(1)> {{ 7 }} {% now %}'
        answer = visitor.report(what="", where=text, answer="mail", address=text)
        assert "<script>alert" not in answer.content.decode()
        code = code_of(visitor.report(what=text, where=text))
        page = visitor.post("/en/back/", {"code": code}).content.decode()
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "{{ 7 }} {% now %}" in page
        assert reports() == [text]

    def test_a_line_that_is_no_line_is_asked_to_move(self, visitor):
        answer = visitor.report(where="x" * 5000)
        assert answer.status_code == 422
        assert "Put it into the large field below." in words_of(answer)
        assert typed(answer, "where") == "x" * 5000

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(text=st.text(min_size=1, max_size=200))
    def test_any_text_comes_back_as_it_was_typed(self, visitor, text):
        """Sent with a wrong address, so that the form comes back."""
        answer = visitor.report(what=text, answer="mail", address="none")
        said = text.replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r\n", "\n").replace("\r", "\n")
        assert answer.status_code == 422
        came = typed(answer).replace("\0", "\N{REPLACEMENT CHARACTER}").replace("\r\n", "\n")
        assert came.replace("\r", "\n") == said


class TestBodies:
    def test_one_over_the_limit_is_refused_unread(self, visitor, reports):
        answer = visitor.post(EMERGENCY, b"what=" + b"x" * posted.MOST_BODY)
        assert answer.status_code == 413
        assert "your words should still be in the form" in words_of(answer)
        assert reports() == []

    @pytest.mark.parametrize("size", [0, 1, 70_000, posted.MOST_BODY])
    def test_one_that_comes_in_pieces_without_its_length_is_read(self, rf, size):
        body = b"what=" + b"x" * max(0, size - 5)
        request = rf.post(EMERGENCY, content_type="application/x-www-form-urlencoded")
        del request.META["CONTENT_LENGTH"]
        request.META |= {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True}
        assert posted.read(request).raw == body

    def test_one_in_pieces_that_does_not_end_is_refused(self, rf):
        request = rf.post(EMERGENCY, content_type="application/x-www-form-urlencoded")
        del request.META["CONTENT_LENGTH"]
        request.META |= {"wsgi.input": open("/dev/zero", "rb"), "wsgi.input_terminated": True}  # noqa: PTH123, SIM115
        with request.META["wsgi.input"], pytest.raises(posted.TooLarge):
            posted.read(request)

    def test_a_hundred_thousand_fields_are_refused(self, visitor):
        answer = visitor.post(EMERGENCY, b"&".join(b"f%d=x" % number for number in range(100_000)))
        assert answer.status_code == 400
        assert "We could not read this" in words_of(answer)

    def test_a_form_in_parts_is_taken(self, visitor, opened):
        fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
        parts = "".join(
            f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
            for name, value in fields.items()
        )
        body = f"{parts}--cut--\r\n".encode()
        assert visitor.send("POST", EMERGENCY, body, "multipart/form-data; boundary=cut").status_code == 201
        assert bytes(opened("raw")[0]) == urlencode({"what": WORDS, "answer": "here"}).encode()

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            (b"--cut\r\nnothing", "multipart/form-data; boundary=cut"),
            (b"x", "multipart/form-data"),
            (b'{"what": "words"}', "application/json"),
            (b"\x00\x01\x02", "application/octet-stream"),
            (b"what=words", "application/x-www-form-urlencoded; charset=utf-16"),
            (b"", ""),
        ],
    )
    def test_what_is_no_form_gets_a_page_and_stores_nothing(self, visitor, reports, body, content_type):
        answer = visitor.send("POST", EMERGENCY, body, content_type)
        assert answer.status_code in {400, 403, 422}
        assert "In danger right now?" in words_of(answer)
        assert reports() == []

    def test_fields_sent_twice_and_unknown_ones_do_not_hurt(self, visitor):
        fields = [
            ("key", visitor.key()),
            ("what", "first"),
            ("what", WORDS),
            ("colour", "red"),
            ("who", "nobody"),
        ]
        answer = visitor.post(EMERGENCY, urlencode(fields).encode())
        assert answer.status_code == 422  # nobody is not among the answers
        assert typed(answer) == WORDS


class TestAddresses:
    @pytest.mark.parametrize(
        "path",
        [
            "/en/nothing/",
            "/nothing",
            "/en/back/nothing/",
            "/.env",
            "/en/%00/",
            "/en/%E2%80%AE/",
            "/en/" + "x" * 3000,
        ],
    )
    def test_one_that_is_not_there_has_a_page_that_helps(self, visitor, path):
        answer = visitor.get(path)
        assert answer.status_code == 404
        assert "There is no such page" in words_of(answer)
        assert "In danger right now?" in words_of(answer)

    @pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "OPTIONS", "BREW"])
    @pytest.mark.parametrize("path", ["/en/", EMERGENCY, "/en/back/"])
    def test_only_forms_are_answered(self, visitor, method, path):
        answer = visitor.send(method, path, b"", "")
        assert answer.status_code == 405
        assert "GET" in answer.headers["Allow"]
        assert "This page works differently" in words_of(answer)

    def test_a_page_that_only_tells_takes_no_post(self, visitor):
        assert visitor.post("/en/help/", {"what": WORDS}).status_code == 405

    def test_a_page_answers_a_head(self, visitor):
        answer = visitor.send("HEAD", "/en/", b"", "")
        assert (answer.status_code, answer.content) == (200, b"")

    def test_a_name_of_a_host_that_is_not_ours_has_a_page_too(self, visitor):
        answer = visitor.get("/en/", Host="evil.example")
        assert answer.status_code == 400
        assert "We could not read this" in words_of(answer)

    @pytest.mark.parametrize("country", ["<script>", "ZZ", "\0", "é", "ze", "A" * 5000])
    def test_a_country_that_is_none_is_not_shown(self, visitor, country):
        for path in ("/en/numbers/", "/en/help/"):
            answer = visitor.get(f"{path}?country={quote(country)}")
            assert answer.status_code == 200
            assert "Emergency numbers for" not in words_of(answer)
            assert "<script>" not in answer.content.decode().partition("<body")[2]

"""Every answer of the portal tells the browser to keep nothing and to run nothing but our own."""

from __future__ import annotations

import pytest

from tutela.surfaces.portal.pages import ABOUT

from .conftest import NOBODYS_CODE, code_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
PAGES = [
    "/",
    "/en/",
    "/en/emergency/",
    "/en/other/",
    "/en/other/child/",
    "/en/back/",
    "/en/back/add/",
    "/en/done/",
    "/en/numbers/?country=FR",
    "/en/help/",
    *(f"/en/about/{slug}/" for slug in ABOUT),
]


def all_answers(visitor, database_away):
    """Every kind of answer: each page, each outcome of each form, each error."""
    yield from ((path, visitor.get(path)) for path in PAGES)
    sent = visitor.report()
    yield "receipt", sent
    yield "status", visitor.post("/en/back/", {"code": code_of(sent)})
    yield (
        "added",
        visitor.post("/en/back/add/", {"code": code_of(sent), "key": visitor.key(), "what": "More."}),
    )
    yield "422", visitor.report(what="")
    yield "403", visitor.post("/en/emergency/", {"what": "x"})
    yield "wrong code", visitor.post("/en/back/", {"code": NOBODYS_CODE})
    yield "404", visitor.get("/en/nothing/")
    yield "405", visitor.send("PUT", "/en/", b"", "")
    yield "413", visitor.post("/en/emergency/", b"x" * (17 * 1024 * 1024))
    yield "400", visitor.get("/en/", Host="evil.example")
    database_away()
    yield "503", visitor.get("/en/help/")


def directives(answer) -> dict[str, str]:
    parts = answer.headers["Content-Security-Policy"].split(";")
    return {name: value for name, _space, value in (part.strip().partition(" ") for part in parts)}


def test_every_answer_has_strict_headers_and_no_cookie(visitor, database_away):
    seen = 0
    for name, answer in all_answers(visitor, database_away):
        seen += 1
        headers, policy = answer.headers, directives(answer)
        assert headers["Cache-Control"] == "no-store", name
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["Referrer-Policy"] == "no-referrer", name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", name
        assert headers["X-Frame-Options"] == "DENY", name
        assert policy["default-src"] == "'none'", name
        assert policy["frame-ancestors"] == "'none'", name
        assert policy["form-action"] == "'self'", name
        assert policy["base-uri"] == "'none'", name
        assert policy["connect-src"] == "'none'", name
        assert policy["require-trusted-types-for"] == "'script'", name
        assert "unsafe" not in headers["Content-Security-Policy"], name
        assert "http" not in headers["Content-Security-Policy"], name
        assert "Set-Cookie" not in headers, name
    assert seen == len(PAGES) + 11
    assert visitor.cookies == []


def test_error_pages_run_no_scripts(visitor, database_away):
    for name, answer in all_answers(visitor, database_away):
        if name in {"400", "404", "405", "413", "503"}:
            assert directives(answer)["script-src"] == "'none'", name
            assert "<script" not in answer.content.decode(), name


def test_the_way_out_is_on_every_page(visitor, database_away):
    for name, answer in all_answers(visitor, database_away):
        if answer.status_code != 302:
            page = answer.content.decode()
            assert "data-leave" in page, name
            assert "Leave this page now" in page, name


def test_titles_say_nothing_of_harm(visitor, database_away):
    for name, answer in all_answers(visitor, database_away):
        if answer.status_code == 302:
            continue
        title = answer.content.decode().partition("<title>")[2].partition("</title>")[0]
        assert title.endswith(" · Example Foundation"), name
        for word in ("report", "emergency", "threat", "harm", "hurt", "child", "danger", "safety", "code"):
            assert word not in title.lower() or name == "/en/about/who-sees/", (name, title)


def test_a_page_that_breaks_has_a_page_of_ours(visitor, monkeypatch):
    def break_down(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("tutela.surfaces.portal.reporting.content_hash", break_down)
    answer = visitor.report()
    assert answer.status_code == 500
    assert b"Something broke on our side" in answer.content
    assert directives(answer)["script-src"] == "'none'"


def test_the_page_for_what_breaks_needs_no_templates(visitor, monkeypatch):
    def break_down(*_args, **_kwargs):
        raise RuntimeError

    monkeypatch.setattr("tutela.surfaces.portal.errors.render_to_string", break_down)
    answer = visitor.get("/en/nothing/")
    assert answer.status_code == 404
    assert b"In danger right now?" in answer.content

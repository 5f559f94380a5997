"""The API document says all that there is, and is served without a token."""

from __future__ import annotations

import pytest
from django.test import Client

from tutela.surfaces.api.openapi import document
from tutela.surfaces.api.problems import KINDS, MEDIA_TYPE
from tutela.surfaces.api.routes import api

DOCUMENT = document(api)
OPERATIONS = [
    (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def test_it_is_served_to_everybody():
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.json()["openapi"].startswith("3.1")


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_every_operation_says_how_it_can_fail(path, method, operation):
    needed = {"401", "403", "404", "422", "429", "500", "503"}
    if method == "post":
        needed |= {"400", "409", "411", "412", "413", "415"}
    assert needed <= set(operation["responses"])
    assert operation["security"] == [{"Bearer": []}]
    assert operation["description"]


def test_every_problem_has_its_shape_and_its_header():
    answers = DOCUMENT["components"]["responses"]
    assert set(answers) == {str(kind.status) for kind in KINDS}
    for answer in answers.values():
        assert set(answer["content"]) == {MEDIA_TYPE}
        assert "X-Request-Id" in answer["headers"]
    assert "WWW-Authenticate" in answers["401"]["headers"]
    assert "Retry-After" in answers["429"]["headers"]


def test_only_workflows_that_take_reports_are_offered():
    assert DOCUMENT["components"]["schemas"]["SentReport"]["properties"]["workflow"]["enum"] == [
        "emergency",
        "triage",
    ]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("DELETE", "/cases", 405),
        ("GET", "/reports", 405),
        ("PATCH", "/search", 405),
    ],
)
def test_what_there_is_not_is_a_problem_too(method, path, status):
    answer = Client().generic(method, f"/api/v1{path}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, MEDIA_TYPE)
    assert answer.json()["what_to_do"]
    assert ("Allow" in answer.headers) is (status == 405)


def test_every_answer_keeps_to_itself():
    """No cookie, nothing cached, nothing that a browser would run or frame."""
    for path in ("/openapi.json", "/cases", "/nothing"):
        answer = Client().get(f"/api/v1{path}", headers={"X-Request-Id": "mine-1"})
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Request-Id"] == "mine-1"
        assert not answer.cookies


def test_a_name_that_could_forge_a_log_line_is_not_taken_over():
    answer = Client().get("/api/v1/openapi.json", headers={"X-Request-Id": "a b\x1b"})
    assert answer.headers["X-Request-Id"] != "a b\x1b"


def test_head_is_get_without_its_body():
    got, head = Client().get("/api/v1/openapi.json"), Client().head("/api/v1/openapi.json")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(got.content))

"""What a page asks of the database and of the line."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.db import connections

from tutela.programs.directory.files import load_sample

from .conftest import WORDS, Visitor, code_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.mark.parametrize(
    ("path", "queries"),
    [
        ("/", 0),
        ("/en/", 0),
        ("/en/emergency/", 0),
        ("/en/other/", 0),
        ("/en/other/child/", 0),
        ("/en/back/", 0),
        ("/en/done/", 0),
        ("/en/about/who-sees/", 0),
        ("/en/nothing/", 0),
        ("/en/numbers/", 1),
        ("/en/numbers/?country=ZE", 4),
        ("/en/help/", 2),
        ("/en/help/?country=ZE", 3),
    ],
)
def test_a_page_costs(visitor, django_assert_num_queries, path, queries):
    load_sample()
    with django_assert_num_queries(queries, connection=connections["portal"]):
        visitor.get(path)


def test_a_report_costs_a_count_a_row_and_a_look(visitor, django_assert_num_queries):
    visitor.report()  # a process asks for the key of the intake now and then, and keeps it
    fields = {"key": visitor.key(), "what": WORDS, "answer": "here"}
    with django_assert_num_queries(3, connection=connections["portal"]):
        visitor.post("/en/emergency/", fields)


def test_the_way_back_costs_the_same_however_long_the_conversation(visitor, django_assert_num_queries):
    code = code_of(visitor.report())
    for number in range(5):
        fields = {"code": code, "key": visitor.key(), "what": f"More, {number}."}
        with django_assert_num_queries(6, connection=connections["portal"]):
            visitor.post("/en/back/add/", fields)
    with django_assert_num_queries(4, connection=connections["portal"]):
        visitor.post("/en/back/", {"code": code})


@pytest.mark.parametrize("path", ["/en/", "/ar/emergency/"])
def test_the_first_page_weighs_less_than_150_kilobytes(visitor: Visitor, path):
    page = visitor.get(path).content
    files = {name.partition("#")[0] for name in re.findall(r'(?:href|src)="/static/([^"]+)"', page.decode())}
    assert {"ui/css/portal.css", "ui/js/leave.js"} <= files
    weight = len(page)
    for name in files:
        found = finders.find(name)
        assert found, f"{name} is not there; is `python -m tutela.ui.assets` done?"
        with open(found, "rb") as file:  # noqa: PTH123  a path as the finders give it
            weight += len(file.read())
    assert weight < 150_000

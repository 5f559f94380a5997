"""Whatever is sent to a step, the answer is one of ours: done, held, or a problem that names the field.

Answers are drawn from the JSON Schema that the API itself gives for each step.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cast import make_cast, report_emergency
from tutela.core.flow import registry
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM_ROLES, Role

from .conftest import Caller, token

FINE = {200, 202, 403, 404, 409, 422}
RUBBISH = st.dictionaries(
    st.text(max_size=10),
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    max_size=4,
)

FORMATS = {
    "date-time": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    "date": st.dates().map(str),
    "time": st.times().map(str),
    "email": st.emails(),
    "uri": st.just("https://wiki.example/wiki/Page"),
}
TYPES = {
    "boolean": st.booleans(),
    "null": st.none(),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "object": st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3),
    "array": st.lists(st.text(max_size=5), max_size=3),
}


@pytest.fixture
def able(db) -> Caller:
    """Alder, with every role on both workflows, so that every step gets as far as its form."""
    make_cast()
    alder = Staff.objects.get(username="alder")
    for workflow in registry.workflows():
        for role in (one for one in Role if one not in PLATFORM_ROLES):
            if role is not Role.SYSTEM:
                Grant.objects.get_or_create(staff=alder, workflow=workflow.slug, role=role, until=None)
    return Caller(token("alder"))


def steps_of(caller: Caller, reference: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = caller.get(f"/cases/{reference}/steps").json()["items"]
    return [one for one in items if one["name"] != "recuse"]


def fitting(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a schema that `forms_schema` makes."""
    if "properties" in schema:
        needed = set(schema.get("required", []))
        fields = {name: fitting(one) for name, one in schema["properties"].items()}
        optional = {name: one for name, one in fields.items() if name not in needed}
        return st.fixed_dictionaries({name: fields[name] for name in needed}, optional=optional)
    if "oneOf" in schema:
        return st.sampled_from([one["const"] for one in schema["oneOf"]])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    return _of_type(schema)


def _of_type(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    kind = schema["type"]
    if isinstance(kind, list):
        return st.one_of(*(_of_type({**schema, "type": one}) for one in kind))
    if kind == "array" and "items" in schema:
        return st.lists(fitting(schema["items"]), max_size=4)
    if kind == "integer":
        return st.integers(schema.get("minimum"), schema.get("maximum"))
    if kind == "string" and schema.get("format") not in FORMATS:
        most = min(schema.get("maxLength", 50), 50)
        return st.text(st.characters(codec="utf-8"), min_size=schema.get("minLength", 0), max_size=most)
    return FORMATS[schema["format"]] if kind == "string" else TYPES[kind]


@pytest.mark.slow
def test_answers_that_fit_the_schema_are_never_a_fault(able):
    reference = report_emergency()

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(data=st.data())
    def walk(data: st.DataObject) -> None:
        offered = steps_of(able, reference)
        step = data.draw(st.sampled_from(offered), label="step")
        body = data.draw(fitting(step["form"]), label="answers")
        answer = able.post(f"/cases/{reference}/steps/{step['name']}?dry_run=true", body)
        assert answer.status_code in FINE, (step["name"], body, answer.content)
        if answer.status_code >= 400:
            assert answer.json()["status"] == answer.status_code

    walk()


@pytest.mark.slow
def test_rubbish_is_refused_by_name(able):
    reference = report_emergency()
    names = [step["name"] for step in steps_of(able, reference)]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(name=st.sampled_from(names), body=RUBBISH)
    def walk(name: str, body: dict[str, Any]) -> None:
        answer = able.post(f"/cases/{reference}/steps/{name}?dry_run=true", body)
        assert answer.status_code in FINE, (name, body, answer.content)
        if body and set(body) - _asked(able, reference, name):
            assert answer.status_code == 422

    walk()


def _asked(caller: Caller, reference: str, name: str) -> set[str]:
    return next(set(one["form"]["properties"]) for one in steps_of(caller, reference) if one["name"] == name)

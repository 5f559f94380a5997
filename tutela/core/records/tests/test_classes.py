"""Every stored field has a class, and every type of record a rule."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models

from tutela.core.flow import registry
from tutela.core.records.classes import MODELS
from tutela.core.records.rules import Action, DataClass, Length, Period, days_long, years_long
from tutela.core.records.schedule import CASE, OTHERS, schedule
from tutela.core.vault.fields import SealedBytes

EVERY = {model._meta.label: model for model in apps.get_models(include_auto_created=True)}


def fields_of(model: type[models.Model]) -> set[str]:
    return {field.name for field in model._meta.local_fields}


def test_every_model_stands_in_the_table_and_no_other():
    assert set(MODELS) == set(EVERY)


@pytest.mark.parametrize("label", sorted(EVERY))
def test_every_field_has_a_class(label):
    assert set(MODELS[label].fields) == fields_of(EVERY[label])


@pytest.mark.parametrize("label", sorted(EVERY))
def test_what_is_encrypted_is_classed_as_sealed(label):
    encrypted = {one.name for one in EVERY[label]._meta.local_fields if isinstance(one, SealedBytes)}
    sealed = {name for name, cls in MODELS[label].fields.items() if cls is DataClass.SEALED}
    assert encrypted <= sealed
    # Beside those, keys themselves and what is sealed to a reporter's code.
    assert sealed - encrypted <= {"key", "wrapped", "older", "for_reporter"}


def test_every_type_of_record_has_a_rule_and_every_rule_is_used():
    assert {kept.record for kept in MODELS.values()} - {CASE} == {one.name for one in OTHERS}
    assert [one.name for one in schedule()][: len(registry.workflows())] == [
        f"{CASE}:{one.slug}" for one in registry.workflows()
    ]


def test_what_hangs_on_a_case_is_of_the_type_of_cases_or_derived():
    case = EVERY["cases.Case"]
    for label, model in EVERY.items():
        if any(field.related_model is case for field in model._meta.local_fields):
            assert MODELS[label].record in {CASE, "working"}, label


@pytest.mark.parametrize("one", list(schedule()), ids=lambda one: one.name)
def test_a_rule_says_how_long_why_and_where_it_comes_from(one):
    rule = one.rule
    assert str(rule.why)
    assert "2026" in rule.source
    assert (rule.length is None) == (rule.action is Action.KEEP)
    assert rule.approval == (rule.action is Action.ERASE)


@pytest.mark.parametrize("start", ["2024-02-29", "2024-03-01", "2023-12-31", "2025-02-28"])
@pytest.mark.parametrize("length", [years_long(1), years_long(3), years_long(4), days_long(90)], ids=str)
def test_what_is_due_is_due_from_either_end(start, length: Length):
    from datetime import UTC, datetime, timedelta

    moment = datetime.fromisoformat(start).replace(tzinfo=UTC)
    due = length.after(moment)
    assert length.before(due) >= moment
    assert length.before(due - timedelta(seconds=1)) < moment
    assert length.period in Period

"""Submitted data as labels and values, by the form that asked for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from tutela.surfaces.desk.faces import moment

if TYPE_CHECKING:
    from tutela.core.cases.models import Case
    from tutela.core.flow.declare import Step

LONG = 160
_ADDRESS = re.compile(r"https?://[^\s<>\"]{1,2000}")


@dataclass(frozen=True)
class Line:
    """One answer: its label, its value in words, and whether it is folded because it quotes somebody."""

    name: str
    label: str
    value: str
    fold: bool = False

    @property
    def url(self) -> str:
        """Where the value leads, when all of it is an address of the web."""
        return self.value if _ADDRESS.fullmatch(self.value) else ""


def described(fields: Mapping[str, forms.Field], data: Mapping[str, Any], *, rest: bool = True) -> list[Line]:
    """What was answered, in the order of the form; with `rest`, what the form does not know at its end."""
    known = [_line(name, field, data[name]) for name, field in fields.items() if _answered(data.get(name))]
    others = [
        Line(name, capfirst(name.replace("_", " ")), words(value))
        for name, value in data.items()
        if rest
        and name not in fields
        and _answered(value)
        and name not in {"key", "version", "request", "seen"}
    ]
    return [line for line in known if line.value] + others


def fields_of(step: Step, case: Case) -> Mapping[str, forms.Field]:
    """The fields that a step asks for on a case; none when it asks nothing."""
    from tutela.core.flow.perform import make_form

    return make_form(step, case).fields if step.form else {}


def words(value: Any) -> str:
    """A value of JSON as a person reads it."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, (list, tuple)):
        return ", ".join(words(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {words(one)}" for name, one in value.items())
    return str(value)


def _answered(value: Any) -> bool:
    return value not in (None, "", [], {})


def _line(name: str, field: forms.Field, value: Any) -> Line:
    is_long = isinstance(field.widget, forms.Textarea)
    said = _said(field, value)
    return Line(
        name, str(field.label or capfirst(name.replace("_", " "))), said, is_long and len(said) > LONG
    )


def _said(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ModelChoiceField):
        return _named(field, value)
    if isinstance(field, forms.ChoiceField):
        return _chosen(field, value)
    if isinstance(field, forms.BooleanField):
        return words(value in (True, "on", "true", "True", "1"))
    if isinstance(field, forms.DateTimeField):
        at = value if isinstance(value, datetime) else parse_datetime(str(value))
        return moment(at) if at and at.tzinfo else str(value)
    return words(value)


def _chosen(field: forms.ChoiceField, value: Any) -> str:
    labels: dict[str, str] = {}
    for key, label in cast("Any", field.choices):
        pairs = label if isinstance(label, (list, tuple)) else [(key, label)]
        labels |= {str(one): str(said).partition("|")[0].strip() for one, said in pairs}
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(labels.get(str(one), str(one)) for one in values)


def _named(field: forms.ModelChoiceField[Any], value: Any) -> str:
    try:
        found = field.clean(value)
    except forms.ValidationError:
        return words(value)
    if hasattr(found, "__iter__"):
        return ", ".join(str(one) for one in found)
    return str(found)

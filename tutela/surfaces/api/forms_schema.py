"""The JSON Schema of a Django form: what the API takes in the place of the form's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django import forms

Schema = dict[str, Any]
#: A choice with more entries than this is described as plain text.
MOST_CHOICES = 300


def form_schema(form: forms.Form | None) -> Schema:
    """The JSON Schema (2020-12) of the body that a form takes. Of no form: an empty object."""
    fields = form.fields if form else {}
    schema: Schema = {
        "type": "object",
        "properties": {name: field_schema(field) for name, field in fields.items()},
        "additionalProperties": False,
    }
    required = [name for name, field in fields.items() if field.required]
    return {**schema, "required": required} if required else schema


def field_schema(field: forms.Field) -> Schema:
    """The JSON Schema of one field."""
    # The first kind that fits counts: special fields are subclasses of general ones.
    schema = next((make(field) for kind, make in _KINDS if isinstance(field, kind)), {"type": "string"})
    said: Schema = {"title": str(field.label or ""), "description": str(field.help_text or "")}
    initial = field.initial() if callable(field.initial) else field.initial
    if isinstance(initial, (str, int, bool)):
        said["default"] = initial
    return {**{name: value for name, value in said.items() if value != ""}, **schema}


def takes_many(field: forms.Field) -> bool:
    """Whether a field takes a list."""
    return isinstance(field, (forms.MultipleChoiceField, forms.ModelMultipleChoiceField))


def _text(field: Any) -> Schema:
    schema: Schema = {"type": "string"}
    if field.max_length:
        schema["maxLength"] = field.max_length
    if field.min_length or field.required:
        schema["minLength"] = field.min_length or 1
    return schema


def _formatted(name: str) -> Callable[[Any], Schema]:
    return lambda field: {**_text(field), "format": name}


def _number(field: Any) -> Schema:
    limits = {"minimum": field.min_value, "maximum": field.max_value}
    kind = "number" if isinstance(field, (forms.FloatField, forms.DecimalField)) else "integer"
    return {"type": kind, **{name: value for name, value in limits.items() if value is not None}}


def _choice(field: Any) -> Schema:
    return _one_of(_flat(field.choices), required=field.required)


def _choices(field: Any) -> Schema:
    return {"type": "array", "items": _choice(field), "uniqueItems": True}


def _row(field: Any) -> Schema:
    """One row, named by `to_field_name`. Rows that are typed in, not chosen, are not listed."""
    if not isinstance(field.widget, forms.Select):
        return {"type": "string"}
    key = field.to_field_name or "pk"
    rows = list(field.queryset[: MOST_CHOICES + 1])
    named = [(getattr(row, key), field.label_from_instance(row)) for row in rows]
    return _one_of([(field.prepare_value(value), label) for value, label in named], required=field.required)


def _rows(field: Any) -> Schema:
    return {"type": "array", "items": _row(field), "uniqueItems": True}


def _flat(choices: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Choices without their groups and without the empty one."""
    flat: list[tuple[Any, Any]] = []
    for value, label in choices:
        flat += _flat(label) if isinstance(label, (list, tuple)) else [(value, label)]
    return [(value, label) for value, label in flat if value not in {"", None}]


def _one_of(choices: list[tuple[Any, Any]], *, required: bool) -> Schema:
    if len(choices) > MOST_CHOICES:
        return {"type": ["string", "integer"]}
    listed = [{"const": value, "title": str(label)} for value, label in choices]
    if not required:
        listed.append({"const": "", "title": ""})
    return {"oneOf": listed} if listed else {"enum": [""]}


_KINDS: tuple[tuple[type[forms.Field], Callable[[Any], Schema]], ...] = (
    (forms.ModelMultipleChoiceField, _rows),
    (forms.ModelChoiceField, _row),
    (forms.MultipleChoiceField, _choices),
    (forms.ChoiceField, _choice),
    (forms.NullBooleanField, lambda _field: {"type": ["boolean", "null"]}),
    (forms.BooleanField, lambda _field: {"type": "boolean"}),
    (forms.DateTimeField, lambda _field: {"type": "string", "format": "date-time"}),
    (forms.DateField, lambda _field: {"type": "string", "format": "date"}),
    (forms.TimeField, lambda _field: {"type": "string", "format": "time"}),
    (forms.IntegerField, _number),
    (forms.JSONField, lambda _field: {"type": ["object", "array", "string", "number", "boolean", "null"]}),
    (forms.EmailField, _formatted("email")),
    (forms.URLField, _formatted("uri")),
    (forms.CharField, _text),
)

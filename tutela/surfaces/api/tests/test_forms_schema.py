"""A form as JSON Schema: what the schema lets through, the form understands."""

from __future__ import annotations

import pytest
from django import forms

from tutela.core.people.models import Team
from tutela.surfaces.api.forms_schema import field_schema, form_schema

CHOICES = [("", "Choose"), ("a", "First"), ("Group", [("b", "Second")])]


@pytest.mark.parametrize(
    ("field", "schema"),
    [
        (forms.CharField(max_length=9), {"type": "string", "maxLength": 9, "minLength": 1}),
        (forms.CharField(required=False), {"type": "string"}),
        (
            forms.EmailField(required=False, max_length=99),
            {"type": "string", "maxLength": 99, "format": "email"},
        ),
        (forms.URLField(required=False, assume_scheme="https"), {"type": "string", "format": "uri"}),
        (forms.IntegerField(min_value=1), {"type": "integer", "minimum": 1}),
        (forms.FloatField(max_value=2.5), {"type": "number", "maximum": 2.5}),
        (forms.BooleanField(), {"type": "boolean"}),
        (forms.NullBooleanField(), {"type": ["boolean", "null"]}),
        (forms.DateField(), {"type": "string", "format": "date"}),
        (forms.DateTimeField(), {"type": "string", "format": "date-time"}),
        (
            forms.ChoiceField(choices=CHOICES),
            {"oneOf": [{"const": "a", "title": "First"}, {"const": "b", "title": "Second"}]},
        ),
        (
            forms.TypedChoiceField(choices=[(1, "One")], coerce=int, required=False),
            {"oneOf": [{"const": 1, "title": "One"}, {"const": "", "title": ""}]},
        ),
        (
            forms.MultipleChoiceField(choices=[("a", "First")]),
            {"type": "array", "items": {"oneOf": [{"const": "a", "title": "First"}]}, "uniqueItems": True},
        ),
        (forms.CharField(required=False, initial="x"), {"default": "x", "type": "string"}),
        (
            forms.CharField(required=False, label="Name", help_text="Yours"),
            {"title": "Name", "description": "Yours", "type": "string"},
        ),
    ],
)
def test_a_field_has_its_schema(field, schema):
    assert field_schema(field) == schema


def test_json_may_be_anything():
    assert "object" in field_schema(forms.JSONField())["type"]


@pytest.mark.django_db
def test_rows_are_named_as_the_form_names_them():
    chosen = forms.ModelChoiceField(Team.objects.filter(slug="emergency"), to_field_name="slug")
    assert field_schema(chosen) == {"oneOf": [{"const": "emergency", "title": "Emergency"}]}
    typed = forms.ModelChoiceField(Team.objects.all(), to_field_name="slug", widget=forms.TextInput)
    assert field_schema(typed) == {"type": "string"}
    nothing = forms.ModelChoiceField(Team.objects.none(), required=False)
    assert field_schema(nothing) == {"oneOf": [{"const": "", "title": ""}]}


def test_a_long_choice_is_not_written_out():
    many = forms.ChoiceField(choices=[(str(number), "x") for number in range(1000)])
    assert field_schema(many) == {"type": ["string", "integer"]}


def test_a_form_lists_what_it_needs_and_refuses_the_rest():
    class Asked(forms.Form):
        text = forms.CharField()
        more = forms.CharField(required=False)

    schema = form_schema(Asked())
    assert schema["required"] == ["text"]
    assert schema["additionalProperties"] is False
    assert form_schema(None) == {"type": "object", "properties": {}, "additionalProperties": False}

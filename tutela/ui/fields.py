"""How one field of a Django form is shown: its kind, what describes it, how its control is dressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.forms.widgets import (
    CheckboxInput,
    CheckboxSelectMultiple,
    ClearableFileInput,
    RadioSelect,
    Select,
    Textarea,
)

if TYPE_CHECKING:
    from django.forms import BoundField

#: What Django gives a text area when the form asks for nothing: more than a phone shows.
DJANGO_ROWS = "10"
#: Looks that stay left to right whatever is typed: codes and addresses of pages.
LEFT_TO_RIGHT = ("code", "link")


def shown(bound: BoundField, look: str) -> dict[str, Any]:
    """Return what `ui/elements/field.html` needs, and dress the control of `bound` for it."""
    kind = _kind(bound)
    ids = _ids(bound)
    described = " ".join(filter(None, ids.values()))
    if kind in {"input", "check"}:
        _describe(bound, described)
    if kind == "input":
        _dress(bound, look)
    return {"field": bound, "kind": kind, "look": look, "ids": ids, "described": described}


def _kind(bound: BoundField) -> str:
    if bound.is_hidden:
        return "hidden"
    widget = bound.field.widget
    if isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        return "choices"
    return "check" if isinstance(widget, CheckboxInput) else "input"


def _ids(bound: BoundField) -> dict[str, str]:
    own = bound.auto_id or bound.html_name
    return {
        "help": f"{own}-help" if bound.help_text else "",
        "error": f"{own}-error" if bound.errors else "",
    }


def _describe(bound: BoundField, described: str) -> None:
    attrs = bound.field.widget.attrs
    if described:
        attrs["aria-describedby"] = described
    if bound.errors:
        attrs["aria-invalid"] = "true"


def _dress(bound: BoundField, look: str) -> None:
    widget = bound.field.widget
    attrs = widget.attrs
    marks = [f"input--{look}"] if look in LEFT_TO_RIGHT else []
    own = [] if isinstance(widget, ClearableFileInput) else ["input"]
    attrs["class"] = " ".join([*attrs.get("class", "").split(), *own, *marks])
    if not marks and not isinstance(widget, Select):
        attrs.setdefault("dir", "auto")
    if isinstance(widget, Textarea) and attrs.get("rows") == DJANGO_ROWS:
        attrs["rows"] = "4"

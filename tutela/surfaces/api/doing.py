"""Performing steps for surfaces that take plain values: the API and the command line."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

from django import forms
from django.db.models.fields.json import KT
from django.utils.translation import gettext as _

from tutela.core.again import again_if_it_gave_way
from tutela.core.cases.models import Case, Event
from tutela.core.errors import BadData, KeyReused, NotFound
from tutela.core.flow import registry
from tutela.core.flow.declare import Step
from tutela.core.flow.dry_run import dry_run_step
from tutela.core.flow.perform import Outcome, make_form, perform, rehearse
from tutela.core.people.actor import Actor, acting_as

from .forms_schema import takes_many
from .looks import find_case

DEEPEST = 20


def do_step(
    reference: str,
    step: str,
    actor: Actor,
    data: Mapping[str, Any],
    *,
    key: str = "",
    version: int | None = None,
) -> Outcome:
    """Perform a step; under a key once. Raises as `perform` does, and KeyReused for other content."""
    return again_if_it_gave_way(lambda: _do(reference, step, actor, data, key, version))


def _do(
    reference: str, step: str, actor: Actor, data: Mapping[str, Any], key: str, version: int | None
) -> Outcome:
    if not key:
        return perform(reference, step, actor, data, version=version)
    own, said = _named(key, step, actor, data)
    with acting_as(actor):
        # The lock keeps a second request under the same key waiting until this one is through.
        Case.objects.select_for_update(of=("self",), no_key=True).filter(reference=reference).first()
        keyed = Event.objects.annotate(key=KT("data__key")).filter(case__reference=reference)
        earlier = keyed.filter(key__contains=own).first()
        if earlier and not earlier.data["key"].endswith(own + said):
            raise KeyReused(_("This key was used on this case for another step or with other content."))
        return perform(reference, step, actor, data, key=own + said, version=version)


def _named(key: str, step: str, actor: Actor, data: Mapping[str, Any]) -> tuple[str, str]:
    """What is kept of a key: whose and which, then for what."""
    own = hashlib.sha256(f"{actor.id} {key}".encode()).hexdigest()
    said = hashlib.sha256(json.dumps([step, data], sort_keys=True, default=str).encode()).hexdigest()
    return f"{own[:32]}.", said[:32]


def check_fields(reference: str, step: str, actor: Actor, data: Mapping[str, Any]) -> None:
    """Refuse names that the step does not ask for, and lists and objects where a field takes one value.

    A Django form passes over a name that it does not know; here that would hide a typing mistake.
    Raises NotFound, BadData.
    """
    with acting_as(actor):
        case = find_case(reference)
        declared = declared_step(case, step)
        form = make_form(declared, case) if declared.form else None
        check_texts(data)
        errors = {name: _wrong(form, name, value) for name, value in data.items()}
    if found := {name: [text] for name, text in errors.items() if text}:
        raise BadData(_("Some answers cannot be used."), found)


def declared_step(case: Case, name: str) -> Step:
    """The step of that name on the workflow of a case. Raises NotFound."""
    try:
        return registry.workflow(case.workflow).step(name)
    except KeyError:
        said = _("The workflow %(workflow)s has no step %(step)s.")
        raise NotFound(said % {"workflow": case.workflow, "step": name}) from None


def _wrong(form: forms.Form | None, name: str, value: Any) -> str:
    field = form.fields.get(name) if form else None
    if field is None:
        return _("This step does not ask for it.")
    if isinstance(field, forms.JSONField):
        return ""
    if isinstance(value, list):
        plain = all(isinstance(one, (str, int)) for one in value)
        return "" if takes_many(field) and plain else _("Send one value.")
    return _("Send one value, not an object.") if isinstance(value, dict) else ""


def rehearsed(reference: str, step: str, actor: Actor, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a step would do; of one that needs approval, what it would do once it is agreed to.

    Nothing is kept. Raises as `perform` does.
    """
    tried = dry_run_step(reference, step, actor, data)
    same, said = ("connector", "verb", "label", "payload"), ("recipient", "subject", "text", "language")
    wishes = rehearse(reference, step, actor, data)
    return {
        "reference": reference,
        "step": step,
        "dry_run": True,
        "state": tried.state,
        "would": [{name: getattr(wish, name) for name in same} for wish in wishes],
        "letters": [{name: getattr(letter, name) for name in said} for letter in tried.letters],
    }


def told(outcome: Outcome) -> dict[str, Any]:
    """What came of a step."""
    same = ("connector", "verb", "label", "state")
    return {
        "reference": outcome.reference,
        "step": outcome.step,
        "held": outcome.held,
        "state": outcome.state,
        "version": outcome.version,
        "event": outcome.event_id,
        "request": outcome.request_id,
        "effects": [{"id": one.pk, **{name: getattr(one, name) for name in same}} for one in outcome.effects],
        "dry_run": False,
    }


def check_texts(value: Any, depth: int = DEEPEST) -> None:
    """Refuse what the database cannot hold, and what is nested too deeply. Raises BadData."""
    if depth == 0:
        raise BadData(_("The answers are nested too deeply."), {})
    if isinstance(value, float) and not math.isfinite(value):
        raise BadData(_("A number is out of range."), {})
    if isinstance(value, str):
        _check_text(value)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _check_text(name)
            check_texts(inner, depth - 1)
    elif isinstance(value, list):
        for inner in value:
            check_texts(inner, depth - 1)


def _check_text(text: str) -> None:
    """Refuse what the database cannot hold: NUL characters and halves of characters."""
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text if letter > "\ud7ff"):
        raise BadData(_("A text holds a NUL character or half a character. Leave it out."), {})

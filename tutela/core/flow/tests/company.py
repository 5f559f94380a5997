"""One person for each role on each workflow, and a way to fill any form."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django import forms

from tutela.core.cases.models import Case
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, receive
from tutela.core.flow import registry
from tutela.core.flow.declare import Step, Workflow
from tutela.core.flow.models import Request
from tutela.core.flow.perform import make_form
from tutela.core.flow.standing import sync_standing_rows
from tutela.core.people.actor import Actor, system_actor
from tutela.core.people.models import Grant, Membership, Staff, Team
from tutela.core.people.roles import PLATFORM_ROLES, Role, SystemActor
from tutela.programs.directory.files import load_sample
from tutela.programs.directory.models import Agency
from tutela.workflows.emergency.forms import CallBack, Jurisdiction
from tutela.workflows.emergency.workflow import WORKFLOW as EMERGENCY
from tutela.workflows.triage.workflow import WORKFLOW as TRIAGE

from .fixtures.copyright_notices.workflow import WORKFLOW as COPYRIGHT
from .fixtures.global_bans.workflow import WORKFLOW as BANS

WORKFLOWS = (EMERGENCY, TRIAGE, BANS, COPYRIGHT)
NAMES = [workflow.slug for workflow in WORKFLOWS]
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@contextmanager
def installed() -> Iterator[None]:
    """All four workflows, with their teams and the grants of the jobs, and the invented directory."""
    with registry.installed(BANS, COPYRIGHT):
        sync_standing_rows()
        load_sample()
        yield


def everybody(workflow: Workflow, *, names: str = "") -> dict[Role, Actor]:
    """One person per role, all in the team of the workflow; the clock keeper for SYSTEM."""
    team = Team.objects.get(slug=workflow.team)
    people = {Role.SYSTEM: system_actor(SystemActor.CLOCK)}
    for role in (one for one in Role if one not in PLATFORM_ROLES):
        if role is not Role.SYSTEM:
            people[role] = person(workflow, team, role, f"{workflow.slug}-{role.value}{names}")
    return people


def person(workflow: Workflow, team: Team, role: Role, name: str) -> Actor:
    """Somebody with one role on one workflow."""
    staff = Staff.objects.create_person(name, name, email=f"{name}@tutela.example")
    Grant.objects.create(staff=staff, workflow=workflow.slug, role=role, since=LONG_AGO)
    Membership.objects.create(team=team, staff=staff)
    return Actor.of(staff, "desk")


def opened(workflow: Workflow, words: str = "Something happened.") -> str:
    """A case of the workflow from a report by mail. Returns the reference."""
    incoming = Incoming(
        "mail",
        workflow.slug,
        words.encode(),
        words,
        subject="A report",
        sender_email="reader@wiki.example",
        source_key=words,
        fields={"where": "https://en.wiki.example/wiki/Page"},
    )
    return open_case(receive(incoming).report_id)


def filled(step: Step, case: Case, pick: random.Random) -> dict[str, Any]:
    """Data for the form of a step, as somebody might enter it; not always data that can be used."""
    if step.form is None:
        return {}
    form = make_form(step, case)
    data = {name: _value(name, field, pick) for name, field in form.fields.items() if not field.disabled}
    if isinstance(form, CallBack) and form.agency:
        data["number_called"] = form.agency.call_back_number
    if isinstance(form, Jurisdiction) and data["agency"]:
        data["country"] = Agency.objects.get(pk=data["agency"]).country
    if "round" in form.fields and (asked := _asked(case, pick)):
        read_late = pick.random() < 0.1
        data |= {"request": asked.pk, "round": asked.round + read_late}
    if step.name == "amend":
        data["changes"] = {"grounds": f"Better grounds {pick.random()}"}
    return {name: value for name, value in data.items() if value is not None}


def _asked(case: Case, pick: random.Random) -> Request | None:
    """One of the requests that wait on the case."""
    waiting = list(case.requests.filter(state=Request.State.OPEN).order_by("id"))
    return pick.choice(waiting) if waiting else None


def _value(name: str, field: forms.Field, pick: random.Random) -> Any:
    if isinstance(field, forms.ModelChoiceField):
        return _one_of(field, pick)
    if isinstance(field, forms.MultipleChoiceField):
        choices = [value for value, _label in field.choices]
        return pick.sample(choices, pick.randint(1, len(choices))) if choices else []
    if isinstance(field, forms.ChoiceField):
        choices = [value for value, _label in field.choices if value]
        return pick.choice(choices) if choices else None
    if isinstance(field, forms.BooleanField):
        return pick.random() < 0.5
    if isinstance(field, forms.IntegerField):
        return None
    return "" if name == "called_at" else _text(field)


def _text(field: forms.Field) -> str:
    if isinstance(field, forms.DateTimeField):
        return "2030-01-01 09:00"
    return "somebody@wiki.example" if isinstance(field, forms.EmailField) else "Words"


def _one_of(field: forms.ModelChoiceField, pick: random.Random) -> Any:
    rows = list(field.queryset.order_by("pk")[:8])
    if not rows:
        return None
    return getattr(pick.choice(rows), field.to_field_name or "pk")


def by_slug(slug: str) -> Workflow:
    return next(workflow for workflow in WORKFLOWS if workflow.slug == slug)


def agreed(proposal: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """A proposal with changes."""
    return {**proposal, **changes}

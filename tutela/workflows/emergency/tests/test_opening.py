"""What a report becomes: a title without names, known facts, and a page to whoever is on duty."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.cast import Cast, case_of, report_emergency
from tutela.core.cases.models import Severity
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.models import OnCallShift
from tutela.workflows.emergency.tests.path import look

pytestmark = pytest.mark.django_db

NAME = "ExampleMoss"


def paged(reference, actor):
    with acting_as(actor):
        found = Effect.objects.filter(case__reference=reference).order_by("id")
        return {effect.payload["to"]: effect.payload for effect in found}


def on_duty(actor, position=1, begins=-1, ends=1):
    now = timezone.now()
    return OnCallShift.objects.create(
        workflow="emergency",
        staff_id=actor.id,
        starts_at=now + timedelta(hours=begins),
        ends_at=now + timedelta(hours=ends),
        position=position,
    )


@pytest.mark.parametrize(
    ("who", "title", "at_risk", "severity"),
    [
        ("writer", "Threat of harm to the writer themselves", "writer", Severity.HIGH),
        ("other", "Threat against another person, or many", "other", Severity.HIGH),
        ("me", "The reporter may be at risk", "reporter", Severity.CRITICAL),
        ("unsure", "Emergency report", "unsure", Severity.HIGH),
        ("", "Emergency report", None, Severity.HIGH),
    ],
)
def test_the_answers_of_the_form_give_title_facts_and_severity(cast: Cast, who, title, at_risk, severity):
    fields = {"who": who, "where": f"https://en.wiki.example/wiki/User_talk:{NAME}"}
    case = look(report_emergency(fields=fields, text=f"{NAME} wrote goodbye."), cast.juniper)
    assert case.title == title
    assert case.facts.get("at_risk") == at_risk
    assert case.severity == severity
    assert case.wiki == "en.wiki.example"


def test_a_mail_gives_no_word_of_its_subject_to_the_title(cast: Cast):
    mail = {"channel": "mail", "subject": f"{NAME} is in danger", "fields": {}, "receipt_hash": None}
    case = look(report_emergency(**mail), cast.juniper)
    assert case.title == "Emergency report by mail"


@pytest.mark.parametrize("where", ["", "the village pump", "https://[broken", "javascript:alert(1)"])
def test_a_place_that_is_no_address_is_kept_as_it_is(cast: Cast, where):
    case = look(report_emergency(fields={"who": "writer", "where": where}), cast.juniper)
    assert case.facts.get("where", "") == where
    assert case.wiki == ""


def test_every_case_is_for_the_team_alone(cast: Cast):
    assert look(report_emergency(), cast.juniper).restricted


def test_whoever_is_on_duty_is_paged_with_the_reference_and_no_content(cast: Cast):
    on_duty(cast.heron)
    on_duty(cast.juniper, position=2)
    on_duty(cast.alder, begins=-3, ends=-1)
    reference = report_emergency(fields={"who": "me"}, text=f"{NAME} at the station")
    pages = paged(reference, cast.juniper)
    assert list(pages) == ["heron@tutela.example"]
    page = pages["heron@tutela.example"]
    assert page["subject"] == f"{reference}: emergency report, {Severity.CRITICAL.label}"
    assert NAME not in str(page)
    assert "station" not in str(page)


def test_with_nobody_on_duty_the_whole_team_is_paged(cast: Cast):
    reference = report_emergency()
    names = ("juniper", "heron", "larch", "linden", "alder")
    assert set(paged(reference, cast.juniper)) == {f"{name}@tutela.example" for name in names}


def test_the_clocks_run_from_the_receipt(cast: Cast):
    case = case_of(report_emergency(), cast.juniper)
    with acting_as(cast.juniper):
        lengths = {row.name: row.due_at - case.received_at for row in case.clocks.all()}
    assert lengths == {
        "acknowledge": timedelta(hours=1),
        "assess": timedelta(hours=3),
        "technical_data": timedelta(days=90),
    }

"""A day at the desk: cases of both workflows at every point of their way, for the tests that look."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta

import psycopg
from django.utils import timezone

from tests.cast import EMERGENCY, TRIAGE, Cast, emergency
from tutela.core.cases.models import Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.flow.perform import Outcome, perform
from tutela.core.oncall.keep import Wanted, save_rota
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import OnCallShift, Staff
from tutela.workflows.emergency.tests import path

SPANISH = "Escribió una despedida en su página de discusión y nombra una estación de Ciudad Ejemplo."
ARABIC = "كتب وداعًا في صفحة نقاشه وذكر محطة في مدينة المثال."
AGAIN = "Me ha escrito otra vez por correo. Dice que está en la estación ahora."


@dataclass(frozen=True)
class Scene:
    """The references of the cases, by what is to be seen on each."""

    new: str
    held: str
    assessed: str
    released: str
    triage: str
    arabic: str


def set_scene(cast: Cast) -> Scene:
    """Make the cases, as the people of the cast would."""
    put_on_call(cast)
    held = path.held(
        cast, language="es", text=SPANISH, raw=SPANISH.encode(), sender_email="reader@wiki.example"
    )
    dress(held, cast)
    new = report()
    title(new, cast, "Threat against a school, posted at a help desk")
    assessed = path.acknowledged(cast)
    title(assessed, cast, "Goodbye note on a sandbox page")
    released = path.disclosed(cast)
    title(released, cast, "Threat against a public building in Exampleland")
    do(released, "assign", cast.juniper, assignee="juniper")
    arabic = report(language="ar", text=ARABIC, raw=ARABIC.encode())
    title(arabic, cast, "وداع على صفحة نقاش مستخدم")
    do(held, "link_case", cast.juniper, other=released, kind="related")
    triage = report(workflow=TRIAGE, text="Somebody copies my photographs.", subject="Copied photographs")
    return Scene(new=new, held=held, assessed=assessed, released=released, triage=triage, arabic=arabic)


def report(**changes: object) -> str:
    """A report through the portal, and the reference of its case."""
    return open_case(receive(emergency(**changes)).report_id)


def do(reference: str, step: str, actor: Actor, /, **data: object) -> Outcome:
    """Perform one step."""
    return perform(reference, step, actor, data)


def put_on_call(cast: Cast) -> None:
    """Juniper is on duty now, then Heron; and a rota gives each of them a week."""
    people = tuple(Staff.objects.get(pk=one.id) for one in (cast.juniper, cast.heron))
    weeks = Wanted("Emergencies", (EMERGENCY,), "UTC", time(9), date(2026, 3, 2), people)
    save_rota(cast.alder, "emergencies", weeks)
    now = timezone.now()
    for actor, start, end in ((cast.juniper, -4, 5), (cast.heron, 5, 14)):
        OnCallShift.objects.create(
            workflow=EMERGENCY,
            staff_id=actor.id,
            starts_at=now + timedelta(hours=start),
            ends_at=now + timedelta(hours=end),
        )


def dress(held: str, cast: Cast) -> None:
    """Give the held case a title, a note, evidence, parties and a message that nobody has read."""
    title(held, cast, "Threat of self-harm on a user talk page")
    do(held, "set_severity", cast.juniper, severity="4")
    do(held, "take", cast.juniper)
    do(held, "note", cast.heron, text="The same account wrote in October: a friend reached them that time.")
    exhibit = {
        "kind": "text",
        "title": "Talk page, as captured",
        "text": "A goodbye.",
        "source": "wiki.example",
    }
    do(held, "add_exhibit", cast.juniper, **exhibit)
    account = {"kind": "account", "platform": "Example Wikipedia"}
    do(held, "add_party", cast.juniper, name="ExampleMoss", part="at_risk", **account)
    do(held, "add_party", cast.juniper, name="~2026-10421-07", part="other", **account)
    write_again(held, cast, AGAIN)


def title(reference: str, cast: Cast, words: str) -> None:
    """Give a case a title, as an analyst does."""
    do(reference, "edit_title", cast.juniper, title=words)


def write_again(reference: str, cast: Cast, text: str) -> None:
    """Let the first reporter of a case come back with the code and add something."""
    with acting_as(cast.juniper):
        receipt = Report.objects.filter(case__reference=reference).order_by("id")[0].receipt_hash
    report(text=text, raw=text.encode(), source_key=text, receipt_hash=None, adds_to=bytes(receipt))


_OLDER = """
    UPDATE flow_clockrow SET started_at = started_at - %(span)s::interval,
        due_at = due_at - %(span)s::interval, warn_at = warn_at - %(span)s::interval
    WHERE case_id = (SELECT id FROM cases_case WHERE reference = %(reference)s);
"""
_OLDER_CASE = """
    UPDATE cases_case SET due_at = due_at - %(span)s::interval, received_at = received_at - %(span)s::interval
    WHERE reference = %(reference)s
"""


def wind_back(owner: psycopg.Connection, reference: str, span: str) -> None:
    """Let a case be older than it is, clocks and all."""
    for statement in (_OLDER, _OLDER_CASE):
        owner.execute(statement, {"span": span, "reference": reference})

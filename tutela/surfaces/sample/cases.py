"""Sample cases in every corner of the two workflows, made the way real ones are: received, then worked on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from django.db.models import F

from tutela.core.access.conflicts import declare
from tutela.core.access.glass import close_glass, open_glass
from tutela.core.cases.models import Case, Report
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import Incoming, receive
from tutela.core.files.keeping import draft_of, keep
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Staff
from tutela.core.people.roles import SystemActor
from tutela.core.records.holds import place_hold
from tutela.core.slices.sharing import Part, Wanted, ask_slice, digest_of, give
from tutela.core.slices.sources import Names, sources_of
from tutela.programs.directory.models import Agency

POLICE = "National Police of Exampleland"
CALLED = {"number_called": "+99 555 0100", "answered_by": "Duty officer 17"}
CHECKED = {
    "target": "yes",
    "place": "yes",
    "time": "yes",
    "copied": "no",
    "narrative": "Names a station and an hour.",
}
DOUBTED = {
    "target": "no",
    "copied": "yes",
    "narrative": "The lines are from a song.",
}
RELEASED: Mapping[str, Any] = {
    "recipient_type": "law_enforcement",
    "recipient_name": "Duty officer 17",
    "recipient_contact": "+99 555 0101",
    "legal_basis": "2702c4",
    "reason": "harm",
    "data_classes": ["ip", "times"],
    "accounts": "ExampleMoss",
    "description": "A goodbye message on a talk page. https://wiki.example/wiki/User_talk:ExampleMoss",
    "released": "192.0.2.7, signed in at 14:05 UTC",
}


SAVED = b"<!doctype html><title>User talk:ExampleMoss</title><p>Goodbye."


class Desk:
    """Works on sample cases in the name of the sample people."""

    def __init__(self) -> None:
        self.actors = {
            # Made-up people have no second factors to show.
            staff.username: replace(Actor.of(staff, "cli"), excused=True)
            for staff in Staff.objects.all()
        }
        self.police = Agency.objects.filter(name=POLICE).values_list("pk", flat=True).first()

    def report(self, key: str, text: str, *, workflow: str = "emergency", **more: Any) -> str:
        """A report through the portal, and its case."""
        values: dict[str, Any] = {
            "channel": "portal",
            "workflow": workflow,
            "raw": text.encode(),
            "text": text,
            "language": "en",
            "source_key": f"sample-{key}",
            "strict_key": True,
        }
        return open_case(receive(Incoming(**{**values, **more})).report_id)

    def do(self, reference: str, who: str, step: str, **data: Any) -> None:
        """One step by one person."""
        perform(reference, step, self.actors[who], data)

    def attach(self, reference: str, who: str, name: str, data: bytes, title: str) -> None:
        """A file that somebody keeps as an exhibit."""
        actor = self.actors[who]
        with draft_of(iter([data]), len(data)) as draft, acting_as(actor):
            case = Case.objects.get(reference=reference)
            kept = keep(case, draft, name, "text/html", actor)
        self.do(reference, who, "add_file", file=kept.pk, title=title, source="wiki.example")

    def declare(self, who: str, name: str, why: str) -> None:
        """Have somebody declare a conflict of their own."""
        declare(self.actors[who], Staff.objects.get(username=who), why, name=name)

    def look_in(self, reference: str, who: str, why: str) -> None:
        """Have somebody open a case by break-glass and close it again. The review is left to do."""
        opened = open_glass(self.actors[who], reference, why)
        assert opened is not None
        close_glass(self.actors[who], opened.pk)

    def set_back(self, reference: str, years: int) -> None:
        """Have a closed case come and gone years ago, so that something is due to go."""
        ago = timedelta(days=366 * years)
        with acting_as(self.actors["alder"]):
            Case.objects.filter(reference=reference).update(
                received_at=F("received_at") - ago, closed_at=F("closed_at") - ago
            )

    def hold(self, reference: str, who: str, why: str, authority: str) -> None:
        """Have somebody place a case under legal hold."""
        place_hold(self.actors[who], [reference], why, authority)

    def share(self, reference: str, who: str, purpose: str, words: list[str], *, giver: str = "") -> None:
        """Have somebody ask to share reports and notes with the committee, and perhaps another agree."""
        actor = self.actors[who]
        with acting_as(actor):
            found = sources_of(Case.objects.get(reference=reference))
        parts = [Part(one.title, one.text) for one in found if one.name.startswith(("report", "note"))]
        wanted = Wanted(purpose, ["laurel"], 14, parts, words, list(Names))
        made = ask_slice(actor, reference, wanted)
        if giver:
            give(self.actors[giver], made.pk, digest_of(made))


def load_cases() -> int:
    """Add the sample cases, once. Returns how many there are."""
    with acting_as(system_actor(SystemActor.INTAKE)):
        if Report.objects.filter(case__isnull=False).exists():
            return 0
    desk = Desk()
    for story in STORIES:
        story(desk)
    with acting_as(system_actor(SystemActor.INTAKE)):
        return Case.objects.count()


def _waiting_for_legal(desk: Desk) -> None:
    reference = desk.report(
        "moss",
        "Escribió una despedida en su página de discusión y nombra una estación de Sample City..",
        language="es",
        sender_email="lectora@wiki.example",
        fields={
            "who": "writer",
            "where": "https://wiki.example/wiki/User_talk:ExampleMoss",
            "answer": "mail",
        },
    )
    desk.do(reference, "juniper", "take")
    desk.do(reference, "juniper", "acknowledge")
    desk.do(
        reference,
        "juniper",
        "add_party",
        kind="account",
        name="ExampleMoss",
        platform="wiki.example",
        part="at_risk",
    )
    desk.do(reference, "juniper", "assess_imminent", **CHECKED)
    desk.do(
        reference,
        "juniper",
        "record_jurisdiction",
        country="ZE",
        agency=desk.police,
        how="The station is there.",
    )
    desk.do(reference, "heron", "note", text="The account wrote the same station on two other pages.")
    desk.attach(reference, "heron", "User_talk_ExampleMoss.html", SAVED, "The talk page, as saved")
    desk.do(reference, "juniper", "disclose", **RELEASED)


def _new_threat(desk: Desk) -> None:
    desk.report(
        "school",
        "Somebody posted at the help desk that they will come to a school tomorrow. The edit is still there.",
        fields={"who": "other", "where": "https://wiki.example/wiki/Project:Help_desk", "answer": "here"},
    )


def _disclosed_urgently(desk: Desk) -> None:
    reference = desk.report(
        "harbour",
        "They wrote that they are standing at the harbour and that this is the last message.",
        fields={
            "who": "writer",
            "where": "https://wiki.example/wiki/User:ExampleTarn/sandbox",
            "answer": "here",
        },
    )
    desk.do(reference, "heron", "take")
    desk.do(reference, "heron", "acknowledge")
    desk.do(reference, "heron", "assess_imminent", **CHECKED)
    desk.do(reference, "heron", "record_jurisdiction", country="ZE", agency=desk.police)
    desk.do(reference, "heron", "verify_agency", **CALLED)
    desk.do(
        reference, "heron", "disclose_urgently",
        **{**RELEASED, "accounts": "ExampleTarn", "why_urgent": "They say that they are at the harbour now."},
    )  # fmt: skip
    desk.do(
        reference, "heron", "add_exhibit",
        kind="technical", title="Sign-ins that the police were told", text=RELEASED["released"],
    )  # fmt: skip


def _a_song(desk: Desk) -> None:
    reference = desk.report(
        "song",
        "Ein Konto schreibt düstere Zeilen in seinen Benutzerraum. Vielleicht ist es nur ein Liedtext.",
        language="de",
        fields={"who": "writer", "where": "https://wiki.example/wiki/Benutzer:ExampleFern", "answer": "here"},
    )
    desk.do(reference, "juniper", "take")
    desk.do(reference, "juniper", "acknowledge")
    desk.do(reference, "juniper", "assess_not_credible", **DOUBTED)
    desk.do(reference, "juniper", "thank_reporter")
    desk.do(reference, "juniper", "close")
    desk.look_in(reference, "rowan", "The account wrote to the security desk about this case.")


def _years_ago(desk: Desk) -> None:
    """Two that the schedule would have go by now; a hold keeps one of them."""
    for key, words in (
        ("lantern", "Somebody wrote in a poem that a lantern will burn on the bridge."),
        ("kite", "An account says that it will cut every kite at the fair in Sample City."),
    ):
        reference = desk.report(
            key,
            words,
            fields={"who": "writer", "where": "https://wiki.example/wiki/Project:Tea", "answer": "here"},
        )
        desk.do(reference, "heron", "take")
        desk.do(reference, "heron", "acknowledge")
        desk.do(reference, "heron", "assess_not_credible", **DOUBTED)
        desk.do(reference, "heron", "close")
        desk.set_back(reference, 4)
    desk.hold(
        reference, "larch", "A party asked us to keep what we hold.", "Letter of 2 March, Example & Sons"
    )


def _kept_away(desk: Desk) -> None:
    desk.declare("linden", "ExampleTeasel", "They teach at the same university.")
    desk.report(
        "kept-away",
        "ExampleTeasel says on a project page that nobody will see them again.",
        fields={"who": "writer", "where": "https://wiki.example/wiki/Project:Tea", "answer": "here"},
    )


def _reporter_at_risk(desk: Desk) -> None:
    desk.report(
        "me",
        "أشعر أنني لست بخير الليلة ولا أعرف مع من أتكلم.",
        language="ar",
        fields={"who": "me", "where": "", "answer": "here"},
    )


def _said_twice(desk: Desk) -> None:
    main = desk.report(
        "fair",
        "An account says that it will set a stall on fire at the wiki fair in Sample City.",
        fields={"who": "other", "where": "https://wiki.example/wiki/Project:Fair", "answer": "here"},
    )
    again = desk.report(
        "fair-2",
        "有人说要在样例市的集会上放火，请看这个页面。",
        language="zh-hans",
        fields={"who": "other", "where": "https://wiki.example/wiki/Project:Fair", "answer": "here"},
    )
    desk.do(again, "juniper", "merge_into", other=main, reason="The same page and the same words")
    desk.do(main, "juniper", "acknowledge")
    desk.do(main, "juniper", "assess_not_imminent", **CHECKED)


def _to_sort(desk: Desk) -> None:
    desk.report(
        "locked",
        "Pourquoi l’article sur le pont est-il verrouillé ? Je veux corriger une date.",
        workflow="triage",
        language="fr",
        fields={"category": "other"},
    )
    desk.report(
        "address",
        "My home address stands on a user page of somebody who is angry with me.",
        workflow="triage",
        sender_email="editor@wiki.example",
        fields={"category": "private_information"},
    )


def _sorted_and_answered(desk: Desk) -> None:
    reference = desk.report(
        "revert",
        "Two people undo everything I write on one page and call it vandalism.",
        workflow="triage",
        fields={"category": "harassment"},
    )
    desk.do(reference, "wren", "take")
    desk.do(
        reference,
        "wren",
        "note",
        text="One wiki only, no threat in the history. Local administrators are the venue.",
    )


def _shared_with_a_committee(desk: Desk) -> None:
    """Two slices of one case: one is given, the other waits for a second person."""
    reference = desk.report(
        "appeal",
        "ExampleSedge was blocked on our wiki and asks the committee to look at it. I was there: ExampleSedge"
        " answered ExampleRush twice and then left the page alone.",
        workflow="triage",
        sender_email="neighbour@wiki.example",
        fields={"category": "harassment"},
    )
    desk.do(reference, "juniper", "take")
    desk.do(reference, "juniper", "note", text="The history agrees: two answers by ExampleSedge, none after.")
    words = ["ExampleRush", "our wiki"]
    desk.share(reference, "juniper", "An appeal is before the committee.", words, giver="alder")
    desk.share(reference, "heron", "A question of the committee.", ["ExampleSedge", *words])


def _from_a_wiki(desk: Desk) -> None:
    """As the extension ReportIncident sends it."""
    desk.report(
        "wiki",
        "Reporting user: ExampleMoss\nReported user: ExampleSedge\nLink to reported comment: "
        "https://en.wiki.example/w/index.php?oldid=123456#c-ExampleSedge-20260411101500-Fair\n\n"
        "Threat type: Threats of physical harm\nDetails: They wrote that they know where I live.",
        channel="wiki",
        language="",
        subject="Incident Reporting System emergency report",
        sender_name="ExampleMoss",
        sender_email="moss@wiki.example",
    )


STORIES: tuple[Callable[[Desk], None], ...] = (
    _waiting_for_legal,
    _new_threat,
    _disclosed_urgently,
    _a_song,
    _years_ago,
    _kept_away,
    _reporter_at_risk,
    _said_twice,
    _to_sort,
    _sorted_and_answered,
    _shared_with_a_committee,
    _from_a_wiki,
)

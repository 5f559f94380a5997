"""From a mail about a goodbye message to the reviewed case: who did what, and what left the house."""

from __future__ import annotations

from email import message_from_bytes, policy
from typing import Any

from django.conf import settings

from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.programs.directory.models import Agency
from tutela.programs.registers.models import ReleaseEntry
from tutela.surfaces.sample.cases import CALLED, CHECKED, POLICE, RELEASED

from .teller import Broken, Person, Teller


def play(tell: Teller) -> None:
    """Play it. What does not hold is in `tell.failures`; raises Broken when it cannot go on."""
    juniper, heron, larch, alder, wren = map(tell.person, ("juniper", "heron", "larch", "alder", "wren"))
    reference = _arrives(tell, juniper)
    _is_hidden(tell, wren, reference)
    _is_worked_on(tell, juniper, heron, reference)
    _waits_for_legal(tell, juniper, larch, reference)
    _goes_out_once(tell, juniper, reference)
    _ends(tell, juniper, alder, reference)
    _is_recorded(tell, juniper, reference)


def _arrives(tell: Teller, juniper: Person) -> str:
    tell.says("A reader", "writes a mail in Spanish to emergency@ about a goodbye message")
    raw = tell.send_mail("emergency", "emergency")
    tell.says("Their server", "did not hear the answer and delivers the same mail again")
    tell.deliver(raw, "emergency")

    def look() -> str | None:
        found = juniper.get(f"/cases?workflow=emergency&q={tell.mark}").body.get("items", [])
        return found[0]["reference"] if found else None

    reference = tell.wait(look, "a case is there")
    found = juniper.get(f"/cases?workflow=emergency&q={tell.mark}").body["items"]
    tell.holds(len(found) == 1, f"two deliveries, one case: {reference}")
    case = juniper.get(f"/cases/{reference}").body
    names = {clock["name"]: clock for clock in case["clocks"]}
    tell.holds(
        {"acknowledge", "assess"} <= set(names), "the clocks count from the receipt: 1 hour and 3 hours"
    )
    tell.holds(case["language"] == "es", "the case keeps the language of the report")
    _left(tell, juniper, reference, "mail to the person on call", 1)
    return reference


def _is_hidden(tell: Teller, wren: Person, reference: str) -> None:
    tell.refused(wren, wren.get(f"/cases/{reference}"), 404, "sorts other mail and asks for the case")
    unknown = wren.get("/cases/EM-1999-0001").body
    unknown.pop("instance", None)
    same = wren.get(f"/cases/{reference}").body
    same.pop("instance", None)
    tell.holds(same == unknown, "the answer is the same as for a case that does not exist")


def _is_worked_on(tell: Teller, juniper: Person, heron: Person, reference: str) -> None:
    tell.done(juniper, juniper.step(reference, "take"), "takes the case")
    tell.done(juniper, juniper.step(reference, "acknowledge"), "acknowledges it, in Spanish")
    sent = _out(tell, f"lectora.{tell.mark}@wiki.example", 1)
    tell.holds(
        bool(sent) and "Gracias" in sent[0].get_body(("plain",)).get_content(),
        "the reporter has the acknowledgement in Spanish",
    )
    tell.done(
        heron,
        heron.step(reference, "note", text="The account wrote the same on two other pages."),
        "writes a note",
    )
    tell.done(
        juniper, juniper.step(reference, "assess_imminent", **CHECKED), "assesses it as credible and imminent"
    )
    police = Agency.objects.filter(name=POLICE).first()
    if police is None:
        raise Broken("The sample directory is not loaded: tutela directory load --sample")
    tell.done(
        juniper,
        juniper.step(
            reference, "record_jurisdiction", country="ZE", agency=police.pk, how="The station is there."
        ),
        f"records the place and the {police.name}",
    )


def _waits_for_legal(tell: Teller, juniper: Person, larch: Person, reference: str) -> None:
    held = tell.done(
        juniper, juniper.step(reference, "disclose", **RELEASED), "asks to disclose two kinds of data"
    )
    tell.holds(held.get("held") is True, "the step is held, the case waits for Legal")
    (asked,) = larch.get(f"/cases/{reference}").body["requests"]
    read = {"request": asked["id"], "round": asked["round"]}
    tell.refused(larch, larch.step(reference, "approve", **read), 409, "may not agree before the call-back")
    wrong = {**CALLED, "number_called": "+99 555 9999"}
    tell.refused(
        juniper, juniper.step(reference, "verify_agency", **wrong), 422, "calls a number from the mail"
    )
    tell.done(
        juniper, juniper.step(reference, "verify_agency", **CALLED), "calls the number in the directory"
    )
    tell.refused(
        juniper, juniper.step(reference, "approve", **read), 403, "tries to agree to their own request"
    )
    tell.holds(not _effects(juniper, reference, "disclos"), "nothing has been sent to the agency so far")
    place = {"changes": {"released": f"{RELEASED['released']}, from a library"}}
    tell.done(juniper, juniper.step(reference, "amend", **place, **read), "adds to what would be released")
    tell.refused(
        larch, larch.step(reference, "approve", **read), 409, "tries to agree to what was asked before"
    )
    (asked,) = larch.get(f"/cases/{reference}").body["requests"]
    read["round"] = asked["round"]
    agreed = larch.step(reference, "approve", **read, reason="Clear danger of death.")
    tell.done(larch, agreed, "reads it again and agrees, for Legal")


def _goes_out_once(tell: Teller, juniper: Person, reference: str) -> None:
    sent = _out(tell, "duty-desk@police.exampleland.example", 1, reference)
    tell.holds(len(sent) == 1, "one mail went to the agency, and only one")
    names = [part.get_filename() for mail in sent for part in mail.iter_attachments()]
    tell.holds(
        any((name or "").endswith(".pdf") for name in names),
        f"with its letter: {names or 'in the text'}",
    )
    case = tell.wait(lambda: _confirmed(juniper, reference), "every effect has its receipt")
    tell.holds(case["state"] == "disclosed", "the case waits for the agency")


def _ends(tell: Teller, juniper: Person, alder: Person, reference: str) -> None:
    number = "P-77/26"
    tell.done(
        juniper,
        juniper.step(reference, "record_agency_number", agency_case_number=number),
        f"records the number {number}",
    )
    tell.done(
        juniper,
        juniper.step(reference, "record_feedback", text="They found the person, safe."),
        "records the answer",
    )
    tell.done(
        juniper,
        juniper.step(reference, "record_follow_up", done=["hidden", "stewards"]),
        "records what was hidden",
    )
    tell.done(
        juniper, juniper.step(reference, "answer", text="Gracias. Hemos terminado."), "answers the reporter"
    )
    tell.done(juniper, juniper.step(reference, "thank_reporter"), "thanks the reporter")
    tell.refused(juniper, juniper.step(reference, "close"), 409, "may not close without a review")
    tell.done(juniper, juniper.step(reference, "close_for_review"), "closes it for review")
    tell.done(alder, alder.step(reference, "review", text="Quick and right."), "reviews and closes it")
    tell.refused(juniper, juniper.step(reference, "note", text="late"), 409, "finds the case closed")
    tell.done(juniper, juniper.step(reference, "reopen", reason="The agency called again."), "reopens it")
    tell.done(juniper, juniper.step(reference, "assess_not_imminent", **CHECKED), "assesses it again")
    tell.done(juniper, juniper.step(reference, "close_for_review"), "closes it for review once more")
    tell.done(alder, alder.step(reference, "review", text="Nothing new."), "reviews and closes it")


def _is_recorded(tell: Teller, juniper: Person, reference: str) -> None:
    timeline = juniper.get(f"/cases/{reference}/timeline?limit=200").body["items"]
    steps = [event["step"] for event in timeline]
    tell.holds(
        steps[0] == "opened" and "disclose" in steps and steps[-1] == "review", "the timeline tells all of it"
    )
    with acting_as(system_actor(SystemActor.INTAKE)):
        entries = list(ReleaseEntry.objects.filter(case_reference=reference).order_by("id"))
    tell.holds(len(entries) >= 1, f"the release log has it: {', '.join(entry.number for entry in entries)}")
    if entries:
        tell.holds(entries[0].pre_approved, "as approved by Legal before it left")
    tell.says("Left the house", "")
    for effect in juniper.get(f"/cases/{reference}").body["effects"]:
        tell.says("", f"{effect['state']:<10} {effect['connector']}.{effect['verb']}  {effect['label']}")


def _effects(who: Person, reference: str, word: str) -> list[dict[str, Any]]:
    return [one for one in who.get(f"/cases/{reference}").body["effects"] if word in one["label"].lower()]


def _left(tell: Teller, who: Person, reference: str, what: str, least: int) -> None:
    def look() -> bool:
        effects = who.get(f"/cases/{reference}").body["effects"]
        return len([one for one in effects if one["state"] == "confirmed"]) >= least

    tell.wait(look, what)
    tell.holds(True, f"{what}: delivered, with its receipt")


def _confirmed(who: Person, reference: str) -> dict[str, Any] | None:
    case = who.get(f"/cases/{reference}").body
    return case if all(one["state"] == "confirmed" for one in case["effects"]) else None


def _out(tell: Teller, to: str, least: int, reference: str = "") -> list[Any]:
    """The mails that went to an address: read from the folder, where outgoing mail is written to one."""
    if settings.SMTP_HOST:
        return []

    def look() -> list[Any] | None:
        mails = [
            message_from_bytes(path.read_bytes(), policy=policy.default)
            for path in (settings.MAIL_FOLDER / "out").glob("*.eml")
        ]
        found = [
            mail for mail in mails if to in str(mail["To"]) and reference.lower() in str(mail["Reply-To"])
        ]
        return found if len(found) >= least else None

    return tell.wait(look, f"a mail to {to}")

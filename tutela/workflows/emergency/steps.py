"""What each step of an emergency does. A step changes rows and returns wishes for the outside world."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.utils import translation
from django.utils.translation import gettext as _

from tutela.core.cases.models import CaseParty, Event, Exhibit, Party, Report, Severity
from tutela.core.cases.parties import name_party
from tutela.core.errors import NotAllowed, StepClosed
from tutela.core.flow import approvals
from tutela.core.flow.context import Context, Wish
from tutela.core.flow.letters import render_letter, spoken
from tutela.core.flow.models import Request
from tutela.core.flow.paper import pdf_of
from tutela.core.paging.pages import raise_page
from tutela.core.people.models import Staff
from tutela.core.records.technical import destroy_technical_data as destroy
from tutela.programs.directory.models import Agency, digits
from tutela.programs.directory.numbers import emergency_numbers
from tutela.programs.registers import releases
from tutela.programs.registers.models import DataClass, LegalBasis, ReleaseEntry, ReleaseReason
from tutela.programs.wikis.capturing import wishes_of
from tutela.programs.wikis.incident import Incident, Threat, read_emergency

from .conditions import agency_of, unacknowledged

# What the portal's form calls the person at risk, and what we call them.
AT_RISK = {"writer": "writer", "other": "other", "me": "reporter", "unsure": "unsure"}
# What a wiki calls the threat, and what we know by that. The person reported wrote it.
THREATS: dict[Threat | None, dict[str, object]] = {
    Threat.PHYSICAL: {"kind": "others"},
    Threat.SELF: {"kind": "self_harm", "at_risk": "writer"},
    Threat.PUBLIC: {"kind": "place"},
    None: {},
}
MOST_PLACE = 1000


# Opening


def title_of(report: Report) -> str:
    """What happened, without names and without words of the report."""
    if report.channel == Report.Channel.MAIL:
        return _("Emergency report by mail")
    if report.channel == Report.Channel.WIKI:
        return _title_from_wiki(read_emergency(report.text).threat)
    who = report.fields.get("who")
    if who == "writer":
        return _("Threat of harm to the writer themselves")
    if who == "other":
        return _("Threat against another person, or many")
    if who == "me":
        return _("The reporter may be at risk")
    return _("Emergency report")


def _title_from_wiki(threat: Threat | None) -> str:
    if threat is Threat.SELF:
        return _("Threat of harm to the writer themselves")
    if threat is Threat.PHYSICAL:
        return _("Threat against another person, or many")
    if threat is Threat.PUBLIC:
        return _("Threat against a place or an event")
    return _("Emergency report")


def facts_of(report: Report) -> dict[str, object]:
    """What the form of the portal, or of a wiki, told us already."""
    if report.channel == Report.Channel.WIKI:
        incident = read_emergency(report.text)
        where = {"where": incident.address} if incident.address else {}
        return {**THREATS[incident.threat], **where}
    told = {
        "at_risk": AT_RISK.get(str(report.fields.get("who", ""))),
        "where": str(report.fields.get("where", ""))[:MOST_PLACE].strip(),
    }
    return {name: value for name, value in told.items() if value}


def on_open(context: Context) -> list[Wish]:
    """Say how urgent it is, capture the pages, and page whoever is on duty: the reference and no content."""
    case = context.case
    case.wiki = _host(str(case.facts.get("where", "")))
    if case.facts.get("at_risk") == "reporter":
        case.severity = Severity.CRITICAL
    for report in context.reports:
        if report.channel == Report.Channel.WIKI:
            _add_reported(context, read_emergency(report.text))
    pages = raise_page(case, lambda _case, person, answer_url: _page(context, person, answer_url))
    return [*wishes_of(context), *pages]


def _add_reported(context: Context, incident: Incident) -> None:
    """Name the account that the wiki's user reported; who threatens themselves is at risk."""
    if not incident.reported:
        return
    part = CaseParty.Part.AT_RISK if incident.threat is Threat.SELF else CaseParty.Part.REPORTED
    name_party(context.case, Party.Kind.ACCOUNT, incident.reported, context.case.wiki, part)


def _host(where: str) -> str:
    try:
        return (urlsplit(where).hostname or "")[:120]
    except ValueError:  # not an address at all
        return ""


def _page(context: Context, person: Staff, answer_url: str) -> Wish:
    letter = context.workflow.letter("page")
    with translation.override(spoken(person.language)):
        urgency = str(Severity(context.case.severity).label)
    values = {"case": context.case, "urgency": urgency, "answer_url": answer_url}
    subject, text = render_letter(context.workflow, letter, person.language, values)
    label = _("Page to %(who)s") % {"who": person.working_name}
    return context.mail(person.email, subject, text, label=label, name=f"page-{person.pk}")


# Answering


def acknowledge(context: Context) -> list[Wish]:
    """Tell every reporter who has not heard from us yet that a person is on it."""
    return [
        wish for report in unacknowledged(context.case) for wish in context.letter("acknowledgement", report)
    ]


def thank(context: Context) -> list[Wish]:
    """Tell every reporter that it is over, without any detail."""
    return [wish for report in _people(context) for wish in context.letter("thanks", report)]


def hand_over(context: Context) -> list[Wish]:
    """Tell every reporter who can help better than we can."""
    venue = context.data["venue"]
    context.said["venue"] = venue.pk
    return [wish for report in _people(context) for wish in context.letter("hand_over", report, venue=venue)]


def send_resources(context: Context) -> list[Wish]:
    """Send the person at risk people to talk to, in their language."""
    data = context.data
    country = str(context.case.facts.get("country", ""))
    values = {"lines": data["helplines"], "numbers": emergency_numbers(country) if country else []}
    context.said["helplines"] = [line.pk for line in data["helplines"]]
    if data["to"] == "reporter":
        return context.letter("resources", data["report"], **values)
    return context.letter_to(data["address"], "resources", data["language"], **values)


def _people(context: Context) -> list[Report]:
    return [report for report in context.reports if not report.automatic]


# Assessing


def assess(outcome: str) -> Callable[[Context], None]:
    """A step that records the checklist with one outcome. The answers never decide it."""

    def run(context: Context) -> None:
        context.set_facts(assessment=outcome, checklist=context.data["answers"], assessed_at=context.now)
        context.said |= {"outcome": outcome, "answers": context.data["answers"]}
        context.note(context.data["narrative"])

    return run


def assess_again(context: Context) -> None:
    """Put the earlier assessment aside because something changed."""
    context.set_facts(assessment="", verified=None)
    context.note(context.data["reason"])


# The agency


def record_jurisdiction(context: Context) -> None:
    """Record the place and the agency. Another agency has to be called back anew."""
    data, agency = context.data, context.data["agency"]
    context.set_facts(country=data["country"], place=data["place"], agency_id=agency.pk, agency=agency.name)
    context.set_facts(verified=None)
    context.said |= {"agency": agency.pk, "part": _add_agency(context, agency)}
    if data["how"]:
        context.note(data["how"])


def _add_agency(context: Context, agency: Agency) -> int | None:
    here = {"kind": Party.Kind.ORGANISATION, "name": agency.name, "platform": ""}
    part = {"part": CaseParty.Part.AGENCY, "removed_at": None}
    if context.case.parties.filter(party__name=agency.name, party__platform="", **part).exists():
        return None
    party = Party.objects.create(**here, first_case=context.case)
    return CaseParty.objects.create(case=context.case, party=party, part=CaseParty.Part.AGENCY).pk


def forget_jurisdiction(context: Context, event: Event) -> None:
    """Take the agency off the case again."""
    context.case.parties.filter(pk=event.data["part"]).update(removed_at=context.now)


def verify_agency(context: Context) -> None:
    """Record the call that proved who will receive it."""
    agency, data = agency_of(context.case), context.data
    if agency is None:
        raise StepClosed(_("Record the place and the agency first."), state=context.case.state)
    context.set_facts(
        verified={
            "agency": agency.pk,
            "number": agency.call_back_number,
            "digits": digits(agency.call_back_number),
            "answered_by": data["answered_by"],
            "at": data["called_at"],
            "by": context.actor.id,
            "second_source": data["second_source"],
        }
    )
    context.said["agency"] = agency.pk


# Disclosing


def disclose(context: Context) -> list[Wish]:
    """Enter the release in the log, keep the letter as an exhibit, and send it to the agency."""
    agency = agency_of(context.case)
    assert agency is not None  # `agency_verified` is a condition of both steps
    entry = _log(context, agency)
    context.said["release"] = entry.number
    return _send(context, agency, entry)


def _log(context: Context, agency: Agency) -> ReleaseEntry:
    data, verified = context.data, context.case.facts["verified"]
    request = Request.objects.filter(pk=context.request_id).first() if context.request_id else None
    kept = ("recipient_type", "recipient_type_other", "recipient_name", "recipient_contact", "legal_basis")
    also = ("reason", "reason_other", "data_classes", "accounts", "description")
    return releases.log(
        context.case,
        context.actor,
        at=context.now,
        released_by_id=request.proposer_id if request else context.actor.id,
        approved_by=approvals.agreed(request) if request else [],
        pre_approved=request is not None,
        agency=agency.name,
        call_back_number=verified["number"],
        call_back_answered_by=verified["answered_by"],
        call_back_at=verified["at"],
        call_back_by_id=verified["by"],
        why_urgent=data.get("why_urgent", ""),
        **{name: data[name] for name in (*kept, *also)},
    )


def _send(context: Context, agency: Agency, entry: ReleaseEntry) -> list[Wish]:
    """The letter with exactly what was approved, to the address in the directory and to no other."""
    language = spoken(next(iter(agency.languages), ""))
    subject, text = _write(context, entry, language)
    printed = pdf_of(subject, text, language)
    name = f"{entry.number}.{'pdf' if printed else 'txt'}"
    _keep(context, _("Letter of disclosure %(number)s") % {"number": entry.number}, printed, text)
    context.said["pdf"] = printed is not None
    if not agency.email:
        context.note(
            _(
                "%(agency)s has no mail address in the directory, so nothing was sent. Hand the letter over "
                "yourself: it is kept as an exhibit."
            )
            % {"agency": agency.name}
        )
        return []
    label = (
        _("Letter to %(agency)s")
        if printed
        else _("Letter to %(agency)s, as plain text: no PDF can be made here")
    )
    attached = [_attachment(name, printed)] if printed else []
    body = _cover(context, entry, language) if printed else text
    return [
        context.mail(
            agency.email,
            subject,
            body,
            label=label % {"agency": agency.name},
            name=f"release-{entry.number}",
            language=language,
            attachments=attached,
        )
    ]


def _write(context: Context, entry: ReleaseEntry, language: str) -> tuple[str, str]:
    with translation.override(language):
        values = {
            "case": context.case,
            "entry": entry,
            "basis": str(LegalBasis(entry.legal_basis).label),
            "reason": entry.reason_other or str(ReleaseReason(entry.reason).label),
            "classes": [str(DataClass(one).label) for one in entry.data_classes],
            "released": context.data["released"],
        }
    return render_letter(context.workflow, context.workflow.letter("disclosure"), language, values)


def _cover(context: Context, entry: ReleaseEntry, language: str) -> str:
    letter = context.workflow.letter("disclosure_cover")
    return render_letter(context.workflow, letter, language, {"case": context.case, "entry": entry})[1]


def _keep(context: Context, title: str, printed: bytes | None, text: str) -> None:
    content_type = "application/pdf" if printed else "text/plain"
    context.exhibit(Exhibit.Kind.FILE, title, printed or text.encode(), content_type=content_type)


def _attachment(name: str, data: bytes) -> dict[str, str]:
    return {
        "name": name,
        "content_type": "application/pdf",
        "base64": base64.b64encode(data).decode(),
    }


def do_not_disclose(context: Context) -> None:
    """Decide that nothing is released, and say why."""
    context.note(context.data["reason"])


def record_agency_number(context: Context) -> None:
    """Keep the number under which the agency works on it, in the facts and in the release log."""
    number = context.data["agency_case_number"]
    context.set_facts(agency_case_number=number)
    _correct(context, {"agency_case_number": number}, _("Case number of the agency"))


def correct_release(context: Context) -> None:
    """Say in the release log what is right instead."""
    _correct(context, context.data["changes"], context.data["reason"])


def _correct(context: Context, changes: dict[str, Any], reason: str) -> None:
    entry = context.data["release"]
    if entry is None:
        raise StepClosed(_("Nothing was disclosed."), state=context.case.state)
    row = releases.correct(entry, context.actor, reason, **changes)
    context.said |= {"release": row.number, "corrects": entry.number}


def record_feedback(context: Context) -> None:
    """Keep what the agency told us."""
    context.note(context.data["text"])


# Ending


def record_follow_up(context: Context) -> None:
    """Keep what was done on the wiki; what was done earlier stays."""
    done: Sequence[str] = context.data["done"]
    context.set_facts(follow_up=sorted({*context.case.facts.get("follow_up", []), *done}))
    context.said["done"] = list(done)
    if context.data["text"]:
        context.note(context.data["text"])


def review(context: Context) -> None:
    """Keep what we learned. Whoever released the data does not review the release."""
    released_by = releases.entries_of(context.case).values_list("released_by_id", flat=True)
    if context.actor.id in set(released_by):
        raise NotAllowed(_("You released the data yourself. Another manager reviews the case."))
    context.note(context.data["text"])


def more_to_do(context: Context) -> None:
    """Say what is left to do."""
    context.note(context.data["reason"])


def destroy_technical_data(context: Context) -> None:
    """Empty the exhibits that hold technical data."""
    context.kind = Event.Kind.EXHIBIT
    context.said["destroyed"] = destroy(context.case)

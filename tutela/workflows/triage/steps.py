"""What each step of triage does."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from tutela.core.cases.models import Case, CaseLink, CaseParty, Message, Party, Report, Severity
from tutela.core.cases.moving import move_reports
from tutela.core.cases.opening import make_case, started
from tutela.core.cases.parties import name_party
from tutela.core.flow import registry
from tutela.core.flow.context import Context, Wish
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.programs.directory.models import Issue
from tutela.programs.registers import contacts
from tutela.programs.registers.models import ContactRestriction
from tutela.programs.wikis.capturing import wishes_of
from tutela.programs.wikis.incident import Incident, read_direct

from .conditions import address_of, sender_of
from .forms import LENGTHS
from .matches import lines_of, match_of

Act = ContactRestriction.Act
MOST_PLACE = 1000
# What the sender chose says how soon a person should look; everything else starts low.
URGENCY = {
    Issue.CHILD: Severity.CRITICAL,
    Issue.THREAT: Severity.CRITICAL,
    Issue.SELF_HARM: Severity.CRITICAL,
    Issue.PERSONAL_DATA: Severity.HIGH,
    Issue.HARASSMENT: Severity.MEDIUM,
}


def facts_of(report: Report) -> dict[str, object]:
    """What the portal, or a wiki, told us already."""
    if match := match_of(report):
        place = {"category": Issue.CHILD.value, "where": match.server}
        return {**place, "sha1": match.sha1, "matched_files": lines_of(match)}
    if incident := _direct(report):
        return {"where": incident.address}
    category = str(report.fields.get("category", ""))
    where = str(report.fields.get("where", ""))[:MOST_PLACE].strip()
    told = {"category": category if category in Issue.values else "", "where": where}
    return {name: value for name, value in told.items() if value}


def title_of(report: Report) -> str:
    """The subject of the mail, or what the portal was told it is about. No name of a file that matches."""
    if match := match_of(report):
        return _("Hash match on %(wiki)s") % {"wiki": match.wiki}
    category = str(report.fields.get("category", ""))
    return report.subject or (str(Issue(category).label) if category in Issue.values else "")


def _direct(report: Report) -> Incident | None:
    return read_direct(report.text) if report.channel == Report.Channel.MAIL else None


def on_open(context: Context) -> list[Wish]:
    """Set what a suspended contact sends aside, and capture the pages that the others speak of.

    A person still reads it; emergencies never come here.
    """
    case = context.case
    case.wiki = _host(str(case.facts.get("where", "")))
    _raise_severity(case)
    if any(map(match_of, context.reports)):
        case.restricted = True
    for incident in filter(None, map(_direct, context.reports)):
        if incident.reported:
            part = CaseParty.Part.REPORTED
            name_party(case, Party.Kind.ACCOUNT, incident.reported, case.wiki, part)
    if contacts.suspension(address_of(case)):
        context.go_to = "suspended_contact"
        return []
    return [] if case.restricted else wishes_of(context)


def _raise_severity(case: Case) -> None:
    category = case.facts.get("category")
    if category in Issue.values:
        case.severity = max(case.severity, URGENCY.get(Issue(category), Severity.LOW))


def _host(where: str) -> str:
    try:
        return (urlsplit(where).hostname or "")[:120]
    except ValueError:  # not an address at all
        return ""


def sort(context: Context) -> None:
    """Say what it is about, on which wiki, in which language."""
    case, data = context.case, context.data
    context.set_facts(category=data["category"])
    case.wiki, case.language = data["wiki"], data["language"] or case.language
    _raise_severity(case)
    context.said |= {"category": data["category"]}


def answer_with_venue(context: Context) -> list[Wish]:
    """Name the places that can help, in the language of each reporter."""
    venues = context.data["venues"]
    context.said["venues"] = [venue.pk for venue in venues]
    values = {"venues": venues, "text": context.data["text"]}
    return [wish for report in _people(context) for wish in context.letter("venue", report, **values)]


def _people(context: Context) -> list[Report]:
    return [report for report in context.reports if not report.automatic]


def refer(context: Context) -> None:
    """Open a case in the workflow that owns it. Its people talk to the reporter from now on.

    Done as the intake desk: whoever sorts may have no grant there, and sees nothing of the new case.
    """
    context.said["to"] = context.data["workflow"]
    with acting_as(system_actor(SystemActor.INTAKE)) as intake:
        other = _open_there(context, intake)
        CaseLink.objects.create(
            case=other,
            other=context.case,
            kind=CaseLink.Kind.REFERRED,
            reason=context.data["reason"],
            made_by_id=intake.id,
        )
    context.case.unread = 0


def _open_there(context: Context, intake: Actor) -> Case:
    workflow = registry.workflow(context.data["workflow"])
    case, first = context.case, context.reports[0] if context.reports else None
    other = make_case(
        workflow,
        title=(workflow.title_of(first) if first else "") or case.title,
        received_at=case.received_at,
        language=case.language,
        facts=workflow.facts_of(first) if first else {},
    )
    Message.objects.filter(case=case).exclude(report=None).update(case=other)
    move_reports(case.reports.defer("raw"), other, for_good=True)
    for recusal in case.recusals.filter(ended_at=None):
        other.recusals.create(staff_id=recusal.staff_id, reason=recusal.reason)
    other.unread = case.unread
    started(workflow, other, intake, first)
    return other


def warn(context: Context) -> Sequence[Wish]:
    """Tell the reporter what is not acceptable and what comes next, and remember that we did."""
    _enter(context, Act.WARNED)
    report = sender_of(context.case)
    return context.letter("warning", report) if report else ()


def suspend_contact(context: Context) -> Sequence[Wish]:
    """Stop answering an address for a time, and say for how long and how to ask for a review."""
    length = LENGTHS[context.data["measure"]]
    row = _enter(
        context,
        Act.SUSPENDED,
        until=context.now + length if length else None,
        weighed=context.data["weighed"],
    )
    context.said["until"] = row.until.isoformat() if row.until else ""
    report = sender_of(context.case)
    return context.letter("suspension", report, until=row.until) if report else ()


def lift_suspension(context: Context) -> None:
    """Answer the address again."""
    _enter(context, Act.LIFTED)


def _enter(context: Context, act: ContactRestriction.Act, **more: object) -> ContactRestriction:
    row = contacts.enter(
        act,
        address_of(context.case),
        context.case,
        context.actor,
        reason=context.data["reason"],
        **more,  # type: ignore[arg-type]
    )
    context.said["restriction"] = row.pk
    return row

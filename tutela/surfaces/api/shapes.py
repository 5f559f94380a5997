"""What goes out, as the API document describes it. Moments are in UTC, after RFC 3339."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A JSON object of ours: exactly these properties."""

    model_config = ConfigDict(extra="forbid")


class Person(Shape):
    """A member of staff, by the name under which they work."""

    username: str
    name: str


class CaseLine(Shape):
    """A case as a list shows it. With `fields`, only the properties that were asked for."""

    reference: str = Field("", examples=["EM-2026-0001"])
    workflow: str = ""
    state: str = ""
    title: str = ""
    severity: int = Field(2, ge=1, le=4)
    assignee: Person | None = None
    team: str = ""
    restricted: bool = False
    language: str = ""
    wiki: str = ""
    received_at: datetime | None = None
    opened_at: datetime | None = None
    updated_at: datetime | None = None
    closed_at: datetime | None = None
    due_at: datetime | None = None
    due_clock: str = ""
    follow_up_at: datetime | None = None
    unread: int = 0
    version: int = 1
    is_test: bool = False


class CaseList(Shape):
    """A page of cases. `next` is the cursor of the page after it, or null at the end."""

    items: list[CaseLine]
    next: str | None


class Clock(Shape):
    """One run of a clock."""

    name: str
    label: str
    clock_class: str = Field(description="statutory, target or internal")
    state: str
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None
    lapsed_at: datetime | None
    paused_at: datetime | None
    pause_reason: str
    stopped_at: datetime | None


class PartyInCase(Shape):
    """An account, a person or an organisation, and its part in the case."""

    id: int
    kind: str
    name: str
    platform: str
    part: str
    merged_into: int | None


class Link(Shape):
    """Another case that belongs to this one."""

    kind: str
    reference: str
    reason: str
    towards: Literal["out", "in"] = Field(description="Whether this case names the other, or is named by it.")


class OpenStep(Shape):
    """A step that the caller could take. `why_not` says what stands in its way, or is empty."""

    name: str
    label: str
    hint: str
    why_not: str
    common: bool = Field(description="Whether every workflow has it.")
    grave: bool
    fresh_factor: bool = Field(
        description="Whether it asks a person for a second factor: only the scope “grave” performs it here."
    )
    needs_approval: bool
    can_be_undone: bool


class StepWithForm(OpenStep):
    """An open step with the JSON Schema of what it asks."""

    form: dict[str, Any] = Field(description="JSON Schema of the body to send.")


class Seat(Shape):
    """One seat in a chain of approval, as it stands."""

    name: str
    label: str
    required: bool
    open: bool = Field(description="Whether it is this seat's turn.")
    verdict: str
    by: str
    reason: str = Field(description="Privileged: empty for whoever is no reviewer and did not ask.")


class HeldRequest(Shape):
    """A step that waits for approval, or an urgent one that waits for its review."""

    id: int
    kind: str
    state: str
    step: str
    label: str
    proposer: Person
    opened_at: datetime
    round: int = Field(description="Grows when the proposal changes. A decision names the round it is about.")
    data: dict[str, Any]
    seats: list[Seat]


class Effect(Shape):
    """An act outside. Nothing is done before `state` says “confirmed”."""

    id: int
    connector: str
    verb: str
    label: str
    state: str
    attempts: int
    made_at: datetime
    confirmed_at: datetime | None
    by_hand: bool = Field(description="Whether a person recorded that it was done, not the other side.")
    error: str
    what_to_do: str


class CaseDetail(CaseLine):
    """A case with what belongs to it. The header ETag changes whenever any of it does."""

    facts: dict[str, Any]
    clocks: list[Clock]
    parties: list[PartyInCase]
    links: list[Link]
    merged_into: str | None
    steps: list[OpenStep]
    requests: list[HeldRequest]
    effects: list[Effect]


class NoteText(Shape):
    """A note that an event wrote."""

    id: int
    text: str
    privileged: bool


class Event(Shape):
    """One line of the timeline."""

    id: int
    at: datetime
    kind: str
    step: str
    label: str
    actor: str
    from_state: str
    to_state: str
    data: dict[str, Any] = Field(description="`other` is the reference of another case that you may see.")
    notes: list[NoteText] = Field(description="What was written with it, as far as it is yours to read.")


class Timeline(Shape):
    """A page of a timeline, the oldest line first."""

    items: list[Event]
    next: str | None


class Message(Shape):
    """One turn of the conversation. `delivery` is the state of its mail, or empty where none was due."""

    id: int
    direction: Literal["in", "out"]
    channel: str
    letter: str
    recipient: str
    subject: str
    text: str
    language: str
    author: str
    at: datetime
    read_at: datetime | None
    delivery: str


class Messages(Shape):
    """A page of a conversation, the oldest turn first."""

    items: list[Message]
    next: str | None


class File(Shape):
    """A file that came with a report; `quarantine` says why it must not be opened.

    `scan` is what the scanner said: `waiting`, `clean`, `found` (then `found` names it) or `refused`.
    """

    id: int
    name: str
    content_type: str
    size: int
    sha256: str
    quarantine: str
    scan: str
    found: str


class Exhibit(Shape):
    """A piece of evidence. `name` is that of a file, and `scan` what the scanner said of it; else empty.

    Of technical data that was destroyed, title, source and hash are empty.
    """

    number: int
    kind: str
    title: str
    source: str
    name: str
    content_type: str
    size: int
    sha256: str
    added_by: str
    added_at: datetime
    quarantine: str
    destroyed_at: datetime | None
    scan: str
    found: str


class Exhibits(Shape):
    """A page of the exhibits of a case, the first one first."""

    items: list[Exhibit]
    next: str | None


class Report(Shape):
    """What arrived, as it was read. The raw bytes stay inside."""

    id: int
    channel: str
    mailbox: str
    received_at: datetime
    sent_at: datetime | None
    language: str
    detected_language: str
    detected_sure: int
    sender_name: str
    sender_email: str
    subject: str
    text: str
    fields: dict[str, Any]
    problems: list[Any]
    automatic: bool
    sender_proof: str = Field(
        description="What speaks for the sender's address of a mail: proven, failed or none; else empty."
    )
    is_spam: bool = Field(description="Whether a filter on the way of a mail took it for spam.")
    files: list[File]


class Reports(Shape):
    """A page of the reports of a case, the first one first."""

    items: list[Report]
    next: str | None


class StepList(Shape):
    """All steps that the caller could take now. `version` is what If-Match compares."""

    items: list[StepWithForm]
    next: None
    version: int


class Wanted(Shape):
    """What a step would do outside."""

    connector: str
    verb: str
    label: str
    payload: dict[str, Any]


class LetterText(Shape):
    """What a reporter would read: by mail where `recipient` is an address, else behind the receipt code."""

    recipient: str
    subject: str
    text: str
    language: str


class EffectLine(Shape):
    """What a step queued to happen outside."""

    id: int
    connector: str
    verb: str
    label: str
    state: str


class KeptFile(Shape):
    """A file that a case keeps, by the number that the step add_file asks for."""

    id: int
    name: str
    size: int
    sha256: str


class Done(Shape):
    """What came of a step. `held` means: it waits for approval, and nothing has happened outside."""

    reference: str
    step: str
    held: bool
    state: str
    version: int
    event: int
    request: int | None
    effects: list[EffectLine]
    dry_run: Literal[False] = False


class Rehearsed(Shape):
    """What a step would do. Nothing was kept."""

    reference: str
    step: str
    dry_run: Literal[True] = True
    state: str = Field(description="Where the case would be.")
    would: list[Wanted] = Field(description="What would happen outside, once it is agreed to.")
    letters: list[LetterText] = Field(description="What the reporters would read.")


class RequestLine(Shape):
    """A request of any case of the caller's."""

    id: int
    reference: str
    workflow: str
    kind: str
    state: str
    step: str
    label: str
    proposer: Person
    opened_at: datetime
    mine: bool
    why_not: str = Field(description="Why the caller may not decide on it now, or empty.")


class RequestList(Shape):
    """A page of requests, the oldest first."""

    items: list[RequestLine]
    next: str | None


class Reviewed(Person):
    """What one reviewer said after a release on the urgent path."""

    verdict: str = Field(description="agree, ask or stop")
    at: datetime


class Release(Shape):
    """One release of data to somebody outside, as it stands in the release log."""

    number: str = Field(examples=["RL-2026-0001"])
    at: datetime
    workflow: str
    case_reference: str = Field(description="The entry outlives its case, which may be gone.")
    restricted: bool
    agency: str
    agency_case_number: str
    recipient_type: str
    recipient_type_other: str
    recipient_name: str
    recipient_contact: str
    legal_basis: str
    reason: str
    reason_other: str
    data_classes: list[str]
    accounts: list[str]
    description: str
    pre_approved: bool = Field(description="Whether others agreed before; else it went the urgent path.")
    why_urgent: str
    released_by: Person
    approved_by: list[Person]
    review: str = Field(description="State of the review after the urgent path, or empty where none is due.")
    reviewed_by: list[Reviewed]
    call_back_number: str
    call_back_answered_by: str
    call_back_at: datetime | None
    call_back_by: Person | None
    minutes_from_receipt: int
    is_test: bool
    corrects: str | None = Field(description="The number of the row that this one corrects.")
    corrected_by: str | None = Field(description="The number of the row that corrects this one.")
    correction_reason: str


class ReleaseList(Shape):
    """A page of the release log, the newest first."""

    items: list[Release]
    next: str | None


class Opening(Shape):
    """One opening of a case by break-glass, and what came of it."""

    id: int
    reference: str = Field(examples=["EM-2026-0001"])
    workflow: str
    opened_by: Person
    reason: str
    opened_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    closed_by: Person | None
    open: bool
    review_due_at: datetime
    reviewed_at: datetime | None
    reviewed_by: Person | None
    justified: bool | None
    review_words: str


class OpeningList(Shape):
    """A page of openings, the newest first."""

    items: list[Opening]
    next: str | None


class Slice(Shape):
    """A redacted slice of a case: for how long, and what came of it."""

    id: int
    state: str = Field(description="asked, given, ended, expired, refused or withdrawn")
    purpose: str
    until: datetime
    digest: str = Field(description="SHA-256 over what it says, for whom and until when, in hexadecimal")
    asked_by: Person
    asked_at: datetime
    given_by: Person | None
    given_at: datetime | None
    ended_by: Person | None
    ended_at: datetime | None
    end_words: str


class SliceList(Shape):
    """All slices of a case, the newest first."""

    items: list[Slice]


class SlicePart(Shape):
    """A text of a slice, as its partners read it."""

    title: str
    text: str


class SliceReader(Shape):
    """A partner of a slice, and how often they looked."""

    reader: Person
    looks: int
    last_at: datetime | None


class SliceDetail(Slice):
    """A slice with its parts and its partners."""

    readers: list[SliceReader]
    parts: list[SlicePart]


class SliceSource(Shape):
    """A text of a case that may go into a slice."""

    name: str = Field(examples=["report-1"])
    title: str
    text: str


class SliceSourceList(Shape):
    """What of a case may go into a slice, in the order of the case."""

    items: list[SliceSource]


class Shared(Shape):
    """A slice that is shared with you."""

    id: int
    purpose: str
    given_at: datetime
    until: datetime


class SharedList(Shape):
    """What is shared with you, the newest first."""

    items: list[Shared]


class SharedDetail(Shared):
    """A slice that is shared with you: for you alone, until its end."""

    reader: str = Field(description="Your working name: nobody else may read it")
    parts: list[SlicePart]


class LookThrough(Shape):
    """One entry of the audit log that was written while the case was open by break-glass."""

    at: datetime
    act: str
    label: str
    via: str
    detail: dict[str, Any]


class OpeningDetail(Opening):
    """An opening with what was looked at, as far as you answer for it."""

    looks: list[LookThrough]


class OnDuty(Shape):
    """Who is on duty for one workflow, or the platform, at a moment."""

    workflow: str
    rota: str | None = Field(description="The short name of its rota, or null where it has none.")
    at: datetime
    why: Literal["took", "turn", "stands_in", "nobody"]
    on: list[Person] = Field(description="With “nobody”: who is asked instead.")
    back_up: list[Person]
    following: list[Person]
    until: datetime | None = Field(description="When somebody else comes on duty, if within five weeks.")


class OnDutyList(Shape):
    """Who is on duty, for each workflow of yours."""

    items: list[OnDuty]


class RotaLevel(Shape):
    """Who is asked at one level of the escalation, and for how many minutes."""

    who: Literal["duty", "next", "person", "managers"]
    person: Person | None
    minutes: int


class Rota(Shape):
    """A list of people who take turns by the week."""

    slug: str
    name: str
    workflows: list[str]
    time_zone: str
    weekday: int = Field(ge=0, le=6, description="0 is Monday.")
    hour: str = Field(examples=["09:00"])
    first_on: date
    people: list[Person]
    levels: list[RotaLevel]


class RotaList(Shape):
    """The rotas that you may see."""

    items: list[Rota]


class Duty(Shape):
    """A stretch of time in which the same people are on duty."""

    starts: datetime
    ends: datetime
    why: Literal["took", "turn", "stands_in", "nobody"]
    on: list[Person]
    back_up: list[Person]


class DutyList(Shape):
    """Who is on duty between two moments, without a gap."""

    items: list[Duty]


class PageLine(Shape):
    """That people are asked to answer for a case, and who did."""

    reference: str = Field(examples=["EM-2026-0001"])
    made_at: datetime
    asked: list[Person] = Field(description="Who was asked last.")
    asked_at: datetime | None
    next_at: datetime | None = Field(description="When the next level is asked, if nobody answers before.")
    rounds: int = Field(description="How often the whole chain was gone through.")
    answered_by: Person | None
    answered_at: datetime | None


class PageList(Shape):
    """The pages that nobody has answered, the longest waiting first."""

    items: list[PageLine]


class SpanOffer(Shape):
    """A span that somebody asks a colleague to take."""

    id: int
    rota: str
    giver: Person
    taker: Person
    starts: datetime
    ends: datetime
    agreed: bool | None = Field(description="Null while nobody has decided.")


class SpanOfferList(Shape):
    """Offers that wait for you, or that you made."""

    items: list[SpanOffer]


class SpanTaken(Shape):
    """A span that somebody took."""

    rota: str
    person: Person
    starts: datetime
    ends: datetime


class AccessReason(Shape):
    """One fact that speaks for or against that somebody sees a case."""

    name: str = Field(
        description="grant, no_grant, open, restricted, team, recusal, conflict, glass or inactive"
    )
    speaks_for: bool
    counts: bool = Field(description="False for what is over, or does not matter here.")
    text: str
    by: str
    since: datetime | None
    until: datetime | None
    why: str


class AccessAnswer(Shape):
    """Whether somebody sees a case now, and every reason."""

    reference: str
    person: Person
    sees: bool
    to_look_only: bool
    privileged: bool = Field(description="Whether privileged notes of others show as well.")
    reasons: list[AccessReason]


class Conflict(Shape):
    """A declared conflict of interest: with a name, or with a colleague."""

    id: int
    person: Person
    name: str = Field(description="Of an account, a person or an organisation; empty with a colleague.")
    colleague: Person | None
    reason: str
    since: datetime
    until: datetime | None
    declared_by: Person
    declared_at: datetime
    ended_at: datetime | None
    ended_by: Person | None
    end_words: str
    over: bool


class ConflictList(Shape):
    """A page of declared conflicts, the newest first."""

    items: list[Conflict]
    next: str | None


class Lifted(Shape):
    """A case that shows to somebody again."""

    reference: str
    person: Person


class Review(Shape):
    """The look of one quarter at who holds which role on one workflow, or on the platform."""

    id: int
    workflow: str
    quarter: str = Field(examples=["2026-Q4"])
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    late: bool


class ReviewList(Shape):
    """A page of reviews, the newest first."""

    items: list[Review]
    next: str | None


class ReviewedRole(Shape):
    """One role of one person in a review, and what was decided of it."""

    id: int
    person: Person
    role: str
    since: datetime
    until: datetime | None
    last_used: datetime | None = Field(description="As far as acts and looks are recorded.")
    waits: bool
    kept: bool | None
    words: str
    decided_by: Person | None
    decided_at: datetime | None


class ReviewDetail(Review):
    """A review with its roles; what waits comes first."""

    roles: list[ReviewedRole]


class WorkflowLine(Shape):
    """An installed workflow."""

    slug: str
    prefix: str
    label: str
    purpose: str
    takes_reports: bool


class WorkflowList(Shape):
    """All installed workflows."""

    items: list[WorkflowLine]
    next: None


class WorkflowDetail(BaseModel):
    """A workflow's declaration, as “tutela flow show --json” prints it."""

    slug: str
    prefix: str
    label: str
    purpose: str
    takes_reports: bool
    team: str
    restricted: bool
    start: str
    states: list[dict[str, Any]]
    steps: list[dict[str, Any]]
    clocks: list[dict[str, Any]]
    letters: list[dict[str, Any]]


class Found(Shape):
    """Cases in which all the words stand, the newest first."""

    items: list[CaseLine]
    next: str | None


class Accepted(Shape):
    """The answer to a report that is durable now. The code lets its sender come back."""

    report: int
    receipt: str = Field(description="Shown once: it is kept only as a keyed hash.")
    duplicate: bool = Field(description="Whether the same Idempotency-Key had brought it before.")


class RetentionRule(Shape):
    """One line of the retention schedule."""

    name: str = Field(examples=["case:emergency"])
    label: str
    trigger: str
    counted_from: str
    length: str | None = Field(description="None: kept.")
    action: str
    then: str
    approval: bool = Field(description="Whether a second person agrees before anything goes.")
    why: str
    source: str


class Schedule(Shape):
    """The retention schedule, whole."""

    items: list[RetentionRule]
    next: str | None


class DueCase(Shape):
    """One closed case: when it is due, and what keeps it."""

    case: str = Field(examples=["EM-2026-0001"])
    workflow: str
    closed_at: datetime
    counted_from: datetime
    due_at: datetime
    is_due: bool
    may_go: bool
    kept_by: str = Field(description="“hold”, “open”, “unread” and others; empty where nothing does.")
    why: str
    in_run: bool


class DueList(Shape):
    """A page of closed cases, the earliest due first."""

    items: list[DueCase]
    next: str | None


class HeldCase(Shape):
    """A case that a hold covers."""

    case: str = Field(examples=["EM-2026-0001"])
    how: str = Field(description="“named”, “party” or “followed”.")
    since: datetime


class Hold(Shape):
    """A legal hold."""

    number: str = Field(examples=["LH-2026-0001"])
    workflow: str
    reason: str
    authority: str
    party: str | None
    placed_by: Person
    placed_at: datetime
    review_at: date | None
    released_at: datetime | None
    released_by: Person | None
    release_reason: str
    cases: list[HeldCase]


class HoldList(Shape):
    """A page of legal holds, the newest first."""

    items: list[Hold]
    next: str | None


class DisposalCase(Shape):
    """A case of a disposal run, and what came of it."""

    case: str = Field(examples=["EM-2026-0001"])
    due_at: datetime
    state: str
    kept_by: str
    why: str
    certificate: str | None


class Disposal(Shape):
    """A disposal run."""

    number: str = Field(examples=["DR-2026-0001"])
    workflow: str
    state: str
    reason: str
    proposed_by: Person
    proposed_at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    decision_words: str
    finished_at: datetime | None
    size: int = Field(description="How many cases were proposed.")
    cases: list[DisposalCase]


class DisposalList(Shape):
    """A page of disposal runs, the newest first."""

    items: list[Disposal]
    next: str | None


class DisposalCertificate(Shape):
    """That a case was disposed of."""

    number: str = Field(examples=["DC-2026-0001"])
    run: str
    case: str
    workflow: str
    cases: list[str] = Field(description="The case, and those that were merged into it.")
    rule: str
    due_at: datetime
    at: datetime
    proposed_by: Person
    approved_by: Person
    keys_destroyed: int
    rows: dict[str, int] = Field(description="Rows deleted, by table.")
    as_logged: bool = Field(description="Whether the audit log says the same.")

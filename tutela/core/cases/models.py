"""Reports as they came, cases, the people and accounts on them, and one timeline.

Every table here has row-level security (`migrations/0002_row_security.sql`): what a query returns is
what the acting person may see.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from tutela.core.people.models import Staff, Team
from tutela.core.vault import keyring, receipt_keys, report_keys
from tutela.core.vault.blind import BlindIndex, plain_address
from tutela.core.vault.fields import SealableText, SealedBytes, SealedJSON, SealedText, SealedTwin

PRESENCE_ENDS_AFTER = timedelta(seconds=45)


def _moment(at: datetime) -> str:
    """A moment as seals are bound to it: the same before and after it was stored."""
    return at.astimezone(UTC).isoformat()


class Severity(models.IntegerChoices):
    """How bad it is if we are late. Drawn as bars, and as an octagon when critical."""

    LOW = 1, _("Low")
    MEDIUM = 2, _("Medium")
    HIGH = 3, _("High")
    CRITICAL = 4, _("Critical")


class CaseQuerySet(models.QuerySet["Case"]):
    """Questions about cases. Row security has the last word on each."""

    def open(self) -> CaseQuerySet:
        """Cases that still wait for something."""
        return self.filter(closed_at=None)

    def in_workflow(self, workflow: str) -> CaseQuerySet:
        """Cases of one workflow."""
        return self.filter(workflow=workflow)

    def assigned_to(self, staff_id: int) -> CaseQuerySet:
        """Cases in one person's hands."""
        return self.filter(assignee_id=staff_id)

    def unassigned(self) -> CaseQuerySet:
        """Cases in nobody's hands."""
        return self.filter(assignee=None)

    def due_first(self) -> CaseQuerySet:
        """What lapses soonest first, what has no clock last."""
        return self.order_by(models.F("due_at").asc(nulls_last=True), "id")


class Case(models.Model):
    """One matter in one workflow. Its state changes only through `flow.perform()`."""

    reference = models.CharField(max_length=24, unique=True)
    workflow = models.CharField(max_length=40)
    state = models.CharField(max_length=40)
    title = models.CharField(max_length=300)
    severity = models.PositiveSmallIntegerField(choices=Severity, default=Severity.MEDIUM)
    team = models.ForeignKey(Team, models.PROTECT, related_name="cases")
    assignee = models.ForeignKey(Staff, models.PROTECT, null=True, blank=True, related_name="cases")
    assigned_at = models.DateTimeField(null=True, blank=True)
    restricted = models.BooleanField(default=False)
    language = models.CharField(max_length=20, blank=True)
    wiki = models.CharField(max_length=120, blank=True)
    facts = SealedJSON(default=dict, blank=True, help_text=_("What is known of a case"))
    received_at = models.DateTimeField()
    opened_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    # The soonest running clock, repeated here so that the queue sorts by one index.
    due_at = models.DateTimeField(null=True, blank=True)
    due_clock = models.CharField(max_length=40, blank=True)
    follow_up_at = models.DateTimeField(null=True, blank=True)
    unread = models.PositiveIntegerField(default=0)
    # Grows with every change: the ETag of the API and the guard against stale pages.
    version = models.PositiveIntegerField(default=1)
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    is_test = models.BooleanField(default=False)

    SEALED_BY_CASE: ClassVar = "id"

    objects = CaseQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["workflow", "due_at", "id"],
                condition=Q(closed_at=None),
                name="case_open_workflow_due",
            ),
            models.Index(fields=["due_at", "id"], condition=Q(closed_at=None), name="case_open_due"),
            # What is due to go, the longest closed first.
            models.Index(
                fields=["workflow", "closed_at", "id"],
                condition=Q(closed_at__isnull=False),
                name="case_closed_workflow",
            ),
            models.Index(
                fields=["workflow", "state", "due_at", "id"],
                condition=Q(closed_at=None),
                name="case_open_state_due",
            ),
            models.Index(
                fields=["assignee", "due_at", "id"],
                condition=Q(closed_at=None),
                name="case_open_assignee_due",
            ),
            models.Index(fields=["workflow", "-id"], name="case_workflow_newest"),
            models.Index(fields=["updated_at"], name="case_updated"),
            models.Index(fields=["-updated_at", "-id"], condition=Q(unread__gt=0), name="case_unread"),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: Any, **options: Any) -> None:
        """As Django does. The facts of a new case come after it: its key hangs on its row."""
        later = self.facts if self._state.adding else None
        if later:
            self.facts = {}
        super().save(*args, **options)
        if later:
            self.facts = later
            super().save(update_fields=["facts"])

    @property
    def is_open(self) -> bool:
        """Whether the case still waits for something."""
        return self.closed_at is None

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.pk, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """Its number."""
        return str(self.pk)


class Counter(models.Model):
    """The last number given out in one workflow and year."""

    workflow = models.CharField(max_length=40)
    year = models.PositiveSmallIntegerField()
    last = models.PositiveIntegerField(default=0)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["workflow", "year"], name="cases_one_counter"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow} {self.year}: {self.last}"


class Report(models.Model):
    """What arrived, exactly as it arrived. Written once, by `receive()`."""

    class Channel(models.TextChoices):
        PORTAL = "portal", _("Portal")
        MAIL = "mail", _("Mail")
        API = "api", _("API")
        CLI = "cli", _("Command line")
        WIKI = "wiki", _("Wiki extension")

    channel = models.CharField(max_length=10, choices=Channel)
    mailbox = models.CharField(max_length=120, blank=True)
    workflow = models.CharField(max_length=40)
    dedup_key = models.BinaryField(max_length=32, unique=True)
    content_hash = models.BinaryField(max_length=32)
    receipt_hash = models.BinaryField(max_length=32, unique=True, null=True)
    # What we write is sealed to it: only whoever holds the receipt code has the other half. None: older.
    receipt_public = models.BinaryField(max_length=32, null=True)
    # The key of this report, sealed to the intake's public key, then kept by the case. None: not sealed.
    key = models.BinaryField(null=True)
    raw = SealedBytes(help_text=_("The report as it came"))
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    language = models.CharField(max_length=20, blank=True)
    sender_name = SealedText(help_text=_("What the sender calls themselves"))
    sender_email = SealedText(help_text=_("The address to answer to"))
    # Finds other reports from the same address, which nobody can read here.
    sender_index = BlindIndex(
        of="sender_email", normalise=plain_address, help_text=_("The address to answer to")
    )
    sent_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    fields = SealedJSON(default=dict, help_text=_("What was filled in, and where mail came from"))
    # What the mail server and we know of how it came: see `surfaces/mail`. It is no part of what was said.
    arrival = SealedJSON(null=True, help_text=_("How a mail came, and what speaks for its sender"))
    problems = models.JSONField(default=list)
    thread = models.JSONField(default=list)
    message_id = models.TextField(blank=True)
    automatic = models.BooleanField(default=False)
    # Set when a reporter came back with a code and added something: it joins that report's case.
    adds_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="additions")
    case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="reports")
    # The case it first made; differs from `case` while that case is merged into another.
    first_case = models.ForeignKey(Case, models.PROTECT, null=True, related_name="+")
    opened_at = models.DateTimeField(null=True)
    # A report that could not be opened waits until `open_after`, so that it never stalls the others.
    open_after = models.DateTimeField(default=timezone.now)
    open_attempts = models.PositiveIntegerField(default=0)
    open_error = models.TextField(blank=True)
    # What its words seem to be written in, and how sure that is in percent; `language` is what it came in.
    detected_language = models.CharField(max_length=20, blank=True, default="", db_default="")
    detected_sure = models.PositiveSmallIntegerField(default=0, db_default=0)

    SEALED_BY_CASE: ClassVar = ""
    #: Percent of certainty from which a letter may be written in the language that was detected.
    SURE: ClassVar = 80

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["open_after", "id"], condition=Q(opened_at=None), name="report_unopened"),
            models.Index(
                fields=["sender_index"], condition=Q(sender_index__gt=b""), name="report_same_sender"
            ),
            models.Index(fields=["id"], condition=Q(sender_index=None), name="report_sender_unindexed"),
        ]

    def __str__(self) -> str:
        return f"report {self.pk}"

    @property
    def sender_proof(self) -> str:
        """For a mail: what speaks for its sender's address, `proven`, `failed` or `none`. Else nothing."""
        return str((self.arrival or {}).get("proof", "none")) if self.channel == Report.Channel.MAIL else ""

    @property
    def is_spam(self) -> bool:
        """Whether a filter on a mail's way took it for spam."""
        return bool((self.arrival or {}).get("spam"))

    @property
    def spoken(self) -> str:
        """The language to answer in: what its sender chose, else what it is surely written in, else empty."""
        return self.language or (self.detected_language if self.detected_sure >= self.SURE else "")

    @property
    def written_in(self) -> str:
        """The language of its words, for whatever reads them aloud: as detected, where that is sure."""
        return self.detected_language if self.detected_sure >= self.SURE else self.language

    def sealing_key(self, *, to_seal: bool = False) -> bytes | None:  # noqa: ARG002  its key is its own
        """The key of this report, opened once. Raises VaultError."""
        if self.key is None:
            return None
        stored = bytes(self.key)
        if self._opened_with != stored:
            self._opened_key = report_keys.unwrap(stored, self.sealing_identity())
            self._opened_with = stored
        return self._opened_key

    def sealing_identity(self) -> str:
        """By which a report is known before it has a number."""
        return bytes(self.dedup_key).hex()

    def from_same_sender(self) -> models.QuerySet[Report]:
        """Other reports from the same address on cases that one sees, the newest first."""
        same = Report.objects.filter(sender_index=self.sender_index or b"", sender_index__gt=b"")
        return same.exclude(pk=self.pk).exclude(case=None).order_by("-received_at", "-id")

    def keep_key_with(self, case: Case) -> None:
        """From now on its case keeps the key, and nobody else. Save `key` afterwards."""
        if self.key is not None:
            self.key = report_keys.give_to_case(bytes(self.key), self.sealing_identity(), case.pk)

    _opened_with: bytes = b""
    _opened_key: bytes = b""


class ReportFile(models.Model):
    """A file that came with a report, kept whole. A quarantined one is never offered for opening."""

    report = models.ForeignKey(Report, models.PROTECT, related_name="files")
    name = SealedText(help_text=_("The name of a file"))
    content_type = models.CharField(max_length=200)
    size = models.BigIntegerField()
    sha256 = models.BinaryField(max_length=32)
    data = SealedBytes(help_text=_("A file that came with a report"))
    quarantine = models.CharField(max_length=300, blank=True)

    SEALED_BY_CASE: ClassVar = ""

    def __str__(self) -> str:
        return f"file {self.pk}"

    def sealing_key(self, *, to_seal: bool = False) -> bytes | None:
        """The key of its report. Raises VaultError."""
        return self.report.sealing_key(to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The report, and what the file holds."""
        digest = bytes(self.sha256)
        return f"{self.report.sealing_identity()} {digest.hex()}"


class Party(models.Model):
    """A wiki account, a person or an organisation that cases speak of."""

    class Kind(models.TextChoices):
        ACCOUNT = "account", _("Account")
        PERSON = "person", _("Person")
        ORGANISATION = "organisation", _("Organisation")

    kind = models.CharField(max_length=15, choices=Kind)
    name = models.CharField(max_length=300)
    platform = models.CharField(max_length=120, blank=True)
    stable_id = models.CharField(max_length=120, blank=True)
    earlier_names = models.JSONField(default=list, blank=True)
    first_case = models.ForeignKey(Case, models.PROTECT, related_name="+")
    merged_into = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="merged")
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = _("parties")
        indexes: ClassVar = [models.Index(fields=["kind", "platform", "name"])]

    def __str__(self) -> str:
        return self.name


class PartyLink(models.Model):
    """That two parties may be one, or belong together; said by whom, how surely, and until when."""

    class Confidence(models.TextChoices):
        LOW = "low", _("Low")
        MEDIUM = "medium", _("Medium")
        HIGH = "high", _("High")
        CERTAIN = "certain", _("Certain")

    party = models.ForeignKey(Party, models.PROTECT, related_name="links")
    other = models.ForeignKey(Party, models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, models.PROTECT, related_name="party_links")
    source = models.CharField(max_length=300)
    confidence = models.CharField(max_length=10, choices=Confidence)
    expires_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    made_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.party_id} with {self.other_id}: {self.confidence}"


class CaseParty(models.Model):
    """The part that a party has in a case."""

    class Part(models.TextChoices):
        REPORTED = "reported", _("reported")
        AT_RISK = "at_risk", _("at risk")
        TARGET = "target", _("target")
        WITNESS = "witness", _("witness")
        AGENCY = "agency", _("agency")
        OTHER = "other", _("mentioned")

    case = models.ForeignKey(Case, models.PROTECT, related_name="parties")
    party = models.ForeignKey(Party, models.PROTECT, related_name="in_cases")
    part = models.CharField(max_length=15, choices=Part)
    added_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "party", "part"], condition=Q(removed_at=None), name="cases_one_part"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} in {self.case_id}"


class Message(models.Model):
    """One turn of the conversation with a reporter or another person outside.

    What we write is sealed with the key of its report (of its case, where it answers none). What came
    from outside stands in its report, and is searched.
    """

    class Direction(models.TextChoices):
        IN = "in", _("From outside")
        OUT = "out", _("From us")

    case = models.ForeignKey(Case, models.PROTECT, related_name="messages")
    report = models.ForeignKey(Report, models.PROTECT, null=True, related_name="messages")
    direction = models.CharField(max_length=3, choices=Direction)
    channel = models.CharField(max_length=10, choices=Report.Channel)
    letter = models.CharField(max_length=40, blank=True)
    recipient = SealableText(blank=True, twin="sealed_recipient")
    subject = SealableText(blank=True, twin="sealed_subject")
    text = SealableText(twin="sealed_text")
    sealed_recipient = SealedTwin(of="recipient", help_text=_("The address that a letter of ours went to"))
    sealed_subject = SealedTwin(of="subject", help_text=_("The subject of a letter of ours"))
    sealed_text = SealedTwin(of="text", help_text=_("The words of a letter of ours"))
    # The words once more, sealed to the receipt of the report: the portal opens them with the code.
    for_reporter = models.BinaryField(null=True)
    language = models.CharField(max_length=20, blank=True)
    message_id = models.TextField(blank=True, db_index=True)
    author = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    read_at = models.DateTimeField(null=True)
    # The reporter's page sends a key with each message, so that a double click adds it once.
    client_key = models.CharField(max_length=64, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["report", "client_key"], condition=~Q(client_key=""), name="cases_one_message"
            ),
        ]

    def __str__(self) -> str:
        return f"message {self.pk}"

    def save(self, *args: Any, **options: Any) -> None:
        """As Django does; a new one is sealed to its reporter's receipt too."""
        report = self.report
        if self._state.adding and report and report.receipt_public and self.sealing_wanted():
            self.for_reporter = receipt_keys.seal_to(bytes(report.receipt_public), self.text)
        super().save(*args, **options)

    def sealing_wanted(self) -> bool:
        """Whether it is ours, and its reporter can read it all the same."""
        if self.direction != Message.Direction.OUT:
            return False
        report = self.report
        return report is None or report.receipt_hash is None or report.receipt_public is not None

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of its report, or of the case. Raises VaultError."""
        key = self.report.sealing_key(to_seal=to_seal) if self.report else None
        return key or keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """Its report or case, and when it was written."""
        whose = f"report {self.report_id}" if self.report_id else f"case {self.case_id}"
        return f"{whose} {_moment(self.at)}"


class Note(models.Model):
    """What staff write for the record. An edit is a new note that replaces the old one.

    A privileged one is sealed, and shown by the database to reviewers, to its author and to whom it is
    said to. The others are searched.
    """

    case = models.ForeignKey(Case, models.PROTECT, related_name="notes")
    author = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    text = SealableText(twin="sealed_text")
    sealed_text = SealedTwin(of="text", help_text=_("A privileged note"))
    privileged = models.BooleanField(default=False)
    said_to = models.ForeignKey(Staff, models.PROTECT, null=True, related_name="+")
    replaces = models.OneToOneField("self", models.PROTECT, null=True, related_name="replaced_by")
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"note {self.pk}"

    def sealing_wanted(self) -> bool:
        """Whether it is privileged."""
        return self.privileged

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The case, who wrote it and when."""
        return f"{self.case_id} {self.author_id} {_moment(self.at)}"


class Exhibit(models.Model):
    """A piece of evidence: numbered within its case, hashed, never changed.

    Words stand here, sealed. A file lies in the store (see core/files) and knows its own hash. Technical
    data may be destroyed before their case is: an empty row stays (see core/records).
    """

    class Kind(models.TextChoices):
        FILE = "file", _("File")
        CAPTURE = "capture", _("Capture")
        TEXT = "text", _("Text")
        TECHNICAL = "technical", _("Technical data")

    case = models.ForeignKey(Case, models.PROTECT, related_name="exhibits")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=10, choices=Kind)
    title = models.CharField(max_length=300)
    content_type = models.CharField(max_length=200, default="text/plain")
    size = models.BigIntegerField()
    # None for a file, whose hash is sealed beside it.
    sha256 = models.BinaryField(max_length=32, null=True)
    data = SealedBytes(help_text=_("A piece of evidence"))
    file = models.ForeignKey("files.File", models.PROTECT, null=True, related_name="exhibits")
    # Whether the case's key sealed it; what was added before sealing began is plain.
    sealed = models.BooleanField(default=True)
    source = models.CharField(max_length=300, blank=True)
    quarantine = models.CharField(max_length=300, blank=True)
    added_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    added_at = models.DateTimeField(default=timezone.now)
    destroyed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "number"], name="cases_one_exhibit_number"),
            models.CheckConstraint(
                condition=Q(file=None) ^ Q(sha256=None), name="cases_exhibit_is_file_or_words"
            ),
        ]

    def __str__(self) -> str:
        return f"E-{self.number}"

    @property
    def label(self) -> str:
        """Its title; what stands there once it was destroyed."""
        return gettext("Destroyed technical data") if self.destroyed_at else self.title

    @property
    def digest(self) -> bytes:
        """Its SHA-256; nothing where it, or the key of the case, was destroyed. Raises VaultError."""
        return bytes(self.file.sha256 if self.file else self.sha256 or b"")

    def sealing_key(self, *, to_seal: bool = False) -> bytes | None:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal) if self.sealed else None

    def sealing_identity(self) -> str:
        """The case and the number in it."""
        return f"{self.case_id} {self.number}"


class CaseLink(models.Model):
    """That two cases belong together, and how."""

    class Kind(models.TextChoices):
        DUPLICATE = "duplicate", _("Duplicate of")
        SPLIT = "split", _("Split from")
        REFERRED = "referred", _("Referred from")
        APPEAL = "appeal", _("Appeal of")
        RELATED = "related", _("Related to")

    case = models.ForeignKey(Case, models.PROTECT, related_name="links")
    other = models.ForeignKey(Case, models.PROTECT, related_name="linked_from")
    kind = models.CharField(max_length=10, choices=Kind)
    reason = models.CharField(max_length=300, blank=True)
    made_by = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=~Q(case=models.F("other")), name="cases_link_two"),
        ]

    def __str__(self) -> str:
        return f"{self.case_id} {self.kind} {self.other_id}"


class Recusal(models.Model):
    """That one person keeps away from one case; it hides the case from them."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="recusals")
    staff = models.ForeignKey(Staff, models.PROTECT, related_name="recusals")
    reason = models.CharField(max_length=300, blank=True)
    since = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["case", "staff"], condition=Q(ended_at=None), name="cases_one_recusal"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} keeps away from {self.case_id}"


class Event(models.Model):
    """One line of the timeline. Written once; what a person reads here is the record."""

    class Kind(models.TextChoices):
        RECEIVED = "received", _("Report received")
        STEP = "step", _("Step")
        HELD = "held", _("Held for approval")
        OPINION = "opinion", _("Opinion")
        MESSAGE = "message", _("Message")
        NOTE = "note", _("Note")
        EXHIBIT = "exhibit", _("Exhibit")
        EFFECT = "effect", _("Effect")
        CLOCK = "clock", _("Clock")
        UNDONE = "undone", _("Undone")
        ACCESS = "access", _("Access")

    case = models.ForeignKey(Case, models.PROTECT, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=10, choices=Kind)
    step = models.CharField(max_length=60, blank=True)
    actor = models.ForeignKey(Staff, models.PROTECT, related_name="+")
    from_state = models.CharField(max_length=40, blank=True)
    to_state = models.CharField(max_length=40, blank=True)
    # Ids and words of the declaration only; texts stay in their own rows.
    data = models.JSONField(default=dict)
    # How the case was, where the step can be undone.
    before = SealedJSON(null=True, help_text=_("How a case was before a step that can be undone"))

    class Meta:
        indexes: ClassVar = [models.Index(fields=["case", "-id"], name="event_case_newest")]

    def __str__(self) -> str:
        return f"{self.kind} {self.step}".strip()

    @property
    def keeps_before(self) -> bool:
        """Whether it says how the case was."""
        return self.__dict__.get("before") is not None

    def sealing_key(self, *, to_seal: bool = False) -> bytes:
        """The key of the case. Raises VaultError."""
        return keyring.case_key(self.case_id, to_seal=to_seal)

    def sealing_identity(self) -> str:
        """The case and the moment."""
        return f"{self.case_id} {_moment(self.at)}"


class Presence(models.Model):
    """Who has a case open right now. Forgotten after `PRESENCE_ENDS_AFTER`."""

    case = models.ForeignKey(Case, models.CASCADE, related_name="presences")
    staff = models.ForeignKey(Staff, models.CASCADE, related_name="+")
    seen_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["case", "staff"], name="cases_one_presence"),
        ]

    def __str__(self) -> str:
        return f"{self.staff_id} at {self.case_id}"

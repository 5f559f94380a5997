"""The class of every stored field, and the type of record that it belongs to.

A test walks all models, those of libraries too, and fails for a field that does not stand here. What is
`sealed` is encrypted with a key of its case (`core/vault`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .rules import DataClass
from .schedule import CASE


@dataclass(frozen=True)
class Kept:
    """Of one model: its type of record, and its fields by class."""

    record: str
    fields: dict[str, DataClass]


def _kept(
    record: str,
    *,
    public: str = "",
    internal: str = "",
    restricted: str = "",
    privileged: str = "",
    sealed: str = "",
) -> Kept:
    named = {
        DataClass.PUBLIC: public,
        DataClass.INTERNAL: internal,
        DataClass.RESTRICTED: restricted,
        DataClass.PRIVILEGED: privileged,
        DataClass.SEALED: sealed,
    }
    return Kept(record, {name: cls for cls, names in named.items() for name in names.split()})


MODELS: dict[str, Kept] = {
    # Cases and what hangs on them
    "cases.Case": _kept(
        CASE,
        internal="id reference workflow state severity team assignee assigned_at restricted"
        " received_at opened_at updated_at closed_at due_at due_clock follow_up_at unread"
        " version merged_into is_test",
        restricted="title language wiki",
        sealed="facts",
    ),
    "cases.Report": _kept(
        CASE,
        internal="id channel mailbox workflow dedup_key content_hash receipt_hash receipt_public"
        " sent_at received_at automatic adds_to case first_case opened_at open_after"
        " open_attempts open_error sender_index detected_sure",
        restricted="subject text language detected_language problems thread message_id",
        sealed="key raw sender_name sender_email fields arrival",
    ),
    "cases.ReportFile": _kept(
        CASE,
        internal="id report size sha256 quarantine",
        restricted="content_type",
        sealed="name data",
    ),
    "cases.Party": _kept(
        CASE,
        internal="id kind first_case merged_into made_at",
        restricted="name platform stable_id earlier_names",
    ),
    "cases.PartyLink": _kept(
        CASE,
        internal="id party other case confidence expires_at ended_at made_by made_at",
        restricted="source",
    ),
    "cases.CaseParty": _kept(
        CASE,
        internal="id case party added_at removed_at",
        restricted="part",
    ),
    "cases.Message": _kept(
        CASE,
        internal="id case report direction channel letter message_id author at read_at client_key",
        restricted="recipient subject text language",
        sealed="sealed_recipient sealed_subject sealed_text for_reporter",
    ),
    "cases.Note": _kept(
        CASE,
        internal="id case author privileged said_to replaces at",
        restricted="text",
        sealed="sealed_text",
    ),
    "cases.Exhibit": _kept(
        CASE,
        internal="id case number kind content_type size sha256 file sealed quarantine added_by added_at"
        " destroyed_at",
        restricted="title source",
        sealed="data",
    ),
    "files.File": _kept(
        CASE,
        internal="id case uuid address content_type size added_by added_at gone_at",
        sealed="key name sha256",
    ),
    "files.Scan": _kept(
        CASE,
        internal="id file report_file state attempts next_at scanned_at",
        restricted="found why",
    ),
    "cases.CaseLink": _kept(
        CASE,
        internal="id case other kind made_by made_at ended_at",
        restricted="reason",
    ),
    "cases.Recusal": _kept(
        CASE,
        internal="id case staff since ended_at",
        restricted="reason",
    ),
    "cases.Event": _kept(
        CASE,
        internal="id case at kind step actor from_state to_state data",
        sealed="before",
    ),
    "flow.Request": _kept(
        CASE,
        internal="id case step kind state chain round came_from proposer opened_at closed_at event",
        sealed="data",
    ),
    "flow.Opinion": _kept(
        CASE,
        internal="id request case reviewer staff round at",
        privileged="verdict note",
    ),
    "flow.ClockRow": _kept(
        CASE,
        internal="id case name state started_at earliest_at due_at warn_at warned_at lapsed_at"
        " stopped_at paused_at pause_reason next_at failures error",
    ),
    "outbox.Effect": _kept(
        CASE,
        internal="id case event connector verb label key request_id message_id state due_at made_at"
        " attempts claimed_by claimed_until confirmed_at what_to_do",
        restricted="receipt",
        sealed="payload error",
    ),
    "access.Glass": _kept(
        CASE,
        internal="id case reference workflow staff opened_at expires_at closed_at closed_by"
        " review_due_at next_at reviewed_at reviewed_by justified",
        restricted="reason review_words",
    ),
    "paging.Page": _kept(
        CASE,
        internal="case made_at asked rounds next_at last_asked last_asked_at answered_at answered_by",
    ),
    "slices.Slice": _kept(
        CASE,
        internal="id case readers digest until asked_by asked_at given_by given_at ended_by ended_at",
        restricted="end_words",
        sealed="purpose parts",
    ),
    "access.Involvement": _kept(
        CASE,
        internal="id conflict case staff recusal found_at told_at over_at lifted_by",
        restricted="lift_words",
    ),
    "vault.CaseKey": _kept(
        CASE,
        internal="case workflow_key made_at replaced_at destroyed_at destroyed_by destroyed_why",
        sealed="wrapped older",
    ),
    "records.Hold": _kept(
        CASE,
        internal="id number workflow party placed_by placed_at review_at released_at released_by",
        restricted="reason authority release_reason",
    ),
    "records.HeldCase": _kept(
        CASE,
        internal="id hold case how since",
    ),
    # Made from them, and gone before or with them
    "search.Document": _kept(
        "working",
        internal="id case workflow kind source_id",
        restricted="words names",
    ),
    "cases.Presence": _kept(
        "working",
        internal="id case staff seen_at",
    ),
    "people.Throttle": _kept(
        "working",
        internal="bucket window_started_at tries",
    ),
    "health.Ending": _kept("working", internal="id kind what ends_at"),
    "health.Heartbeat": _kept(
        "working",
        internal="name at late_after detail",
    ),
    # What outlives them
    "records.Run": _kept(
        "disposal",
        internal="id number workflow state proposed_by proposed_at decided_by decided_at finished_at size",
        restricted="reason decision_words",
    ),
    "records.Item": _kept(
        "disposal",
        internal="id run case_id reference due_at state kept_by ended_at",
    ),
    "records.Certificate": _kept(
        "disposal",
        internal="id number run item reference workflow rule due_at at proposed_by approved_by"
        " references keys_destroyed rows",
    ),
    "records.Tombstone": _kept(
        "disposal",
        internal="id case_id reference workflow received_at opened_at closed_at certificate team_id"
        " restricted hidden_from",
    ),
    "records.Tally": _kept(
        "disposal",
        internal="id workflow received closed state severity channel is_test cases",
    ),
    "registers.ReleaseEntry": _kept(
        "release_log",
        internal="id number at workflow case_id case_reference team_id restricted released_by"
        " approved_by pre_approved recipient_type call_back_at call_back_by reason legal_basis"
        " data_classes minutes_from_receipt is_test corrects",
        restricted="recipient_type_other recipient_name recipient_contact agency agency_case_number"
        " call_back_number call_back_answered_by reason_other accounts description why_urgent"
        " correction_reason",
    ),
    "registers.ContactRestriction": _kept(
        "contact_register",
        internal="id act contact_hash at until weighed by workflow case_id case_reference",
        restricted="reason",
    ),
    "audit.Entry": _kept(
        "audit",
        internal="id at act actor_id via request_id case_id detail",
    ),
    "audit.Waiting": _kept(
        "audit",
        internal="entry_id",
    ),
    "audit.Leaf": _kept(
        "audit",
        internal="number entry_id hash",
    ),
    "audit.Node": _kept(
        "audit",
        internal="pk level number hash",
    ),
    "audit.HeadRow": _kept(
        "audit",
        public="number size text",
    ),
    "audit.Anchored": _kept(
        "audit",
        internal="name upto error failing_since",
    ),
    # Staff, and how they sign in
    "people.Staff": _kept(
        "staff",
        internal="id username working_name kind title language time_zone preferences is_active"
        " last_login second_factor_since joined_at",
        restricted="password email",
    ),
    "people.Team": _kept(
        "staff",
        internal="id slug name",
    ),
    "people.Membership": _kept(
        "staff",
        internal="id team staff since",
    ),
    "people.Grant": _kept(
        "staff",
        internal="id staff workflow role since until granted_by reason",
    ),
    "people.OnCallShift": _kept(
        "staff",
        internal="id workflow staff starts_at ends_at position",
    ),
    "oncall.Rota": _kept(
        "staff",
        internal="id slug name time_zone weekday hour first_on",
    ),
    "oncall.Cover": _kept(
        "staff",
        internal="workflow rota",
    ),
    "oncall.Turn": _kept(
        "staff",
        internal="id rota staff place",
    ),
    "oncall.Level": _kept(
        "staff",
        internal="id rota place who staff minutes",
    ),
    "oncall.Absence": _kept(
        "staff",
        internal="id staff starts_at ends_at",
    ),
    "oncall.Offer": _kept(
        "staff",
        internal="id rota giver taker starts_at ends_at made_at decided_at agreed",
    ),
    "oncall.Feed": _kept(
        "staff",
        internal="staff made_at",
        restricted="secret_hash",
    ),
    "people.Token": _kept(
        "staff",
        internal="id name staff scope made_at expires_at revoked_at last_used_at",
        restricted="secret_hash",
    ),
    "mfa.Authenticator": _kept(
        "staff",
        internal="id user type created_at last_used_at",
        restricted="data",
    ),
    "account.EmailAddress": _kept(
        "staff",
        internal="id user verified primary",
        restricted="email",
    ),
    "account.EmailConfirmation": _kept(
        "staff",
        internal="id email_address created sent",
        restricted="key",
    ),
    "socialaccount.SocialAccount": _kept(
        "staff",
        internal="id user provider last_login date_joined",
        restricted="uid extra_data",
    ),
    "socialaccount.SocialApp": _kept(
        "platform",
        internal="id provider provider_id name client_id settings",
        restricted="secret key",
    ),
    "socialaccount.SocialToken": _kept(
        "staff",
        internal="id app account expires_at",
        restricted="token token_secret",
    ),
    "access.Conflict": _kept(
        "staff",
        internal="id staff colleague since until declared_by declared_at applied_at ended_at ended_by",
        restricted="name reason end_words",
    ),
    "access.Review": _kept(
        "staff",
        internal="id workflow quarter opened_at due_at closed_at",
    ),
    "access.ReviewLine": _kept(
        "staff",
        internal="id review grant kept words decided_by decided_at",
    ),
    "desk.SavedView": _kept(
        "staff",
        internal="id owner name sort shared_with made_at",
        restricted="query",
    ),
    "desk.BulkRun": _kept(
        "staff",
        internal="id staff step key at results undone_at",
    ),
    "sessions.Session": _kept(
        "sign_in",
        internal="expire_date",
        restricted="session_key session_data",
    ),
    "people.StaffSession": _kept(
        "sign_in",
        internal="id staff key_hash made_at seen_at",
        restricted="address agent",
    ),
    "people.SignInLink": _kept(
        "sign_in",
        internal="id kind staff made_at expires_at used_at",
        restricted="secret_hash",
    ),
    "people.Kept": _kept(
        "sign_in",
        internal="key until",
        restricted="value",
    ),
    "people.KnownPlace": _kept(
        "network",
        internal="pk staff seen_at",
        restricted="network",
    ),
    # Chores
    "procrastinate.ProcrastinateJob": _kept(
        "job",
        internal="id queue_name task_name priority lock args status scheduled_at attempts"
        " queueing_lock abort_requested worker",
    ),
    "procrastinate.ProcrastinateEvent": _kept(
        "job",
        internal="id job type at",
    ),
    "procrastinate.ProcrastinatePeriodicDefer": _kept(
        "job",
        internal="id task_name defer_timestamp job periodic_id",
    ),
    "procrastinate.ProcrastinateWorker": _kept(
        "job",
        internal="id last_heartbeat",
    ),
    # The directory
    "directory.Agency": _kept(
        "directory",
        public="id country place name kind languages hours",
        internal="call_back_number email verified_at verified_by second_verified_by",
    ),
    "directory.Helpline": _kept(
        "directory",
        public="id country languages name phone url hours checked_at",
    ),
    "directory.EmergencyNumber": _kept(
        "directory",
        public="id country name numbers",
    ),
    "directory.Venue": _kept(
        "directory",
        public="id wiki issue kind title url position verified_at",
    ),
    # The platform itself
    "vault.WorkflowKey": _kept(
        "platform",
        internal="id workflow made_at retired_at",
        restricted="wrapped",
    ),
    "vault.IndexKey": _kept(
        "platform",
        internal="id made_at retired_at",
        restricted="wrapped",
    ),
    "vault.IntakeKey": _kept(
        "platform",
        public="public",
        internal="id made_at retired_at",
        restricted="wrapped",
    ),
    "cases.Counter": _kept(
        "platform",
        internal="id workflow year last",
    ),
    "contenttypes.ContentType": _kept(
        "platform",
        public="id app_label model",
    ),
    "auth.Permission": _kept(
        "platform",
        public="id name content_type codename",
    ),
    "auth.Group": _kept(
        "platform",
        public="id name",
    ),
    "auth.Group_permissions": _kept(
        "platform",
        public="id group permission",
    ),
}


def by_record() -> Iterator[tuple[str, list[tuple[str, Kept]]]]:
    """The models of each type of record, in the order of the table."""
    found: dict[str, list[tuple[str, Kept]]] = {}
    for label, kept in MODELS.items():
        found.setdefault(kept.record, []).append((label, kept))
    yield from found.items()

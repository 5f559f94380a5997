"""The audit log: who did what, and who looked at what. Rows are added and never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Act(models.TextChoices):
    """What an entry says: `thing:verb`."""

    CASE_OPENED = "case:opened", _("Case opened")
    CASE_STEP = "case:step", _("Step performed")
    CASE_HELD = "case:held", _("Step held for approval")
    CASE_OPINION = "case:opinion", _("Opinion given")
    CASE_LOOKED = "case:looked", _("Case looked at")
    CASE_CLOCK = "case:clock", _("Clock lapsed or warned")
    WORDS_UNFOLDED = "words:unfolded", _("Folded words looked at")
    EXHIBIT_LOOKED = "exhibit:looked", _("Exhibit looked at")
    REPORT_LOOKED = "report:looked", _("Original report looked at")
    EXPORTED = "case:exported", _("Case exported")
    EFFECT_DELIVERED = "effect:delivered", _("Effect delivered")
    EFFECT_REFUSED = "effect:refused", _("Effect refused")
    EFFECT_RECORDED = "effect:recorded", _("Effect recorded as done by a person")
    SIGNED_IN = "person:signed_in", _("Signed in")
    SIGNED_OUT = "person:signed_out", _("Signed out")
    SIGN_IN_FAILED = "person:sign_in_failed", _("Sign-in failed")
    PASSPHRASE_CHANGED = "person:passphrase", _("Passphrase chosen or changed")
    FACTOR_CHANGED = "person:factor", _("Second factor changed")
    IDENTITY_CHANGED = "person:identity", _("Linked account changed")
    SESSIONS_ENDED = "person:sessions_ended", _("Sessions ended")
    GRANT_CHANGED = "grant:changed", _("Grant changed")
    TOKEN_MADE = "token:made", _("Token made")
    TOKEN_REVOKED = "token:revoked", _("Token revoked")
    STAFF_CHANGED = "staff:changed", _("Staff list changed")
    ROTA_CHANGED = "rota:changed", _("Rota or absence changed")
    PAGE_ANSWERED = "page:answered", _("Page answered")
    KEY_RENEWED = "key:renewed", _("Key renewed")
    KEY_DESTROYED = "key:destroyed", _("Key of a case destroyed")
    RELEASE_LOGGED = "release:logged", _("Release entered in the log")
    GLASS_OPENED = "glass:opened", _("Case opened by break-glass")
    GLASS_REFUSED = "glass:refused", _("Break-glass tried and refused")
    GLASS_CLOSED = "glass:closed", _("Break-glass closed early")
    GLASS_REVIEWED = "glass:reviewed", _("Break-glass reviewed")
    SLICE_ASKED = "slice:asked", _("Redacted slice asked for")
    SLICE_GIVEN = "slice:given", _("Redacted slice given")
    SLICE_ENDED = "slice:ended", _("Redacted slice ended, refused or withdrawn")
    SLICE_LOOKED = "slice:looked", _("Redacted slice looked at")
    ACCESS_ASKED = "access:asked", _("Asked why somebody sees the case")
    CONFLICT_DECLARED = "conflict:declared", _("Conflict declared")
    CONFLICT_FOUND = "conflict:found", _("Case hidden because of a declared conflict")
    CONFLICT_LIFTED = "conflict:lifted", _("Case shown again in spite of a declared conflict")
    CONFLICT_ENDED = "conflict:ended", _("Conflict ended")
    HOLD_PLACED = "hold:placed", _("Legal hold placed")
    HOLD_RELEASED = "hold:released", _("Legal hold released")
    DISPOSAL_PROPOSED = "disposal:proposed", _("Disposal proposed")
    DISPOSAL_DECIDED = "disposal:decided", _("Disposal agreed to, stopped or withdrawn")
    CASE_DISPOSED = "case:disposed", _("Case disposed of")
    CASE_KEPT = "case:kept", _("Case kept from a disposal")
    REVIEW_OPENED = "review:opened", _("Review of roles opened")
    ROLE_REVIEWED = "review:role", _("Role reviewed")
    AUDIT_EXPORTED = "audit:exported", _("Audit log exported")
    BACKUP_TAKEN = "backup:taken", _("Backup taken")
    PLATFORM_RESTORED = "backup:restored", _("Restored from a backup")


if TYPE_CHECKING:
    _Text = models.CharField[Any, Any]
else:
    _Text = models.CharField


class ActField(_Text):
    """One of the acts. Migrations know it as text: the list of acts changes nothing in the database."""

    def deconstruct(self) -> Any:
        """Without the choices, so that a new act needs no migration."""
        name, _path, args, options = super().deconstruct()
        options.pop("choices", None)
        return name, "django.db.models.CharField", args, options


class Entry(models.Model):
    """One act or one look. Holds ids and words of ours only, never personal data.

    No foreign keys: an entry outlives what it speaks of.
    """

    at = models.DateTimeField(default=timezone.now)
    act = ActField(max_length=40, choices=Act)
    actor_id = models.BigIntegerField()
    via = models.CharField(max_length=10)
    request_id = models.CharField(max_length=40, blank=True)
    case_id = models.BigIntegerField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        verbose_name_plural = _("entries")
        indexes: ClassVar = [
            models.Index(fields=["case_id", "-id"], name="audit_case_newest"),
            models.Index(fields=["actor_id", "-id"], name="audit_actor_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.act}"


class Waiting(models.Model):
    """An entry that no head covers yet.

    A trigger adds the row in the transaction of the entry, and sealing takes it away. So an entry is sealed
    exactly once, however long after its number was handed out its transaction commits.
    """

    entry_id = models.BigIntegerField(primary_key=True)

    def __str__(self) -> str:
        return str(self.entry_id)


class Leaf(models.Model):
    """The place of an entry in the tree, counted from 0 in the order of sealing, and its hash."""

    number = models.BigIntegerField(primary_key=True)
    entry_id = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.number}: {self.entry_id}"


class Node(models.Model):
    """The hash over a full subtree of at least two leaves; see tree.py for its coordinate."""

    pk = models.CompositePrimaryKey("level", "number")
    level = models.SmallIntegerField()
    number = models.BigIntegerField()
    hash = models.BinaryField()

    def __str__(self) -> str:
        return f"{self.level}/{self.number}"


class HeadRow(models.Model):
    """A signed head, as heads.py writes it. `size` leaves are below it."""

    number = models.BigIntegerField(primary_key=True)
    size = models.BigIntegerField()
    text = models.TextField()

    class Meta:
        db_table = "audit_head"

    def __str__(self) -> str:
        return f"{self.number}: {self.size}"


class Anchored(models.Model):
    """How far one anchor is: it holds every head up to `upto`, as far as we know."""

    name = models.CharField(max_length=200, primary_key=True)
    upto = models.BigIntegerField(default=0)
    error = models.CharField(max_length=300, blank=True)
    failing_since = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.name}: {self.upto}"

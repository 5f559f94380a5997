"""The words in which the retention schedule is said. Nothing here touches the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.db import models
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


class DataClass(models.TextChoices):
    """What it would mean if a field were read by somebody else."""

    PUBLIC = "public", _("Public")
    INTERNAL = "internal", _("Internal")
    RESTRICTED = "restricted", _("Restricted")
    PRIVILEGED = "privileged", _("Privileged")
    SEALED = "sealed", _("Sealed")


#: What each class means, in a sentence.
CLASS_MEANS: dict[DataClass, _StrOrPromise] = {
    DataClass.PUBLIC: _("Stands outside already, or may."),
    DataClass.INTERNAL: _("Numbers, times and words of ours that tell nothing about a person outside."),
    DataClass.RESTRICTED: _("About people outside, or their words. Behind row-level security."),
    DataClass.PRIVILEGED: _(
        "Legal advice and the reasons of reviewers. Shown to few of those who see the case."
    ),
    DataClass.SEALED: _("Encrypted with a key that is destroyed with the case."),
}


class Trigger(models.TextChoices):
    """What the time is counted from."""

    CLOSED = "closed", _("the day on which the case was closed")
    LAST_CONTACT = "last_contact", _("the last message, or closing if that is later")
    ADDED = "added", _("the day on which it was added")
    LAST_USE = "last_use", _("its last use")
    NEVER = "never", _("nothing: it is kept")


class Action(models.TextChoices):
    """What is done when the time is over."""

    ERASE = "erase", _("Erased: content deleted, its key destroyed, a tombstone stays")
    DELETE = "delete", _("Deleted")
    KEEP = "keep", _("Kept")


class Period(models.TextChoices):
    """What a length is counted in."""

    DAYS = "days", _("days")
    YEARS = "years", _("years")


@dataclass(frozen=True)
class Length:
    """A number of days or of calendar years."""

    amount: int
    period: Period

    def __str__(self) -> str:
        if self.period is Period.YEARS:
            return ngettext("%(n)s year", "%(n)s years", self.amount) % {"n": self.amount}
        return ngettext("%(n)s day", "%(n)s days", self.amount) % {"n": self.amount}

    def before(self, moment: datetime) -> datetime:
        """The latest moment from which the whole length has passed by `moment`."""
        if self.period is Period.DAYS:
            return moment - timedelta(days=self.amount)
        try:
            return moment.replace(year=moment.year - self.amount)
        except ValueError:  # 29 February
            return moment.replace(year=moment.year - self.amount, day=28)

    def after(self, moment: datetime) -> datetime:
        """When the whole length has passed since `moment`."""
        if self.period is Period.DAYS:
            return moment + timedelta(days=self.amount)
        try:
            return moment.replace(year=moment.year + self.amount)
        except ValueError:  # 29 February
            return moment.replace(year=moment.year + self.amount, month=3, day=1)


def days_long(amount: int) -> Length:
    """A length in days."""
    return Length(amount, Period.DAYS)


def years_long(amount: int) -> Length:
    """A length in calendar years."""
    return Length(amount, Period.YEARS)


@dataclass(frozen=True)
class Rule:
    """How long one type of record is kept, and what happens then.

    `source` names where the rule comes from, with a date. `approval`: a second person agrees before
    anything goes. Only a rule that keeps has no `length`.
    """

    trigger: Trigger
    length: Length | None
    action: Action
    why: _StrOrPromise
    source: str
    approval: bool = False

    def described(self) -> dict[str, Any]:
        """As plain values, in the active language."""
        return {
            "trigger": self.trigger.value,
            "counted_from": str(self.trigger.label),
            "length": str(self.length) if self.length else None,
            "action": self.action.value,
            "then": str(self.action.label),
            "approval": self.approval,
            "why": str(self.why),
            "source": self.source,
        }

    def in_a_line(self) -> str:
        """As it stands on a certificate, in English: it may be read by whoever comes later."""
        with translation.override("en"):
            return f"{self.length} from {self.trigger.label}: {self.action.value} ({self.source})"[:300]


def keep(why: _StrOrPromise, source: str) -> Rule:
    """A rule that keeps."""
    return Rule(Trigger.NEVER, None, Action.KEEP, why, source)


def erase_closed(length: Length, why: _StrOrPromise, source: str, *, since: Trigger = Trigger.CLOSED) -> Rule:
    """The rule of cases: erased some time after they were closed, with a second person's approval."""
    return Rule(since, length, Action.ERASE, why, source, approval=True)


__all__ = [
    "CLASS_MEANS",
    "Action",
    "DataClass",
    "Length",
    "Period",
    "Rule",
    "Trigger",
    "days_long",
    "erase_closed",
    "keep",
    "years_long",
]

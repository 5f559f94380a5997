"""Whom to call and where to send people: data that goes stale, so each row says when it was checked."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

AGENCY_STALE_AFTER = timedelta(days=180)
HELPLINE_STALE_AFTER = timedelta(days=90)
VENUE_STALE_AFTER = timedelta(days=180)

# "ZZ" and the other private codes of ISO 3166 serve for invented countries.
country_code = RegexValidator(r"^[A-Z]{2}$", _("Use two capital letters, for instance FR."))


class Issue(models.TextChoices):
    """What a report is about, as far as the way to the right place goes."""

    THREAT = "threat", _("Threat of violence")
    SELF_HARM = "self_harm", _("Self-harm")
    CHILD = "child", _("Harm to a child")
    HARASSMENT = "harassment", _("Harassment, bullying or hate")
    PERSONAL_DATA = "personal_data", _("Personal data made public")
    ONE_WIKI = "one_wiki", _("Conduct on one wiki")
    CROSS_WIKI = "cross_wiki", _("Conduct across wikis")
    OFF_WIKI = "off_wiki", _("Conduct outside the wikis")
    EVENT = "event", _("Conduct at an event")
    SPAM = "spam", _("Spam, vandalism or several accounts")
    CONTENT = "content", _("What an article says")
    COPYRIGHT = "copyright", _("Copyright")
    LEGAL = "legal", _("Legal threat or demand")
    AFFILIATE = "affiliate", _("Governance of an affiliate")
    TECHNICAL = "technical", _("Conduct in technical spaces")
    SYSTEMIC = "systemic", _("A community that fails as a whole")
    TOOL_MISUSE = "tool_misuse", _("Misuse of CheckUser or suppression")
    APPEAL = "appeal", _("Appeal of a decision of ours")
    STAFF_RIGHTS = "staff_rights", _("Misuse of staff rights")
    OTHER = "other", _("Something else")


class Agency(models.Model):
    """A police force or another body that acts when a life is at risk.

    `call_back_number` is the only number on which we verify that we speak with them.
    """

    class Kind(models.TextChoices):
        POLICE = "police", _("Police")
        EMERGENCY = "emergency", _("Emergency service")
        CRISIS = "crisis", _("Crisis service")
        OTHER = "other", _("Other")

    country = models.CharField(max_length=2, validators=[country_code])
    place = models.CharField(max_length=120, blank=True)
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.POLICE)
    call_back_number = models.CharField(max_length=40)
    email = models.EmailField(blank=True)
    languages = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    hours = models.CharField(max_length=120, blank=True)
    verified_at = models.DateField(null=True, blank=True)
    verified_by = models.CharField(max_length=80, blank=True)
    second_verified_by = models.CharField(max_length=80, blank=True)

    class Meta:
        verbose_name_plural = _("agencies")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["country", "place", "name"], name="directory_one_agency"),
            models.CheckConstraint(
                condition=Q(second_verified_by="") | ~Q(second_verified_by=F("verified_by")),
                name="directory_two_verify",
                violation_error_message=_("The second person who verifies must be another one."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a number that nobody can call."""
        if len(digits(self.call_back_number)) < 3:
            raise ValidationError({"call_back_number": _("Give a number of at least three digits.")})

    @property
    def is_trusted(self) -> bool:
        """Whether two people verified it and that is not too long ago."""
        return bool(self.verified_by and self.second_verified_by) and not is_stale(
            self.verified_at, AGENCY_STALE_AFTER
        )


class Helpline(models.Model):
    """People to talk to. `country` is "" where a line serves everywhere."""

    country = models.CharField(max_length=2, blank=True, validators=[country_code])
    languages = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    name = models.CharField(max_length=200)
    phone = models.CharField(max_length=60, blank=True)
    url = models.URLField(blank=True)
    hours = models.CharField(max_length=120, blank=True)
    checked_at = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["country", "name"], name="directory_one_helpline"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse a helpline that nobody can reach."""
        if not self.phone and not self.url:
            raise ValidationError({"phone": _("Give a phone number or an address on the web.")})

    @property
    def is_stale(self) -> bool:
        """Whether nobody checked it for 90 days."""
        return is_stale(self.checked_at, HELPLINE_STALE_AFTER)


class EmergencyNumber(models.Model):
    """The emergency numbers of one country, where they differ from what the library knows."""

    country = models.CharField(max_length=2, unique=True, validators=[country_code])
    name = models.CharField(max_length=120, blank=True)
    numbers = ArrayField(models.CharField(max_length=20))

    def __str__(self) -> str:
        return f"{self.country}: {', '.join(self.numbers)}"


class Venue(models.Model):
    """Where a community handles one kind of issue. `wiki` is "" for what serves every wiki."""

    class Kind(models.TextChoices):
        PAGE = "page", _("Page on the wiki")
        MAIL = "mail", _("Mail address")
        FORM = "form", _("Form")
        PEOPLE = "people", _("People to contact")

    wiki = models.CharField(max_length=120, blank=True)
    issue = models.CharField(max_length=20, choices=Issue)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.PAGE)
    title = models.CharField(max_length=200)
    url = models.CharField(max_length=500)
    position = models.PositiveSmallIntegerField(default=1)
    verified_at = models.DateField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["wiki", "issue", "url"], name="directory_one_venue"),
        ]

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Refuse what is neither a web address nor a mail address."""
        if not re.fullmatch(r"https?://\S+|mailto:[^\s@]+@[^\s@]+|[^\s@:]+@[^\s@]+", self.url):
            raise ValidationError({"url": _("Give an address that starts with https:// or a mail address.")})

    @property
    def is_stale(self) -> bool:
        """Whether nobody verified it for 180 days."""
        return is_stale(self.verified_at, VENUE_STALE_AFTER)


def is_stale(checked: date | None, after: timedelta) -> bool:
    """Whether a check is missing or longer ago than `after`."""
    return checked is None or timezone.now().date() - checked > after


def digits(number: str) -> str:
    """The digits of a phone number, to compare two: "+99 555-0112" and "99 5550112" have the same."""
    return re.sub(r"\D", "", number)

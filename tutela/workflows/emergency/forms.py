"""What the steps of an emergency ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case, Report
from tutela.core.flow.common_forms import CaseForm, FactsForm, SeveralField, text_area
from tutela.programs.directory.find import helplines_for
from tutela.programs.directory.models import Agency, Venue, digits
from tutela.programs.directory.numbers import countries
from tutela.programs.registers.models import (
    DataClass,
    LegalBasis,
    RecipientType,
    ReleaseEntry,
    ReleaseReason,
)
from tutela.programs.registers.releases import entries_of

from . import checklist
from .conditions import agency_of

KINDS = [
    ("", _("Not known yet")),
    ("self_harm", _("Self-harm")),
    ("others", _("Threat against people")),
    ("place", _("Threat against a place or an event")),
    ("other", _("Something else")),
]
AT_RISK = [
    ("", _("Not known yet")),
    ("writer", _("The person who wrote it")),
    ("other", _("Another person, or many")),
    ("reporter", _("The reporter")),
    ("unsure", _("The reporter is not sure")),
]
ASSESSMENTS = [
    ("", _("Not assessed yet")),
    ("not_a_threat", _("Not a threat")),
    ("not_credible", _("Not credible")),
    ("not_imminent", _("Credible, not imminent")),
    ("imminent", _("Credible and imminent")),
]
ANSWERS = [("yes", _("Yes")), ("no", _("No")), ("unknown", _("Unknown"))]
FOLLOW_UPS = [
    ("hidden", _("The page or the edit is hidden")),
    ("suppression", _("Suppression is asked for")),
    ("blocked", _("The account is blocked")),
    ("locked", _("The account is locked on all wikis")),
    ("stewards", _("Stewards are told")),
    ("local_admins", _("Local administrators are told, in private")),
    ("watched", _("The page is watched")),
]


def country_choices() -> list[tuple[str, Any]]:
    """Every country whose emergency numbers we know, in the language of the page."""
    return [("", _("Not known yet")), *countries(get_language() or "en")]


class Facts(FactsForm):
    """What we know. The assessment and the agency are decided by steps of their own."""

    kind = forms.ChoiceField(label=_("Kind"), choices=KINDS, required=False)
    assessment = forms.ChoiceField(label=_("Assessment"), choices=ASSESSMENTS, required=False, disabled=True)
    at_risk = forms.ChoiceField(label=_("At risk"), choices=AT_RISK, required=False)
    country = forms.ChoiceField(label=_("Country"), choices=country_choices, required=False)
    place = forms.CharField(label=_("Place"), max_length=120, required=False)
    where = forms.CharField(label=_("Where it was written"), max_length=1000, required=False)
    written_in = forms.CharField(label=_("Language"), max_length=20, required=False)
    written_at = forms.DateTimeField(
        label=_("Written"), required=False, help_text=_("Date and time in UTC, for instance 2026-03-14 09:00")
    )
    agency = forms.CharField(label=_("Agency"), max_length=200, required=False, disabled=True)
    agency_case_number = forms.CharField(
        label=_("Case number of the agency"), max_length=120, required=False, disabled=True
    )


class Assessment(forms.Form):
    """The checklist, shared by all outcomes. An answer that is left out counts as unknown."""

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        for item in checklist.items():
            self.fields[item.name] = forms.ChoiceField(
                label=str(item), choices=ANSWERS, widget=forms.RadioSelect, required=False, initial="unknown"
            )
        self.fields["narrative"] = text_area(
            _("What you think, and why"), help_text=_("No answer above decides for you.")
        )

    def clean(self) -> dict[str, Any]:
        """Gather the answers under one name."""
        data = super().clean() or {}
        data["answers"] = {item.name: data.pop(item.name, "") or "unknown" for item in checklist.items()}
        return data


class AssessAgain(forms.Form):
    """What changed."""

    reason = text_area(_("What changed"))


class Jurisdiction(CaseForm):
    """Where the person is, and whose duty it is there."""

    country = forms.ChoiceField(label=_("Country"), choices=country_choices)
    place = forms.CharField(label=_("Place"), max_length=120, required=False)
    agency = forms.ModelChoiceField(Agency.objects.order_by("country", "place", "name"), label=_("Agency"))
    how = text_area(_("How we know the place"), required=False, rows=2)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.initial = {name: case.facts.get(name, "") for name in ("country", "place")}

    def clean(self) -> dict[str, Any]:
        """An agency of that country."""
        data = super().clean() or {}
        agency = data.get("agency")
        if agency and data.get("country") and agency.country != data["country"]:
            self.add_error("agency", _("This agency is in another country."))
        return data


class CallBack(CaseForm):
    """The call that proves who will receive it."""

    number_called = forms.CharField(label=_("Number you called"), max_length=40)
    answered_by = forms.CharField(
        label=_("Who answered"), max_length=200, help_text=_("Name or number of the officer, and the desk.")
    )
    called_at = forms.DateTimeField(label=_("When"), required=False, help_text=_("In UTC. Empty means now."))
    second_source = forms.CharField(
        label=_("Where else the number is published"),
        max_length=300,
        required=False,
        help_text=_("Needed when the directory entry is old or only one person verified it."),
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.agency = agency_of(case)
        if self.agency:
            self.fields["number_called"].help_text = _(
                "%(agency)s: %(number)s. Never call a number that a report or a caller gave you."
            ) % {"agency": self.agency.name, "number": self.agency.call_back_number}

    def clean_number_called(self) -> str:
        """The number of the directory and no other."""
        number: str = self.cleaned_data["number_called"]
        if self.agency and digits(number) != digits(self.agency.call_back_number):
            raise forms.ValidationError(
                _("The directory has another number for this agency: %(number)s. Call that one."),
                params={"number": self.agency.call_back_number},
            )
        return number

    def clean_called_at(self) -> Any:
        """A moment that has passed; now when left empty."""
        at = self.cleaned_data["called_at"] or timezone.now()
        if at > timezone.now():
            raise forms.ValidationError(_("This moment has not come yet."))
        return at

    def clean(self) -> dict[str, Any]:
        """A second source where the directory alone is not enough."""
        data = super().clean() or {}
        if self.agency and not self.agency.is_trusted and not data.get("second_source"):
            self.add_error(
                "second_source",
                _("No second person verified this entry lately: say where else the number is published."),
            )
        return data


class Disclosure(CaseForm):
    """What is released to whom, and why. The letter to the agency holds exactly this."""

    recipient_type = forms.ChoiceField(
        label=_("Recipient"), choices=RecipientType.choices, initial=RecipientType.LAW_ENFORCEMENT
    )
    recipient_type_other = forms.CharField(label=_("Other recipient"), max_length=200, required=False)
    recipient_name = forms.CharField(label=_("Name of the recipient"), max_length=200)
    recipient_contact = forms.CharField(
        label=_("Contact of the recipient"),
        max_length=300,
        required=False,
        help_text=_("For the log. The letter goes to the mail address in the directory and to no other."),
    )
    legal_basis = forms.ChoiceField(label=_("Legal basis"), choices=LegalBasis.choices)
    reason = forms.ChoiceField(label=_("Reason"), choices=ReleaseReason.choices, initial=ReleaseReason.HARM)
    reason_other = forms.CharField(label=_("Other reason"), max_length=200, required=False)
    data_classes = SeveralField(label=_("Kinds of data"), choices=DataClass.choices)
    accounts = text_area(_("Accounts, one on each line"), required=False, rows=2)
    description = text_area(_("What happened, with links"))
    released = text_area(_("Exactly what is released"), help_text=_("Word for word as the agency gets it."))

    def clean_accounts(self) -> list[str]:
        """One name on each line."""
        lines = [line.strip() for line in self.cleaned_data["accounts"].splitlines()]
        return [line[:300] for line in lines if line]

    def clean(self) -> dict[str, Any]:
        """Say which other recipient or reason."""
        data = super().clean() or {}
        for name in ("recipient_type", "reason"):
            if data.get(name) == "other" and not data.get(f"{name}_other"):
                self.add_error(f"{name}_other", _("Say which."))
        return data


class UrgentDisclosure(Disclosure):
    """The same, at once."""

    why_urgent = text_area(_("Why waiting risks a life"))


class DoNotDisclose(forms.Form):
    """Why nothing is released."""

    reason = text_area(_("Why nothing is released"))


class _OneRelease(CaseForm):
    release = forms.ModelChoiceField(
        ReleaseEntry.objects.none(),
        label=_("Release"),
        to_field_name="number",
        required=False,
        empty_label=None,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["release"].queryset = entries_of(case)  # type: ignore[attr-defined]

    def clean_release(self) -> ReleaseEntry | None:
        """The last release unless told."""
        chosen: ReleaseEntry | None = self.cleaned_data["release"]
        return chosen or entries_of(self.case).last()


class AgencyNumber(_OneRelease):
    """Under which number the agency works on it."""

    agency_case_number = forms.CharField(label=_("Case number of the agency"), max_length=120)


class Correction(_OneRelease):
    """What is right instead; the earlier row stays in the log."""

    recipient_name = forms.CharField(label=_("Name of the recipient"), max_length=200, required=False)
    recipient_contact = forms.CharField(label=_("Contact of the recipient"), max_length=300, required=False)
    agency_case_number = forms.CharField(label=_("Case number of the agency"), max_length=120, required=False)
    description = text_area(_("What happened, with links"), required=False)
    reason = forms.CharField(label=_("Why the entry is wrong"), max_length=300)

    CHANGEABLE = ("recipient_name", "recipient_contact", "agency_case_number", "description")

    def clean(self) -> dict[str, Any]:
        """At least one change."""
        data = super().clean() or {}
        data["changes"] = {name: data[name] for name in self.CHANGEABLE if data.get(name)}
        if not data["changes"]:
            raise forms.ValidationError(_("Say at least one thing that is right instead."))
        return data


class Feedback(forms.Form):
    """What the agency told us."""

    text = text_area(_("What the agency told us"))


class FollowUpDone(forms.Form):
    """What was done on the wiki."""

    done = SeveralField(label=_("Done"), choices=FOLLOW_UPS)
    text = text_area(_("Where, and by whom"), required=False, rows=2)


class Resources(CaseForm):
    """People to talk to, for the person at risk."""

    TO = [
        ("reporter", _("The reporter, who is the person at risk")),
        ("address", _("The person at risk, at a mail address")),
    ]
    to = forms.ChoiceField(label=_("To"), choices=TO, widget=forms.RadioSelect)
    report = forms.ModelChoiceField(
        Report.objects.none(), label=_("Which reporter"), required=False, empty_label=_("The only one")
    )
    address = forms.EmailField(label=_("Mail address"), required=False)
    language = forms.CharField(label=_("Language of the letter"), max_length=20, required=False)
    helplines = SeveralField(label=_("Helplines"), required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["report"].queryset = case.reports.defer("raw")  # type: ignore[attr-defined]
        self.lines = {
            str(line.pk): line
            for line in helplines_for(case.facts.get("country", ""), self._language(data or {}))
        }
        self.fields["helplines"].choices = [(key, _line(line)) for key, line in self.lines.items()]  # type: ignore[attr-defined]
        self.initial = {
            "to": "reporter" if case.facts.get("at_risk") == "reporter" else "address",
            "language": self._language({}),
            "helplines": [key for key, line in self.lines.items() if not line.is_stale],
        }

    def _language(self, data: Mapping[str, Any]) -> str:
        return data.get("language") or self.case.facts.get("written_in") or self.case.language

    def clean_helplines(self) -> list[Any]:
        """The chosen lines; those that were checked lately when none was chosen."""
        chosen = self.cleaned_data["helplines"] or self.initial["helplines"]
        if not chosen:
            raise forms.ValidationError(_("Choose at least one helpline."))
        return [self.lines[key] for key in chosen]

    def clean(self) -> dict[str, Any]:
        """One reporter, or an address."""
        data = super().clean() or {}
        data["language"] = self._language(data)
        if data.get("to") == "address" and not data.get("address"):
            self.add_error("address", _("Give the mail address of the person at risk."))
        if data.get("to") == "reporter":
            data["report"] = self._reporter(data.get("report"))
        return data

    def _reporter(self, chosen: Report | None) -> Report | None:
        reports = list(self.fields["report"].queryset[:2])  # type: ignore[attr-defined]
        if chosen is None and len(reports) != 1:
            self.add_error("report", _("Say which reporter."))
        return chosen or (reports[0] if reports else None)


def _line(line: Any) -> str:
    parts = [line.name, line.phone or line.url, line.hours, ", ".join(line.languages)]
    return " · ".join(part for part in parts if part)


class HandOverToVenue(forms.Form):
    """Who can help better than we can."""

    venue = forms.ModelChoiceField(Venue.objects.order_by("wiki", "issue", "position"), label=_("Venue"))


class AfterReview(forms.Form):
    """What we learned."""

    text = text_area(_("What went well, and what we change"))


class MoreToDo(forms.Form):
    """What is left to do."""

    reason = text_area(_("What is left to do"))

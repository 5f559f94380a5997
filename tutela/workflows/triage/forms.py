"""What the steps of triage ask."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.models import Case
from tutela.core.flow import registry
from tutela.core.flow.common_forms import CaseForm, FactsForm, SeveralField, text_area
from tutela.programs.directory.find import venues_for
from tutela.programs.directory.models import Issue, Venue

NOT_SORTED: list[tuple[str, Any]] = [("", _("Not sorted yet"))]
WEIGHED = [
    ("severity", _("How bad it is")),
    ("frequency", _("How often it comes")),
    ("number", _("How many messages there were")),
    ("intent", _("What it is meant to do")),
]
MEASURES = [
    ("month", _("30 days: polite messages on matters without merit")),
    ("half_year", _("180 days: abusive or very many messages")),
    ("for_good", _("Without end: staff are threatened or intimidated")),
]
LENGTHS = {"month": timedelta(days=30), "half_year": timedelta(days=180), "for_good": None}


class Facts(FactsForm):
    """What we know of a report that has no owner yet."""

    category = forms.ChoiceField(
        label=_("Category"), choices=[*NOT_SORTED, *Issue.choices], required=False, disabled=True
    )
    where = forms.CharField(label=_("Where"), max_length=1000, required=False)
    sha1 = forms.CharField(label=_("SHA-1"), max_length=40, required=False, disabled=True)
    matched_files = forms.CharField(label=_("Files"), widget=forms.Textarea, required=False, disabled=True)


class Sort(CaseForm):
    """What it is about, on which wiki, in which language."""

    category = forms.ChoiceField(label=_("Category"), choices=Issue.choices)
    wiki = forms.CharField(
        label=_("Wiki"), max_length=120, required=False, help_text=_("For instance en.wiki.example")
    )
    language = forms.CharField(
        label=_("Language"), max_length=20, required=False, help_text=_("A code such as es or zh-hans")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.initial = {
            "category": case.facts.get("category", ""),
            "wiki": case.wiki,
            "language": case.language,
        }


class AnswerWithVenue(CaseForm):
    """The places that can help, found in the directory; the analyst confirms them."""

    venues = SeveralField(label=_("Places that can help"), required=False)
    text = text_area(_("Words of your own"), required=False, rows=3)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        found = venues_for(case.wiki, str(case.facts.get("category") or Issue.OTHER.value))
        self.found = {str(venue.pk): venue for venue in found}
        self.fields["venues"].choices = [(key, _venue(venue)) for key, venue in self.found.items()]  # type: ignore[attr-defined]
        self.initial = {"venues": list(self.found)}

    def clean_venues(self) -> list[Venue]:
        """The confirmed venues; all that were found when none was chosen."""
        chosen = self.cleaned_data["venues"] or list(self.found)
        if not chosen:
            raise forms.ValidationError(_("The directory has no venue for this. Answer in your own words."))
        return [self.found[key] for key in chosen]


def _venue(venue: Venue) -> str:
    where = venue.wiki or _("all wikis")
    if venue.verified_at is None:
        return _("%(title)s (%(where)s), never verified") % {"title": venue.title, "where": where}
    values = {"title": venue.title, "where": where, "day": venue.verified_at.isoformat()}
    if venue.is_stale:
        return _("%(title)s (%(where)s), last verified on %(day)s: check it first") % values
    return _("%(title)s (%(where)s), last verified on %(day)s") % values


class Refer(CaseForm):
    """Which workflow owns it."""

    workflow = forms.ChoiceField(label=_("Workflow"))
    reason = forms.CharField(label=_("Why it is theirs"), max_length=300)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["workflow"].choices = [  # type: ignore[attr-defined]
            (one.slug, one.label) for one in registry.workflows() if one.slug != case.workflow
        ]


class Reason(forms.Form):
    """A reason, for the record."""

    reason = text_area(_("Reason"))


class Suspend(forms.Form):
    """What was weighed, and for how long we stop answering."""

    weighed = SeveralField(label=_("What you weighed"), choices=WEIGHED)
    measure = forms.ChoiceField(label=_("For how long"), choices=MEASURES, widget=forms.RadioSelect)
    reason = text_area(_("What happened"))

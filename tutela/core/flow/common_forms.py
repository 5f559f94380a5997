"""What the common steps ask."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from tutela.core.cases.models import Case, CaseLink, CaseParty, Exhibit, Party, PartyLink, Severity
from tutela.core.cases.models import Note as NoteRow
from tutela.core.files.models import File
from tutela.core.outbox.models import Effect, stuck_effects
from tutela.core.people.models import Grant, Staff

from . import registry

LONG = 20_000


def text_area(label: Any, *, required: bool = True, help_text: Any = "", rows: int = 4) -> forms.CharField:
    """A field for a few sentences. NUL characters are refused by the field itself."""
    return forms.CharField(
        label=label,
        required=required,
        help_text=help_text,
        max_length=LONG,
        widget=forms.Textarea(attrs={"rows": rows, "dir": "auto"}),
    )


class SeveralField(forms.MultipleChoiceField):
    """Several of the choices. Takes a list, or one text with commas as the command line gives it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.CheckboxSelectMultiple, **options)

    def to_python(self, value: Any) -> list[str]:
        """The chosen values, as texts."""
        if isinstance(value, str):
            value = [one.strip() for one in value.split(",") if one.strip()]
        return super().to_python(value)


class CaseForm(forms.Form):
    """A form that knows the case it is about."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data)
        self.case = case


class FactsForm(CaseForm):
    """A workflow's own facts: shows what is known, and keeps it where nothing new was said.

    A field that is disabled is shown and never changed here: a step of its own decides it.
    """

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        known = {name: value for name, value in case.facts.items() if name in self.base_fields}
        super().__init__(None if data is None else {**known, **_flat(data)}, case=case)
        self.initial = known


def _flat(data: Mapping[str, Any]) -> dict[str, Any]:
    return data.dict() if isinstance(data, QueryDict) else dict(data)


class Reason(forms.Form):
    """A reason, for the record."""

    reason = text_area(_("Reason"))


class Assign(CaseForm):
    """Whose hands the case goes into; empty for nobody's."""

    assignee = forms.ModelChoiceField(
        Staff.objects.none(), label=_("Assign to"), required=False, to_field_name="username"
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["assignee"].queryset = workers_on(case)  # type: ignore[attr-defined]
        self.fields["assignee"].empty_label = _("Nobody yet")  # type: ignore[attr-defined]


class HandOver(CaseForm):
    """To whom, and what they need to know."""

    assignee = forms.ModelChoiceField(Staff.objects.none(), label=_("Hand over to"), to_field_name="username")
    text = text_area(_("What they need to know"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["assignee"].queryset = workers_on(case)  # type: ignore[attr-defined]


def workers_on(case: Case) -> Any:
    """The people who may hold the case: workers of its workflow, in its team when restricted, not recused."""
    people = Grant.objects.holders(
        case.workflow, [role.value for role in registry.workflow(case.workflow).workers]
    )
    if case.restricted:
        people = people.filter(teams=case.team_id)
    recused = case.recusals.filter(ended_at=None).values("staff_id")
    return people.exclude(id__in=recused).order_by("working_name").distinct()


class Recuse(forms.Form):
    """Why, if they wish to say."""

    reason = text_area(
        _("Reason"), required=False, help_text=_("You need not give one. You stop seeing this case.")
    )


class Note(forms.Form):
    """A note for the record."""

    text = text_area(_("Note"))
    privileged = forms.BooleanField(
        label=_("Legal advice (privileged)"),
        required=False,
        help_text=_("Seen by reviewers and by whoever wrote it."),
    )


class EditNote(CaseForm):
    """A new wording; the old one stays in the record. What a reviewer said with a decision stays as it is."""

    note = forms.ModelChoiceField(NoteRow.objects.none(), label=_("Note"))
    text = text_area(_("New wording"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["note"].queryset = case.notes.filter(replaced_by=None, opinion=None)  # type: ignore[attr-defined]


class Answer(CaseForm):
    """An answer to one reporter or to all of them."""

    report = forms.ModelChoiceField(
        Case.objects.none(), label=_("To"), required=False, empty_label=_("Every reporter of this case")
    )
    text = text_area(
        _("Your answer"), help_text=_("The reporter reads it with their receipt code or by mail.")
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["report"].queryset = case.reports.defer("raw")  # type: ignore[attr-defined]


class AddExhibit(forms.Form):
    """A piece of evidence that is text: copied words, a log line, technical data."""

    kind = forms.ChoiceField(
        label=_("Kind"),
        choices=[(Exhibit.Kind.TEXT, _("Text")), (Exhibit.Kind.TECHNICAL, _("Technical data"))],
    )
    title = forms.CharField(label=_("Title"), max_length=300)
    text = text_area(_("Content"))
    source = forms.CharField(label=_("Where it comes from"), max_length=300, required=False)


class AddFile(CaseForm):
    """A file that was sent to the case before, as a piece of evidence."""

    file = forms.ModelChoiceField(
        label=_("File"),
        queryset=File.objects.none(),
        widget=forms.TextInput,  # typed in by programs; the desk's own page takes the file itself
        help_text=_("The number that the case gave to the file when it was sent."),
    )
    title = forms.CharField(label=_("Title"), max_length=300)
    source = forms.CharField(label=_("Where it comes from"), max_length=300, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["file"].queryset = case.files.filter(gone_at=None)  # type: ignore[attr-defined]


class Title(forms.Form):
    """A new title: what happened and where, without names or quoted harm."""

    title = forms.CharField(
        label=_("Title"), max_length=300, help_text=_("What happened and where. No names, no quoted harm.")
    )


class SetSeverity(forms.Form):
    """How bad it is if we are late."""

    severity = forms.TypedChoiceField(label=_("Severity"), choices=Severity.choices, coerce=int)


class FollowUp(forms.Form):
    """When to look again."""

    at = forms.DateTimeField(
        label=_("Look again at"), help_text=_("Date and time in UTC, for instance 2026-03-14 09:00")
    )


class PauseClocks(CaseForm):
    """Why the clocks stand still."""

    reason = forms.ChoiceField(label=_("Because of"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        reasons = {
            why.name: why.label for clock in registry.workflow(case.workflow).clocks for why in clock.pauses
        }
        self.fields["reason"].choices = list(reasons.items())  # type: ignore[attr-defined]


class AddParty(forms.Form):
    """An account, a person or an organisation that the case speaks of."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Party.Kind.choices)
    name = forms.CharField(label=_("Name"), max_length=300)
    platform = forms.CharField(label=_("Wiki or platform"), max_length=120, required=False)
    part = forms.ChoiceField(label=_("Part in the case"), choices=CaseParty.Part.choices)


class _WithParties(CaseForm):
    """A form whose party fields offer the parties of the case."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        here = Party.objects.filter(in_cases__case=case, in_cases__removed_at=None).distinct()
        for name in ("party", "other"):
            if name in self.fields:
                self.fields[name].queryset = here  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Two parties must be two."""
        data = super().clean() or {}
        if data.get("party") and data.get("party") == data.get("other"):
            self.add_error("other", _("Choose two different parties."))
        return data


class OneParty(_WithParties):
    """One party of the case."""

    party = forms.ModelChoiceField(Party.objects.none(), label=_("Party"))


class RemoveParty(OneParty):
    """Which party, and why it does not belong here."""

    reason = text_area(_("Reason"), required=False)


class MergeParties(_WithParties):
    """Which party is the same as which; the first is kept."""

    party = forms.ModelChoiceField(Party.objects.none(), label=pgettext_lazy("party that stays", "Keep"))
    other = forms.ModelChoiceField(Party.objects.none(), label=_("Is the same as"))


class LinkParties(MergeParties):
    """That two parties may belong together, how surely, and until when."""

    source = forms.CharField(label=_("How we know"), max_length=300)
    confidence = forms.ChoiceField(label=_("Confidence"), choices=PartyLink.Confidence.choices)
    expires_at = forms.DateTimeField(label=_("Ends on"), required=False)


class _OtherCase(CaseForm):
    other = forms.ModelChoiceField(
        Case.objects.all(),
        label=_("Reference of the other case"),
        to_field_name="reference",
        widget=forms.TextInput(attrs={"placeholder": "EM-2026-0001"}),
        error_messages={"invalid_choice": _("There is no such case, or it is not yours to see.")},
    )

    def clean_other(self) -> Case:
        """Another case than this one."""
        other: Case = self.cleaned_data["other"]
        if other.pk == self.case.pk:
            raise forms.ValidationError(_("That is this case. Give the reference of another one."))
        return other


class LinkCase(_OtherCase):
    """Another case, and how the two belong together."""

    kind = forms.ChoiceField(
        label=_("How"), choices=[c for c in CaseLink.Kind.choices if c[0] != CaseLink.Kind.DUPLICATE]
    )
    reason = forms.CharField(label=_("Reason"), max_length=300, required=False)


class MergeInto(_OtherCase):
    """The case that goes on, with the reporters of both."""

    reason = forms.CharField(label=_("Why they are one"), max_length=300, required=False)

    def clean_other(self) -> Case:
        """An open case of the same workflow."""
        other = super().clean_other()
        if other.workflow != self.case.workflow:
            raise forms.ValidationError(_("That case is in another workflow. Link it instead."))
        if not other.is_open:
            raise forms.ValidationError(
                _("That case is closed. Reopen it first, or merge the other way round.")
            )
        if self.case.restricted and (not other.restricted or other.team_id != self.case.team_id):
            raise forms.ValidationError(
                _("This case is restricted and more people see that one. Restrict it first, or link it.")
            )
        return other


class _OnRequest(forms.Form):
    """Names a request and the round of it that the person read.

    May be left out where one request is open. A round that is named must be the one that waits.
    """

    request = forms.IntegerField(label=_("Request"), required=False, widget=forms.HiddenInput)
    round = forms.IntegerField(label=_("Round"), required=False, min_value=1, widget=forms.HiddenInput)


REASON_HELP = _("Privileged: seen by reviewers and by whoever asked, never in a letter.")
_NAME_IT = {
    "required": _("Read the request, then give its number and its round: you agree to that round only.")
}


class Agreement(forms.Form):
    """Agreement to one round of one request. It names both: nobody agrees to what they have not read."""

    request = forms.IntegerField(label=_("Request"), widget=forms.HiddenInput, error_messages=_NAME_IT)
    round = forms.IntegerField(
        label=_("Round"), min_value=1, widget=forms.HiddenInput, error_messages=_NAME_IT
    )
    reason = text_area(_("Your reason"), required=False, help_text=REASON_HELP)


class ReasonedOpinion(_OnRequest):
    """A verdict that must say why."""

    reason = text_area(_("Your reason"), help_text=REASON_HELP)


class Amend(_OnRequest):
    """A changed proposal: earlier agreement no longer counts. `changes` maps fields of the step to values."""

    changes = forms.JSONField(label=_("What changes"), help_text=_("Earlier agreement no longer counts."))

    def clean_changes(self) -> dict[str, Any]:
        """A JSON object with at least one field."""
        changes = self.cleaned_data["changes"]
        if not isinstance(changes, dict) or not changes:
            raise forms.ValidationError(_("Give at least one field and its new value, as a JSON object."))
        return changes


class Withdraw(_OnRequest):
    """Why the request is taken back."""

    reason = text_area(_("Reason"), required=False)


class Undo(forms.Form):
    """Which event to take back; the last one unless told."""

    event = forms.IntegerField(label=_("Event"), required=False, widget=forms.HiddenInput)


class StuckEffect(CaseForm):
    """Something that was refused or is not getting through."""

    effect = forms.ModelChoiceField(Effect.objects.none(), label=_("What"))

    def __init__(self, data: Mapping[str, Any] | None = None, *, case: Case) -> None:
        super().__init__(data, case=case)
        self.fields["effect"].queryset = stuck_effects(case).order_by("id")  # type: ignore[attr-defined]


class ConfirmEffect(StuckEffect):
    """What was done after all, how that is known, and the other side's own number for it."""

    reason = text_area(_("How do you know?"))
    reference = forms.CharField(label=_("Their number for it"), max_length=200, required=False)


class AbandonEffect(StuckEffect):
    """What is left undone, and why."""

    reason = text_area(_("Reason"))

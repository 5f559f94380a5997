"""Redacted slices at the desk: what was shared with a partner; and composing, agreeing to and ending them."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from tutela.core.errors import BadData, FreshFactorNeeded, NotAllowed, NotFound, StepClosed, TutelaError
from tutela.core.flow import registry
from tutela.core.slices import sharing
from tutela.core.slices.models import LEAST_WORDS, Slice, State
from tutela.core.slices.sharing import Part, Wanted
from tutela.core.slices.sources import LONGEST, Names, Source, chosen, sources_of

from .case.described import Line
from .case.views import head
from .faces import full
from .page import STATUS, case_or_not_found, desk_page, show
from .signing_in import fresh

if TYPE_CHECKING:
    from tutela.core.cases.models import Case

    from .page import DeskRequest

CHIPS = {
    State.ASKED: ("soon", "wait"),
    State.GIVEN: ("act", "eye"),
    State.ENDED: ("", "lock"),
    State.EXPIRED: ("", "clock"),
    State.REFUSED: ("harm", "stop"),
    State.WITHDRAWN: ("", "undo"),
}


class Composing(forms.Form):
    """For whom, why and how long, what is blacked out, and a box for each chosen part."""

    purpose = forms.CharField(
        label=gettext_lazy("Purpose"),
        help_text=gettext_lazy("The partners read it."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )
    readers = forms.MultipleChoiceField(
        label=gettext_lazy("Partners"), widget=forms.CheckboxSelectMultiple, choices=()
    )
    days = forms.IntegerField(label=gettext_lazy("Days"), min_value=1)
    names = forms.MultipleChoiceField(
        label=gettext_lazy("Names to black out"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (Names.SENDER, gettext_lazy("Who sent the reports: names and addresses")),
            (Names.PARTIES, gettext_lazy("The parties of the case")),
            (Names.STAFF, gettext_lazy("Staff: working names and usernames")),
        ],
    )
    words = forms.CharField(
        label=gettext_lazy("Words to black out"),
        help_text=gettext_lazy(
            "One word or phrase in a line. They are found in any case, with or without accents, and within"
            " longer words."
        ),
        required=False,
        max_length=LONGEST,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def __init__(self, case: Case, sources: list[Source], me: int, data: Any = None) -> None:
        start = {"days": min(14, settings.SLICE_DAYS), "names": [one.value for one in Names]}
        super().__init__(data, initial=start)
        self.sources = sources
        people = sharing.partners_for(case).exclude(pk=me)
        self.fields["readers"].choices = [(one.username, one.working_name) for one in people]  # type: ignore[attr-defined]
        self.fields["days"].max_value = settings.SLICE_DAYS  # type: ignore[attr-defined]
        for one in sources:
            self.fields[f"text-{one.name}"] = forms.CharField(
                label=one.title,
                required=False,
                max_length=LONGEST * 2,
                initial=one.text,
                widget=forms.Textarea(attrs={"rows": 8, "dir": "auto"}),
            )

    def wanted(self) -> Wanted:
        """What was filled in. For a valid form."""
        said = self.cleaned_data
        return Wanted(
            purpose=said["purpose"],
            readers=said["readers"],
            days=said["days"],
            parts=[Part(one.title, said[f"text-{one.name}"]) for one in self.kept()],
            words=[line.strip() for line in said["words"].splitlines() if line.strip()],
            names=[Names(one) for one in said["names"]],
        )

    def kept(self) -> list[Source]:
        """The parts whose box is not empty."""
        return [one for one in self.sources if self.cleaned_data[f"text-{one.name}"].strip()]

    def boxes(self) -> list[dict[str, Any]]:
        """Each part: the box, and beside it the words as they are."""
        return [
            {"field": self[f"text-{one.name}"], "name": one.name, "text": one.text} for one in self.sources
        ]


class Words(forms.Form):
    """Why."""

    words = forms.CharField(
        label=gettext_lazy("Reason"),
        min_length=LEAST_WORDS,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2, "dir": "auto"}),
    )


# For partners


@desk_page
@require_safe
def shared(request: DeskRequest) -> HttpResponse:
    """What is shared with this person now."""
    rows = [
        {
            "url": reverse("desk:slice-read", args=[one.number]),
            "purpose": one.purpose,
            "until": full(one.until),
        }
        for one in sharing.mine(request.actor)
    ]
    return show(request, "desk/slices_shared.html", {"rows": rows})


@desk_page
@require_safe
def shared_one(request: DeskRequest, number: int) -> HttpResponse:
    """One slice, and nothing else of its case. The look is recorded."""
    shown = sharing.read(request.actor, number)
    return show(request, "desk/slice_shared.html", {"shown": shown, "until": full(shown.until)})


# For staff


@desk_page
@require_safe
def slices(request: DeskRequest, reference: str) -> HttpResponse:
    """The slices of a case, and what of it may go into another one."""
    case = case_or_not_found(reference)
    may_ask = sharing.works_on(request.actor, case)
    context = {
        **_head(request, case),
        "rows": rows_of(list(sharing.of_case(case))),
        "sources": sources_of(case) if may_ask else [],
        "may_ask": may_ask,
    }
    return show(request, "desk/slices.html", context)


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def compose(request: DeskRequest, reference: str) -> HttpResponse:
    """Choose the words of a slice, see what its partners would see, and ask for it."""
    case = case_or_not_found(reference)
    if not sharing.works_on(request.actor, case):
        raise NotAllowed(_("This is for those who work on the case."))
    data = request.POST if request.method == "POST" else None
    sources = chosen(case, request.actor, (data or request.GET).getlist("part"))
    if not sources:
        return HttpResponseRedirect(reverse("desk:slices", args=[reference]))
    form = Composing(case, sources, request.user.pk, data)
    if data is None or not form.is_valid():
        return _compose(request, case, form, status=200 if data is None else 422)
    wanted = form.wanted()
    try:
        purpose, parts = sharing.redacted(case, wanted)
        seal = _seal(purpose, parts, wanted)
        if "ask" in data and data.get("previewed") == seal:
            made = sharing.ask_slice(request.actor, reference, wanted)
            return HttpResponseRedirect(reverse("desk:slice", args=[reference, made.pk]))
    except BadData as error:
        for field, said in error.errors.items():
            form.add_error(field if field in form.fields else None, said)
        return _compose(request, case, form, status=422)
    after = data.copy()
    after["purpose"] = purpose
    for source, part in zip(form.kept(), parts, strict=True):
        after[f"text-{source.name}"] = part.text
    form = Composing(case, sources, request.user.pk, after)
    shown = {"purpose": purpose, "parts": parts}
    return _compose(request, case, form, shown=shown, seal=seal, changed="ask" in data)


def _seal(purpose: str, parts: list[Part], wanted: Wanted) -> str:
    """Tells whether what is asked for is what was shown before."""
    said = [purpose, [(one.title, one.text) for one in parts], sorted(wanted.readers), wanted.days]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _compose(
    request: DeskRequest, case: Case, form: Composing, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {**_head(request, case), "form": form, **more}
    return show(request, "desk/slice_compose.html", context, status)


@desk_page
@require_safe
def one_slice(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """One slice as its partners read it, who looked, and what can be done about it."""
    return _page(request, *_found(reference, number))


@desk_page
@require_POST
def give(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """Agree to the slice of somebody else, as it was read."""
    case, found = _found(reference, number)
    try:
        sharing.give(request.actor, number, request.POST.get("digest", ""))
    except FreshFactorNeeded as error:
        return fresh.ask(request, error, _asked(found))
    except (StepClosed, NotAllowed) as error:
        return _page(request, case, found, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:slice", args=[reference, number]))


@desk_page
@require_POST
def end(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """End a slice now, refuse or withdraw it."""
    case, found = _found(reference, number)
    form = Words(request.POST)
    if not form.is_valid():
        return _page(request, case, found, form=form, status=422)
    try:
        sharing.end(request.actor, number, form.cleaned_data["words"])
    except (StepClosed, NotAllowed) as error:
        return _page(request, case, found, form=form, error=error, status=STATUS[type(error)])
    return HttpResponseRedirect(reverse("desk:slice", args=[reference, number]))


def _found(reference: str, number: int) -> tuple[Case, Slice]:
    case = case_or_not_found(reference)
    found = sharing.find(number)
    if found.case_id != case.pk:
        raise NotFound
    return case, found


def _asked(found: Slice) -> dict[str, Any]:
    """What the page that asks for the second factor shows."""
    people = ", ".join(one.working_name for one in sharing.readers_of(found))
    parts = [Line("", one.title, one.text, fold=True) for one in sharing.parts_of(found)]
    return {
        "reference": found.case.reference,
        "what": _("Share a redacted slice"),
        "lines": [
            Line("", _("Partners"), people, fold=False),
            Line("", _("Until"), full(found.until), fold=False),
            *parts,
        ],
        "reason": found.purpose,
        "back": reverse("desk:slice", args=[found.case.reference, found.pk]),
    }


def _page(
    request: DeskRequest,
    case: Case,
    found: Slice,
    *,
    form: Words | None = None,
    error: TutelaError | None = None,
    status: int = 200,
) -> HttpResponse:
    waits, own = found.state == State.ASKED, found.asked_by_id == request.user.pk
    may_end = found.state in {State.ASKED, State.GIVEN} and sharing.may_end(request.actor, found)
    context = {
        **_head(request, case),
        "sub": _("Redacted slice %(n)s") % {"n": found.pk},
        "slice": found,
        "row": _row(found),
        "shown": {"purpose": found.purpose, "parts": sharing.parts_of(found)},
        "looks": _looks(sharing.looks_at(found)),
        "digest": sharing.digest_of(found),
        "may_give": waits and sharing.may_give(request.actor, found),
        "end_words": _end_words(waits=waits, own=own) if may_end else "",
        "form": form or Words(),
        "error": error,
    }
    return show(request, "desk/slice.html", context, status)


def _end_words(*, waits: bool, own: bool) -> str:
    if not waits:
        return _("End it now")
    return _("Withdraw it") if own else _("Refuse it")


def _head(request: DeskRequest, case: Case) -> dict[str, Any]:
    return {
        **head(request, registry.workflow(case.workflow), case),
        "sub": _("Redacted slices"),
        "slim": True,
    }


def rows_of(found: list[Slice]) -> list[dict[str, Any]]:
    """Slices as lists show them, with whom they are shared and who looked."""
    looks = sharing.looks_of(found)
    return [{**_row(one), "looks": _looks(looks[one.pk])} for one in found]


def _looks(looks: list[sharing.Looks]) -> list[dict[str, Any]]:
    return [
        {"who": one.staff.working_name, "times": one.times, "last": full(one.last) if one.last else ""}
        for one in looks
    ]


def _row(one: Slice) -> dict[str, Any]:
    kind, icon = CHIPS[one.state]
    return {
        "url": reverse("desk:slice", args=[one.case.reference, one.pk]),
        "number": one.pk,
        "purpose": one.purpose,
        "state": one.state.label,
        "chip": kind,
        "icon": icon,
        "by": one.asked_by.working_name,
        "asked": full(one.asked_at),
        "until": full(one.until),
        "given_by": one.given_by.working_name if one.given_by else "",
        "given": full(one.given_at) if one.given_at else "",
        "ended_by": one.ended_by.working_name if one.ended_by else "",
        "ended": full(one.ended_at) if one.ended_at else "",
    }

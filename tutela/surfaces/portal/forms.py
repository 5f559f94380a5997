"""The portal's forms: what can be left empty may be, and nothing typed is refused for its letters."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.receive import MOST_TEXT, clean_text

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

MOST_LINE = 4000
MOST_CODE = 200

# The browser keeps no copy, offers none to others, and sends the words to nobody's spelling service.
QUIET = {"autocomplete": "off", "spellcheck": "false"}


class Words(forms.CharField):
    """Text as somebody typed or pasted it. NUL, which no database takes, is replaced; all else stays."""

    def __init__(self, **options: Any) -> None:
        super().__init__(strip=False, required=False, **options)

    def to_python(self, value: Any) -> str:
        """The text with plain line ends; an empty string where there are only spaces."""
        text = clean_text(str(value or "")).replace("\r\n", "\n").replace("\r", "\n")
        return text if text.strip() else ""


class LongWords(Words):
    """Several lines of text, up to what a report may hold."""

    widget = forms.Textarea

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Room for a few lines."""
        return {**super().widget_attrs(widget), **QUIET, "rows": 3}

    def validate(self, value: str) -> None:
        """Refuse what is longer than a report may be, and say by how much."""
        if len(value) > MOST_TEXT:
            raise forms.ValidationError(
                gettext(
                    "This is too long for us to take at once: %(length)s characters, and we can take"
                    " %(most)s. All of it is still here. Send the most important part first; you can add the"
                    " rest with your code."
                )
                % {"length": _number(len(value)), "most": _number(MOST_TEXT)},
                code="too_long",
            )


class Line(Words):
    """One line of text."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Nothing is remembered by the browser."""
        return {**super().widget_attrs(widget), **QUIET}

    def validate(self, value: str) -> None:
        """Refuse what is no line any more."""
        if len(value) > MOST_LINE:
            raise forms.ValidationError(
                gettext("This is too long for this field. Put it into the large field below."),
                code="too_long",
            )


class Address(forms.EmailField):
    """A mail address. What cannot be seen in it (marks of direction, spaces) came with a copy and goes."""

    default_error_messages = {
        "invalid": _("Check the address. It looks like name@example.org."),
    }

    def to_python(self, value: Any) -> str:
        """The address without what cannot be seen."""
        text = str(super().to_python(value) or "")
        return "".join(letter for letter in text if unicodedata.category(letter)[0] not in "CZ")

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Nothing is remembered by the browser."""
        return {**super().widget_attrs(widget), **QUIET}


def _number(count: int) -> str:
    return number_format(count, use_l10n=True, force_grouping=True)


def choice(
    label: _StrOrPromise, choices: list[tuple[str, _StrOrPromise]], initial: str = ""
) -> forms.ChoiceField:
    """A question with a few answers, shown as cards; it may stay without one."""
    return forms.ChoiceField(
        label=label, choices=choices, widget=forms.RadioSelect, required=False, initial=initial
    )


class ReportForm(forms.Form):
    """What every report may say: where, what, and how we may answer."""

    where = Line(
        label=_("Where did you see it?"),
        help_text=_("A link is best. If it is gone already, the name of the page is enough."),
    )
    what = LongWords(
        label=_("What did you see?"),
        help_text=_(
            "You do not have to judge how serious it is."
            " If you know a place, a time or a name, write it here."
        ),
    )
    answer = choice(
        _("How may we answer you?"),
        [
            # Translators: what follows the bar is shown as a second, smaller line. Keep the bar.
            ("here", _("Here only|Private, with a receipt code")),
            # Translators: what follows the bar is shown as a second, smaller line. Keep the bar.
            ("mail", _("Also by e-mail|Only if nobody else reads your mail")),
        ],
        initial="here",
    )
    address = Address(label=_("Your e-mail address"), required=False)

    #: The fields in the order of the page.
    order: tuple[str, ...] = ("where", "what", "answer", "address")

    def clean(self) -> dict[str, Any]:
        """Ask for words where there are none, and for an address where an answer by mail is wished."""
        found = super().clean() or {}
        if not (found.get("what") or found.get("where") or self.errors):
            self.add_error("what", gettext("Write a few words about what you saw. A link is enough, too."))
        if found.get("answer") == "mail" and not found.get("address") and "address" not in self.errors:
            self.add_error("address", gettext("Write your address here, or choose “Here only” above."))
        if found.get("answer") != "mail":
            found["address"] = ""
            self.errors.pop("address", None)
        return found

    @property
    def in_order(self) -> list[forms.BoundField]:
        """The fields in the order of the page."""
        return [self[name] for name in self.order]

    @property
    def text(self) -> str:
        """What the report says: the words, or the link where there are no others."""
        return str(self.cleaned_data["what"] or self.cleaned_data["where"])

    @property
    def fields_kept(self) -> dict[str, str]:
        """The short answers, to be kept beside the text."""
        names = [name for name in self.order if name not in {"what", "address"}]
        return {name: str(self.cleaned_data.get(name) or "").strip() for name in names}


class EmergencyForm(ReportForm):
    """Somebody may hurt themselves or others."""

    who = choice(
        _("Who might be hurt?"),
        [
            ("writer", _("The person who wrote it")),
            ("other", _("Another person, or many")),
            # Translators: what follows the bar is shown as a second, smaller line. Keep the bar.
            ("me", pgettext_lazy("who might be hurt", "Me|We offer someone to talk to")),
            ("unsure", _("I am not sure")),
        ],
    )
    order = ("who", "where", "what", "answer", "address")


class AppealForm(ReportForm):
    """A person does not agree with what was decided."""

    decision = Line(
        label=_("Which decision?"),
        help_text=_("Its number, if you have one. It stands in the letter that told you of it."),
    )
    order = ("decision", "what", "answer", "address")


class CodeForm(forms.Form):
    """The way back to a report."""

    code = forms.CharField(
        label=_("Receipt code"),
        max_length=MOST_CODE,
        required=False,
        widget=forms.TextInput(attrs={**QUIET, "autocapitalize": "characters", "size": 19}),
    )

    def clean_code(self) -> str:
        """Ask for a code where there is none."""
        typed = clean_text(self.cleaned_data["code"])
        if not re.search(r"\w", typed):
            raise forms.ValidationError(gettext("Write your code here."))
        return typed


class MoreForm(forms.Form):
    """What a reporter adds, or answers."""

    what = LongWords(
        label=_("Answer us, or add something"),
        help_text=_("Only the team reads it. You will see it here."),
    )

    def clean_what(self) -> str:
        """Ask for words where there are none."""
        text = str(self.cleaned_data["what"])
        if not text:
            raise forms.ValidationError(gettext("Write a few words first."))
        return text

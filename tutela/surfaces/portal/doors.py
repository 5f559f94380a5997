"""The doors of the portal: what somebody may want to tell us, and what happens when they do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from . import brakes, forms
from .words import A_PERSON_ANSWERS, promise

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Stage:
    """One thing that we do, and the clock of the workflow that says by when."""

    text: _StrOrPromise
    clock: str = ""


@dataclass(frozen=True)
class Door:
    """One kind of report. `slug` is its address, and the `category` among the fields of what comes through.

    The categories are those of `directory.Issue` where it has one, so that triage knows them.
    """

    slug: str
    icon: str
    title: _StrOrPromise
    #: One line under the title, at the door.
    text: _StrOrPromise
    #: What happens with such a report, in order, after "it is stored" and before "when it is over".
    then: tuple[Stage, ...]
    workflow: str = "triage"
    form: type[forms.ReportForm] = forms.ReportForm
    brake: brakes.Brake = brakes.OTHER
    #: The questions of its form; without one, the form asks as it always does.
    ask: _StrOrPromise = ""
    hint: _StrOrPromise = ""
    where: _StrOrPromise = ""
    #: Said in a frame above the form.
    careful: _StrOrPromise = ""
    #: What the team reads as its title, where triage has no word for the category.
    subject: str = ""

    @property
    def promise(self) -> str:
        """By when a person answers, as the workflow's clock says; empty where it says nothing."""
        clock = next(stage.clock for stage in self.then if stage.clock)
        return promise(self.workflow, clock, A_PERSON_ANSWERS)


EMERGENCY = Door(
    "emergency",
    "hand",
    _("Someone may hurt themselves or others"),
    _("A goodbye message, a threat, a plan, talk of violence."),
    (
        Stage(_("A trained person reads it and answers you, day and night."), "acknowledge"),
        Stage(_("We decide what to do. If a life is at risk, we may tell the police."), "assess"),
    ),
    workflow="emergency",
    form=forms.EmergencyForm,
    brake=brakes.EMERGENCY,
)

#: The last stage of whatever triage does first.
ANSWER = Stage(_("We answer you here."), "first_answer")

CHILD = Door(
    "child",
    "family",
    _("A child is being harmed or is at risk"),
    _(
        "Sexual images, grooming, asking for a child’s details."
        " Never copy or send us the images: a link is enough."
    ),
    (Stage(_("A person reads it and brings it to those of us who are trained for this.")), ANSWER),
    ask=_("What did you see?"),
    hint=_("Write what you saw and when. Do not describe images; do not look for more."),
    careful=_(
        "Never copy, save or send images of this kind, not even to us. A link is enough."
        " Is a child in danger right now? Call local emergency services first."
    ),
)

HARASSMENT = Door(
    "harassment",
    "message-alert",
    _("Someone is harassing or threatening people"),
    _("You, or someone you have seen it happen to. On a wiki, by mail, or at an event."),
    (Stage(_("A person reads it and finds out who can help best: we, or people of your community.")), ANSWER),
    hint=_("Tell us in your own words, in any language. Links help. You do not have to tell everything."),
)

PRIVATE = Door(
    "personal_data",
    "home",
    _("Private information was made public"),
    _("An address, a phone number, a workplace, a private picture."),
    (Stage(_("A person looks at the link and finds out who can hide it.")), ANSWER),
    ask=_("What was made public?"),
    hint=_("Do not write the private information again. Say what kind it is, and whom it is about."),
)

COPYRIGHT = Door(
    "copyright",
    "copyright",
    _("Copyright notice"),
    _("Takedown or counter-notice"),
    (
        Stage(_("A person reads it and finds out who handles it: our lawyers, or people of the community.")),
        Stage(
            _("We answer you here, and say what a full notice needs if something is missing."), "first_answer"
        ),
    ),
    where=_("Where is the work used?"),
    ask=_("What is it about?"),
    hint=_(
        "Say which work it is, who holds the rights, and why you think that the page has no permission."
        " For an answer to a notice, say which notice."
    ),
)

LEGAL = Door(
    "legal",
    "scale",
    _("Police, courts, lawyers"),
    _("Orders and requests for data"),
    (Stage(_("A person reads it and passes it to our lawyers.")), ANSWER),
    where=_("Which account or page is it about?"),
    ask=_("What do you ask for?"),
    hint=_(
        "Name your office, your file number, and how we can reach you through your office’s public number."
    ),
    careful=_(
        "We give data only to offices that we can call back on a number which we found ourselves."
        " Is a life in danger? Use the form for people in danger: it is read day and night."
    ),
)

APPEAL = Door(
    "appeal",
    "undo",
    _("Appeal a decision"),
    _("Tell us why it should be changed"),
    (Stage(_("A person finds out which decision it is and who may look at it again.")), ANSWER),
    form=forms.AppealForm,
    ask=_("Why should it be changed?"),
    hint=_("Tell us what we did not know, or what we got wrong."),
    subject="Appeal of a decision",
)

OTHER = Door(
    "other",
    "help",
    _("Something else, or not sure"),
    _("Tell us in your own words"),
    (
        Stage(_("A person reads it and finds out who can help.")),
        Stage(_("We answer you here, with a link to the right place if it is not us."), "first_answer"),
    ),
)

#: The doors of the home page, in their order.
LARGE = (EMERGENCY, CHILD, HARASSMENT, PRIVATE)
SMALL = (COPYRIGHT, LEGAL, APPEAL, OTHER)
#: What arrives as a report of the workflow `triage`.
TRIAGE = {door.slug: door for door in (*LARGE, *SMALL) if door.workflow == "triage"}

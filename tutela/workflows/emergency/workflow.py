"""Threats of harm to self or others: acknowledged within the hour, assessed within three."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tutela.core.flow.declare import State, Step, WaitsFor, Workflow
from tutela.core.people.roles import Role

WORKFLOW = Workflow(
    slug="emergency",
    prefix="EM",
    label=_("Emergency"),
    plural=_("Emergencies"),
    purpose=_("Somebody may hurt themselves or others."),
    team="emergency",
    restricted=True,
    severity=3,
    icon="urgent",
    start="received",
    reopen_to="received",
    package="tutela.workflows.emergency",
    takes_reports=True,
    states=(
        State("received", _("Received"), _("We have your report.")),
        State("closed", _("Closed"), _("We have finished."), WaitsFor.NOBODY, final=True),
    ),
    steps=(Step("close", _("Close"), (Role.RESPONDER, Role.MANAGER), ("received",), "closed"),),
)

"""Reports that have no owner yet."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from tutela.core.flow.declare import State, Step, WaitsFor, Workflow
from tutela.core.people.roles import Role

WORKFLOW = Workflow(
    slug="triage",
    prefix="TR",
    label=_("Triage"),
    plural=_("Triage"),
    purpose=_("Everything that has no owner yet."),
    team="triage",
    workers=(Role.INTAKE, Role.RESPONDER, Role.MANAGER),
    icon="inbox",
    start="received",
    reopen_to="received",
    package="tutela.workflows.triage",
    takes_reports=True,
    states=(
        State("received", _("Received"), _("We have your report.")),
        State("closed", _("Closed"), _("We have finished."), WaitsFor.NOBODY, final=True),
    ),
    steps=(Step("close", _("Close"), (Role.INTAKE, Role.MANAGER), ("received",), "closed"),),
)

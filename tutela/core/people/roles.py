"""The roles that a grant can give on a workflow or on the platform, and the system actors."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """What a person may do on one workflow. Retired roles stay, so that old records read well."""

    INTAKE = "intake", _("Intake")
    RESPONDER = "responder", _("On-call responder")
    INVESTIGATOR = "investigator", _("Investigator")
    MANAGER = "manager", _("Trust & Safety manager")
    DIRECTOR = "director", _("Trust & Safety director")
    CHIEF = "chief", _("Head of department")
    COUNSEL = "counsel", _("Legal counsel")
    COMMUNICATIONS = "communications", _("Communications reviewer")
    EXECUTIVE_DIRECTOR = "executive_director", _("Executive director")
    RECORDS_MANAGER = "records_manager", _("Records manager")
    AUDITOR = "auditor", _("Auditor")
    VOLUNTEER = "volunteer", _("Committee volunteer")
    READER = "reader", _("Reader")
    SYSTEM = "system", _("System")
    #: On the platform, not on a workflow: shows no case, and answers for every opening by break-glass.
    SECURITY = "security", _("Security officer")
    #: On the platform, not on a workflow: shows no case, and lets slices of cases be shared with its holder.
    PARTNER = "partner", _("Partner")


#: Where a grant concerns the whole platform; no workflow may be called so.
PLATFORM = "platform"
#: The roles that are held there, and nowhere else.
PLATFORM_ROLES = (Role.SECURITY, Role.PARTNER)


class SystemActor(models.TextChoices):
    """The jobs that act in their own name; the value is the username of their staff row."""

    INTAKE = "system-intake", _("Intake desk")
    CLOCK = "system-clock", _("Clock keeper")
    COURIER = "system-courier", _("Courier")
    REPORTER = "system-portal", _("The reporter")
    KEYS = "system-keys", _("Key keeper")
    #: Carries out what was agreed to be disposed of, and sweeps what is kept for a short time only.
    RECORDS = "system-records", _("Records keeper")
    #: Keeps staff, grants and tokens from the command line of the machine; is granted no workflow.
    OPERATOR = "system-operator", _("Operator of the platform")

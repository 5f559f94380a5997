"""What we know: the workflow's own facts, in the order of its form, and what the case itself says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from tutela.surfaces.desk.faces import moment

from .described import Line, described, fields_of

if TYPE_CHECKING:
    from tutela.core.cases.models import Case, Report
    from tutela.core.flow.declare import Workflow


def known(workflow: Workflow, case: Case) -> list[Line]:
    """The facts of a case as labels and values."""
    fields = fields_of(workflow.step("edit_facts"), case) if workflow.facts else {}
    lines = described(fields, case.facts, rest=False)
    lines.append(Line("received", _("Received"), moment(case.received_at)))
    if case.language:
        lines.append(Line("language", _("Language"), language(case.language)))
    if case.wiki:
        lines.append(Line("wiki", _("Wiki"), case.wiki))
    if case.follow_up_at:
        lines.append(Line("follow_up", _("Look again"), moment(case.follow_up_at)))
    return lines


def proof_of(report: Report) -> str:
    """What speaks for the sender of a mail, in words; nothing for what came another way."""
    match report.sender_proof:
        case "proven":
            return _("The sender's address is proven.")
        case "failed":
            return _("The sender's address may be forged: the checks of our mail server failed.")
        case "none":
            return _("The sender's address is not proven.")
        case _:
            return ""


def language_of(report: Report) -> str:
    """What a report came in, and what its words seem to be written in where that is another language."""
    chosen = language(report.language) if report.language else ""
    found = report.detected_language
    if not found or found == report.language.split("-")[0].lower():
        return chosen
    values = {"language": language(found), "sure": report.detected_sure}
    seems = _("%(language)s, by its words (%(sure)s %% sure)") % values
    return " · ".join(filter(None, [chosen, seems]))


def language(code: str) -> str:
    """The name of a language in the language of the page; the code where nobody named it."""
    try:
        return str(get_language_info(code.lower())["name_translated"])
    except KeyError:
        return code

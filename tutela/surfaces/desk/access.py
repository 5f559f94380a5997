"""Who sees a case, and why anybody does or does not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from tutela.core.access import why
from tutela.core.errors import NotAllowed
from tutela.core.flow import registry
from tutela.core.flow.notices import who_sees
from tutela.core.people.models import Staff
from tutela.core.people.roles import Role
from tutela.core.slices.models import State
from tutela.core.slices.sharing import of_case

from .case.views import head, may_ask
from .conflicts import Words
from .faces import full
from .page import case_or_not_found, desk_page, show
from .rail import standing_of
from .slices import rows_of

if TYPE_CHECKING:
    from .page import DeskRequest


@desk_page
@require_safe
def access(request: DeskRequest, reference: str) -> HttpResponse:
    """Everybody who sees the case by right, and the reasons for and against one person."""
    case = case_or_not_found(reference)
    if not may_ask(request, case):
        raise NotAllowed(_("This is for managers of the workflow and for security officers."))
    username = request.GET.get("person", "")
    person = Staff.objects.filter(username=username, kind=Staff.Kind.PERSON).first() if username else None
    people = Staff.objects.filter(kind=Staff.Kind.PERSON).order_by("working_name", "id")
    answer = why.ask(request.actor, person, case) if person else None
    context = {
        **head(request, registry.workflow(case.workflow), case),
        "sub": _("Who sees this, and why"),
        "people": people,
        "seeing": who_sees(case),
        "slices": rows_of([one for one in of_case(case) if one.state == State.GIVEN]),
        "person": person,
        "answer": _told(answer) if answer else None,
        "lift": Words() if answer and _may_lift(request, answer) else None,
    }
    return show(request, "desk/access.html", context)


def _may_lift(request: DeskRequest, answer: why.Answer) -> bool:
    """Whether the person may show the case to another one again, from whom a conflict hides it."""
    hidden = any(one.name == "conflict" and one.counts for one in answer.reasons)
    manages = Role.MANAGER in standing_of(request).roles.get(answer.case.workflow, ())
    return hidden and manages and answer.person.pk != request.user.pk


def _told(answer: why.Answer) -> dict[str, Any]:
    return {
        "sees": answer.sees,
        "to_look_only": answer.to_look_only,
        "privileged": answer.privileged,
        "reasons": [
            {
                "text": one.text,
                "speaks_for": one.speaks_for,
                "counts": one.counts,
                "by": one.by,
                "why": one.why,
                "since": full(one.since) if one.since else "",
                "until": full(one.until) if one.until else "",
            }
            for one in answer.reasons
        ],
    }

"""Pages: cases for which people were asked to answer, and nobody has yet."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router

from tutela.core.oncall import duty
from tutela.core.paging import pages
from tutela.core.paging.models import Page
from tutela.core.people.actor import Actor, acting_as

from . import shapes
from .auth import actor_of, reads, writes
from .inputs import Reference
from .looks import find_case
from .reading import person

router = Router(tags=["on call"])
Json = dict[str, Any]


@router.get("/pages", auth=reads, response=shapes.PageList, operation_id="list_pages")
def list_pages(request: HttpRequest) -> Json:
    """List the pages that nobody has answered, of cases that you see."""
    return waiting(actor_of(request))


@router.post(
    "/cases/{reference}/answer-page", auth=writes, response=shapes.PageLine, operation_id="answer_page"
)
def answer_page(request: HttpRequest, reference: Reference) -> Json:
    """Answer for a case: nobody else is asked."""
    return answered(actor_of(request), reference)


# For the command line as well


def waiting(actor: Actor) -> Json:
    """The pages that nobody has answered and that the actor sees."""
    with acting_as(actor):
        return {"items": [line(one) for one in pages.open_pages()]}


def answered(actor: Actor, reference: str) -> Json:
    """Answer for a case. Raises NotFound, NotAllowed, StepClosed."""
    with acting_as(actor):
        return line(pages.answer(actor, find_case(reference)))


def line(page: Page) -> Json:
    """A page as plain values."""
    return {
        "reference": page.case.reference,
        "made_at": page.made_at,
        "asked": [person(one) for one in duty.people(page.last_asked)],
        "asked_at": page.last_asked_at,
        "next_at": page.next_at,
        "rounds": page.rounds,
        "answered_by": person(page.answered_by) if page.answered_by else None,
        "answered_at": page.answered_at,
    }

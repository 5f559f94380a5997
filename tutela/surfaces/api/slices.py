"""Redacted slices of cases: ask for one, agree to it, end it; and what partners read."""

from __future__ import annotations

from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja import Router, Status
from pydantic import BaseModel, ConfigDict, Field

from tutela.core.errors import BadData
from tutela.core.people.actor import Actor, acting_as
from tutela.core.slices import sharing
from tutela.core.slices.models import LEAST_WORDS, Slice
from tutela.core.slices.sharing import LONGEST_WORD, MOST_PARTS, MOST_READERS, MOST_WORDS, Part, Shown, Wanted
from tutela.core.slices.sources import LONGEST, Names, chosen, sources_of

from . import shapes
from .auth import actor_of, reads, writes
from .body import body_of, read_as
from .inputs import NO_NUL, Reference, SliceNumber, Whole
from .looks import look_at
from .reading import person

router = Router(tags=["slices"])
Json = dict[str, Any]
LONGEST_REASON = 2000


class PartWanted(BaseModel):
    """A part of the case, whole or as it was shortened."""

    model_config = ConfigDict(extra="forbid", strict=True)

    source: str = Field(
        min_length=1, max_length=60, pattern=NO_NUL, description="The name of a source of the case."
    )
    text: str | None = Field(
        None, max_length=LONGEST, pattern=NO_NUL, description="Its words, if not all of them are to go in."
    )


class SliceWanted(BaseModel):
    """What is to be shared, with whom and for how long, and what is blacked out in it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    purpose: str = Field(min_length=1, max_length=LONGEST_REASON, pattern=NO_NUL)
    readers: list[Annotated[str, Field(pattern=NO_NUL, max_length=80)]] = Field(
        min_length=1, max_length=MOST_READERS, description="The usernames of partners."
    )
    days: Annotated[int, Field(ge=1, le=92), Whole]
    parts: list[PartWanted] = Field(min_length=1, max_length=MOST_PARTS)
    words: list[Annotated[str, Field(pattern=NO_NUL, max_length=LONGEST_WORD)]] = Field(
        default_factory=list, max_length=MOST_WORDS, description="Words and phrases to black out."
    )
    keep_names_of: list[Annotated[str, Field(pattern="^(sender|parties|staff)$")]] = Field(
        default_factory=list,
        max_length=3,
        description="Whose names are not blacked out by themselves: sender, parties, staff.",
    )


class Read(BaseModel):
    """What was read, by its digest."""

    model_config = ConfigDict(extra="forbid", strict=True)

    digest: str = Field(pattern="^[0-9a-f]{64}$")


class Ending(BaseModel):
    """Why a slice ends, or is refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    words: str = Field(min_length=LEAST_WORDS, max_length=LONGEST_REASON, pattern=NO_NUL)


@router.get(
    "/cases/{reference}/slice-sources",
    auth=reads,
    response=shapes.SliceSourceList,
    operation_id="list_slice_sources",
)
def list_slice_sources(request: HttpRequest, reference: Reference) -> Json:
    """List what of a case may go into a slice, with its words. The look is recorded."""
    return sources(actor_of(request), reference)


@router.get(
    "/cases/{reference}/slices", auth=reads, response=shapes.SliceList, operation_id="list_case_slices"
)
def list_case_slices(request: HttpRequest, reference: Reference) -> Json:
    """List the redacted slices of a case, the newest first."""
    return of_case(actor_of(request), reference)


@router.post(
    "/cases/{reference}/slices",
    auth=writes,
    response={HTTPStatus.CREATED: shapes.SliceDetail},
    operation_id="ask_for_slice",
    openapi_extra=body_of(SliceWanted),
)
def ask_for_slice(request: HttpRequest, reference: Reference) -> Status[Json]:
    """Ask to share parts of a case with partners. What comes back is what they would read."""
    said = read_as(request, SliceWanted)
    names = [one for one in Names if one.value not in said.keep_names_of]
    parts = [(one.source, one.text) for one in said.parts]
    made = asked(
        actor_of(request), reference, said.purpose, said.readers, said.days, parts, said.words, names
    )
    return Status(HTTPStatus.CREATED, made)


@router.get(
    "/cases/{reference}/slices/{slice_id}",
    auth=reads,
    response=shapes.SliceDetail,
    operation_id="get_case_slice",
)
def get_case_slice(request: HttpRequest, reference: Reference, slice_id: SliceNumber) -> Json:
    """Read one slice of a case, with how often its partners looked."""
    return detail(actor_of(request), reference, slice_id)


@router.post(
    "/cases/{reference}/slices/{slice_id}/give",
    auth=writes,
    response=shapes.SliceDetail,
    operation_id="give_slice",
    openapi_extra=body_of(Read),
)
def give_slice(request: HttpRequest, reference: Reference, slice_id: SliceNumber) -> Json:
    """Agree to the slice of somebody else, as you read it. Needs a grave token."""
    said = read_as(request, Read)
    return given(actor_of(request), reference, slice_id, said.digest)


@router.post(
    "/cases/{reference}/slices/{slice_id}/end",
    auth=writes,
    response=shapes.SliceDetail,
    operation_id="end_slice",
    openapi_extra=body_of(Ending),
)
def end_slice(request: HttpRequest, reference: Reference, slice_id: SliceNumber) -> Json:
    """End a slice now; refuse one that waits, or withdraw your own."""
    said = read_as(request, Ending)
    return ended(actor_of(request), reference, slice_id, said.words)


@router.get("/slices", auth=reads, response=shapes.SharedList, operation_id="list_slices")
def list_slices(request: HttpRequest) -> Json:
    """List what is shared with you now, as a partner."""
    return mine(actor_of(request))


@router.get("/slices/{slice_id}", auth=reads, response=shapes.SharedDetail, operation_id="get_slice")
def get_slice(request: HttpRequest, slice_id: SliceNumber) -> Json:
    """Read a slice that is shared with you. The look is recorded."""
    return read(actor_of(request), slice_id)


# For the command line as well


def sources(actor: Actor, reference: str) -> Json:
    """What of a case may go into a slice. Raises NotFound."""
    with acting_as(actor):
        case = look_at(reference, actor, "slices")
        names = [one.name for one in sources_of(case)]
        return {"items": [asdict(one) for one in chosen(case, actor, names)]}


def of_case(actor: Actor, reference: str) -> Json:
    """The slices of a case, without their parts. Raises NotFound."""
    with acting_as(actor):
        case = look_at(reference, actor, "slices")
        return {"items": [line(one) for one in sharing.of_case(case)]}


def asked(
    actor: Actor,
    reference: str,
    purpose: str,
    readers: list[str],
    days: int,
    parts: list[tuple[str, str | None]],
    words: list[str],
    names: list[Names],
) -> Json:
    """Ask for a slice of sources by their names, each with other words or None. Raises as `ask_slice`."""
    with acting_as(actor):
        case = look_at(reference, actor, "slices")
        found = {one.name: one for one in chosen(case, actor, [name for name, _words in parts])}
        if missing := [name for name, _words in parts if name not in found]:
            raise _no_source(missing[0])
        said = [Part(found[name].title, found[name].text if text is None else text) for name, text in parts]
        made = sharing.ask_slice(actor, reference, Wanted(purpose, readers, days, said, words, names))
        return _detail(made)


def detail(actor: Actor, reference: str, number: int) -> Json:
    """One slice of a case, with its parts. Raises NotFound."""
    with acting_as(actor):
        look_at(reference, actor, "slices")
        return _detail(_of(reference, number))


def given(actor: Actor, reference: str, number: int, digest: str) -> Json:
    """Agree to a slice. Raises as `sharing.give`."""
    with acting_as(actor):
        _of(reference, number)
        return _detail(sharing.give(actor, number, digest))


def ended(actor: Actor, reference: str, number: int, words: str) -> Json:
    """End, refuse or withdraw a slice. Raises as `sharing.end`."""
    with acting_as(actor):
        _of(reference, number)
        return _detail(sharing.end(actor, number, words))


def mine(actor: Actor) -> Json:
    """What is shared with the actor now."""
    return {"items": [_shared(one) for one in sharing.mine(actor)]}


def read(actor: Actor, number: int) -> Json:
    """One slice as its partner reads it. Raises NotFound."""
    one = sharing.read(actor, number)
    return {**_shared(one), "reader": actor.name, "parts": [asdict(part) for part in one.parts]}


def line(one: Slice) -> Json:
    """A slice as plain values, for those who see its case."""
    return {
        "id": one.pk,
        "state": one.state.value,
        "purpose": one.purpose,
        "until": one.until,
        "digest": sharing.digest_of(one),
        "asked_by": person(one.asked_by),
        "asked_at": one.asked_at,
        "given_by": person(one.given_by) if one.given_by else None,
        "given_at": one.given_at,
        "ended_by": person(one.ended_by) if one.ended_by else None,
        "ended_at": one.ended_at,
        "end_words": one.end_words,
    }


def _no_source(name: str) -> BadData:
    said = _("This case has nothing called %(name)s.") % {"name": name}
    return BadData(_("Some answers cannot be used."), {"parts": [said]})


def _of(reference: str, number: int) -> Slice:
    found = sharing.find(number)
    if found.case.reference != reference:
        raise sharing.no_such()
    return found


def _detail(one: Slice) -> Json:
    looks = [
        {"reader": person(look.staff), "looks": look.times, "last_at": look.last}
        for look in sharing.looks_at(one)
    ]
    return {**line(one), "readers": looks, "parts": [asdict(part) for part in sharing.parts_of(one)]}


def _shared(one: Shown) -> Json:
    return {"id": one.number, "purpose": one.purpose, "given_at": one.given_at, "until": one.until}

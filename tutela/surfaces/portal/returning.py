"""The way back with a receipt code: where it stands, what was said, and adding more.

The code travels in the bodies of posts only. Each page carries it on in its forms, so that nothing is
kept on the device. A wrong code and a code that is no longer there get the same answer after the same work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.receive import Incoming, receipt_hash
from tutela.core.errors import NotFound
from tutela.core.flow import registry

from . import brakes, posted, store, tokens
from .answers import public, render
from .forms import CodeForm, MoreForm
from .troubles import CLOSED_DOOR, DOWN, ELSEWHERE, TOO_MANY_CODES, UNKNOWN_CODE, UNSURE, Trouble
from .words import day_and_time, moment_words

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise


@dataclass(frozen=True)
class Mine:
    """What the holder of a code sees."""

    code: str
    code_hash: bytes
    status: store.Status


class Refused(Exception):
    """The report was not opened; `trouble` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(str(trouble.title))
        self.trouble = trouble


@public("GET", "POST")
def back(request: HttpRequest) -> HttpResponse:
    """Ask for the code; with it, show the report."""
    if request.method != "POST":
        return _ask(request, CodeForm())
    form = CodeForm(posted.read(request).data)
    if not tokens.comes_from_here(request):  # somebody else's report, opened here to be written into
        return _ask(request, CodeForm(), ELSEWHERE)
    if not form.is_valid():
        return _ask(request, form, status=422)
    try:
        mine, turns = _open(request, form.cleaned_data["code"])
    except Refused as refused:
        return _ask(request, form, refused.trouble)
    except store.Unreachable:
        return _ask(request, form, CLOSED_DOOR)
    return _show(request, mine, turns)


@public("GET", "POST")
def add(request: HttpRequest) -> HttpResponse:
    """Add words to a report; then show it."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("portal:back"))
    sent = posted.read(request)
    form, more = CodeForm(sent.data), MoreForm(sent.data)
    key = tokens.to_go_on(request, sent.data)
    if not form.is_valid():
        return _ask(request, form, status=422, more=more, key=key)
    try:
        mine, turns = _open(request, form.cleaned_data["code"])
        return _add(request, mine, turns, more, sent)
    except Refused as refused:
        return _ask(request, form, refused.trouble, more=more, key=key)
    except store.Unreachable:
        return _ask(request, form, DOWN, more=more, key=key)


def _open(request: HttpRequest, code: str) -> tuple[Mine, list[store.Turn]]:
    """The report behind a code. Raises Refused, Unreachable.

    A code that nobody has costs the same questions to the database as one that somebody has.
    """
    code_hash = receipt_hash(code)
    if not brakes.may_look_up(request, code_hash):
        raise Refused(TOO_MANY_CODES)
    status, turns = store.status(code_hash), store.conversation(code_hash, code)
    if status is None:
        raise Refused(UNKNOWN_CODE)
    return Mine(code, code_hash, status), turns


def _add(
    request: HttpRequest, mine: Mine, turns: list[store.Turn], more: MoreForm, sent: posted.Posted
) -> HttpResponse:
    key = tokens.to_go_on(request, sent.data)
    if not more.is_valid():
        return _show(request, mine, turns, more=more, key=key, status=422)
    if not tokens.is_ours(request, sent.data):
        return _show(request, mine, turns, more=more, key=key, trouble=UNSURE)
    received = store.send(_addition(mine, more, sent.raw, tokens.random_part(key)))
    turns = store.conversation(mine.code_hash, mine.code)
    return _show(request, mine, turns, added=True, status=200 if received.duplicate else 201)


def _addition(mine: Mine, more: MoreForm, raw: bytes, random: str) -> Incoming:
    return Incoming(
        channel="portal",
        workflow=mine.status.workflow,
        raw=raw,
        text=more.cleaned_data["what"],
        source_key=random,
        language=get_language() or settings.LANGUAGE_CODE,
        adds_to=mine.code_hash,
    )


# ------------------------------------------------------------------------------------------ pages


def _ask(
    request: HttpRequest,
    form: CodeForm,
    trouble: Trouble | None = None,
    *,
    more: MoreForm | None = None,
    key: str = "",
    status: int = 200,
) -> HttpResponse:
    context = {
        "form": form,
        "more": more,
        "key": key,
        "trouble": trouble,
        "emergency_address": settings.EMERGENCY_ADDRESS,
    }
    return _page(request, "back", context, trouble, status)


def _show(
    request: HttpRequest,
    mine: Mine,
    turns: list[store.Turn],
    *,
    more: MoreForm | None = None,
    key: str = "",
    added: bool = False,
    trouble: Trouble | None = None,
    status: int = 200,
) -> HttpResponse:
    said = [(turn, day_and_time(turn.at)) for turn in turns]
    context = {
        "code": mine.code,
        "key": key or tokens.new_key(),
        "received": moment_words(mine.status.received_at),
        "closed": mine.status.closed_at and moment_words(mine.status.closed_at),
        "plain": _plain(mine.status),
        "first": said[:1],
        "turns": said[1:],
        "more": more or MoreForm(),
        "added": added,
        "trouble": trouble,
    }
    return _page(request, "status", context, trouble, status)


def _page(
    request: HttpRequest, name: str, context: dict[str, Any], trouble: Trouble | None, status: int
) -> HttpResponse:
    if trouble is None:
        return render(request, name, context, status)
    return render(request, name, context, trouble.status, again_after=trouble.again_after)


def _plain(status: store.Status) -> _StrOrPromise:
    """Where a report stands, in the words that its workflow has for the reporter."""
    try:
        workflow = registry.workflow(status.workflow)
        return workflow.state(status.state or workflow.start).plain
    except (NotFound, KeyError):  # a workflow or a state that is no longer declared
        return _("We are working on it.")

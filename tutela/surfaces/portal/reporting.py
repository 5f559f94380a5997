"""Takes a report: gives the form back when something is wrong with it, and the code when it is stored.

The code never stands in an address, a cookie or a log: the receipt is the answer to the post itself.
Sending the same form again (a second press, a reload, a retry after a dead network) finds the report that is
there already and shows the same code.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from tutela.core.cases.receive import Incoming, content_hash, receipt_hash, receipt_public

from . import brakes, posted, store, tokens, troubles
from .answers import public, render
from .doors import EMERGENCY, TRIAGE, Door
from .forms import ReportForm
from .troubles import Trouble
from .words import WITHIN, by_when, clock_time, due, moment_words, promise

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise

# A retry shows the code again; a tab that somebody else opens on a shared device two days later does not.
CODE_IS_SHOWN_FOR = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """One line of "what happens next": when, what, and whether it is done."""

    when: _StrOrPromise
    what: _StrOrPromise
    done: bool = False


@public("GET", "POST")
def emergency(request: HttpRequest) -> HttpResponse:
    """The form for threats of harm, and its receipt."""
    return _report(request, EMERGENCY)


@public("GET", "POST")
def other(request: HttpRequest, slug: str) -> HttpResponse:
    """The form of one other door, and its receipt. Raises Http404 for a door that is not there."""
    if slug not in TRIAGE:
        raise Http404
    return _report(request, TRIAGE[slug])


def _report(request: HttpRequest, door: Door) -> HttpResponse:
    if request.method != "POST":
        return _show(request, door, _form(door), tokens.new_key())
    sent = posted.read(request)
    if "show" in sent.data:  # they chose another language: nothing is sent, nothing is lost
        return _show(request, door, _form(door, typed=sent.data), tokens.to_go_on(request, sent.data))
    form = _form(door, sent.data)
    if not form.is_valid():
        return _show(request, door, form, tokens.to_go_on(request, sent.data), status=422)
    if not tokens.is_ours(request, sent.data):
        return _refuse(request, door, form, troubles.UNSURE, tokens.new_key())
    try:
        return _send(request, door, form, sent)
    except store.Unreachable:
        return _refuse(request, door, form, troubles.DOWN, tokens.to_go_on(request, sent.data))


def _send(request: HttpRequest, door: Door, form: ReportForm, sent: posted.Posted) -> HttpResponse:
    key = sent.data.get("key", "")
    incoming = _incoming(door, form, sent.raw, tokens.random_part(key))
    content = content_hash(incoming)
    code = tokens.code_for(incoming.source_key, content)
    code_hash = receipt_hash(code)
    verdict = brakes.weigh(door.brake, request, content, sent.data.get("wait", ""))
    if verdict is not brakes.Verdict.GO and not store.status(code_hash):
        trouble = troubles.WAIT if verdict is brakes.Verdict.WAIT else troubles.STOP
        return _refuse(request, door, form, trouble, key, wait=tokens.new_patience(content))
    received = store.send(replace(incoming, receipt_hash=code_hash, receipt_public=receipt_public(code)))
    status = store.status(code_hash)
    assert status is not None  # it was stored a moment ago
    return _receipt(request, door, form, code, status.received_at, again=received.duplicate)


def _incoming(door: Door, form: ReportForm, raw: bytes, random: str) -> Incoming:
    return Incoming(
        channel="portal",
        workflow=door.workflow,
        raw=raw,
        text=form.text,
        subject=_subject(door, form),
        source_key=random,
        language=get_language() or settings.LANGUAGE_CODE,
        sender_email=form.cleaned_data["address"],
        fields={**form.fields_kept, "category": door.slug},
    )


def _subject(door: Door, form: ReportForm) -> str:
    decision = str(form.cleaned_data.get("decision") or "").strip()
    return f"{door.subject}: {decision}" if decision else door.subject


# ------------------------------------------------------------------------------------------ pages


def _form(door: Door, data: QueryDict | None = None, *, typed: QueryDict | None = None) -> ReportForm:
    """The form of a door: empty, filled in, or (`typed`) with words that nobody has judged yet."""
    form = door.form(data, initial=typed.dict() if typed else None)
    what, where = form.fields["what"], form.fields["where"]
    what.label, what.help_text = door.ask or what.label, door.hint or what.help_text
    where.label = door.where or where.label
    return form


def _show(
    request: HttpRequest,
    door: Door,
    form: ReportForm,
    key: str,
    *,
    status: int = 200,
    trouble: Trouble | None = None,
    wait: str = "",
) -> HttpResponse:
    context = {
        "door": door,
        "form": form,
        "key": key,
        "wait": wait,
        "trouble": trouble,
        "then": _promises(door),
        "emergency_address": settings.EMERGENCY_ADDRESS,
    }
    return render(request, "report", context, status, again_after=trouble.again_after if trouble else 0)


def _refuse(
    request: HttpRequest, door: Door, form: ReportForm, trouble: Trouble, key: str, *, wait: str = ""
) -> HttpResponse:
    return _show(request, door, form, key, status=trouble.status, trouble=trouble, wait=wait)


def _promises(door: Door) -> list[Told]:
    stages = [
        Told(promise(door.workflow, stage.clock, WITHIN) or _("After that"), stage.text)
        for stage in door.then
    ]
    return [Told(_("At once"), _("Your report is stored and you get a code.")), *stages, _end()]


def _receipt(
    request: HttpRequest, door: Door, form: ReportForm, code: str, received_at: datetime, *, again: bool
) -> HttpResponse:
    shown = timezone.now() - received_at < CODE_IS_SHOWN_FOR
    context = {
        "door": door,
        "code": code if shown else "",
        "groups": code.split(),
        "received": moment_words(received_at),
        "then": _kept(door, received_at),
        "at_risk": form.cleaned_data.get("who") == "me",
        "back_address": f"{urlsplit(settings.PUBLIC_URL).netloc}/back",
    }
    return render(request, "receipt", context, 200 if again else 201)


def _kept(door: Door, received_at: datetime) -> list[Told]:
    stages = []
    for stage in door.then:
        moment = due(door.workflow, stage.clock, received_at)
        stages.append(Told(by_when(moment, received_at) if moment else _("After that"), stage.text))
    stored = Told(clock_time(received_at), _("Your report was stored."), done=True)
    return [stored, *stages, _end()]


def _end() -> Told:
    return Told(
        _("When it is over"),
        _("We tell you here that we have finished, even when we cannot say what was done."),
    )

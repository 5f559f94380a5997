"""What waits for approval: the list, one request with its dry run, one's decision, a changed proposal."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from django import forms
from django.db import connection
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from tutela.core.cases.models import Case
from tutela.core.errors import BadData, FreshFactorNeeded, NotFound, Stale, StepClosed, TutelaError
from tutela.core.flow import registry
from tutela.core.flow.approvals import SeatView, not_the_round, seats
from tutela.core.flow.common_forms import REASON_HELP
from tutela.core.flow.dry_run import dry_run
from tutela.core.flow.models import Opinion, Request
from tutela.core.flow.perform import perform, plain
from tutela.core.slices.sharing import waiting_for as slices_waiting
from tutela.surfaces.desk.case.described import described, fields_of
from tutela.surfaces.desk.case.tried import tried
from tutela.surfaces.desk.case.views import head
from tutela.surfaces.desk.faces import hour, moment
from tutela.surfaces.desk.page import STATUS, case_or_not_found, desk_page, show
from tutela.surfaces.desk.rail import gives_slices
from tutela.surfaces.desk.signing_in import fresh
from tutela.surfaces.desk.steps.prepare import as_utc, form_of

from .waiting import investigating, waiting_for
from .who import OF_THEM, TO_THEM, Holder, barred, deciders, holders

if TYPE_CHECKING:
    from tutela.core.flow.declare import Step, Workflow
    from tutela.surfaces.desk.page import DeskRequest

MOST = 50
STEP_OF = {"agree": "approve", "ask": "ask_first", "stop": "stop"}


class Decision(forms.Form):
    """One's verdict and the reason for it."""

    verdict = forms.ChoiceField(label=gettext_lazy("Decision"), widget=forms.RadioSelect)
    reason = forms.CharField(
        label=gettext_lazy("Your reason"),
        help_text=REASON_HELP,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4, "dir": "auto"}),
    )

    def __init__(self, data: Any = None, *, after: str = "") -> None:
        super().__init__(data)
        self.fields["verdict"].choices = [  # type: ignore[attr-defined]
            ("agree", "|".join([_("Agree"), after])),
            ("ask", "|".join([_("Ask first"), _("Holds the chain, the clocks keep running")])),
            ("stop", "|".join([_("Stop"), _("Ends this request for everyone, with your reason")])),
        ]


@desk_page
@require_safe
def approvals(request: DeskRequest) -> HttpResponse:
    """What waits for this person, and what this person waits for."""
    statement, values = waiting_for(request.user.pk, investigating())
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} LIMIT {MOST}", values)
        numbers = [row[0] for row in cursor.fetchall()]
    open_ones = Request.objects.filter(state=Request.State.OPEN).select_related("case", "proposer")
    waiting = sorted(open_ones.filter(pk__in=numbers), key=lambda one: numbers.index(one.pk))
    own = open_ones.filter(proposer=request.user).order_by("opened_at")[:MOST]
    slices = _slices(request)
    context = {
        "waiting": [_in_list(one) for one in waiting],
        "own": [_in_list(one) for one in own],
        "slices": slices,
        "count": len(waiting) + len(slices),
    }
    return show(request, "desk/approvals.html", context)


def _slices(request: DeskRequest) -> list[dict[str, Any]]:
    """The redacted slices that wait for this person. Asks nothing for those who agree to none."""
    if not gives_slices(request):
        return []
    return [
        {
            "case": one.case,
            "by": one.asked_by.working_name,
            "when": hour(one.asked_at),
            "url": reverse("desk:slice", args=[one.case.reference, one.pk]),
        }
        for one in slices_waiting(request.user.pk)
    ]


def _in_list(one: Request) -> dict[str, Any]:
    workflow = registry.workflow(one.case.workflow)
    turn = [seat.label for seat in seats(one) if seat.open]
    return {
        "case": one.case,
        "workflow": workflow.label,
        "what": workflow.step(one.step).label,
        "kind": one.get_kind_display(),
        "by": one.proposer.working_name,
        "when": hour(one.opened_at),
        "seats": ", ".join(turn),
        "url": reverse("desk:request", args=[one.case.reference, one.pk]),
    }


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def request_page(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """One request: the chain, what would happen, and one's own decision."""
    case, asked = _asked(reference, number)
    after = _after(asked)
    if request.method != "POST":
        return _page(request, case, asked, Decision(after=after))
    form = Decision(request.POST, after=after)
    seen = _number(request, "round")
    if not form.is_valid():
        missing = BadData(_("Choose what you decide."), {})
        return _page(request, case, asked, form, not_the_round(asked, seen) or missing)
    try:
        outcome = perform(
            reference,
            STEP_OF[form.cleaned_data["verdict"]],
            request.actor,
            {"request": number, "round": seen, "reason": form.cleaned_data["reason"]},
            key=request.POST.get("key", "")[:64],
            version=_number(request, "version"),
        )
    except NotFound:
        raise
    except FreshFactorNeeded as needed:
        case, asked = _asked(reference, number)
        return _ask_for_factor(request, case, asked, form, needed)
    except TutelaError as refused:
        case, asked = _asked(reference, number)
        error = _told(refused, asked, seen)
        for name, messages in getattr(error, "errors", {}).items():
            form.add_error(name if name in form.fields else None, messages)
        return _page(request, case, asked, form, error)
    return HttpResponseRedirect(f"{reverse('desk:case', args=[reference])}?done={outcome.event_id}")


@desk_page
@require_http_methods(["GET", "HEAD", "POST"])
def amend_page(request: DeskRequest, reference: str, number: int) -> HttpResponse:
    """The proposal of a held step, to be changed. What was agreed to before no longer counts."""
    case, asked = _asked(reference, number)
    workflow = registry.workflow(case.workflow)
    step = workflow.step(asked.step)
    if asked.state != Request.State.OPEN or asked.kind != Request.Kind.APPROVAL or step.form is None:
        raise NotFound
    if request.method != "POST":
        form = form_of(step, case)
        assert form is not None
        form.initial = {**form.initial, **asked.data}
        return _amend_form(request, workflow, case, asked, step, form, None)
    seen = _number(request, "round")
    answers = plain(as_utc(step, case, request.POST))
    answers.pop("round", None)
    changed = {name: value for name, value in answers.items() if value != asked.data.get(name)}
    left = {name: "" for name in asked.data if name not in answers and name in step.form.base_fields}
    try:
        outcome = perform(
            reference,
            "amend",
            request.actor,
            {"request": number, "round": seen, "changes": json.dumps({**left, **changed})},
            key=request.POST.get("key", "")[:64],
            version=_number(request, "version"),
        )
    except NotFound:
        raise
    except TutelaError as refused:
        case, asked = _asked(reference, number)
        error = _told(refused, asked, seen)
        return _amend_form(request, workflow, case, asked, step, form_of(step, case, request.POST), error)
    return HttpResponseRedirect(f"{reverse('desk:case', args=[reference])}?done={outcome.event_id}")


def _asked(reference: str, number: int) -> tuple[Case, Request]:
    case = case_or_not_found(reference)
    asked = case.requests.filter(pk=number).select_related("proposer").first()
    if asked is None:
        raise NotFound
    asked.case = case
    return case, asked


def _number(request: DeskRequest, name: str) -> int | None:
    """What the page says that the person read: the version of the case, the round of the request."""
    text = request.POST.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _told(error: TutelaError, asked: Request, seen: int | None) -> TutelaError:
    """That the proposal changed says more than that something on the case did."""
    changed = not_the_round(asked, seen) if isinstance(error, Stale) else None
    return changed or error


def _page(
    request: DeskRequest, case: Case, asked: Request, form: Decision, error: TutelaError | None = None
) -> HttpResponse:
    workflow = registry.workflow(case.workflow)
    step = workflow.step(asked.step)
    views = seats(asked)
    people = holders(asked)
    is_open = asked.state == Request.State.OPEN
    may = deciders(asked, people, views) if is_open else []
    mine = next((one for one in may if one.id == request.user.pk), None)
    context = {
        **head(request, workflow, case),
        "slim": True,
        "asked": asked,
        "step": step,
        "is_open": is_open,
        "is_review": asked.kind == Request.Kind.REVIEW,
        "asked_at": moment(asked.opened_at),
        "lines": described(fields_of(step, case), asked.data),
        "chain": _chain(asked, views, people, request.user.pk),
        "seat": _seat_of(mine, asked, views) if mine else "",
        "why_not": "" if mine else _against(asked, people, request.user.pk),
        "waits_for": [one.name for one in may],
        "cannot": _cannot(asked, people),
        "opinions": _opinions(asked),
        "unmet": _unmet(step, case) if is_open else [],
        "dry": tried(workflow, lambda: dry_run(asked))
        if is_open and asked.kind == Request.Kind.APPROVAL
        else None,
        "may_amend": is_open and asked.kind == Request.Kind.APPROVAL and step.form is not None,
        "form": form,
        "error": error,
        "key": secrets.token_hex(16),
    }
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 200)
    return show(request, "desk/request.html", context, status)


def _ask_for_factor(
    request: DeskRequest, case: Case, asked: Request, form: Decision, needed: FreshFactorNeeded
) -> HttpResponse:
    """Ask for the second factor, with what one agrees to and what would happen."""
    workflow = registry.workflow(case.workflow)
    step = workflow.step(asked.step)
    context = {
        **head(request, workflow, case),
        "step": step,
        "what": _("Agree to: %(step)s") % {"step": step.label},
        "lines": described(fields_of(step, case), asked.data),
        "reason": form.cleaned_data["reason"],
        "after": _after(asked),
        "dry": tried(workflow, lambda: dry_run(asked)),
        "back": reverse("desk:request", args=[case.reference, asked.pk]),
    }
    return fresh.ask(request, needed, context)


def _unmet(step: Step, case: Case) -> list[str]:
    """What must be met before anybody agrees, and is not yet."""
    needs = step.approval.needs if step.approval else ()
    return [str(why) for need in needs if (why := need(case))]


def _after(asked: Request) -> str:
    """What comes after an agreement, as it stands beside the choice."""
    left = [seat for seat in seats(asked) if seat.required and seat.verdict != Opinion.Verdict.AGREE]
    if len(left) > 1:
        return _("Passes to %(seat)s") % {"seat": left[1].label}
    if asked.kind == Request.Kind.REVIEW:
        return _("Ends the review")
    return _("You are the last to be asked: the step runs at once")


def _chain(asked: Request, views: list[SeatView], people: list[Holder], me: int) -> list[dict[str, Any]]:
    """The chain in parts: asked, who must agree, then act."""
    links: list[dict[str, Any]] = [{"part": _("Evaluate")}, _proposed(asked)]
    required = sum(view.required for view in views)
    heading = ngettext(
        "%(count)d must agree. Any one may stop it.",
        "All %(count)d must agree. Any one may stop it.",
        required,
    )
    links.append({"part": heading % {"count": required}, "icon": "stop"})
    for number, view in enumerate(views, start=2):
        links.append(_link(number, asked, view, people, me))
    if asked.kind == Request.Kind.APPROVAL:
        step = registry.workflow(asked.case.workflow).step(asked.step)
        links.append({"part": _("Then act. Nothing outside happens before."), "icon": "lock"})
        state = "done" if asked.state == Request.State.RELEASED else "ahead"
        links.append({"number": len(views) + 2, "state": state, "what": step.label, "who": ""})
    return links


def _proposed(asked: Request) -> dict[str, Any]:
    values = {"who": asked.proposer.working_name, "time": moment(asked.opened_at)}
    review = asked.kind == Request.Kind.REVIEW
    what = _("Done on the urgent path") if review else _("Proposed")
    return {"number": 1, "state": "done", "what": what, "who": _("%(who)s, %(time)s") % values}


def _link(number: int, asked: Request, view: SeatView, people: list[Holder], me: int) -> dict[str, Any]:
    states = {Opinion.Verdict.AGREE: "done", Opinion.Verdict.STOP: "stopped"}
    here = view.open and asked.state == Request.State.OPEN
    ahead = "here" if here else "ahead"
    return {
        "number": number,
        "state": states.get(Opinion.Verdict(view.verdict), "here") if view.verdict else ahead,
        "what": view.label,
        "who": _who(asked, view, people, me),
        "end": _("now") if here else "" if view.required else _("if asked"),
    }


def _who(asked: Request, view: SeatView, people: list[Holder], me: int) -> str:
    if view.opinion:
        said = {
            Opinion.Verdict.AGREE: _("%(who)s agreed, %(time)s"),
            Opinion.Verdict.ASK: _("%(who)s asked first, %(time)s"),
            Opinion.Verdict.STOP: _("%(who)s stopped it, %(time)s"),
        }[Opinion.Verdict(view.opinion.verdict)]
        return said % {"who": view.opinion.staff.working_name, "time": moment(view.opinion.at)}
    roles = next((set(seat["roles"]) for seat in asked.chain if seat["name"] == view.name), set())
    able = [one for one in people if not one.against and one.roles & roles]
    names = [_("you, %(name)s") % {"name": one.name} if one.id == me else one.name for one in able]
    return ", ".join(names[:4]) or _("nobody holds this seat")


def _seat_of(mine: Holder, asked: Request, views: list[SeatView]) -> str:
    roles = {seat["name"]: set(seat["roles"]) for seat in asked.chain}
    return next((view.label for view in views if view.open and roles[view.name] & mine.roles), "")


def _against(asked: Request, people: list[Holder], me: int) -> str:
    if asked.state != Request.State.OPEN:
        return ""
    own = next((one for one in people if one.id == me), None)
    reason = own.against if own else barred(asked).get(me, "")
    if reason:
        return str(TO_THEM[reason])
    return _("It is not your turn yet.") if own else _("You hold no seat in this approval.")


def _cannot(asked: Request, people: list[Holder]) -> list[dict[str, str]]:
    listed = [{"name": one.name, "why": str(OF_THEM[one.against])} for one in people if one.against]
    if all(one.id != asked.proposer_id for one in people):
        listed.insert(0, {"name": asked.proposer.working_name, "why": str(OF_THEM["proposed"])})
    return listed


def _opinions(asked: Request) -> list[dict[str, Any]]:
    return [
        {
            "who": one.staff.working_name,
            "verdict": one.get_verdict_display(),
            "reason": one.reason,
            "sealed": one.note_id is not None and not one.reason,
            "when": moment(one.at),
            "void": one.round != asked.round,
        }
        for one in asked.opinions.select_related("staff", "note").order_by("id")
    ]


def _amend_form(
    request: DeskRequest,
    workflow: Workflow,
    case: Case,
    asked: Request,
    step: Step,
    form: forms.Form | None,
    error: TutelaError | None,
) -> HttpResponse:
    context = {
        **head(request, workflow, case),
        "slim": True,
        "asked": asked,
        "step": step,
        "form": form,
        "error": error,
        "lines": described(fields_of(step, case), asked.data) if isinstance(error, StepClosed) else [],
        "key": secrets.token_hex(16),
    }
    status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), 200)
    return show(request, "desk/amend.html", context, status)

"""Mail to colleagues about a clock: the reference and the clock's name, and nothing of the case.

Whoever gets one could open the case: a colleague without a grant, outside the team of a restricted case
or recused from it is never told that it exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import QuerySet
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from tutela.core.cases.models import Case
from tutela.core.oncall.duty import on_duty
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import Role

from .context import Wish
from .declare import Clock, LapseAct, Workflow
from .models import ClockRow


def may_see(case: Case) -> QuerySet[Staff]:
    """The people who can open a case now and can be told of it."""
    return who_sees(case).exclude(email="")


def who_sees(case: Case) -> QuerySet[Staff]:
    """The people who can open a case now, by right and not by break-glass."""
    granted = Grant.objects.active().filter(workflow=case.workflow).values("staff_id")
    people = Staff.objects.filter(id__in=granted, is_active=True, kind=Staff.Kind.PERSON)
    if case.restricted:
        people = people.filter(teams=case.team_id)
    recused = case.recusals.filter(ended_at=None).values("staff_id")
    return people.exclude(id__in=recused).order_by("id").distinct()


def to_page(case: Case, at: datetime | None = None) -> list[Staff]:
    """Whom to wake: the first on duty who can open the case, or else everybody of its team who can."""
    able = may_see(case)
    known = {person.pk for person in able}
    first = next((person for person in on_duty(case.workflow, at) if person.pk in known), None)
    return [first] if first else list(able.filter(teams=case.team_id))


def recipients(case: Case, workflow: Workflow, act: LapseAct | None, at: datetime) -> list[Staff]:
    """Whom to tell: by what a lapse does, or for a warning when `act` is None. Empty if nobody is left."""
    able = may_see(case)
    team = able.filter(teams=case.team_id)
    on_call = _on_call(able, case, at)
    if act is LapseAct.PAGE:
        chosen: Iterable[Staff] = {*on_call, *team}
    elif act is LapseAct.ESCALATE:
        chosen = able.filter(id__in=Grant.objects.holders(case.workflow, [Role.MANAGER]).values("id"))
    else:
        chosen = able.filter(id=case.assignee_id or 0) or on_call
    workers = able.filter(id__in=Grant.objects.holders(case.workflow, workflow.workers).values("id"))
    return sorted(chosen or team or workers, key=lambda person: person.pk)


def _on_call(able: QuerySet[Staff], case: Case, at: datetime) -> QuerySet[Staff]:
    return able.filter(id__in=[person.pk for person in on_duty(case.workflow, at)])


def notice(person: Staff, case: Case, clock: Clock, row: ClockRow) -> Wish:
    """A mail in the person's language, with the time on the person's wall."""
    with translation.override(person.language):
        words = {"clock": clock.label, "reference": case.reference, "time": wall_time(row.due_at, person)}
        link = f"{settings.DESK_URL}/desk/case/{case.reference}/"
        if row.lapsed_at:
            subject = _("%(reference)s: “%(clock)s” is overdue") % words
            text = _("“%(clock)s” on case %(reference)s was due at %(time)s.") % words
        else:
            subject = _("%(reference)s: “%(clock)s” is due soon") % words
            text = _("“%(clock)s” on case %(reference)s is due at %(time)s.") % words
    return mail_to(person, subject, text, link)


def mail_to(person: Staff, subject: str, text: str, link: str) -> Wish:
    """A mail to a colleague, in their language already: what it is about, and where to read on."""
    payload = {
        "to": person.email,
        "subject": subject,
        "text": f"{text}\n\n{link}\n",
        "language": person.language,
        "automatic": True,
    }
    return Wish("mail", "send", payload, _label(person), f"staff-{person.pk}")


def _label(person: Staff) -> str:
    with translation.override(settings.LANGUAGE_CODE):
        return _("Mail to %(name)s") % {"name": person.working_name}


def wall_time(moment: datetime, person: Staff) -> str:
    """A moment on the person's wall, with the name of their zone."""
    local = moment.astimezone(ZoneInfo(person.time_zone))
    return f"{date_format(local, 'DATETIME_FORMAT')} {local.tzname()}"

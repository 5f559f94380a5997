"""Whom each level of a page asks. Only people who can open the case are ever told of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from tutela.core.cases.models import Case
from tutela.core.flow.notices import may_see, to_page
from tutela.core.oncall import duty
from tutela.core.oncall.keep import USUAL_LEVELS, Asked, levels_of
from tutela.core.oncall.models import Cover, Level, Rota
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import Role


class Ask(NamedTuple):
    """Who is asked now, for how long, and the place of the level in the chain, counted from 0."""

    people: list[Staff]
    wait: timedelta
    level: int


def levels(workflow: str) -> tuple[Asked, ...]:
    """The levels of the workflow's rota; the usual ones where it has none."""
    rota = Rota.objects.filter(covers__workflow=workflow).first()
    return (levels_of(rota) if rota else ()) or USUAL_LEVELS


def ask(case: Case, asked: int, at: datetime) -> Ask:
    """Whom to ask next, when `asked` levels were asked before. A level that has nobody is passed over.

    With nobody in the whole chain it is everybody of the team who can open the case; then the list may be
    empty.
    """
    chain = levels(case.workflow)
    for step in range(len(chain)):
        place = (asked + step) % len(chain)
        if people := _people(case, chain[place], at):
            return Ask(people, timedelta(minutes=chain[place].minutes), place)
    place = asked % len(chain)
    return Ask(to_page(case, at), timedelta(minutes=chain[place].minutes), place)


def _people(case: Case, level: Asked, at: datetime) -> list[Staff]:
    able = may_see(case)
    if level.who == Level.Who.PERSON:
        return list(able.filter(pk=level.staff.pk if level.staff else 0))
    if level.who == Level.Who.MANAGERS:
        return list(able.filter(id__in=Grant.objects.holders(case.workflow, [Role.MANAGER]).values("id")))
    watch = duty.watch(case.workflow, at)
    if watch.first is None:
        if level.who != Level.Who.DUTY:
            return []
        covered = Cover.objects.filter(workflow=case.workflow).exists()
        return list(able.filter(pk__in=watch.on)) if covered else to_page(case, at)
    order = [watch.first, *watch.back_up, *watch.following]
    known = {person.pk: person for person in able.filter(pk__in=order)}
    present = [known[one] for one in order if one in known]
    return present[:1] if level.who == Level.Who.DUTY else present[1:2]

"""The filter language: `state:open severity:critical lang:ar assignee:me due<2h words`.

A filter is words and terms. A term is a key, an operator and a value; several values stand with
commas; a minus before it turns it round. What is not understood is told, never left out in silence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import Q
from django.db.models.expressions import RawSQL
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from tutela.core.cases.models import Case, Severity
from tutela.core.errors import NotFound
from tutela.core.flow import registry
from tutela.core.flow.declare import WaitsFor

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrOrPromise

LONGEST = 300
#: How many cases the words of a filter may find.
MOST_FOUND = 500

_TERM = re.compile(r"""(-?)([a-z]+)(:|<=|>=|<|>)("[^"]*"|[^\s"]+)|(-?)"([^"]*)"|(\S+)""")
_SPAN = re.compile(r"(\d{1,4})(m|h|d|w)")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_REFERENCE = re.compile(r"[A-Za-z]{2}-\d{4}-\d+")


@dataclass(frozen=True)
class Asker:
    """Who filters, and when: what "me", "late" and "in two hours" mean."""

    staff_id: int
    now: datetime
    workflows: tuple[str, ...]


@dataclass(frozen=True)
class Term:
    """One part of a filter. `label` and `says` are for its chip."""

    text: str
    q: Q
    label: _StrOrPromise = ""
    says: str = ""
    key: str = ""


@dataclass(frozen=True)
class Filter:
    """A filter that was read. `problems` says what of it could not be."""

    terms: tuple[Term, ...] = ()
    problems: tuple[str, ...] = ()
    words: str = ""

    @property
    def text(self) -> str:
        """The filter as somebody would type it."""
        return " ".join(term.text for term in self.terms)

    @property
    def only_open(self) -> bool:
        """Whether it shows nothing but open cases."""
        return all(term.text == "state:open" for term in self.terms if term.key in {"state", "closed"})

    def without(self, term: Term) -> str:
        """The text of the filter with one term less."""
        return " ".join(one.text for one in self.terms if one is not term)

    def apply(self, cases: QuerySet[Case]) -> QuerySet[Case]:
        """The cases that fit. Open ones, unless the filter speaks of states."""
        if not any(term.key in {"state", "closed"} for term in self.terms):
            cases = cases.filter(closed_at=None)
        for term in self.terms:
            cases = cases.filter(term.q)
        if self.words:
            cases = cases.filter(_found(self.words))
        return cases


class Problem(ValueError):
    """A term that cannot be used, and why."""


def parse(typed: str, asker: Asker) -> Filter:
    """Read a filter. Never raises: what it cannot read stands in `problems`."""
    terms, problems, words = [], [], []
    for match in _TERM.finditer(typed[:LONGEST].replace("\0", " ")):
        minus, key, operator, value, quoted_minus, quoted, word = match.groups()
        try:
            if key and (key in KEYS or operator == ":"):
                terms.append(_term(minus, key, operator, value.strip('"'), asker))
            elif quoted is not None:
                words.append(quoted)
                terms.append(Term(f'"{quoted}"', Q(), gettext_lazy("Words"), quoted, "words"))
            else:
                said = word or match.group(0)
                words.append(said)
                terms.append(_word(said))
        except Problem as problem:
            problems.append(str(problem))
        assert quoted_minus in {None, "", "-"}
    return Filter(tuple(terms), tuple(problems), " ".join(words))


def _word(word: str) -> Term:
    return Term(word, Q(), gettext_lazy("Words"), word, "words")


def _term(minus: str, key: str, operator: str, value: str, asker: Asker) -> Term:
    if key not in KEYS:
        raise Problem(
            _("“%(key)s” is not a filter. You can use: %(keys)s.") % {"key": key, "keys": ", ".join(KEYS)}
        )
    known = KEYS[key]
    if operator not in known.operators:
        raise Problem(_("“%(key)s” goes with %(signs)s.") % {"key": key, "signs": " ".join(known.operators)})
    q, says = known.read(operator, value, asker)
    if minus:
        q, says = ~q, _("not %(what)s") % {"what": says}
    shown = f'"{value}"' if " " in value else value
    return Term(f"{minus}{key}{operator}{shown}", q, known.label, says, key)


Read = Callable[[str, str, Asker], tuple[Q, str]]


@dataclass(frozen=True)
class Key:
    """One word that a filter knows."""

    label: _StrOrPromise
    read: Read
    example: str
    operators: tuple[str, ...] = field(default=(":",))


def _state(_operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    q, says = Q(), list[str]()
    for name in value.split(","):
        one, said = _one_state(name)
        q, says = q | one, [*says, said]
    return q, ", ".join(says)


def _one_state(name: str) -> tuple[Q, str]:
    if name == "open":
        return Q(closed_at=None), pgettext("state of cases", "open")
    if name == "closed":
        return Q(closed_at__isnull=False), pgettext("state of cases", "closed")
    if name == "any":
        return Q(pk__isnull=False), pgettext("state of cases", "any")
    if name == "waiting":
        return waiting_on_others(), _("waiting on others")
    labels = {
        state.name: str(state.label) for workflow in registry.workflows() for state in workflow.all_states
    }
    if name not in labels:
        raise Problem(_("No workflow has a state “%(state)s”.") % {"state": name})
    return Q(state=name), labels[name]


def waiting_on_others() -> Q:
    """Cases whose state waits for an approval, a reporter or somebody outside."""
    q = Q(pk__in=[])
    for workflow in registry.workflows():
        others = {WaitsFor.APPROVAL, WaitsFor.REPORTER, WaitsFor.OUTSIDE}
        names = [state.name for state in workflow.all_states if state.waits_for in others]
        if names:
            q |= Q(workflow=workflow.slug, state__in=names)
    return q & Q(closed_at=None)


def _severity(operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    by_name = {one.name.lower(): one for one in Severity}
    levels = [by_name.get(name) for name in value.lower().split(",")]
    if None in levels or not levels:
        raise Problem(_("Severities are %(names)s.") % {"names": ", ".join(by_name)})
    found = [one for one in levels if one]
    says = ", ".join(str(one.label) for one in found)
    if operator == ":":
        return Q(severity__in=[one.value for one in found]), says
    lookup = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}[operator]
    return Q(**{f"severity__{lookup}": found[0].value}), f"{operator} {says}"


def _language(_operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    q = Q()
    for code in value.lower().split(","):
        q |= Q(language=code) | Q(language__startswith=f"{code}-")
    return q, value


def _wiki(_operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    return Q(wiki__in=value.split(",")), value


def _assignee(_operator: str, value: str, asker: Asker) -> tuple[Q, str]:
    q, says = Q(), list[str]()
    for name in value.split(","):
        if name == "me":
            q, said = q | Q(assignee=asker.staff_id), _("me")
        elif name == "nobody":
            q, said = q | Q(assignee=None), _("nobody")
        else:
            q, said = q | Q(assignee__username__iexact=name) | Q(assignee__working_name__iexact=name), name
        says.append(said)
    return q, ", ".join(says)


def _workflow(_operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    try:
        found = [registry.workflow(slug) for slug in value.split(",")]
    except NotFound as error:
        raise Problem(str(error)) from None
    return Q(workflow__in=[one.slug for one in found]), ", ".join(str(one.plural) for one in found)


def _due(operator: str, value: str, asker: Asker) -> tuple[Q, str]:
    if operator == ":":
        if value == "late":
            return Q(due_at__lt=asker.now), _("late")
        if value == "none":
            return Q(due_at=None), _("no clock")
        raise Problem(_("Write due<2h, due>1d, due:late or due:none."))
    edge = asker.now + _span(value)
    if operator in {"<", "<="}:
        return Q(due_at__lt=edge), _("within %(span)s") % {"span": value}
    return Q(due_at__gt=edge), _("in more than %(span)s") % {"span": value}


def _past(column: str) -> Read:
    def read(operator: str, value: str, asker: Asker) -> tuple[Q, str]:
        edge = asker.now - _span(value)
        if operator in {"<", "<="}:
            return Q(**{f"{column}__gt": edge}), _("less than %(span)s ago") % {"span": value}
        return Q(**{f"{column}__lt": edge}), _("more than %(span)s ago") % {"span": value}

    return read


def _is(_operator: str, value: str, _asker: Asker) -> tuple[Q, str]:
    marks = {
        "unread": (Q(unread__gt=0), _("unread")),
        "restricted": (Q(restricted=True), _("restricted")),
        "test": (Q(is_test=True), _("a test")),
        "snoozed": (Q(follow_up_at__isnull=False), _("to be looked at again later")),
    }
    if value not in marks:
        raise Problem(_("After “is” comes one of: %(names)s.") % {"names": ", ".join(marks)})
    return marks[value]


def _span(value: str) -> timedelta:
    match = _SPAN.fullmatch(value)
    if not match:
        raise Problem(_("“%(span)s” is not a length of time. Write 30m, 2h, 3d or 1w.") % {"span": value})
    return timedelta(**{_UNITS[match[2]]: int(match[1])})


COMPARE = ("<", "<=", ">", ">=")
KEYS: dict[str, Key] = {
    "state": Key(gettext_lazy("State"), _state, "state:open"),
    "assignee": Key(gettext_lazy("Assignee"), _assignee, "assignee:me,nobody"),
    "severity": Key(gettext_lazy("Severity"), _severity, "severity>=high", (":", *COMPARE)),
    "due": Key(gettext_lazy("Due"), _due, "due<2h", (":", *COMPARE)),
    "workflow": Key(gettext_lazy("Workflow"), _workflow, "workflow:emergency"),
    "lang": Key(gettext_lazy("Language"), _language, "lang:ar"),
    "wiki": Key(gettext_lazy("Wiki"), _wiki, "wiki:example.org"),
    "received": Key(gettext_lazy("Received"), _past("received_at"), "received<1d", COMPARE),
    "changed": Key(gettext_lazy("Changed"), _past("updated_at"), "changed<8h", COMPARE),
    "closed": Key(gettext_lazy("Closed"), _past("closed_at"), "closed<1w", COMPARE),
    "is": Key(gettext_lazy("Only"), _is, "is:unread"),
}


def _found(words: str) -> Q:
    """Cases in which the words stand. The function gives candidates; the table decides what is seen."""
    if _REFERENCE.fullmatch(words):
        return Q(reference=words.upper())
    return Q(pk__in=RawSQL("SELECT case_id FROM tutela.search(%s, %s, NULL)", [words, MOST_FOUND]))

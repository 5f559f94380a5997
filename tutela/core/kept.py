"""Queries whose SQL is written once and planned once, for pages that ask many small questions.

Django writes the SQL of a queryset anew each time, and PostgreSQL plans it anew, policies and all; for a
small question either costs more than the answer. A page about a case asks some thirty of them, always with
the same words:

    @kept
    def _notes(case: int) -> QuerySet[Note]:
        return Note.objects.filter(case=case).order_by("id")

    for note in _notes(case.pk): ...

The function is called twice, with values that nobody has, to learn where each value stands in the SQL;
after that only the values change. So it must put the same question for all values: no `if` on them, no
moment of its own, and no list that becomes several places. Each connection prepares a statement at its
first use, outside of what is counted as queries. Who may see what is decided at each use, as ever: a
policy looks up the actor when the statement runs, not when it is planned.

For what identifies rows (a case, a person, a moment), not for the filters of a list: PostgreSQL may plan
for any value, and one workflow's queue may want another plan than the next one's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import update_wrapper
from itertools import count
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Field, ForeignKey, Lookup
from django.db.models.sql.compiler import SQLCompiler
from psycopg import Connection
from psycopg.sql import Literal

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper
    from django.db.models import Model, QuerySet
    from django.db.models.sql.query import Query

P = ParamSpec("P")
M = TypeVar("M", bound="Model")
Row = TypeVar("Row")

#: SQL with a `%s` for each of its values, as Django has it.
Written = tuple[str, Sequence[Any]]

#: Values that no row has, two of each kind and place, to be found again among the values of a statement.
_NUMBERS: Final = (7_100_000_000_000_000_000, 7_200_000_000_000_000_000)
_YEARS: Final = (2301, 2302)
_LETTERS: Final = ("kept-first", "kept-second")
_LONGEST_NAME: Final = 56  # of the 63 characters that PostgreSQL looks at, with room for a number

_numbers = count(1)
_prepared: WeakKeyDictionary[Connection[Any], set[str]] = WeakKeyDictionary()


class kept(Generic[P, M, Row]):  # noqa: N801  read as a decorator
    """A function that gives a queryset, made into one that gives its rows as a list. See the module.

    The values are whole numbers, texts, lists of these (with the lookup `any`, as `in` makes a place for
    each), or points in time. Raises TypeError for others, and where the SQL differs with its values.
    """

    def __init__(self, make: Callable[P, QuerySet[M, Row]]) -> None:
        self._make: Callable[..., Any] = make
        self._known: tuple[_Statement, Any, _Compiler] | None = None
        update_wrapper(self, make)

    def __call__(self, *values: P.args, **_named: P.kwargs) -> list[Row]:
        """The rows for these values, in their order. One query."""
        statement, queryset, compiler = self._known or self._learnt(values)
        connection = connections[DEFAULT_DB_ALIAS]  # that of this thread
        at_work = copy(compiler)
        at_work.connection, at_work.written = connection, statement.call(connection, values)
        asked = type(queryset)(queryset.model, query=_Asked(queryset.query, at_work))
        asked._fields = queryset._fields
        return list(queryset._iterable_class(asked))  # noqa: SLF001

    def _learnt(self, values: Sequence[Any]) -> tuple[_Statement, Any, _Compiler]:
        def write(*markers: Any) -> Written:
            return SQLCompiler.as_sql(_made(self._make, markers)[1])

        statement = _learnt(self._make, write, values)
        self._known = statement, *_made(self._make, values)
        SQLCompiler.as_sql(self._known[2])  # it now knows its columns
        return self._known


class kept_sql(Generic[P]):  # noqa: N801  read as a decorator
    """The same for a function that gives SQL and its values; what comes back are rows, as tuples."""

    def __init__(self, make: Callable[P, Written]) -> None:
        self._make: Callable[..., Written] = make
        self._known: _Statement | None = None
        update_wrapper(self, make)

    def __call__(self, *values: P.args, **_named: P.kwargs) -> list[tuple[Any, ...]]:
        """The rows for these values; none where the SQL gives none. One query."""
        if self._known is None:
            self._known = _learnt(self._make, self._make, values)
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            cursor.execute(*self._known.call(connections[DEFAULT_DB_ALIAS], values))
            return cursor.fetchall() if cursor.description else []


@dataclass(frozen=True)
class _Statement:
    """A statement as PostgreSQL prepares it. `order` has, for each place, which value and in what shape."""

    name: str
    text: str
    order: Sequence[tuple[int, Callable[[Any], Any]]]

    def call(self, connection: BaseDatabaseWrapper, values: Sequence[Any]) -> Written:
        """What runs it with these values. Prepares it first, where this connection has not."""
        connection.ensure_connection()
        ready = _prepared.setdefault(connection.connection, set())
        if self.name not in ready:
            with connection.wrap_database_errors:
                connection.connection.execute(f'PREPARE "{self.name}" AS {self.text}')
            ready.add(self.name)
        places = ", ".join(["%s"] * len(self.order))
        return f'EXECUTE "{self.name}" ({places})', [shape(values[number]) for number, shape in self.order]


@ForeignKey.register_lookup
@Field.register_lookup
class AnyOf(Lookup):
    """`workflow__any=[…]`: one of a list, which the SQL takes as one value."""

    lookup_name = "any"
    prepare_rhs = False

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> Any:
        """The column, and the list."""
        column, values = self.process_lhs(compiler, connection)
        return f"{column} = ANY (%s)", [*values, list(self.rhs)]


class _Compiler(SQLCompiler):
    """Knows what to run already."""

    written: Written

    def as_sql(self, with_limits: bool = True, with_col_aliases: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002  Django's
        return self.written


class _Asked:
    """Stands in for the query of a queryset: has its compiler at hand."""

    def __init__(self, query: Query, compiler: _Compiler) -> None:
        self._query, self._compiler = query, compiler

    def get_compiler(self, *_where: Any, **_more: Any) -> _Compiler:
        return self._compiler

    def __getattr__(self, name: str) -> Any:
        return getattr(self._query, name)


def _made(make: Callable[..., Any], values: Sequence[Any]) -> tuple[Any, _Compiler]:
    queryset = make(*values)
    return queryset, _Compiler(queryset.query, connections[DEFAULT_DB_ALIAS], DEFAULT_DB_ALIAS)


def _learnt(make: Callable[..., Any], write: Callable[..., Written], values: Sequence[Any]) -> _Statement:
    """Where each value stands, found by what changes between two calls with made-up values."""
    first, second = ([_marker(value, place, turn) for place, value in enumerate(values)] for turn in (0, 1))
    (sql, slots), (again, others) = write(*first), write(*second)
    changes = {number for number, (one, other) in enumerate(zip(slots, others, strict=False)) if one != other}
    places = {first.index(slots[number]) if slots[number] in first else None for number in changes}
    if sql != again or len(slots) != len(others) or places != set(range(len(values))):
        message = f"{make.__qualname__}: its SQL differs with its values, or does not hold each as it is."
        raise TypeError(message)
    order, parts = [], []
    for number, one in enumerate(slots):
        if number in changes:
            order.append((first.index(one), type(one) if isinstance(one, int | str) else _as_it_is))
            parts.append(f"${len(order)}")
        else:
            parts.append(_literal(one))
    rest = iter(parts)
    text = re.sub("%%|%s", lambda found: "%" if found[0] == "%%" else next(rest), sql)
    name = f"{make.__module__.removeprefix('tutela.')}.{make.__name__}"[-_LONGEST_NAME:]
    return _Statement(f"{name} {next(_numbers)}", text, order)


def _literal(value: Any) -> str:
    connection = connections[DEFAULT_DB_ALIAS]
    connection.ensure_connection()
    return Literal(value).as_string(connection.connection)


def _as_it_is(value: Any) -> Any:
    return value


def _marker(value: object, place: int, turn: int) -> Any:
    if isinstance(value, list | tuple):
        return [_marker(one, place, turn) for one in value[:1] or [""]]
    if isinstance(value, int) and not isinstance(value, bool):
        return _NUMBERS[turn] + place
    if isinstance(value, str):
        return f"{_LETTERS[turn]}-{place}"
    if isinstance(value, datetime):
        return datetime(_YEARS[turn], 1, 1 + place, tzinfo=UTC)
    message = f"A kept query takes numbers, texts and points in time, not {type(value).__name__}."
    raise TypeError(message)

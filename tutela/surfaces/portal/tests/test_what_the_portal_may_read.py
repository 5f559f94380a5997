"""The portal's login cannot read one row of a case: not even what it wrote itself."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connections

from .conftest import code_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
READS = {"directory_helpline", "directory_emergencynumber", "directory_venue"}
RUNS = {"intake_key", "receive_report", "receipt_status", "receipt_conversation", "take"}


@pytest.fixture
def portal(database):
    with psycopg.connect(database.url("portal"), autocommit=True) as connection:
        yield connection


def tables(superuser) -> list[str]:
    rows = superuser.execute("select tablename from pg_tables where schemaname = 'public' order by 1")
    return [row[0] for row in rows]


def test_it_reads_three_tables_of_the_directory_and_no_other(portal, superuser, visitor):
    visitor.report()
    readable = set()
    for table in tables(superuser):
        try:
            portal.execute(f'select * from "{table}" limit 1')
            readable.add(table)
        except psycopg.errors.InsufficientPrivilege:
            pass
    assert readable == READS


@pytest.mark.parametrize("right", ["insert", "update", "delete", "truncate", "references", "trigger"])
def test_it_writes_to_none(superuser, right):
    whole = f"has_table_privilege('tutela_portal', c.oid, '{right}')"
    column = f" or has_any_column_privilege('tutela_portal', c.oid, '{right}')"
    may = whole if right in {"delete", "truncate", "trigger"} else whole + column
    rows = superuser.execute(
        f"select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
        f" where n.nspname in ('public', 'tutela') and c.relkind in ('r', 'p', 'v', 'm') and ({may})"
    )
    assert rows.fetchall() == []


def test_it_runs_five_functions_of_ours(portal):
    rows = portal.execute(
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'tutela' and has_function_privilege(p.oid, 'execute')"
        " and p.prosecdef"
    )
    runs = {row[0] for row in rows}
    assert runs >= RUNS
    # The rest answer for the actor of the transaction, and the portal is nobody's.
    for name in runs - RUNS:
        assert name.startswith("actor_"), name
        assert portal.execute(f"select tutela.{name}()").fetchone()[0] in ([], False), name


def test_naming_an_actor_gives_it_nothing(portal, superuser):
    someone = superuser.execute("select id from people_staff order by id limit 1").fetchone()[0]
    portal.execute("select set_config('tutela.actor', %s, false)", [str(someone)])
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        portal.execute("select * from cases_case")


def test_a_code_opens_its_own_report_only(portal, visitor):
    from tutela.core.cases.receive import receipt_hash

    mine, other = code_of(visitor.report(what="Mine.")), code_of(visitor.report(what="Another's."))
    said = portal.execute("select text from tutela.receipt_conversation(%s)", [receipt_hash(mine)]).fetchall()
    assert said == [("Mine.",)]
    assert mine != other


def test_the_tests_run_as_that_login():
    with connections["portal"].cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == ("tutela_portal",)

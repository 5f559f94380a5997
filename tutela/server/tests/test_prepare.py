from __future__ import annotations

import os
import subprocess
import sys

import psycopg
import pytest

from tutela.config import environment
from tutela.core.people.roles import SystemActor
from tutela.server import prepare
from tutela.server.errors import CannotStartError

pytestmark = pytest.mark.slow


@pytest.fixture
def server(start, programs):
    return start(programs)


@pytest.fixture
def owner_connection(server):
    with prepare.connect(server.owner_url()) as connection:
        yield connection


@pytest.fixture
def admin(server):
    with psycopg.connect(server.admin_url(), autocommit=True) as connection:
        yield connection


def logins(server):
    return environment.logins(server.owner_url()).values()


def test_the_roles_sign_in_with_no_power(server, owner_connection):
    prepare.make_roles(owner_connection)
    prepare.let_in(owner_connection)
    for address in logins(server):
        with psycopg.connect(address) as connection:
            powers = connection.execute(
                "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication"
                " from pg_roles where rolname = current_user"
            ).fetchone()
            assert not any(powers)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("create table own (one int)")


def test_preparing_again_changes_nothing(server, owner_connection):
    for _ in range(2):
        prepare.make_roles(owner_connection)
        prepare.let_in(owner_connection)
        with prepare.lending(owner_connection):
            pass
    for address in logins(server):
        psycopg.connect(address).close()


def test_a_stranger_is_kept_out_of_the_database(server, owner_connection, admin):
    prepare.make_roles(owner_connection)
    prepare.let_in(owner_connection)
    admin.execute("create role stranger login password 'secret'")
    secret = server.admin_url().split(":")[2].split("@")[0]
    address = server.admin_url().replace("tutela_admin", "stranger").replace(secret, "secret")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(address)


def test_functions_go_to_their_owners_only_while_migrating(owner_connection):
    prepare.make_roles(owner_connection)
    prepare.let_in(owner_connection)
    owner_connection.execute("create function public.look() returns int language sql as 'select 1'")
    give = "alter function public.look owner to tutela_search"
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner_connection.execute(give)
    with prepare.lending(owner_connection):
        owner_connection.execute(give)
    owned_by = "select proowner::regrole::text from pg_proc where proname = 'look'"
    assert owner_connection.execute(owned_by).fetchone() == ("tutela_search",)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner_connection.execute("alter function public.look security definer")


def test_the_owners_of_functions_cannot_sign_in_or_create(owner_connection):
    prepare.make_roles(owner_connection)
    prepare.let_in(owner_connection)
    with prepare.lending(owner_connection):
        pass
    rows = owner_connection.execute(
        "select rolcanlogin, has_schema_privilege(rolname, 'public', 'create') from pg_roles"
        " where rolname = any(%s)",
        [list(prepare.FUNCTION_OWNERS)],
    ).fetchall()
    assert rows == [(False, False)] * len(prepare.FUNCTION_OWNERS)


@pytest.mark.parametrize("power", ["superuser", "bypassrls"])
def test_a_role_that_passes_row_security_is_refused(owner_connection, admin, power):
    prepare.make_roles(owner_connection)
    admin.execute(f"alter role tutela_search {power}")
    with pytest.raises(CannotStartError, match="does not hold for tutela_search"):
        prepare.make_roles(owner_connection)


def test_an_owner_that_may_not_make_roles_is_told_what_to_do(server, admin):
    admin.execute("alter role tutela_owner nocreaterole")
    refused = pytest.raises(CannotStartError, match="Give it CREATEROLE")
    with prepare.connect(server.owner_url()) as connection, refused:
        prepare.make_roles(connection)


def test_an_administrator_may_make_the_roles_instead(server, admin):
    """The statements that README.md names."""
    admin.execute("alter role tutela_owner nocreaterole")
    for role in environment.SIGN_IN:
        admin.execute(f"create role {role} login password 'hers'")
    for role in prepare.FUNCTION_OWNERS:
        admin.execute(f"create role {role} nologin")
        admin.execute(f"grant {role} to tutela_owner")
    with prepare.connect(server.owner_url()) as connection:
        prepare.refuse_powers(connection)
        prepare.let_in(connection)
        connection.execute("create function public.look() returns int language sql as 'select 1'")
        with prepare.lending(connection):
            connection.execute("alter function public.look owner to tutela_search")
        owned_by = connection.execute("select proowner::regrole::text from pg_proc where proname = 'look'")
        assert owned_by.fetchone() == ("tutela_search",)


def test_an_operator_keeps_the_password_that_she_manages(owner_connection, admin, monkeypatch):
    prepare.make_roles(owner_connection)
    before = admin.execute("select rolpassword from pg_authid where rolname = 'tutela_desk'").fetchone()
    monkeypatch.setenv("TUTELA_DESK_DATABASE_URL", "postgresql://tutela_desk:hers@/tutela")
    prepare.make_roles(owner_connection)
    after = admin.execute("select rolpassword from pg_authid where rolname = 'tutela_desk'").fetchone()
    assert after == before


def test_passwords_are_kept_as_scram(owner_connection, admin):
    prepare.make_roles(owner_connection)
    rows = admin.execute("select rolpassword from pg_authid where rolcanlogin").fetchall()
    assert all(row[0].startswith("SCRAM-SHA-256$") for row in rows)


def test_no_answer_is_said_in_words(folder):
    with pytest.raises(CannotStartError, match="Check TUTELA_DATABASE_URL"):
        prepare.connect("postgresql://tutela_owner@/tutela?host=/nowhere")


def test_a_changed_migration_or_workflow_is_another_shape(monkeypatch, folder):
    package = folder / "tutela"
    migrations = package / "core" / "cases" / "migrations"
    migrations.mkdir(parents=True)
    (package / "config").mkdir()
    (package / "config" / "settings.py").touch()
    (package / "server").mkdir()
    (package / "server" / "prepare.py").touch()
    monkeypatch.setattr(prepare, "PACKAGE", package)
    monkeypatch.setattr(prepare, "__file__", str(package / "server" / "prepare.py"))
    shapes = [prepare.fingerprint()]
    (migrations / "0001_initial.py").touch()
    shapes.append(prepare.fingerprint())
    (migrations / "0001_initial.sql").write_text("select 1")
    shapes.append(prepare.fingerprint())
    workflow = package / "workflows" / "lost_property" / "workflow.py"
    workflow.parent.mkdir(parents=True)
    (package / "workflows" / "__init__.py").write_text("INSTALLED = ()")
    shapes.append(prepare.fingerprint())
    workflow.write_text("WORKFLOW = ...")
    shapes.append(prepare.fingerprint())
    assert len(set(shapes)) == 5
    assert prepare.fingerprint() == shapes[-1]


@pytest.mark.django_db(transaction=True)
def test_a_workflow_without_a_migration_gets_its_rows_too(database, superuser, monkeypatch):
    """As on the start after a workflow was added: every migration is applied, and nobody works for it yet."""
    superuser.execute("delete from people_grant where workflow = 'triage'")
    superuser.execute("delete from people_team where slug = 'triage'")
    environ = os.environ | {"TUTELA_DATABASE_URL": database.url("owner")}
    subprocess.run([sys.executable, "-m", "tutela", "prepare"], check=True, env=environ)
    jobs = superuser.execute(
        "select count(*) from people_grant where workflow = 'triage' and role = 'system'"
    )
    assert jobs.fetchone()[0] == len(SystemActor) - 1  # whoever works at the machine holds no grant
    assert superuser.execute("select 1 from people_team where slug = 'triage'").fetchone()
    assert prepare.is_prepared(database.url("owner"))

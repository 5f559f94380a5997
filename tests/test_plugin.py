"""The ground that every other test stands on."""

from __future__ import annotations

import psycopg
import pytest
from django.db import connection, connections


@pytest.mark.django_db(databases=["default", "portal"])
@pytest.mark.parametrize(("alias", "role"), [("default", "tutela_desk"), ("portal", "tutela_portal")])
def test_django_is_the_desk_and_the_portal(alias, role):
    with connections[alias].cursor() as cursor:
        cursor.execute(
            "select rolname, rolsuper or rolbypassrls or rolcreaterole from pg_roles"
            " where rolname = current_user"
        )
        assert cursor.fetchone() == (role, False)


@pytest.mark.django_db
def test_the_desk_owns_no_table():
    with connection.cursor() as cursor:
        cursor.execute("select count(*), count(*) filter (where tableowner = current_user) from pg_tables")
        tables, owned = cursor.fetchone()
    assert tables > 20
    assert owned == 0


def test_the_owner_is_no_superuser(owner):
    row = owner.execute("select rolsuper, rolbypassrls from pg_roles where rolname = current_user").fetchone()
    assert row == (False, False)


def test_nobody_enters_without_a_password(database):
    address = database.url("desk")
    secret = address.split(":")[2].split("@")[0]
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(address.replace(f":{secret}", ""))

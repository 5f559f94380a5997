"""No login of ours waits for ever: what the server gives up on, and what an operator may say instead."""

from __future__ import annotations

import pytest
from django.db import connections

from tutela.config import environment

pytestmark = pytest.mark.django_db(databases=["default", "portal"])
SETTINGS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


@pytest.mark.parametrize(
    ("alias", "limits"), [("portal", ["4s", "3s", "10s"]), ("default", ["50s", "15s", "5min"])]
)
def test_the_server_keeps_the_limits_of_each_login(alias, limits):
    with connections[alias].cursor() as cursor:
        cursor.execute("select " + ", ".join(f"current_setting('{name}')" for name in SETTINGS))
        assert list(cursor.fetchone()) == limits


@pytest.mark.parametrize("role", [environment.PORTAL, environment.DESK, environment.OWNER])
def test_no_login_waits_for_ever_for_a_server_that_is_gone(role):
    assert 0 < int(environment.login(role)["OPTIONS"]["connect_timeout"]) <= 10


def test_what_an_address_says_wins(monkeypatch):
    address = "postgresql://reader@db.example/tutela?options=-c%20lock_timeout%3D1s&connect_timeout=7"
    monkeypatch.setenv("TUTELA_DESK_DATABASE_URL", address)
    options = environment.login(environment.DESK)["OPTIONS"]
    assert options["connect_timeout"] == "7"
    assert options["options"].endswith(" -c lock_timeout=1s")
    assert "-c statement_timeout=50s" in options["options"]

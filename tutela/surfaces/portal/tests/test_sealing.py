"""A portal that has nothing to seal with stores nothing, and loses nothing."""

from __future__ import annotations

import pytest

from tutela.core.vault import keyring

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])


@pytest.fixture(autouse=True)
def _no_keys_of_other_tests():
    keyring.forget()
    yield
    keyring.forget()


def test_without_a_key_nothing_is_stored_and_the_reporter_keeps_every_word(visitor, superuser):
    superuser.execute("delete from vault_intakekey")
    answer = visitor.report(what="They named a station.")
    assert answer.status_code == 503
    assert "They named a station." in answer.content.decode()
    assert superuser.execute("select count(*) from cases_report").fetchone() == (0,)

"""A page at the desk: the case shows it until somebody answers."""

from __future__ import annotations

import pytest

from tests.cast import report_emergency
from tutela.core.flow.perform import perform

pytestmark = pytest.mark.django_db
OPEN = "Nobody has answered the page yet"


def test_a_case_asks_until_somebody_answers(cast, desk):
    reference = report_emergency()
    juniper, heron = desk(cast.juniper), desk(cast.heron)
    where = f"/desk/case/{reference}/"
    text = juniper.get(where).content.decode()
    assert OPEN in text
    assert "<bdi>Heron</bdi>" in text, "with no rota the whole team was asked"
    assert desk(cast.sorrel).post(f"{where}page/").status_code == 404
    assert juniper.post(f"{where}page/").status_code == 302
    text = heron.get(where).content.decode()
    assert OPEN not in text
    assert "answered the page" in text
    assert heron.post(f"{where}page/").status_code == 409


def test_a_case_that_somebody_took_asks_nobody(cast, desk):
    reference = report_emergency()
    perform(reference, "take", cast.heron, {})
    assert OPEN not in desk(cast.juniper).get(f"/desk/case/{reference}/").content.decode()

"""Why somebody sees a case, as the desk shows it."""

from __future__ import annotations

import pytest

from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import acting_as

from .scene import do, report

pytestmark = pytest.mark.django_db


def test_a_manager_reads_the_reasons_and_the_question_is_recorded(cast, desk):
    reference = report()
    url = f"/desk/case/{reference}/access/"
    do(reference, "recuse", cast.heron, reason="I know them.")
    alder = desk(cast.alder)
    assert url in alder.get(f"/desk/case/{reference}/").content.decode()
    assert "Juniper" in alder.get(url).content.decode()
    juniper = alder.get(url, {"person": "juniper"}).content.decode()
    assert "Juniper sees this case." in juniper
    assert "Is in the team" in juniper
    heron = alder.get(url, {"person": "heron"}).content.decode()
    assert "Heron does not see this case." in heron
    assert "Keeps away from this case." in heron
    assert "I know them." not in heron
    with acting_as(cast.alder):
        assert Entry.objects.filter(act=Act.ACCESS_ASKED).count() == 2


def test_it_is_for_managers_and_officers(cast, desk):
    reference = report()
    url = f"/desk/case/{reference}/access/"
    for actor in (cast.juniper, cast.larch):
        assert desk(actor).get(url).status_code == 403
        assert url not in desk(actor).get(f"/desk/case/{reference}/").content.decode()
    assert desk(cast.alder).get(url, {"person": "nobody-is-called-so"}).status_code == 200

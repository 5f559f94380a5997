"""Declared conflicts at the desk: declared, shown to whom they concern, lifted, ended."""

from __future__ import annotations

import pytest

from tutela.core.access import conflicts
from tutela.core.access.models import Conflict
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff

from .scene import do, report

pytestmark = pytest.mark.django_db
PAGE = "/desk/conflicts/"
WHY = "We wrote an article together."


@pytest.fixture
def named(cast) -> str:
    reference = report()
    do(reference, "add_party", cast.juniper, kind="account", name="ExampleMoss", part="reported")
    return reference


def said(who: str, **more: str) -> dict[str, str]:
    return {"person": who, "name": "ExampleMoss", "reason": WHY, **more}


def test_from_declaring_to_ending(cast, desk, named):
    heron, alder, juniper = desk(cast.heron), desk(cast.alder), desk(cast.juniper)
    case, access = f"/desk/case/{named}/", f"/desk/case/{named}/access/"
    assert heron.get(case).status_code == 200
    one = heron.post(PAGE, said("heron"), follow=True).redirect_chain[-1][0]
    assert heron.get(case).status_code == 404
    own = heron.get(one).content.decode()
    assert "ExampleMoss" in own
    assert "End the conflict" not in own
    assert named not in own + heron.get(PAGE).content.decode()
    assert juniper.get(one).status_code == 404
    conflicts.tend()
    assert "stepped away from this case" in juniper.get(case).content.decode()
    told = alder.get(access, {"person": "heron"}).content.decode()
    assert "because of a declared conflict" in told
    assert "Show the case again" in told
    because = {"person": "heron", "words": "Another account of that name."}
    assert juniper.post(f"{access}lift/", because).status_code == 403
    assert alder.post(f"{access}lift/", {**because, "words": "no"}).status_code == 422
    assert alder.post(f"{access}lift/", {**because, "person": "nobody"}).status_code == 404
    again = alder.post(f"{access}lift/", because, follow=True).content.decode()
    assert "Heron sees this case." in again
    assert "Show the case again" not in again
    assert "need not keep away" in juniper.get(case).content.decode()
    assert heron.post(f"{one}end/", {"words": "It is over now."}).status_code == 403
    assert alder.post(f"{one}end/", {"words": "no"}).status_code == 422
    assert alder.post(f"{one}end/", {"words": "It is over now."}).status_code == 302
    assert "It is over now." in alder.get(one).content.decode()


def test_one_declares_for_those_whom_one_manages(cast, desk):
    assert 'value="heron"' in desk(cast.alder).get(PAGE).content.decode()
    assert 'value="juniper"' not in desk(cast.heron).get(PAGE).content.decode().partition("colleague")[0]
    assert desk(cast.heron).post(PAGE, said("juniper")).status_code == 422
    assert (
        desk(cast.alder).post(PAGE, said("heron", since="2099-01-01", until="2099-01-31")).status_code == 302
    )
    with acting_as(cast.alder):
        made = Conflict.objects.get()
    assert (made.staff_id, made.until.isoformat()) == (cast.heron.id, "2099-02-01T00:00:00+00:00")
    assert "Not yet" in desk(cast.alder).get(PAGE).content.decode()


def test_what_is_missing_is_asked_for_in_place(cast, desk):
    heron = desk(cast.heron)
    for wrong in (
        {"name": ""},
        {"name": "!!!"},
        {"reason": "short"},
        {"until": "2020-01-01"},
        {"colleague": "heron", "name": ""},
        {"colleague": "juniper"},
    ):
        answer = heron.post(PAGE, said("heron", **wrong))
        assert answer.status_code == 422, wrong
        assert 'aria-invalid="true"' in answer.content.decode(), wrong


def test_a_colleague_is_never_shown_that_they_are_named(cast, desk):
    chosen = {"name": "", "colleague": "alder"}
    one = desk(cast.heron).post(PAGE, said("heron", **chosen), follow=True).redirect_chain[-1][0]
    assert desk(cast.alder).get(one).status_code == 404
    assert "Alder" in desk(cast.heron).get(one).content.decode()
    assert Staff.objects.filter(pk=cast.alder.id).exists()

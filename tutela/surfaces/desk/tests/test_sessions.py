"""Sessions end: when idle, when old, when their person says so, and when their person leaves."""

from __future__ import annotations

import json
from datetime import timedelta

import psycopg
import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.keep import end_staff
from tutela.core.people.listening import CHANNEL, hash_of_session
from tutela.core.people.models import SignInLink, Staff, StaffSession
from tutela.core.people.sign_in import invite, make_sign_in_link
from tutela.surfaces.desk.tests.test_sign_in import path_of

pytestmark = pytest.mark.django_db(transaction=True)
PLACES = "/desk/account/places/"


@pytest.fixture
def juniper(cast) -> Staff:
    return Staff.objects.get(pk=cast.juniper.id)


def come_in(staff: Staff, **headers: str) -> Client:
    desk = Client(**headers)
    desk.post(path_of(make_sign_in_link(staff)))
    assert desk.get("/desk/").status_code == 200
    return desk


def later(**span: float):
    return time_machine.travel(timezone.now() + timedelta(**span))


def test_an_idle_session_is_over(juniper):
    desk = come_in(juniper)
    with later(minutes=29):
        assert desk.get("/desk/").status_code == 200
    with later(minutes=58):
        assert desk.get("/desk/").status_code == 200
    with later(minutes=89):
        assert desk.get("/desk/").headers["Location"].startswith("/desk/sign-in/")


def test_the_database_ends_an_idle_session_too(juniper):
    come_in(juniper)
    left = Session.objects.get().expire_date - timezone.now()
    assert timedelta(minutes=29) < left <= timedelta(minutes=30)


def test_a_page_that_lies_open_keeps_nobody_signed_in(juniper):
    desk = come_in(juniper)
    for minutes in (10, 20):
        with later(minutes=minutes):
            assert desk.get("/desk/counts/", headers={"X-Requested-With": "fetch"}).status_code == 200
    with later(minutes=31):
        assert desk.get("/desk/counts/", headers={"X-Requested-With": "fetch"}).status_code == 401


def test_an_old_session_is_over_however_busy(juniper):
    desk = come_in(juniper)
    for quarter in range(1, 48):
        with later(minutes=15 * quarter):
            assert desk.get("/desk/on-call/").status_code == 200
    with later(hours=12, seconds=1):
        assert desk.get("/desk/on-call/").status_code == 302


def test_a_session_that_nobody_began_is_none(juniper):
    desk = Client()
    desk.force_login(juniper)
    assert desk.get("/desk/").status_code == 302


def test_one_sees_where_one_is_signed_in_and_ends_one_of_them(juniper, cast):
    here = come_in(juniper, REMOTE_ADDR="192.0.2.1", HTTP_USER_AGENT="Browser at work")
    there = come_in(juniper, REMOTE_ADDR="192.0.2.2", HTTP_USER_AGENT="Phone <b>lost</b>")
    other = come_in(Staff.objects.get(pk=cast.heron.id))
    page = here.get(PLACES).content.decode()
    assert page.index("192.0.2.1") < page.index("192.0.2.2")
    assert "Phone &lt;b&gt;lost&lt;/b&gt;" in page
    lost = StaffSession.objects.get(address="192.0.2.2")
    other.post(PLACES, {"end": str(lost.pk)})
    assert there.get("/desk/").status_code == 200  # not theirs to end
    here.post(PLACES, {"end": str(lost.pk)})
    assert there.get("/desk/").status_code == 302
    assert here.get("/desk/").status_code == 200


def test_all_others_end_at_once_and_their_pages_hear_it(juniper, database):
    here, there = come_in(juniper), come_in(juniper)
    digest = hash_of_session(there.session.session_key)
    with psycopg.connect(database.url("desk"), autocommit=True) as listener:
        listener.execute(f"LISTEN {CHANNEL}")
        here.post(PLACES, {"end": "others"})
        heard = [json.loads(one.payload) for one in listener.notifies(timeout=10, stop_after=1)]
    assert heard == [{"session": digest}]
    assert there.get("/desk/").status_code == 302
    assert here.get("/desk/").status_code == 200
    with acting_as(Actor.of(juniper, "desk")):
        assert Entry.objects.filter(act=Act.SESSIONS_ENDED).count() == 1


def test_keys_of_sessions_are_not_kept_a_second_time(juniper):
    desk = come_in(juniper)
    assert StaffSession.objects.get().key_hash != desk.session.session_key


def test_a_session_that_is_used_says_so_once_a_minute(juniper):
    desk = come_in(juniper, REMOTE_ADDR="192.0.2.1")
    first = StaffSession.objects.get().seen_at
    desk.get("/desk/")
    assert StaffSession.objects.get().seen_at == first
    with later(minutes=2):
        desk.get("/desk/", REMOTE_ADDR="192.0.2.7")
    noted = StaffSession.objects.get()
    assert noted.seen_at > first + timedelta(minutes=1)
    assert noted.address == "192.0.2.7"


def test_who_leaves_is_out_everywhere_at_once(juniper, cast):
    desk = come_in(juniper)
    link, invited = path_of(make_sign_in_link(juniper)), path_of(invite(cast.alder, juniper))
    end_staff(cast.alder, juniper)
    assert not Session.objects.exists()
    assert not StaffSession.objects.exists()
    assert desk.get("/desk/").status_code == 302
    assert Client().post(link).status_code == 410
    assert Client().get(invited).status_code == 410
    assert not SignInLink.objects.filter(used_at=None).exists()
    juniper.refresh_from_db()
    assert not juniper.has_usable_password()

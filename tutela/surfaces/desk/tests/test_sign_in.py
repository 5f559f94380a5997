"""A link signs one person in once, by a press of a button."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from tutela.core.audit.models import Act, Entry
from tutela.core.people import sign_in
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import SignInLink, Staff
from tutela.core.people.sign_in import make_sign_in_link

pytestmark = pytest.mark.django_db


@pytest.fixture
def juniper(cast) -> Staff:
    return Staff.objects.get(pk=cast.juniper.id)


def path_of(link: str) -> str:
    return link.removeprefix(settings.DESK_URL)


def acts_of(staff: Staff) -> list[str]:
    with acting_as(Actor.of(staff, "desk")):
        return list(Entry.objects.filter(actor_id=staff.pk).order_by("id").values_list("act", flat=True))


def test_looking_at_a_link_does_not_use_it_up(juniper):
    path = path_of(make_sign_in_link(juniper))
    desk = Client()
    for _each in range(3):
        page = desk.get(path)
        assert page.status_code == 200
        assert "Sign in as Juniper" in page.content.decode()
    assert desk.post(path).headers["Location"] == "/desk/"
    assert desk.get("/desk/").status_code == 200


def test_a_used_link_says_so_and_signs_nobody_in(juniper):
    path = path_of(make_sign_in_link(juniper))
    Client().post(path)
    late = Client()
    answer = late.post(path)
    assert answer.status_code == 410
    assert "was used" in answer.content.decode()
    assert late.get("/desk/").status_code == 302


def test_an_expired_link_is_gone(juniper):
    path = path_of(make_sign_in_link(juniper, timedelta(minutes=5)))
    SignInLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(path).status_code == 410


def test_a_made_up_link_is_gone_alike(juniper):
    assert Client().get("/desk/sign-in/x/").status_code == 410


def test_somebody_who_left_cannot_come_in(juniper):
    path = path_of(make_sign_in_link(juniper))
    Staff.objects.filter(pk=juniper.pk).update(is_active=False)
    assert Client().post(path).status_code == 410


def test_somebody_who_leaves_is_out_at_once(cast, desk, juniper):
    page = desk(cast.juniper)
    assert page.get("/desk/").status_code == 200
    Staff.objects.filter(pk=juniper.pk).update(is_active=False)
    assert page.get("/desk/").status_code == 302


def test_the_secret_is_not_kept(juniper):
    secret = path_of(make_sign_in_link(juniper)).split("/")[-2]
    assert secret.encode() not in bytes(SignInLink.objects.get().secret_hash)


def test_the_session_changes_when_somebody_signs_in(juniper):
    desk = Client()
    desk.post(path_of(make_sign_in_link(juniper)))
    first = desk.cookies[settings.SESSION_COOKIE_NAME].value
    desk.post(path_of(make_sign_in_link(juniper)))
    assert desk.cookies[settings.SESSION_COOKIE_NAME].value != first


def test_signing_in_and_out_is_on_the_record(juniper):
    desk = Client()
    desk.post(path_of(make_sign_in_link(juniper)))
    assert desk.post("/desk/sign-out/").headers["Location"] == "/desk/sign-in/"
    assert acts_of(juniper) == [Act.SIGNED_IN, Act.SIGNED_OUT]
    assert desk.get("/desk/").status_code == 302


def test_a_visitor_is_sent_to_sign_in_and_then_to_where_they_were_going(juniper):
    desk = Client()
    answer = desk.get("/desk/queue/emergency/?tab=mine")
    assert answer.headers["Location"] == "/desk/sign-in/?next=%2Fdesk%2Fqueue%2Femergency%2F%3Ftab%3Dmine"
    desk.get(answer.headers["Location"])
    signed_in = desk.post(path_of(make_sign_in_link(juniper)))
    assert signed_in.headers["Location"] == "/desk/queue/emergency/?tab=mine"


@pytest.mark.parametrize(
    "elsewhere", ["https://wiki.example/", "//wiki.example/desk/", "/en/", "javascript:1"]
)
def test_nobody_is_sent_elsewhere(juniper, elsewhere):
    desk = Client()
    desk.get("/desk/sign-in/", {"next": elsewhere})
    assert desk.post(path_of(make_sign_in_link(juniper))).headers["Location"] == "/desk/"


def test_a_script_that_fetches_a_fragment_is_not_given_the_sign_in_page(db):
    answer = Client().get("/desk/counts/", headers={"X-Requested-With": "fetch"})
    assert (answer.status_code, answer.content) == (401, b"")


def test_tries_are_counted(juniper, monkeypatch):
    monkeypatch.setattr(sign_in, "TRIES", 3)
    desk = Client()
    answers = [desk.get("/desk/sign-in/guess/").status_code for _each in range(4)]
    assert answers == [410, 410, 410, 429]


def test_the_button_needs_the_token_of_its_page(juniper):
    path = path_of(make_sign_in_link(juniper))
    assert Client(enforce_csrf_checks=True).post(path).status_code == 403


def test_the_path_of_links_is_the_one_that_the_desk_serves():
    from django.urls import reverse

    assert reverse("desk:sign-in") == sign_in.PATH

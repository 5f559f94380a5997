"""A passphrase by invitation, a second factor before the desk, and no way around either."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from tutela.core.audit.models import Act, Entry
from tutela.core.people import sign_in
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Staff, StaffSession
from tutela.core.people.roles import SystemActor
from tutela.core.people.sign_in import invite, make_sign_in_link
from tutela.surfaces.desk.signing_in import factors
from tutela.surfaces.desk.tests.factors import PASSPHRASE, accept, code_of, come_in, set_up_app
from tutela.surfaces.desk.tests.test_sign_in import path_of

pytestmark = pytest.mark.django_db(transaction=True)  # allauth tells of factors after the commit
FACTORS = "/desk/account/factors/"


@pytest.fixture(autouse=True)
def required(settings) -> None:
    settings.SECOND_FACTOR = "required"


@pytest.fixture
def juniper(cast) -> Staff:
    return Staff.objects.get(pk=cast.juniper.id)


@pytest.fixture
def enrolled(juniper) -> tuple[Staff, str]:
    """Juniper with a passphrase and an app, and the key of the app."""
    desk = Client()
    accept(desk, juniper)
    return juniper, set_up_app(desk)


def entries(act: Act, staff: Staff) -> list[dict[str, object]]:
    with acting_as(Actor.of(staff, "desk")):
        return list(Entry.objects.filter(act=act).order_by("id").values_list("detail", flat=True))


def test_an_invitation_leads_to_a_passphrase_then_a_second_factor_then_the_desk(juniper):
    desk = Client()
    answer = accept(desk, juniper)
    assert answer.headers["Location"] == "/desk/"
    assert desk.get("/desk/").headers["Location"] == FACTORS
    assert "Set up a second factor to go on." in desk.get(FACTORS).content.decode()
    assert desk.get("/desk/counts/", headers={"X-Requested-With": "fetch"}).status_code == 401
    set_up_app(desk)
    codes = re.findall(r"^\d{8}$", desk.get("/desk/account/factors/codes/").content.decode(), re.MULTILINE)
    assert len(codes) == 9  # the first one stands beside the tag
    assert desk.get("/desk/").status_code == 200


def test_an_invitation_works_once_and_a_newer_one_ends_it(juniper):
    operator = system_actor(SystemActor.OPERATOR)
    first, second = path_of(invite(operator, juniper)), path_of(invite(operator, juniper))
    assert Client().get(first).status_code == 410
    words = {"new_password1": PASSPHRASE, "new_password2": PASSPHRASE}
    assert Client().post(second, words).status_code == 302
    assert Client().post(second, words).status_code == 410


def test_an_invitation_is_no_sign_in_link_and_the_other_way_round(juniper):
    invited = path_of(invite(system_actor(SystemActor.OPERATOR), juniper))
    link = path_of(make_sign_in_link(juniper))
    assert Client().get(invited.replace("invitation", "sign-in")).status_code == 410
    assert Client().get(link.replace("sign-in", "invitation")).status_code == 410


@pytest.mark.parametrize("weak", ["too short", "1qaz2wsx3edc4rfv", "juniper@tutela"])
def test_a_weak_passphrase_is_refused_and_the_invitation_stays(juniper, weak):
    path = path_of(invite(system_actor(SystemActor.OPERATOR), juniper))
    answer = Client().post(path, {"new_password1": weak, "new_password2": weak})
    assert answer.status_code == 422
    assert Client().get(path).status_code == 200
    juniper.refresh_from_db()
    assert not juniper.has_usable_password()


def test_who_signs_in_is_asked_for_the_code_and_comes_in_with_it(enrolled):
    juniper, secret = enrolled
    desk = Client()
    answer = desk.post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE})
    assert answer.headers["Location"] == "/desk/sign-in/second-factor/"
    assert desk.get("/desk/").headers["Location"].startswith("/desk/sign-in/")
    wrong = desk.post("/desk/sign-in/second-factor/", {"code": "000000"})
    assert "The code is not right" in wrong.content.decode()
    assert (
        desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret)}).headers["Location"] == "/desk/"
    )
    assert desk.get("/desk/").status_code == 200
    operator = Staff.objects.get(username=SystemActor.OPERATOR)
    assert entries(Act.SIGN_IN_FAILED, operator) == [{"staff": juniper.pk, "how": "second factor"}]
    assert entries(Act.SIGNED_IN, juniper)[-1] == {"how": "password mfa"}


def test_the_session_gets_another_key_on_the_way_in(enrolled):
    juniper, secret = enrolled
    desk = Client()
    desk.post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE})
    before = desk.session.session_key
    desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret)})
    assert desk.session.session_key != before
    assert StaffSession.objects.filter(staff=juniper).count() == 2


def test_a_link_does_not_lead_around_the_second_factor(enrolled):
    juniper, secret = enrolled
    desk = Client()
    assert (
        desk.post(path_of(make_sign_in_link(juniper))).headers["Location"] == "/desk/sign-in/second-factor/"
    )
    assert desk.get("/desk/").status_code == 302
    assert (
        desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret)}).headers["Location"] == "/desk/"
    )


def test_a_code_counts_once(enrolled):
    juniper, secret = enrolled
    assert come_in(Client(), juniper, secret).headers["Location"] == "/desk/"
    again = come_in(Client(), juniper, secret)
    assert again.status_code == 200
    assert "it was used already" in again.content.decode()


def test_a_recovery_code_lets_in_once(juniper):
    desk = Client()
    accept(desk, juniper)
    set_up_app(desk)
    page = desk.get("/desk/account/factors/codes/").content.decode()
    code = re.findall(r"\b\d{8}\b", page)[0]
    assert not re.findall(r"\b\d{8}\b", desk.get("/desk/account/factors/codes/").content.decode())
    for expected in (302, 200):
        other = Client()
        other.post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE})
        assert other.post("/desk/sign-in/second-factor/", {"code": code}).status_code == expected


def test_unknown_names_wrong_passphrases_and_leavers_get_the_same_words(enrolled):
    juniper, _secret = enrolled
    Staff.objects.filter(username="heron").update(is_active=False, password=juniper.password)
    pages = []
    for name, passphrase in (
        ("nobody", PASSPHRASE),
        ("juniper", "not the passphrase"),
        ("heron", PASSPHRASE),
    ):
        answer = Client().post("/desk/sign-in/", {"login": name, "password": passphrase})
        text = re.sub(r'value="[^"]*"|nonce="[^"]*"', "", answer.content.decode())
        pages.append((answer.status_code, text))
    assert pages[0] == pages[1] == pages[2]
    assert pages[0][0] == 422
    assert "The name or the passphrase is not right." in pages[0][1]


def test_a_name_that_nobody_has_costs_one_hash_too(enrolled, monkeypatch):
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed: list[str] = []
    real = Argon2PasswordHasher.encode

    def encode(self, password, salt):
        hashed.append("made")
        return real(self, password, salt)

    def verify(self, password, encoded):
        hashed.append("checked")
        return False

    monkeypatch.setattr(Argon2PasswordHasher, "encode", encode)
    monkeypatch.setattr(Argon2PasswordHasher, "verify", verify)
    monkeypatch.setattr(Argon2PasswordHasher, "must_update", lambda *_each: False)
    for name in ("nobody", "juniper", "heron"):  # unknown, with a passphrase, by link only
        hashed.clear()
        Client().post("/desk/sign-in/", {"login": name, "password": "not the passphrase"})
        assert len(hashed) == 1, name


def test_a_stranger_slows_down_strangers_and_not_the_person_at_their_place(enrolled, monkeypatch):
    juniper, secret = enrolled
    monkeypatch.setattr(sign_in, "STRANGERS_TRIES", 3)
    tries = [
        Client(REMOTE_ADDR=f"198.51.100.{number}").post(
            "/desk/sign-in/", {"login": "juniper", "password": "x"}
        )
        for number in range(5)
    ]
    assert [one.status_code for one in tries] == [422, 422, 422, 429, 429]
    late = Client(REMOTE_ADDR="203.0.113.9").post(
        "/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE}
    )
    assert late.status_code == 429  # the right one, from a place that nobody knows
    assert come_in(Client(), juniper, secret).headers["Location"] == "/desk/"


def test_one_network_may_not_try_many_names(enrolled, monkeypatch):
    monkeypatch.setattr(sign_in, "TRIES", 3)
    tries = [
        Client().post("/desk/sign-in/", {"login": f"name{number}", "password": "x"}) for number in range(5)
    ]
    assert [one.status_code for one in tries] == [422, 422, 422, 429, 429]


def test_guessing_codes_is_slow_in_every_process(enrolled):
    _juniper, secret = enrolled
    desk = Client()
    desk.post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE})
    for number in range(5):
        desk.post("/desk/sign-in/second-factor/", {"code": f"00000{number}"})
    late = desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret)})
    assert "Too many tries" in late.content.decode()


def test_secrets_of_factors_are_not_in_the_database(juniper, superuser):
    desk = Client()
    accept(desk, juniper)
    secret = set_up_app(desk)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept
    assert Authenticator.objects.get(type="totp").wrap().validate_code(code_of(secret))
    assert "mfa.totp.secret" not in desk.session


def test_the_last_factor_stays_while_one_is_required(enrolled):
    juniper, secret = enrolled
    desk = Client()
    come_in(desk, juniper, secret)
    assert desk.get(f"{FACTORS}app/remove/").headers["Location"].startswith("/desk/account/confirm/code/")
    code = code_of(secret, 1)
    assert (
        desk.post(
            "/desk/account/confirm/code/?next=/desk/account/factors/app/remove/", {"code": code}
        ).status_code
        == 302
    )
    page = desk.post(f"{FACTORS}app/remove/")
    assert "This is your only second factor" in page.content.decode()
    assert Authenticator.objects.filter(user_id=juniper.pk, type="totp").exists()


def test_a_passphrase_alone_neither_adds_nor_removes_a_factor(enrolled):
    juniper, secret = enrolled
    desk = Client()
    come_in(desk, juniper, secret)
    assert desk.get("/desk/account/confirm/").headers["Location"].startswith("/desk/account/confirm/code/")


def test_changing_the_passphrase_ends_the_other_sessions(enrolled):
    juniper, secret = enrolled
    here, there = Client(), Client()
    come_in(here, juniper, secret)
    come_in(there, juniper, secret, steps=1)
    words = {
        "oldpassword": PASSPHRASE,
        "password1": "nine late wrens sing",
        "password2": "nine late wrens sing",
    }
    assert here.post("/desk/account/passphrase/", words).headers["Location"] == FACTORS
    assert here.get("/desk/").status_code == 200
    assert there.get("/desk/").status_code == 302
    assert StaffSession.objects.filter(staff=juniper).count() == 1
    assert len(entries(Act.PASSPHRASE_CHANGED, juniper)) == 2


def test_who_lost_everything_is_set_back_by_an_operator(enrolled):
    juniper, secret = enrolled
    desk = Client()
    come_in(desk, juniper, secret)
    factors.reset(system_actor(SystemActor.OPERATOR), juniper)
    assert desk.get("/desk/").headers["Location"].startswith("/desk/sign-in/")
    assert Client().post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE}).status_code == 422
    accept(desk, juniper)
    assert desk.get("/desk/").headers["Location"] == FACTORS


def test_where_one_is_offered_nobody_must_have_one(cast, settings):
    settings.SECOND_FACTOR = "offered"
    desk = Client()
    desk.post(path_of(make_sign_in_link(Staff.objects.get(pk=cast.heron.id))))
    assert desk.get("/desk/").status_code == 200


def test_a_session_from_before_the_rule_is_asked_for_the_factor(enrolled, desk, cast):
    page = desk(cast.juniper)
    assert page.get("/desk/queue/emergency/").headers["Location"] == (
        "/desk/account/confirm/code/?next=%2Fdesk%2Fqueue%2Femergency%2F"
    )
    _juniper, secret = enrolled
    page.post("/desk/account/confirm/code/", {"code": code_of(secret)})
    assert page.get("/desk/").status_code == 200


@pytest.mark.parametrize("path", ["signup/", "account/signup/", "account/email/", "password/reset/"])
def test_nobody_signs_up_or_resets_by_mail(enrolled, path):
    assert Client().get(f"/desk/{path}").status_code in {302, 404}
    assert (
        Client()
        .post(f"/desk/{path}", {"username": "x"})
        .headers.get("Location", "/desk/sign-in/")
        .startswith("/desk/sign-in/")
    )

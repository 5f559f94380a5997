"""Signing in with an account of a wiki or of OpenID Connect: only where it is linked, only with the group."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.mediawiki.views import MediaWikiOAuth2Adapter
from django.test import Client

from tutela.core.audit.models import Act, Entry
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Staff
from tutela.surfaces.desk.tests.factors import PASSPHRASE, accept, code_of, set_up_app
from tutela.surfaces.desk.tests.fake_provider import CLIENT, SECRET, Provider, running

pytestmark = pytest.mark.django_db(transaction=True)
GROUP = "wmf-supportsafety"


@pytest.fixture
def provider(settings, monkeypatch) -> Iterator[Provider]:
    """A fake of both kinds, and the settings that name it."""
    with running() as found:
        app = {"client_id": CLIENT, "secret": SECRET}
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [
                    {
                        **app,
                        "name": "Example sign-on",
                        "provider_id": "oidc",
                        "settings": {"server_url": found.url, "group": ""},
                    }
                ],
            },
            "mediawiki": {
                "OAUTH_PKCE_ENABLED": True,
                "APPS": [{**app, "name": "Example wiki", "settings": {"group": GROUP}}],
            },
        }
        # The library reads the address of the wiki when it is imported.
        for name in ("access_token", "authorize"):
            monkeypatch.setattr(MediaWikiOAuth2Adapter, f"{name}_url", f"{found.url}/oauth2/{name}")
        monkeypatch.setattr(MediaWikiOAuth2Adapter, "profile_url", f"{found.url}/oauth2/resource/profile")
        found.claims["groups"] = ["*", "user", GROUP]
        yield found


@pytest.fixture
def juniper(cast) -> Staff:
    return Staff.objects.get(pk=cast.juniper.id)


def go(desk: Client, which: str, **words: str):
    """Begin, agree at the provider, and come back."""
    page = desk.post(f"/desk/sign-in/with/{which}/", words)
    assert page.status_code == 200, page.content.decode()
    target = html.unescape(re.search(r'href="(http://127[^"]+)"', page.content.decode()).group(1))
    assert page.headers["Refresh"] == f"0; url={target}"
    asked = parse_qs(urlsplit(target).query)
    assert asked["code_challenge_method"] == ["S256"]
    back = urlsplit(asked["redirect_uri"][0]).path
    return desk.get(back, {"code": "code-of-juniper", "state": asked["state"][0]})


def linked(staff: Staff, provider: str) -> None:
    SocialAccount.objects.create(user=staff, provider=provider, uid="4711")


@pytest.mark.parametrize("which", ["mediawiki", "oidc"])
def test_a_linked_account_opens_the_desk(provider, juniper, which):
    linked(juniper, which)
    desk = Client()
    assert "Sign in with Example" in desk.get("/desk/sign-in/?next=/desk/on-call/").content.decode()
    assert go(desk, which).headers["Location"] == "/desk/on-call/"
    assert desk.get("/desk/").status_code == 200
    with acting_as(Actor.of(juniper, "desk")):
        assert Entry.objects.get(act=Act.SIGNED_IN).detail == {"how": "socialaccount"}


@pytest.mark.parametrize("which", ["mediawiki", "oidc"])
def test_the_same_address_of_mail_opens_nothing(provider, juniper, which):
    provider.claims |= {"email": juniper.email, "email_verified": True, "confirmed_email": True}
    provider.claims |= {"username": juniper.username, "preferred_username": juniper.username}
    desk = Client()
    answer = go(desk, which)
    assert answer.status_code == 403
    assert "is linked to nobody here" in answer.content.decode()
    assert desk.get("/desk/").status_code == 302
    assert not SocialAccount.objects.exists()
    assert Staff.objects.filter(kind=Staff.Kind.PERSON).count() == 7


def test_the_second_factor_is_asked_for_all_the_same(provider, juniper):
    accept(own := Client(), juniper)
    secret = set_up_app(own)
    linked(juniper, "oidc")
    desk = Client()
    assert go(desk, "oidc").headers["Location"] == "/desk/sign-in/second-factor/"
    assert desk.get("/desk/").status_code == 302
    assert (
        desk.post("/desk/sign-in/second-factor/", {"code": code_of(secret)}).headers["Location"] == "/desk/"
    )


def test_who_left_the_group_is_refused_the_next_time(provider, juniper):
    linked(juniper, "mediawiki")
    assert go(Client(), "mediawiki").status_code == 302
    provider.claims["groups"] = ["*", "user"]
    answer = go(Client(), "mediawiki")
    assert answer.status_code == 403
    assert f"is not in the group {GROUP}" in answer.content.decode()


def test_a_wiki_that_does_not_say_the_groups_lets_nobody_in(provider, juniper):
    linked(juniper, "mediawiki")
    del provider.claims["groups"]
    answer = go(Client(), "mediawiki")
    assert answer.status_code == 403
    assert "did not say to which groups" in answer.content.decode()


@pytest.mark.parametrize("which", ["mediawiki", "oidc"])
def test_a_provider_that_cannot_be_asked_lets_nobody_in(provider, juniper, which):
    linked(juniper, which)
    provider.broken = True
    desk = Client()
    answer = go(desk, which)
    assert answer.status_code == 503
    assert "could not be asked who you are" in answer.content.decode()
    assert desk.get("/desk/").status_code == 302


def test_a_provider_that_is_away_is_said_before_anybody_is_sent_there(provider, juniper, settings):
    app = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    app["settings"]["server_url"] = "http://127.0.0.1:9"
    answer = Client().post("/desk/sign-in/with/oidc/")
    assert answer.status_code == 503
    assert "could not be asked who you are" in answer.content.decode()


def test_an_answer_that_nobody_asked_for_is_refused(provider, juniper):
    linked(juniper, "mediawiki")
    desk = Client()
    answer = desk.get("/desk/sign-in/with/mediawiki/back/", {"code": "code-of-juniper", "state": "made up"})
    assert answer.status_code == 503
    assert desk.get("/desk/").status_code == 302
    assert provider.asked == []


def test_one_links_an_account_while_signed_in_and_only_after_confirming(provider, juniper):
    desk = Client()
    accept(desk, juniper)
    assert "Example wiki" in desk.get("/desk/account/linked/").content.decode()
    assert go(desk, "mediawiki", process="connect").headers["Location"] == "/desk/account/linked/"
    page = desk.get("/desk/account/linked/").content.decode()
    assert "Juniper at the wiki" in page
    kept = SocialAccount.objects.get()
    assert (kept.user_id, kept.extra_data) == (juniper.pk, {"name": "Juniper at the wiki"})
    desk.post("/desk/account/linked/", {"unlink": str(kept.pk)})
    assert not SocialAccount.objects.exists()
    with acting_as(Actor.of(juniper, "desk")):
        changes = (
            Entry.objects.filter(act=Act.IDENTITY_CHANGED)
            .order_by("id")
            .values_list("detail__what", flat=True)
        )
        assert list(changes) == ["linked", "unlinked"]

    late = Client()
    late.post("/desk/sign-in/", {"login": "juniper", "password": PASSPHRASE})
    assert late.get("/desk/account/linked/").headers["Location"].startswith("/desk/account/confirm/")
    begun = late.post("/desk/sign-in/with/mediawiki/", {"process": "connect"})
    assert begun.headers["Location"] == "/desk/account/linked/"


def test_what_is_linked_to_somebody_is_not_linked_to_another(provider, juniper, cast):
    linked(Staff.objects.get(pk=cast.heron.id), "mediawiki")
    desk = Client()
    accept(desk, juniper)
    go(desk, "mediawiki", process="connect")
    assert SocialAccount.objects.get().user_id == cast.heron.id


def test_what_is_not_set_up_is_not_there(juniper):
    for which in ("mediawiki", "oidc", "anything"):
        assert Client().post(f"/desk/sign-in/with/{which}/").status_code == 404
        assert Client().get(f"/desk/sign-in/with/{which}/back/").status_code == 404
    assert "Sign in with" not in Client().get("/desk/sign-in/").content.decode()

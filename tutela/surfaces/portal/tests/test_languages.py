"""The language follows the first part of the path, then the browser's wish, and nothing else."""

from __future__ import annotations

import pytest
from django.conf import settings as django_settings

from .conftest import words_of

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "portal"])
CODES = [code for code, _name in django_settings.LANGUAGES]


@pytest.mark.parametrize(
    ("wish", "path"),
    [
        ("", "/en/"),
        ("fr", "/fr/"),
        ("ar-EG, en;q=0.5", "/ar/"),
        ("zh-CN", "/zh-hans/"),
        ("tlh, de;q=0.8, en;q=0.5", "/de/"),
        ("tlh", "/en/"),
        ("*", "/en/"),
        (";;;,,,q=", "/en/"),
    ],
)
def test_the_first_address_leads_to_the_language_that_the_browser_wishes(visitor, wish, path):
    answer = visitor.get("/", Accept_Language=wish)
    assert (answer.status_code, answer.headers["Location"]) == (302, path)
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_network_address_is_not_asked(visitor, settings):
    settings.PROXIES = 1
    answer = visitor.get("/", X_Forwarded_For="198.51.100.1", CF_IPCountry="FR")
    assert answer.headers["Location"] == "/en/"


@pytest.mark.parametrize("code", CODES)
def test_the_path_wins_over_the_browser(visitor, code):
    page = visitor.get(f"/{code}/", Accept_Language="fr").content.decode()
    direction = "rtl" if code == "ar" else "ltr"
    assert f'<html lang="{code}" dir="{direction}"' in page


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/back", "/fr/back/"),
        ("/back/", "/fr/back/"),
        ("/xx/back/", "/fr/back/"),
        ("/xx", "/fr/"),
        ("/pt-BR/emergency/", "/fr/emergency/"),
        ("/de-AT/emergency", "/de/emergency/"),
        ("/zh/help/", "/zh-hans/help/"),
        ("/ar/help", "/ar/help/"),
        ("/emergency", "/fr/emergency/"),
    ],
)
def test_an_address_without_a_language_of_ours_leads_to_the_same_page(visitor, asked, found):
    answer = visitor.get(asked, Accept_Language="fr")
    assert (answer.status_code, answer.headers["Location"]) == (302, found)
    assert visitor.get(found).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/desk/help/",
        "/api/v1/help/",
        "/xx/yy/help/",
        "/xx//evil.example/help/",
        "/static/help/",
        "/en/en/help/",
    ],
)
def test_other_addresses_lead_nowhere(visitor, path):
    assert visitor.get(path).status_code == 404


def test_a_post_in_a_language_that_is_not_ours_is_not_led_on(visitor):
    """Its words would be lost on the way."""
    assert visitor.post("/xx/back/", {"code": "0000"}).status_code == 404


def test_each_page_names_the_languages_in_themselves(visitor):
    page = words_of(visitor.get("/en/"))
    for name in ("English", "Français", "Español", "Deutsch", "العربيّة", "简体中文"):
        assert name in page

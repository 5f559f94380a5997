"""Only addresses of wikis that the operator names count, in whatever form somebody writes them."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tutela.programs.wikis.known import addresses_in, read, wiki_of

FILE = """
[[wiki]]
name = "examplewiki"
api = "https://en.wiki.example/w/api.php"
hosts = ["en.m.wiki.example"]

[[wiki]]
name = "localwiki"
api = "http://127.0.0.1:8765/api.php"
local = true
"""


@pytest.fixture(autouse=True)
def file(tmp_path: Path, settings) -> Path:
    path = tmp_path / "wikis.toml"
    path.write_text(FILE)
    settings.WIKIS_FILE = str(path)
    return path


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://en.wiki.example/wiki/A", "examplewiki"),
        ("http://EN.wiki.example:80/wiki/A", "examplewiki"),
        ("https://en.m.wiki.example/wiki/A", "examplewiki"),
        ("http://127.0.0.1:8765/index.php?oldid=1", "localwiki"),
        ("https://en.wiki.example:8443/wiki/A", ""),
        ("https://en.wiki.example.evil.example/wiki/A", ""),
        ("https://evil.example/?https://en.wiki.example/wiki/A", ""),
        ("https://en.wiki.example@evil.example/wiki/A", ""),
        ("https://somebody@en.wiki.example/wiki/A", ""),
        ("https://[::1]/wiki/A", ""),
        ("https://[::1/wiki/A", ""),
        ("https://en.wiki.example:port/wiki/A", ""),
        ("http://127.0.0.1/", ""),
        ("http://169.254.169.254/latest/meta-data", ""),
        ("file:///etc/passwd", ""),
        ("gopher://en.wiki.example/", ""),
        ("//en.wiki.example/wiki/A", ""),
        ("", ""),
    ],
)
def test_an_address_belongs_to_a_wiki_or_to_none(address, name):
    wiki = wiki_of(address)
    assert (wiki.name if wiki else "") == name


def test_addresses_are_found_where_people_write_them():
    text = (
        "Look at https://en.wiki.example/wiki/Foo_(bar), then (https://en.wiki.example/wiki/Talk:Foo). Or"
        " [https://en.wiki.example/w/index.php?oldid=5#x here], 见https://en.wiki.example/wiki/例。\n"
        "https://en.wiki.example/wiki/Foo_(bar) again; not https://evil.example/ nor <https://wiki.example>"
    )
    assert addresses_in(text, "https://en.m.wiki.example/wiki/Other") == [
        "https://en.wiki.example/wiki/Foo_(bar)",
        "https://en.wiki.example/wiki/Talk:Foo",
        "https://en.wiki.example/w/index.php?oldid=5#x",
        "https://en.wiki.example/wiki/例",
        "https://en.m.wiki.example/wiki/Other",
    ]


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text())
def test_any_text_is_searched(text):
    addresses_in(text, f"https://en.wiki.example/{text}")


def test_without_a_file_no_wiki_is_known(settings):
    settings.WIKIS_FILE = ""
    assert wiki_of("https://en.wiki.example/wiki/A") is None


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[wiki", "cannot be read"),
        ('[[wiki]]\nname = "a"', "wiki 1"),
        ('[[wiki]]\nname = "a"\napi = "http://a.example/api.php"', "wiki 1"),
        ('[[wiki]]\nname = "a"\napi = "https://x@a.example/api.php"', "wiki 1"),
        ('[[wiki]]\nname = "a"\napi = "https://a.example/api.php"\nhosts = "b"', "hosts"),
        (
            '[[wiki]]\nname="a"\napi="https://a.example/api.php"\n[[wiki]]\nname="b"\napi="https://a.example/x"',
            "twice",
        ),
    ],
)
def test_a_faulty_file_is_named_with_its_fault(tmp_path, text, fault):
    path = tmp_path / "faulty.toml"
    path.write_text(text)
    with pytest.raises(ImproperlyConfigured, match=fault):
        read(path)


def test_a_faulty_file_keeps_no_report_waiting(tmp_path, settings, caplog):
    settings.WIKIS_FILE = str(tmp_path / "not-there.toml")
    assert addresses_in("https://en.wiki.example/wiki/A") == []
    assert "not-there.toml cannot be read" in caplog.text

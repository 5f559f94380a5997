"""From the words of a report to an exhibit: what the wiki showed then, kept by the courier."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.cast import case_of, report_emergency
from tutela.connectors import reader_of
from tutela.connectors.mediawiki.fake import FakePages
from tutela.connectors.mediawiki.tests.conftest import real_wiki  # noqa: F401  a fixture
from tutela.core.cases.models import Case, Exhibit
from tutela.core.errors import BadData
from tutela.core.flow.perform import perform
from tutela.core.outbox.courier import Courier
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.programs.wikis.captures import Capturer
from tutela.programs.wikis.capturing import CONNECTOR

BASE = "https://en.wiki.example"
WORDS = "They wrote goodbye.\nPage id: 7"


@pytest.fixture(autouse=True)
def known(tmp_path: Path, settings) -> Path:
    path = tmp_path / "wikis.toml"
    path.write_text(f'[[wiki]]\nname = "examplewiki"\napi = "{BASE}/w/api.php"\n')
    settings.WIKIS_FILE = str(path)
    return path


@pytest.fixture
def pages() -> FakePages:
    return FakePages()


@pytest.fixture
def courier(pages) -> Courier:
    return Courier({CONNECTOR: Capturer(lambda _wiki: pages)}, None)


def reported(text: str = "", where: str = "") -> str:
    return report_emergency(text=text or "Look.", fields={"where": where})


def exhibits(reference: str, actor) -> list[Exhibit]:
    with acting_as(actor):
        found = list(Case.objects.get(reference=reference).exhibits.order_by("number"))
        assert all(bytes(one.data) for one in found)
        return found


def states(reference: str, actor) -> list[str]:
    with acting_as(actor):
        return list(
            Effect.objects.filter(case__reference=reference, connector=CONNECTOR).values_list(
                "state", flat=True
            )
        )


@pytest.mark.django_db
def test_what_a_report_speaks_of_is_kept_as_it_was(cast, pages, courier):
    number = pages.add("User talk:ExampleMoss", WORDS, user="ExampleMoss")
    address = f"{BASE}/w/index.php?oldid={number}#c-ExampleMoss"
    reference = reported(f"See {address}.", f"{BASE}/wiki/User_talk:ExampleMoss")
    courier.run_once()
    pages.hide(number, "text", "user")
    first, second = exhibits(reference, cast.juniper)
    assert (first.kind, first.title, first.source) == (
        "capture",
        "A revision on examplewiki",
        "en.wiki.example",
    )
    head, _empty, text = bytes(second.data).decode().partition("\n\n")
    assert text == WORDS
    lines = dict(line.split(": ", 1) for line in head.split("\n"))
    assert lines["Address"] == address
    assert (lines["Revision"], lines["User"], lines["Page id"]) == (str(number), "ExampleMoss", "1")
    assert lines["SHA-256 of the text"] == hashlib.sha256(WORDS.encode()).hexdigest()
    assert {"Call", "Answered at", "Asked for by", "Written at"} <= lines.keys()
    assert bytes(second.digest) == hashlib.sha256(bytes(second.data)).digest()


@pytest.mark.django_db
def test_what_is_hidden_or_gone_is_an_exhibit_that_says_so(cast, pages, courier):
    pages.hide(pages.add("A", "secret"), "text", "user")
    reference = reported(f"{BASE}/wiki/A {BASE}/wiki/Gone")
    courier.run_once()
    hidden, gone = exhibits(reference, cast.juniper)
    assert hidden.title == "Hidden in part: a revision on examplewiki"
    assert b"Hidden on the wiki: text, user" in bytes(hidden.data)
    assert gone.title == "Not there any more, or never: a page of examplewiki"
    assert b"Found: no" in bytes(gone.data)


@pytest.mark.django_db
def test_a_wiki_that_is_away_is_asked_again_and_the_case_shows_where_it_stands(
    cast, pages, courier, superuser
):
    pages.add("A", "text")
    pages.away = True
    reference = reported(f"{BASE}/wiki/A")
    courier.run_once()
    assert exhibits(reference, cast.juniper) == []
    assert states(reference, cast.juniper) == [EffectState.DUE]
    pages.away = False
    with acting_as(cast.juniper):
        effect = Effect.objects.get(case__reference=reference, connector=CONNECTOR)
        assert "address" in effect.payload
        receipts = [
            Capturer(lambda _wiki: pages).deliver("capture", effect.payload, effect.key) for _ in "ab"
        ]
    assert receipts[0].reference == receipts[1].reference == "E-1"
    assert len(exhibits(reference, cast.juniper)) == 1, (
        "a second delivery under the same key keeps nothing more"
    )
    assert Capturer(lambda _wiki: pages).already_done("capture", effect.payload, effect.key).done
    assert not Capturer(lambda _wiki: pages).already_done("capture", effect.payload, "another").done


@pytest.mark.django_db
def test_a_person_has_an_address_captured(cast, pages, courier):
    reference = reported()
    pages.add("A", "text")
    perform(reference, "capture", cast.juniper, {"address": f"{BASE}/wiki/A"})
    assert states(reference, cast.juniper) == [EffectState.DUE]
    courier.run_once()
    assert states(reference, cast.juniper) == [EffectState.CONFIRMED]
    (one,) = exhibits(reference, cast.juniper)
    assert b"Asked for by: Juniper" in bytes(one.data)
    version = case_of(reference, cast.juniper).version
    assert version >= 3, "pages and lists hear of it"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["https://evil.example/wiki/A", "http://127.0.0.1/", "https://en.wiki.example:8443/x", "not an address"],
)
def test_an_address_of_no_wiki_that_we_know_is_never_asked(cast, address):
    reference = reported(f"Look at {address}", address)
    assert states(reference, cast.juniper) == []
    with pytest.raises(BadData):
        perform(reference, "capture", cast.juniper, {"address": address})


@pytest.mark.django_db
def test_a_wiki_that_was_taken_off_the_list_is_not_asked_either(cast, pages, courier, settings):
    reference = reported(f"{BASE}/wiki/A")
    settings.WIKIS_FILE = ""
    courier.run_once()
    assert exhibits(reference, cast.juniper) == []


@pytest.mark.django_db
def test_nothing_that_the_wiki_shows_writes_a_line_of_the_head(cast, pages, courier):
    pages.add("A", "x", user="Eve\nRevision: 999\u2028Call: forged")
    reference = reported(f"{BASE}/wiki/A")
    courier.run_once()
    (one,) = exhibits(reference, cast.juniper)
    head = bytes(one.data).decode().partition("\n\n")[0]
    assert [line for line in head.splitlines() if line.startswith("Revision:")] == ["Revision: 1"]


@pytest.mark.django_db
def test_from_a_real_wiki(cast, request, known):
    wiki = request.getfixturevalue("real_wiki")
    known.write_text(f'[[wiki]]\nname = "dewiki"\napi = "{wiki.api}"\nlocal = true\n')
    from tutela.programs.wikis.known import read

    read.cache_clear()
    number = wiki.edit("Diskussion:Fähre", "Ich stehe am Hafen.")
    reference = reported(f"{wiki.base}/index.php/Spezial:Diff/{number}")
    Courier({CONNECTOR: Capturer(reader_of)}, None).run_once()
    (one,) = exhibits(reference, cast.juniper)
    assert bytes(one.data).decode().endswith("\n\nIch stehe am Hafen.")

"""What every reader of pages does: the real one against a real wiki, and the fake."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from tutela.connectors.mediawiki.adapter import WikiPages
from tutela.connectors.mediawiki.fake import FakePages
from tutela.connectors.mediawiki.targets import Names
from tutela.connectors.ports import PageReader
from tutela.core.errors import Rejected

AGENT = "Tutela/tests (https://tutela.example; safety@tutela.example)"
WORDS = "Ich weiß, wo du wohnst. 我知道。\n* = not a heading"


@dataclass
class Wiki:
    """A reader, the wiki behind it, and how its addresses begin."""

    reader: PageReader
    edit: Callable[..., int]
    hide: Callable[[int], None]
    base: str


@pytest.fixture(params=["real", "fake"])
def wiki(request) -> Wiki:
    if request.param == "fake":
        aliases = {"diff": "diff", "permanentlink": "permanentlink", "permanenter_link": "permanentlink"}
        names = Names(("/index.php/$1",), "/index.php", frozenset({"special", "spezial"}), aliases)
        fake = FakePages(names)
        return Wiki(fake, fake.add, lambda number: fake.hide(number, "text", "user"), "https://wiki.example")
    real = request.getfixturevalue("real_wiki")
    reader = WikiPages(real.api, AGENT, local=True)
    return Wiki(reader, real.edit, lambda number: real.hide(number, "content|user"), real.base)


@pytest.fixture
def three(wiki) -> tuple[str, list[int]]:
    """A talk page with three revisions."""
    title = f"Diskussion:Beispiel ({uuid.uuid4().hex[:8]})"
    return title, [wiki.edit(title, f"{WORDS} {number}") for number in range(3)]


@pytest.mark.parametrize(
    ("form", "which"),
    [
        ("/index.php?oldid={1}", 1),
        ("/index.php?title=Anything&oldid={1}#c-Sorrel-20260411101500-Threats", 1),
        ("/index.php?diff={1}&oldid={0}", 1),
        ("/index.php?diff=prev&oldid={1}", 1),
        ("/index.php?diff=next&oldid={1}", 2),
        ("/index.php?diff=cur&oldid={0}", 2),
        ("/index.php?title={title}", 2),
        ("/index.php/{title}#Section", 2),
        ("/index.php/Spezial:Diff/{1}", 1),
        ("/index.php/Special:Diff/{0}/{1}", 1),
        ("/index.php/Spezial:Permanenter_Link/{0}", 0),
        ("/index.php?title=special:permanentLink/{0}", 0),
    ],
)
def test_an_address_in_any_form_leads_to_its_revision(wiki, three, form, which):
    title, revisions = three
    copy = wiki.reader.read(wiki.base + form.format(*revisions, title=title.replace(" ", "_")))
    assert (copy.title, copy.revision, copy.text) == (title, revisions[which], f"{WORDS} {which}")
    assert copy.parent == (revisions[which - 1] if which else 0)
    assert copy.user
    assert copy.written_at
    assert copy.call
    assert not copy.missing
    assert copy.hidden == ()


def test_a_page_by_its_number(wiki, three):
    page = wiki.reader.read(f"{wiki.base}/index.php?oldid={three[1][0]}").page
    assert wiki.reader.read(f"{wiki.base}/index.php?curid={page}").revision == three[1][2]


def test_what_is_hidden_says_so(wiki, three):
    _title, revisions = three
    wiki.hide(revisions[0])
    copy = wiki.reader.read(f"{wiki.base}/index.php?oldid={revisions[0]}")
    assert (copy.revision, copy.text, copy.user) == (revisions[0], None, "")
    assert set(copy.hidden) == {"text", "user"}
    assert not copy.missing


@pytest.mark.parametrize("address", ["/index.php?oldid=99999999", "/index.php/No_such_page_here"])
def test_what_is_not_there_says_so(wiki, address):
    copy = wiki.reader.read(wiki.base + address)
    assert copy.missing
    assert copy.text is None


@pytest.mark.parametrize(
    "address", ["/", "/index.php", "/index.php/Special:Log?logid=7", "/index.php?title=_"]
)
def test_what_names_no_revision_is_refused(wiki, address):
    with pytest.raises(Rejected):
        wiki.reader.read(wiki.base + address)


class TestOnTheRealWikiOnly:
    def test_a_deleted_page_is_gone_and_a_suppressed_revision_says_so(self, real_wiki):
        reader = WikiPages(real_wiki.api, AGENT, local=True)
        first = real_wiki.edit("Diskussion:Weg", "one")
        real_wiki.edit("Diskussion:Weg", "two")
        real_wiki.hide(first, "content|comment|user", suppress=True)
        copy = reader.read(f"{real_wiki.base}/index.php?oldid={first}")
        assert set(copy.hidden) == {"text", "user", "comment"}
        real_wiki.delete("Diskussion:Weg")
        assert reader.read(f"{real_wiki.base}/index.php?oldid={first}").missing

    def test_a_page_called_so_that_it_must_be_escaped(self, real_wiki):
        reader = WikiPages(real_wiki.api, AGENT, local=True)
        real_wiki.edit('Tom & "Q"\'s + 例', "text")
        address = "/index.php/Tom_%26_%22Q%22%27s_%2B_%E4%BE%8B"
        assert reader.read(real_wiki.base + address).text == "text"

"""Pages that a report speaks of are captured by a real worker from a real wiki, once, whenever it dies."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cast import emergency, make_cast
from tutela.connectors.mediawiki.tests.conftest import real_wiki  # noqa: F401  a fixture
from tutela.core.cases.models import Exhibit
from tutela.core.cases.receive import receive
from tutela.core.outbox.models import Effect, EffectState
from tutela.core.people.actor import acting_as
from tutela.programs.wikis.capturing import CONNECTOR

from .tools import Worker, wait_for

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.mark.parametrize("point", ["courier.before_delivery", "courier.after_delivery"])
def test_each_page_is_an_exhibit_once(request, tmp_path: Path, point):
    wiki, cast = request.getfixturevalue("real_wiki"), make_cast()
    path = tmp_path / "wikis.toml"
    path.write_text(f'[[wiki]]\nname = "dewiki"\napi = "{wiki.api}"\nlocal = true\n')
    pages = [wiki.edit(f"Diskussion:Seite {number} {point}", f"Worte {number}") for number in range(3)]
    words = " ".join(f"{wiki.base}/index.php?oldid={number}" for number in pages)
    receive(emergency(text=words, fields={"where": ""}))
    Worker(crash_at=point, TUTELA_WIKIS=str(path)).wait_for_crash()
    Worker(TUTELA_WIKIS=str(path))

    def settled() -> bool:
        with acting_as(cast.juniper):
            states = Effect.objects.filter(connector=CONNECTOR).values_list("state", flat=True)
            return len(states) == 3 and set(states) == {EffectState.CONFIRMED}

    wait_for(settled, "every capture is confirmed")
    with acting_as(cast.juniper):
        exhibits = Exhibit.objects.filter(kind=Exhibit.Kind.CAPTURE)
        texts = [bytes(one.data).decode().rpartition("\n\n")[2] for one in exhibits]
    assert sorted(texts) == ["Worte 0", "Worte 1", "Worte 2"]

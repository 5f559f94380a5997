"""Words in any script are found, and so are names with a slip of the pen."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.cast import Cast, report_emergency
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as


def found(cast: Cast, typed: str) -> int:
    with acting_as(cast.juniper), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM tutela.search(%s, 50, NULL)", [typed])
        return cursor.fetchone()[0]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "typed"),
    [
        ("They wrote goodbye at the station", "goodbye station"),
        ("They wrote goodbye", "GOODB"),
        ("Él se despidió en la estación", "estacion"),
        ("Er verabschiedete sich am Bahnhof", "bahnhof"),
        ("كَتَبَ وداعًا في المحطة", "وداعا"),
        ("كتب أنه في المحطه", "المحطة"),
        ("他在讨论页上写了告别的话", "告别"),
        ("彼は駅にいると書いた", "駅に"),
        ("그는 역에 있다고 썼다", "역에"),
        ("see user:Example_Moss's page (now)", "example moss"),
        ("a quote ' and a backslash \\ here", "quote ' backslash \\"),
    ],
)
def test_words_are_found(cast: Cast, said, typed):
    report_emergency(text=said)
    report_emergency(text="Something that is quite unlike it")
    assert found(cast, typed) == 1


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["", "   ", "'", "&|!()", "\\", "%", "_", ":*", "<->", "x" * 5000, "告"])
def test_any_input_is_a_search_and_none_an_error(cast: Cast, typed):
    report_emergency()
    assert found(cast, typed) >= 0


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["ExampleMoss", "ExmapleMoss", "amplemos", "examplemoss"])
def test_an_account_is_found_with_a_typo_or_by_a_part_of_its_name(cast: Cast, typed):
    reference = report_emergency(text="Look at this")
    perform(
        reference, "add_party", cast.juniper, {"kind": "account", "name": "ExampleMoss", "part": "reported"}
    )
    assert found(cast, typed) == 1


@pytest.mark.django_db
def test_privileged_notes_are_not_found(cast: Cast):
    reference = report_emergency()
    perform(reference, "note", cast.juniper, {"text": "albatross", "privileged": True})
    perform(reference, "note", cast.juniper, {"text": "cormorant"})
    assert (found(cast, "albatross"), found(cast, "cormorant")) == (0, 1)

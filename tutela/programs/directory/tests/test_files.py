"""The directory goes into a file and comes back the same."""

from __future__ import annotations

import pytest

from tutela.core.errors import BadData
from tutela.programs.directory.files import SAMPLE, dump, load, load_sample
from tutela.programs.directory.models import Agency, Helpline, Venue

pytestmark = pytest.mark.django_db

AGENCY = """
[[agency]]
country = "ZE"
name = "Police of Exampleland"
call_back_number = "5550100"
"""


def write(tmp_path, text, name="directory.toml"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_loading_twice_changes_nothing():
    first, second = load(SAMPLE), load(SAMPLE)
    assert (first.added, first.changed, first.same) == (30, 0, 0)
    assert (second.added, second.changed, second.same) == (0, 0, 30)


def test_the_sample_is_always_freshly_verified():
    load_sample()
    assert Agency.objects.get(name="National Police of Exampleland").is_trusted
    assert not Helpline.objects.get(name="Open Ear").is_stale
    assert Helpline.objects.get(name="Night Line of Sample City").is_stale


@pytest.mark.parametrize("name", ["out.toml", "out.json"])
def test_what_was_dumped_loads_as_the_same(tmp_path, name):
    load(SAMPLE)
    Venue.objects.create(wiki="a", issue="other", title='Odd "name" \x7f \\ \n', url="https://x.example/")
    assert dump(tmp_path / name) == 31
    again = load(tmp_path / name)
    assert (again.added, again.changed, again.same) == (0, 0, 31)


def test_a_changed_entry_is_taken_over(tmp_path):
    load(write(tmp_path, AGENCY))
    loaded = load(write(tmp_path, AGENCY.replace("5550100", "5550199")))
    assert (loaded.added, loaded.changed) == (0, 1)
    assert Agency.objects.get().call_back_number == "5550199"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[[agency]]", "[[agencies]]"), "There is nothing called “agencies”. Known are: agency"),
        (('country = "ZE"', 'land = "ZE"'), "directory.toml, line 2 (agency), land: There is no such field."),
        (('"ZE"', '"ze"'), "directory.toml, line 2 (agency), country: Use two capital letters"),
        (('"5550100"', '"5"'), "line 2 (agency), call_back_number: Give a number of at least three digits."),
        (
            ('name = "Police of Exampleland"', 'name = ""'),
            "line 2 (agency), name: This field cannot be blank.",
        ),
        (('"5550100"', '"5550100'), "directory.toml: "),
        (
            ('"5550100"', '"5550100"\nverified_by = "a"\nsecond_verified_by = "a"'),
            "line 2 (agency): The second person who verifies must be another one.",
        ),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path, change, said):
    with pytest.raises(BadData) as refused:
        load(write(tmp_path, AGENCY.replace(*change)))
    assert said in str(refused.value)


def test_all_faults_are_named_and_nothing_is_kept(tmp_path):
    text = (
        AGENCY + '[[helpline]]\nname = "Line"\n\n[[venue]]\nissue = "dance"\ntitle = "T"\nurl = "nowhere"\n'
    )
    with pytest.raises(BadData) as refused:
        load(write(tmp_path, text))
    assert [line.split(":")[0] for line in refused.value.errors["file"]] == [
        "directory.toml, line 6 (helpline), phone",
        "directory.toml, line 9 (venue), issue",
        "directory.toml, line 9 (venue), url",
    ]
    assert not Agency.objects.exists()


def test_faults_in_json_name_the_entry(tmp_path):
    with pytest.raises(BadData, match="helpline number 1, phone"):
        load(write(tmp_path, '{"helpline": [{"name": "Line"}]}', "d.json"))
    with pytest.raises(BadData, match="must hold a table of lists"):
        load(write(tmp_path, "[]", "d.json"))
    with pytest.raises(BadData, match="must be a list of entries"):
        load(write(tmp_path, '{"helpline": "Line"}', "d.json"))

"""The key file: written whole, for its owner's eyes, never over another."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from tutela.core.vault.providers.file import KeyFile
from tutela.core.vault.seals import NotGenuine, Unavailable, new_key


@pytest.fixture
def keys(tmp_path):
    made = KeyFile(str(tmp_path / "keys" / "vault.json"))
    made.create()
    return made


def test_only_its_owner_may_read_it(keys):
    assert keys.path.stat().st_mode & 0o777 == 0o600
    assert keys.path.parent.stat().st_mode & 0o077 == 0


def test_it_is_never_written_over(keys):
    before = keys.path.read_bytes()
    with pytest.raises(Unavailable, match="is there already"):
        keys.create()
    assert keys.path.read_bytes() == before


def test_it_wraps_for_one_context(keys):
    key = new_key()
    wrapped = keys.wrap(key, "one")
    assert key not in wrapped
    assert keys.unwrap(wrapped, "one") == key
    with pytest.raises(NotGenuine):
        keys.unwrap(wrapped, "key of workflow triage")


def test_a_new_key_leaves_the_old_ones_readable_until_they_are_dropped(keys):
    key = new_key()
    old = keys.wrap(key, "one")
    keys.renew()
    new = keys.wrap(key, "one")
    assert (keys.is_newest(old, "one"), keys.is_newest(new, "one")) == (False, True)
    assert keys.unwrap(old, "one") == keys.unwrap(new, "one") == key
    assert keys.drop_older(datetime.now(UTC) - timedelta(hours=1)) == []
    assert keys.drop_older(datetime.now(UTC)) == [old.partition(b":")[0].decode()]
    assert keys.unwrap(new, "one") == key
    with pytest.raises(Unavailable, match="recovery sheet"):
        keys.unwrap(old, "one")


def test_another_process_notices_a_new_key(keys):
    other = KeyFile(str(keys.path))
    wrapped = other.wrap(new_key(), "one")
    assert keys.is_newest(wrapped, "one")
    keys.renew()
    assert not other.is_newest(wrapped, "one")


def test_a_missing_or_damaged_file_says_what_to_do(keys):
    wrapped = keys.wrap(new_key(), "one")
    keys.path.write_text("{")
    with pytest.raises(Unavailable, match="cannot be read"):
        keys.unwrap(wrapped, "one")
    keys.path.unlink()
    with pytest.raises(Unavailable, match="Put it back from its backup"):
        keys.unwrap(wrapped, "one")


def test_a_short_key_is_not_used(keys):
    content = json.loads(keys.path.read_text())
    content["keys"][content["newest"]]["key"] = "00"
    keys.path.write_text(json.dumps(content))
    with pytest.raises(Unavailable, match="is damaged"):
        keys.wrap(new_key(), "one")


def test_the_sheet_holds_all_that_a_new_file_needs(keys):
    keys.renew()
    sheet = keys.sheet()
    held = json.loads(keys.path.read_text())["keys"]
    assert {name: key for name, _at, key in sheet} == {name: one["key"] for name, one in held.items()}


def test_a_lost_file_comes_back_from_its_sheet(keys):
    keys.renew()
    wrapped, sheet = keys.wrap(new_key(), "one"), keys.sheet()
    keys.path.unlink()
    for name, made_at, key in sheet:
        keys.put_back(name, made_at, key)
    assert keys.sheet() == sheet
    assert keys.is_newest(wrapped, "one")
    assert keys.unwrap(wrapped, "one")


@pytest.mark.parametrize(
    ("made_at", "key"),
    [("2026-01-01", "00" * 32), ("2026-01-01T00:00:00+00:00", "00"), ("x", "00" * 32), ("", "zz" * 32)],
)
def test_what_cannot_be_a_key_is_not_put_back(keys, made_at, key):
    with pytest.raises(Unavailable, match="64 digits"):
        keys.put_back("k9", made_at, key)


def test_a_key_from_paper_never_takes_the_place_of_another(keys):
    name, made_at, _key = keys.sheet()[0]
    with pytest.raises(Unavailable, match="not written over"):
        keys.put_back(name, made_at, "00" * 32)

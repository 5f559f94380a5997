"""What is sealed opens at its own place with its own key, and nowhere else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tutela.core.vault.seals import NotGenuine, new_key, seal, unseal

PLACE = "cases_exhibit.data 7 1"


@given(st.binary(max_size=2000), st.text(max_size=50))
def test_what_was_sealed_opens(plain, place):
    key = new_key()
    assert unseal(key, seal(key, plain, place), place) == plain


@given(st.binary(min_size=1, max_size=200), st.data())
def test_one_changed_bit_is_found(plain, data):
    key = new_key()
    sealed = bytearray(seal(key, plain, PLACE))
    place = data.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(NotGenuine):
        unseal(key, bytes(sealed), PLACE)


def test_moved_or_with_another_key_it_does_not_open():
    key = new_key()
    sealed = seal(key, b"192.0.2.7", PLACE)
    with pytest.raises(NotGenuine, match="7 2"):
        unseal(key, sealed, "cases_exhibit.data 7 2")
    with pytest.raises(NotGenuine):
        unseal(new_key(), sealed, PLACE)


@given(st.binary(max_size=40))
def test_any_bytes_are_refused(rubbish):
    with pytest.raises(NotGenuine):
        unseal(bytes(32), rubbish, PLACE)


def test_the_same_words_twice_do_not_look_alike():
    key = new_key()
    assert seal(key, b"the same", PLACE) != seal(key, b"the same", PLACE)

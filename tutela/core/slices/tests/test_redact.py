"""What is blacked out is in no output, however it was written."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tutela.core.slices.redact import BLACK, black_out, fold, is_word

WORDS = st.lists(st.text(min_size=1, max_size=12), max_size=5)


@st.composite
def texts_with_words(draw):
    """A text in which some of the words stand, in one of their forms."""
    words = draw(WORDS)
    forms = (str, str.upper, str.casefold, str.title, lambda one: unicodedata.normalize("NFKD", one))
    pieces = [draw(st.sampled_from(forms))(one) for one in words] + draw(WORDS)
    return draw(st.sampled_from(["", " ", "\u200b", "\n"])).join(draw(st.permutations(pieces))), words


@given(texts_with_words())
@example(("ﬁn Straße İ", ["i", "ss"]))
@example((f"a{BLACK}b", ["a█"]))
@example(("aab ab", ["ab", "a b"]))
def test_no_word_is_left_in_any_form(drawn):
    text, words = drawn
    left = black_out(text, words)
    for word in filter(is_word, words):
        assert fold(word).strip() not in fold(left)
        for form in ("NFC", "NFKC", "NFD", "NFKD"):
            said = unicodedata.normalize(form, word.casefold())
            assert said not in unicodedata.normalize(form, left.casefold())
        assert word not in left
    assert black_out(left, words) == left


@given(st.text(), WORDS)
def test_what_is_none_of_the_words_stays_as_it_is(text, words):
    left = black_out(text, words)
    pieces = [piece for piece in left.split(BLACK) if piece]
    at = 0
    for piece in pieces:
        at = text.index(piece, at) + len(piece)
    if not any(fold(word).strip() in fold(text) for word in filter(is_word, words)):
        assert left == text


@pytest.mark.parametrize(
    ("text", "word", "left"),
    [
        ("EXAMPLEMOSS came back.", "ExampleMoss", "█████ came back."),
        ("User:Example_Moss", "Example Moss", "User:█████"),
        ("Example \n Moss", "Example_Moss", "█████"),
        ("Ex\u200bample\u00adMoss!", "ExampleMoss", "█████!"),
        ("Ｅｘａｍｐｌｅ", "example", "█████"),
        ("Ren\u00e9, Rene\u0301, Rene", "René", "█████, █████, █████"),
        ("The mosses", "moss", "The █████es"),
        ("몽 and 몽", "몽", "█████ and █████"),
        ("nothing", "…", "nothing"),
    ],
)
def test_it_finds_a_word_as_people_read_it(text, word, left):
    assert black_out(text, [word]) == left

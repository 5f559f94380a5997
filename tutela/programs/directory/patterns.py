"""Spells out the numbers that a pattern of the `phonenumbers` library stands for."""

from __future__ import annotations

from itertools import product

DIGITS = "0123456789"


def numbers_of(pattern: str) -> set[str]:
    """All numbers of a pattern: "1(?:12|9[09])" is 112, 190 and 199.

    Knows digits, classes, groups, alternatives and "?": what the library uses for emergency numbers.
    Raises ValueError for anything else, so that a number is never silently left out.
    """
    found, rest = _alternatives(pattern)
    if rest:
        raise ValueError(f"{rest!r} in the pattern {pattern!r} is not understood.")
    return found


def _alternatives(text: str) -> tuple[set[str], str]:
    found, text = _sequence(text)
    while text.startswith("|"):
        more, text = _sequence(text[1:])
        found |= more
    return found, text


def _sequence(text: str) -> tuple[set[str], str]:
    found = {""}
    while text and text[0] not in "|)":
        part, text = _part(text)
        if text.startswith("?"):
            part, text = part | {""}, text[1:]
        found = {start + end for start, end in product(found, part)}
    return found, text


def _part(text: str) -> tuple[set[str], str]:
    if text.startswith("(?:"):
        inside, text = _alternatives(text[3:])
        return inside, text.removeprefix(")")
    if text.startswith("["):
        inside_class, bracket, rest = text[1:].partition("]")
        if bracket:
            return _class(inside_class), rest
    if text.startswith(r"\d"):
        return set(DIGITS), text[2:]
    if text[0] in DIGITS:
        return {text[0]}, text[1:]
    raise ValueError(f"{text!r} in a pattern of numbers is not understood.")


def _class(text: str) -> set[str]:
    digits: set[str] = set()
    while text:
        if len(text) > 2 and text[1] == "-":
            digits |= {str(digit) for digit in range(int(text[0]), int(text[2]) + 1)}
            text = text[3:]
        else:
            digits.add(text[0])
            text = text[1:]
    return digits

"""What is drawn once for many rows looks as the element itself does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

from tutela.surfaces.desk.queue.pieces import Pieces, draw_clock
from tutela.ui.clockface import Face

DUE = datetime(2026, 3, 12, 15, 22, tzinfo=UTC)


@pytest.mark.parametrize("shape", ["statutory", "target", "internal"])
@pytest.mark.parametrize("urgency", ["runs", "soon", "now", "late", "paused", "met"])
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_clock_is_drawn_as_the_element_draws_it(shape, urgency, language):
    full = Face(
        shape=shape, urgency=urgency, text="38 min <left>", sentence="Decide “soon” & well, due 15:22",
        left=0.324, due=DUE, seconds=3600, soon=1200, now=450,
    )  # fmt: skip
    template = engines["django"].from_string("{% load ui %}{% clock face %}")
    with translation.override(language), timezone.override(UTC):
        for face in (full, replace(full, sentence=""), replace(full, due=None), replace(full, left=1.7)):
            assert draw_clock(face) == template.render({"face": face})


def test_the_moment_is_the_same_in_every_zone():
    face = Face(shape="target", urgency="runs", text="1 hr left", due=DUE)
    with timezone.override("Asia/Kathmandu"):
        assert 'data-due="2026-03-12T15:22:00+00:00"' in draw_clock(face)


def test_the_same_value_is_drawn_once():
    pieces = Pieces()
    assert pieces.draw("owner", "Juniper") is pieces.draw("owner", "Juniper")
    assert ">J<" in pieces.draw("owner", "Juniper")
    assert "Nobody yet" in pieces.draw("owner", None)

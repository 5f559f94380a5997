"""Each element, drawn from plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from tutela.ui.templatetags import ui as tags
from tutela.ui.tongues import tongues

pytestmark = pytest.mark.usefixtures("look")


def draw(markup: str, **context: object) -> str:
    return Template("{% load ui %}" + markup).render(Context(context))


class TestIcon:
    def test_is_decoration_unless_it_is_named(self) -> None:
        assert 'aria-hidden="true"' in draw('{% icon "lock" %}')
        assert 'role="img" aria-label="Restricted"' in draw('{% icon "lock" label="Restricted" %}')

    def test_refuses_a_name_that_is_not_drawn(self) -> None:
        with pytest.raises(ValueError, match="locck"):
            draw('{% icon "locck" %}')

    def test_mirrors_where_it_points(self) -> None:
        assert "icon--flips" in draw('{% icon "next" %}')
        assert "icon--flips" not in draw('{% icon "clock" %}')


class TestButton:
    def test_is_a_link_when_it_leads_somewhere(self) -> None:
        assert draw('{% button "Open" href="/x" kind="act" %}').startswith(
            '<a class="button button--act" href="/x"'
        )

    def test_blocked_says_why_and_does_nothing(self) -> None:
        drawn = draw('{% button "Disclose" href="/x" kind="act" key="S" blocked="Needs the call-back." %}')
        assert 'aria-disabled="true"' in drawn
        assert "Needs the call-back." in drawn
        assert 'type="button"' in drawn
        assert "/x" not in drawn
        assert "data-key" not in drawn

    def test_with_an_icon_only_is_still_named(self) -> None:
        assert '<span class="sr">More</span>' in draw('{% button "More" icon="more" only_icon=True %}')

    def test_escapes_what_it_says(self) -> None:
        assert "&lt;b&gt;" in draw("{% button label %}", label="<b>")


class TestClock:
    def test_tells_its_class_by_shape_and_its_urgency_by_class_and_words(self) -> None:
        drawn = draw(
            "{% clock face %}",
            face={"shape": "law", "urgency": "soon", "text": "5 h left", "sentence": "Report"},
        )
        assert 'class="clock clock--statutory is-soon"' in drawn
        assert "§" in drawn
        assert 'title="Report"' in drawn
        assert '<span class="sr">Report: </span><span class="clock__text">5 h left</span>' in drawn

    @pytest.mark.parametrize("language", ["en", "de", "ar"])
    def test_empties_its_ring_in_every_language(self, language: str) -> None:
        with translation.override(language):
            assert 'stroke-dasharray="32 100"' in draw(
                "{% clock face %}", face={"text": "38 min", "left": 0.32}
            )

    def test_ticks_only_while_it_runs(self) -> None:
        due = datetime(2026, 3, 12, 15, 22, tzinfo=UTC)
        runs = {"text": "38 min", "due": due, "seconds": 3600}
        assert 'data-due="2026-03-12T15:22:00+00:00" data-seconds="3600"' in draw(
            "{% clock face %}", face=runs
        )
        assert "data-due" not in draw("{% clock face %}", face={**runs, "urgency": "met"})

    def test_refuses_an_urgency_that_does_not_exist(self) -> None:
        with pytest.raises(ValueError, match="hurry"):
            draw("{% clock face %}", face={"text": "1", "urgency": "hurry"})

    def test_takes_objects_as_well(self) -> None:
        face = SimpleNamespace(shape="internal", urgency="late", text="1 day over")
        assert "clock--internal is-late" in draw("{% clock face %}", face=face)


class TestPeople:
    def test_nobody_is_a_dashed_ring_that_says_so(self) -> None:
        assert "avatar--none" in draw("{% avatar %}")
        assert 'aria-label="Nobody yet"' in draw("{% avatar %}")

    def test_a_working_name_keeps_its_tone(self) -> None:
        assert tags.tone("Juniper") == tags.tone("Juniper")
        assert {tags.tone(name) for name in ("Juniper", "Heron", "Larch", "Linden", "Alder", "Wren")} <= set(
            range(1, 7)
        )

    def test_presence_is_silent_when_nobody_is_there(self) -> None:
        assert draw("{% presence people %}", people=[]) == ""
        assert "Linden, Sorrel are here" in draw(
            "{% presence people words=True %}", people=["Linden", "Sorrel"]
        )

    def test_a_name_cannot_change_the_page(self) -> None:
        drawn = draw("{% who person %}", person="<i>\u202eMoss")
        assert "<bdi>&lt;i&gt;\u202eMoss</bdi>" in drawn


def test_severity_is_told_by_shape_and_word() -> None:
    assert "#severity-critical" in draw('{% severity "critical" %}')
    assert '<span class="sr">High severity</span>' in draw('{% severity "high" words=False %}')
    with pytest.raises(ValueError, match="grave"):
        draw('{% severity "grave" %}')


def test_a_fold_shows_what_is_inside_in_words_and_starts_closed() -> None:
    drawn = draw('{% fold "Two pictures, folded" key="W" %}<p>Hidden</p>{% endfold %}')
    assert drawn.startswith('<details class="fold" data-fold>')
    assert "Two pictures, folded" in drawn
    assert '<div class="fold__body"><p>Hidden</p></div>' in drawn


def test_a_fold_escapes_what_was_written_by_others() -> None:
    drawn = draw("{% fold says %}{{ text }}{% endfold %}", says="<script>", text="<img src=x>")
    assert "<script>" not in drawn
    assert "<img" not in drawn


def test_a_message_says_its_kind_to_screen_readers() -> None:
    assert 'role="alert"' in draw('{% message "error" title="Not saved." %}Still here.{% endmessage %}')
    assert "<p><b>Wrong.</b></p><p>A</p>" in draw(
        '{% message "error" title="Wrong." %}<p>A</p>{% endmessage %}'
    )
    assert "<p><b>Wrong.</b> A</p>" in draw('{% message "error" title="Wrong." %}A{% endmessage %}')
    assert 'role="status"' in draw('{% message "sealed" %}Give a reason.{% endmessage %}')


@pytest.mark.parametrize("state", ["due", "sending", "confirmed", "refused", "drifted"])
def test_only_a_confirmed_effect_is_green(state: str) -> None:
    drawn = draw("{% effect item %}", item={"state": state, "what": "Lock", "words": state, "detail": ""})
    assert ("chip--done" in drawn) == (state == "confirmed")


def test_the_next_panel_keeps_closed_doors_visible() -> None:
    panel = {
        "title": "What must happen next",
        "primary": {"label": "Assess", "url": "/assess"},
        "also": [{"label": "Note", "url": "/note", "key": "1"}],
        "not_yet": [{"label": "Close", "blocked": "A request is open.", "url": "/close"}],
    }
    drawn = draw("{% next_panel panel %}", panel=panel)
    assert 'href="/assess"' in drawn
    assert 'data-key="S"' in drawn
    assert 'data-key="1"' in drawn
    assert "A request is open." in drawn
    assert "/close" not in drawn


def test_the_chain_says_done_in_words_and_marks_the_present_step() -> None:
    assert "Step 1, done" in draw(
        "{% chain_row link %}", link={"number": 1, "state": "done", "what": "Asked"}
    )
    assert 'aria-current="step"' in draw(
        "{% chain_row link %}", link={"number": 2, "state": "here", "what": "Legal"}
    )


def test_a_toast_carries_the_token_of_the_form_that_undoes() -> None:
    drawn = draw('{% toast "Assigned" undo="/undo" %}', csrf_token="abc")
    assert 'value="abc"' in drawn
    assert 'action="/undo"' in drawn


def test_a_dry_run_says_that_nothing_was_changed() -> None:
    drawn = draw('{% dryrun "12 March 14:20." again="/again" %}<p>Locks</p>{% enddryrun %}', csrf_token="abc")
    assert "Nothing has been changed." in drawn
    assert 'value="abc"' in drawn
    assert "<p>Locks</p>" in drawn


def test_numbers_of_a_table_stand_at_the_end() -> None:
    drawn = draw("{% table heads rows %}", heads=["Account", "Wikis"], rows=[("ExampleTarn", 6)])
    assert '<th scope="col" class="num">Wikis</th>' in drawn
    assert '<td class="num">6</td>' in drawn
    assert '<th scope="row">ExampleTarn</th>' in drawn


def test_facts_take_pairs_and_more() -> None:
    drawn = draw(
        "{% facts rows %}",
        rows=[("Kind", "Threat"), {"label": "Account", "value": "ExampleMoss", "url": "/m"}],
    )
    assert "<dt>Kind</dt><dd><bdi>Threat</bdi></dd>" in drawn
    assert '<a href="/m"><bdi>ExampleMoss</bdi></a>' in drawn


class ReportForm(forms.Form):
    what = forms.CharField(label="What did you see?", help_text="Anything helps.", widget=forms.Textarea)
    who = forms.ChoiceField(
        label="Who?",
        choices=[("me", "Me|We offer someone to talk to"), ("o", "Other")],
        widget=forms.RadioSelect,
    )
    sure = forms.BooleanField(label="I am sure", required=False)


class TestField:
    def test_ties_label_help_and_error_to_the_control(self) -> None:
        drawn = draw("{% field form.what %}", form=ReportForm({}))
        assert '<label class="field__label" for="id_what">' in drawn
        assert 'aria-describedby="id_what-help id_what-error"' in drawn
        assert 'id="id_what-help"' in drawn
        assert 'id="id_what-error"' in drawn
        assert 'aria-invalid="true"' in drawn

    def test_keeps_what_was_typed_and_lets_it_decide_its_direction(self) -> None:
        drawn = draw("{% field form.what %}", form=ReportForm({"what": "سلام"}))
        assert "سلام" in drawn
        assert 'dir="auto"' in drawn

    def test_choices_are_a_fieldset_with_a_legend(self) -> None:
        drawn = draw('{% field form.who look="cards" %}', form=ReportForm({}))
        assert "<legend" in drawn
        assert 'aria-describedby="id_who-error"' in drawn
        assert "Me <small>We offer someone to talk to</small>" in drawn
        assert "|" not in drawn

    def test_a_check_stands_before_its_label(self) -> None:
        assert '<label class="check" for="id_sure">' in draw("{% field form.sure %}", form=ReportForm())


class TestLanguages:
    def test_come_in_their_own_names_the_wished_ones_first(self) -> None:
        request = RequestFactory().get("/en/pages/queue", headers={"accept-language": "fr-CA, ar;q=0.8"})
        listed = tongues(request)
        assert [one.code for one in listed][:3] == ["en", "fr", "ar"]
        assert [one.name for one in listed][1] == "Français"
        assert listed[0].current

    def test_lead_to_the_same_page(self) -> None:
        request = RequestFactory().get("/en/pages/queue?view=mine")
        assert {one.code: one.url for one in tongues(request)}["ar"] == "/ar/pages/queue?view=mine"


def test_scripts_carry_the_nonce_of_the_answer() -> None:
    drawn = draw('{% modules "keys" %}', CSP_NONCE="n1")
    assert drawn == '<script type="module" nonce="n1" src="/static/ui/js/keys.js"></script>'


def test_a_theme_that_nobody_offered_is_not_believed() -> None:
    request = RequestFactory().get("/")
    request.COOKIES["tutela-theme"] = '"><script>'
    assert draw("{% theme %}", request=request) == ""


def test_a_span_of_time_reads_the_same_everywhere() -> None:
    from tutela.ui.clockface import span

    spans = [timedelta(seconds=90), timedelta(minutes=38), timedelta(hours=5), timedelta(days=3)]
    assert [span(one) for one in spans] == ["90 sec", "38 min", "5 hr", "3 days"]

"""A step from its form to its result: once, in time, and with nothing lost when it cannot be."""

from __future__ import annotations

import re

import pytest

from tests.cast import case_of
from tutela.core.cases.models import Case, Event, Message
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Staff
from tutela.workflows.emergency.tests import path

from .scene import do, report

pytestmark = pytest.mark.django_db


def hidden_fields(desk, url: str) -> dict[str, str]:
    """What a form sends by itself."""
    text = desk.get(url).content.decode()
    form = text[text.index('<form class="form"') :]
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))


def events(cast, reference: str, **which: object) -> int:
    with acting_as(cast.juniper):
        return Event.objects.filter(case__reference=reference, **which).count()


def url_of(reference: str, step: str) -> str:
    return f"/desk/case/{reference}/steps/{step}/"


def test_a_step_with_a_form_leads_back_to_its_result(cast, desk):
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "assign")
    answer = juniper.post(url, {**hidden_fields(juniper, url), "assignee": "heron"}, follow=True)
    assert case_of(reference, cast.juniper).assignee_id == cast.heron.id
    text = answer.content.decode()
    assert "assigned the case to <b><bdi>Heron</bdi></b>" in text
    assert re.search(r'id="done" tabindex="-1" data-focus', text), "the focus lands on the result"
    assert re.search(r'data-toast.*?action="/desk/case/[^"]*/undo/\d+/"', text, re.DOTALL), "it can be undone"


def test_the_toast_undoes_it(cast, desk):
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "assign")
    text = juniper.post(url, {"assignee": "heron"}, follow=True).content.decode()
    undo = re.search(r'action="(/desk/case/[^"]*/undo/\d+/)"', text)[1]
    after = juniper.post(undo, follow=True).content.decode()
    assert case_of(reference, cast.juniper).assignee_id is None
    assert "took “Assign” back" in after
    assert juniper.post(undo).status_code == 409


def test_only_who_did_it_may_take_it_back(cast, desk):
    reference = report()
    event = do(reference, "assign", cast.juniper, assignee="heron").event_id
    assert "/undo/" not in desk(cast.heron).get(f"/desk/case/{reference}/").content.decode()
    answer = desk(cast.heron).post(f"/desk/case/{reference}/undo/{event}/")
    assert answer.status_code == 409
    assert "Only the person who did it can undo it." in answer.content.decode()


def test_the_same_form_sent_twice_is_done_once(cast, desk):
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "note")
    fields = {**hidden_fields(juniper, url), "text": "A note."}
    first = juniper.post(url, fields)
    second = juniper.post(url, fields)
    assert first.headers["Location"] == second.headers["Location"]
    assert events(cast, reference, step="note") == 1


def test_a_stale_page_says_what_changed_and_by_whom_and_keeps_what_was_typed(cast, desk):
    reference = path.acknowledged(cast)
    juniper, url = desk(cast.juniper), url_of(reference, "assess_imminent")
    fields = {**hidden_fields(juniper, url), "narrative": "They name a station and a time."}
    do(reference, "assess_not_credible", cast.heron, narrative="A song.")
    answer = juniper.post(url, fields)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Heron moved this case on at" in text
    assert "What happened since you opened this page" in text
    assert "<b><bdi>Heron</bdi></b> assessed it as not credible" in text
    assert "They name a station and a time." in text
    assert case_of(reference, cast.juniper).state == "follow_up"


def test_a_stale_page_whose_step_is_still_open_offers_to_go_on(cast, desk):
    reference = path.acknowledged(cast)
    juniper, url = desk(cast.juniper), url_of(reference, "assess_imminent")
    fields = {**hidden_fields(juniper, url), "narrative": "They name a station."}
    do(reference, "set_severity", cast.heron, severity="4")
    answer = juniper.post(url, fields)
    assert answer.status_code == 409
    again = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.content.decode()))
    assert juniper.post(url, {**fields, "version": again["version"], "key": again["key"]}).status_code == 302
    assert case_of(reference, cast.juniper).state == "locating"


def test_a_note_is_kept_although_somebody_was_quicker(cast, desk):
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "note")
    fields = {**hidden_fields(juniper, url), "text": "A note."}
    do(reference, "take", cast.heron)
    assert juniper.post(url, fields).status_code == 302


def test_answers_that_cannot_be_used_stand_beside_their_field(cast, desk):
    reference = path.locating(cast)
    path.load_sample()
    answer = desk(cast.juniper).post(url_of(reference, "record_jurisdiction"), {"place": "Sample City"})
    text = answer.content.decode()
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in text
    assert 'value="Sample City"' in text
    assert text.count("This field is required.") == 2


def test_a_step_for_somebody_else_is_refused(cast, desk):
    reference = report()
    for method in ("get", "post"):
        answer = getattr(desk(cast.larch), method)(url_of(reference, "acknowledge"))
        assert answer.status_code == 403
        assert "This step is for" in answer.content.decode()
    assert case_of(reference, cast.larch).state == "received"


def test_a_closed_door_says_why(cast, desk):
    reference = report()
    answer = desk(cast.juniper).get(url_of(reference, "disclose"))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "It is now at “To be acknowledged”." in text
    assert 'aria-disabled="true"' in text


def test_an_unknown_step_and_a_step_of_jobs_are_not_found(cast, desk):
    reference = report(workflow="triage", text="Copied photographs")
    wren = desk(cast.wren)
    assert wren.get(url_of(reference, "conjure")).status_code == 404
    assert wren.get(url_of(reference, "close_quietly")).status_code == 404
    assert wren.post(url_of(reference, "close_quietly")).status_code == 404


def test_what_leaves_the_house_is_shown_before(cast, desk):
    reference = report(sender_email="reader@wiki.example", language="en")
    text = desk(cast.juniper).get(url_of(reference, "acknowledge")).content.decode()
    assert "Nothing has been changed." in text
    assert "A person on our team has read your report" in text
    assert "1 effect" in text
    with acting_as(cast.juniper):
        assert not Message.objects.exists()
        assert not Effect.objects.filter(message_id__isnull=False).exists()
    assert case_of(reference, cast.juniper).state == "received"


def test_an_answer_may_begin_with_a_letter_in_the_language_of_the_reporter(cast, desk):
    reference = report(language="es")
    juniper, url = desk(cast.juniper), url_of(reference, "answer")
    assert "?letter=thanks" in juniper.get(url).content.decode()
    text = juniper.get(f"{url}?letter=thanks").content.decode()
    field = re.search(r"<textarea[^>]*>(.*?)</textarea>", text, re.DOTALL)[1]
    assert len(field.split()) > 10


def test_facts_are_filled_in_and_changed(cast, desk):
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "edit_facts")
    text = juniper.get(url).content.decode()
    assert 'value="https://wiki.example/wiki/User_talk:ExampleMoss"' in text
    assert '<option value="writer" selected>' in text
    juniper.post(url, {**hidden_fields(juniper, url), "kind": "self_harm", "at_risk": "writer"})
    assert case_of(reference, cast.juniper).facts["kind"] == "self_harm"


def test_times_are_typed_in_ones_own_zone(cast, desk):
    Staff.objects.filter(pk=cast.juniper.id).update(time_zone="Asia/Kathmandu")
    reference = report()
    juniper, url = desk(cast.juniper), url_of(reference, "follow_up")
    assert "In your time zone, Asia/Kathmandu." in juniper.get(url).content.decode()
    juniper.post(url, {**hidden_fields(juniper, url), "at": "2030-03-14T09:00"})
    assert case_of(reference, cast.juniper).follow_up_at.isoformat() == "2030-03-14T03:15:00+00:00"
    assert 'value="2030-03-14T09:00"' in juniper.get(url).content.decode()


def test_a_held_step_waits_and_says_so(cast, desk):
    reference = path.verified(cast)
    juniper, url = desk(cast.juniper), url_of(reference, "disclose")
    assert "This is held for approval." in juniper.get(url).content.decode()
    text = juniper.post(url, {**hidden_fields(juniper, url), **path.RELEASE}, follow=True).content.decode()
    assert "asked for approval: Disclose to the agency" in text
    assert "Nothing has been sent." in text
    assert case_of(reference, cast.juniper).state == "awaiting_approval"


def test_who_steps_away_lands_in_the_queue(cast, desk):
    reference = report()
    answer = desk(cast.heron).post(url_of(reference, "recuse"), {"reason": ""})
    assert answer.headers["Location"] == "/desk/queue/emergency/"
    assert desk(cast.heron).get(f"/desk/case/{reference}/").status_code == 404


def test_a_step_at_once_is_a_form_with_a_key(cast, desk):
    reference = report()
    text = desk(cast.juniper).get(f"/desk/case/{reference}/").content.decode()
    form = re.search(r'<form method="post" action="[^"]*/steps/take/".*?</form>', text, re.DOTALL)[0]
    assert 'name="csrfmiddlewaretoken"' in form
    assert re.search(r'name="key" value="[0-9a-f]{32}-take"', form)


@pytest.mark.parametrize("text", ["\0", "a\0b", "x" * 30_000, "\u202e\u2066", "<b>bold</b>", "\ud83d\ude00"])
def test_no_text_breaks_a_note(cast, desk, text):
    reference = report()
    answer = desk(cast.juniper).post(
        url_of(reference, "note"),
        {"text": text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")},
    )
    assert answer.status_code in {302, 422}
    page = desk(cast.juniper).get(f"/desk/case/{reference}/").content.decode()
    assert "<b>bold</b>" not in page


@pytest.mark.parametrize("field", ["version", "seen", "key"])
@pytest.mark.parametrize("value", ["", "x", "-1", "9" * 40, "1e3", "٣"])
def test_no_hidden_field_breaks_a_step(cast, desk, field, value):
    reference = report()
    answer = desk(cast.juniper).post(url_of(reference, "note"), {"text": "A note.", field: value})
    assert answer.status_code == 302


def test_the_case_after_an_effect_was_refused_says_what_to_do(cast, desk):
    reference = path.disclosed(cast)
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        effect = case.effects.exclude(label="").latest("id")
        effect.state, effect.error, effect.what_to_do = (
            "failed",
            "No such mailbox.",
            "Ask for another address.",
        )
        effect.save(update_fields=["state", "error", "what_to_do"])
    text = desk(cast.juniper).get(f"/desk/case/{reference}/").content.decode()
    assert "No such mailbox." in text
    assert "Ask for another address." in text
    assert f"/steps/retry_effect/?effect={effect.pk}" in text
    confirm = f"/desk/case/{reference}/steps/confirm_effect/"
    assert f"{confirm}?effect={effect.pk}" in text
    juniper = desk(cast.juniper)
    assert f'value="{effect.pk}" selected' in juniper.get(f"{confirm}?effect={effect.pk}").content.decode()
    sent = juniper.post(confirm, {"effect": effect.pk, "reason": "They called us back."})
    assert sent.status_code == 302
    text = juniper.get(f"/desk/case/{reference}/").content.decode()
    assert "recorded that it did happen" in text
    assert "recorded as done" in text
    assert "No such mailbox." not in text

"""The language of a report is told by its words, and used where nobody chose one."""

from __future__ import annotations

import pytest

from tests.cast import emergency, report_emergency
from tutela.core.cases.detected import LEAST, detect
from tutela.core.cases.models import Case, Message
from tutela.core.cases.opening import open_case
from tutela.core.cases.receive import receive
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as

SPANISH = "Escribió en mi página de discusión que sabe dónde vivo y que vendrá esta noche."


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("They wrote goodbye on their talk page and named a station in Sample City.", "en"),
        (SPANISH, "es"),
        ("هددني على صفحة نقاشي وقال إنه يعرف أين أسكن", "ar"),
        ("他在我的讨论页上威胁我，说今晚会来找我。", "zh"),
        ("ঐ ব্যবহারকারী আমাকে হুমকি দিচ্ছে", "bn"),
        ("Uporabnik mi grozi na moji pogovorni strani in ve, kje živim.", "sl"),
    ],
)
def test_a_sentence_is_enough(text, code):
    found = detect(text)
    assert (found.code, found.sure > 50) == (code, True)


@pytest.mark.parametrize("text", ["", "ban", " \n " * 50, "x" * (LEAST - 1)])
def test_too_little_says_nothing(text):
    assert detect(text) is None


@pytest.mark.parametrize("text", ["\x01\x02" * 20, "1234567890 +++ 1234567890", "🙂" * 40, "a" * 1_000_000])
def test_what_is_no_language_does_no_harm(text):
    found = detect(text)
    assert found is None or 0 < found.sure <= 100


@pytest.mark.django_db
def test_a_letter_goes_out_in_the_language_of_a_mail(cast):
    said = {"channel": "mail", "mailbox": "emergency", "language": "", "sender_email": "linnet@wiki.example"}
    reference = open_case(receive(emergency(text=SPANISH, **said)).report_id)
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        report = case.reports.get()
        assert (case.language, report.language, report.detected_language) == ("es", "", "es")
        assert report.detected_sure >= report.SURE
    perform(reference, "acknowledge", cast.juniper, {})
    with acting_as(cast.juniper):
        message = Message.objects.get(letter="acknowledgement")
    assert message.language == "es"
    assert "Gracias" in message.text or "Hemos" in message.text


@pytest.mark.django_db
def test_who_chose_a_language_is_answered_in_it(cast):
    reference = report_emergency(text=SPANISH, language="fr")
    with acting_as(cast.juniper):
        case = Case.objects.get(reference=reference)
        report = case.reports.get()
    assert (case.language, report.spoken, report.written_in) == ("fr", "fr", "es")

"""A query that is kept gives what Django's own gives, to each person theirs."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Count, QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from tests.cast import make_cast, report_emergency
from tutela.core.cases.models import Case, Event, Report
from tutela.core.kept import Written, kept, kept_sql
from tutela.core.people.actor import acting_as
from tutela.core.people.models import Grant

pytestmark = pytest.mark.django_db


@kept
def events_of(case: int, before: int) -> QuerySet[Event]:
    return Event.objects.filter(case=case, pk__lt=before).select_related("actor").order_by("-id")[:5]


@kept
def kinds_of(case: int) -> QuerySet[Event, tuple[str, int]]:
    return Event.objects.filter(case=case).order_by("kind").values_list("kind").annotate(n=Count("pk"))


@kept
def reports_of(case: int) -> QuerySet[Report]:
    return Report.objects.filter(case=case).annotate(n=Count("files")).defer("raw")


@kept
def called(reference: str) -> QuerySet[Case, str]:
    return Case.objects.filter(reference=reference).values_list("reference", flat=True)


@kept
def of_kinds(case: int, kinds: list[str], people: list[int]) -> QuerySet[Event]:
    return Event.objects.filter(case=case, kind__any=kinds, actor__any=people).order_by("id")


@kept_sql
def among(letters: list[str], one: str) -> Written:
    return "SELECT %s, %s = ANY (%s), '100%%', %s", ["it's %s", one, letters, one]


@pytest.fixture
def cast():
    return make_cast()


def test_rows_are_those_of_the_queryset(cast):
    first, second = report_emergency(), report_emergency(text="Another one, elsewhere.")
    with acting_as(cast.larch):
        for reference in (first, second):
            case = Case.objects.get(reference=reference)
            plain = list(case.events.order_by("-id"))
            assert events_of(case.pk, 2**62) == plain[:5]
            assert events_of(case.pk, plain[0].pk) == plain[1:6]
            assert kinds_of(case.pk) == list(
                case.events.order_by("kind").values_list("kind").annotate(n=Count("pk"))
            )
            report = reports_of(case.pk)[0]
            assert (report.text, report.n) == (case.reports.get().text, 0)


def test_related_rows_come_with_it_and_are_not_asked_for_again(cast):
    reference = report_emergency()
    with acting_as(cast.larch):
        case = Case.objects.get(reference=reference)
        with CaptureQueriesContext(connection) as asked:
            names = [event.actor.working_name for event in events_of(case.pk, 2**62)]
        assert names
        assert len(asked) == 1


def test_a_list_is_one_value_however_long(cast):
    reference = report_emergency()
    with acting_as(cast.larch):
        case = Case.objects.get(reference=reference)
        everybody = [event.actor_id for event in case.events.all()]
        for kinds in (["received"], ["received", "step", "note"], [], ["it's", "{}", 'a"b,c']):
            plain = case.events.filter(kind__in=kinds, actor__in=everybody).order_by("id")
            assert of_kinds(case.pk, kinds, everybody) == list(plain)
            assert of_kinds(case.pk, kinds, []) == []
        assert of_kinds(case.pk, ["received"], everybody)


def test_each_person_gets_what_is_theirs_from_one_statement(cast):
    reference = report_emergency()
    for _twice in range(7):  # PostgreSQL settles on one plan after the fifth time
        with acting_as(cast.larch):
            assert called(reference) == [reference]
        with acting_as(cast.wren):  # works in triage
            assert called(reference) == []
    assert called(reference) == []


def test_a_grant_that_ends_is_felt_at_the_next_use(cast):
    reference = report_emergency()
    with acting_as(cast.larch):
        assert called(reference) == [reference]
    Grant.objects.filter(staff=cast.larch.id).update(until=timezone.now())
    with acting_as(cast.larch):
        assert called(reference) == []


@pytest.mark.django_db(transaction=True)
def test_a_new_connection_prepares_anew():
    for letter in "ab":
        assert among(["a", "b"], letter) == [("it's %s", True, "100%", letter)]
        connection.close()


def test_preparing_is_not_a_query():
    with CaptureQueriesContext(connection) as asked:
        kept_sql(among.__wrapped__)(["a"], "a")
    assert len(asked) == 1


def test_values_arrive_as_they_are(cast):
    for text in ("it's", "50%", "%s", "a\\b", "سؤال", ""):
        assert among(["x", text], text) == [("it's %s", True, "100%", text)]
        assert called(text) == []


def test_what_is_not_one_question_is_refused(cast):
    many = kept(lambda cases: Event.objects.filter(case__in=cases))
    with pytest.raises(TypeError, match="differs with its values"):
        many([1, 2, 3])
    unused = kept(lambda case, _other: Event.objects.filter(case=case))
    with pytest.raises(TypeError, match="differs with its values"):
        unused(1, 2)
    own_time = kept(lambda case: Event.objects.filter(case=case, at__lt=timezone.now()))
    with pytest.raises(TypeError, match="differs with its values"):
        own_time(1)
    changed = kept(lambda text: Event.objects.filter(step__startswith=text))
    with pytest.raises(TypeError, match="differs with its values"):
        changed("a")
    with pytest.raises(TypeError, match="not bool"):
        kept(lambda yes: Event.objects.filter(case=yes))(True)

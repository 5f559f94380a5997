"""Two people agree that a case goes: it goes whole, and a tombstone, a certificate and a count stay."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection

from tests.cast import first, report_emergency
from tutela.core.access.functions import ask
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Case
from tutela.core.cases.receive import IncomingFile
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.files.keeping import draft_of, keep
from tutela.core.files.models import File, Scan
from tutela.core.files.store import store
from tutela.core.flow.perform import perform
from tutela.core.people.actor import acting_as
from tutela.core.records import disposal, runs
from tutela.core.records.disposal import digest_of, find_certificate, is_as_logged
from tutela.core.records.holds import place_hold, release_hold
from tutela.core.records.models import Certificate, Item, Run, Tally, Tombstone

from .scene import agreed, close, closed, delivered, dispose, fill, grow_old, old, reread

pytestmark = pytest.mark.django_db
OF_EVERY_CASE = {
    "cases_case", "cases_report", "cases_note", "cases_exhibit", "cases_event", "cases_message",
    "cases_party", "cases_caseparty", "flow_clockrow", "search_document", "vault_casekey",
}  # fmt: skip


def exists(reference, actor):
    with acting_as(actor):
        return Case.objects.filter(reference=reference).exists()


def tables_of_cases():
    """Every table that names a case by a foreign key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint"
            " WHERE contype = 'f' AND confrelid = 'cases_case'::regclass"
        )
        return {name for (name,) in cursor.fetchall()}


def test_a_case_goes_whole_and_a_tombstone_stays(cast):
    reference, other = old(cast), closed(cast)
    run = dispose(cast, reference)
    assert run.state == Run.State.DONE
    assert not exists(reference, cast.alder)
    assert exists(other, cast.alder)
    with acting_as(cast.juniper):
        tombstone = Tombstone.objects.get()
        assert (tombstone.reference, tombstone.workflow) == (reference, "emergency")
        found = Certificate.objects.get()
        assert found.references == [reference]
        assert (found.proposed_by.username, found.approved_by.username) == ("alder", "larch")
        assert set(found.rows) >= OF_EVERY_CASE
        assert found.rows["cases_case"] == found.rows["cases_report"] == 1
        tally = Tally.objects.get()
        assert (tally.workflow, tally.state, tally.channel, tally.cases) == (
            "emergency",
            "closed",
            "portal",
            1,
        )


def test_the_certificate_is_the_one_in_the_audit_log(cast, superuser):
    dispose(cast, old(cast))
    with acting_as(cast.larch):
        found = find_certificate(first("DC"))
        entry = Entry.objects.get(act=Act.CASE_DISPOSED)
        assert entry.detail["digest"] == digest_of(found)
        assert is_as_logged(found)
        found.rows = {}
        assert not is_as_logged(found)
    with acting_as(cast.wren), pytest.raises(NotFound):
        find_certificate(first("DC"))


def test_the_log_of_a_case_that_is_gone_is_still_read_by_those_who_saw_it(cast):
    dispose(cast, old(cast))
    with acting_as(cast.juniper):
        acts = set(Entry.objects.exclude(case_id=None).values_list("act", flat=True))
        assert {Act.CASE_OPENED, Act.DISPOSAL_PROPOSED, Act.DISPOSAL_DECIDED, Act.CASE_DISPOSED} <= acts
    with acting_as(cast.wren):
        assert not Entry.objects.exclude(case_id=None).exists()


def test_who_kept_away_from_a_case_does_not_read_its_tombstone(cast):
    reference = report_emergency()
    perform(reference, "recuse", cast.heron, {})
    fill(reference, cast)
    close(reference, cast)
    grow_old(reference, cast)
    dispose(cast, reference)
    for actor, sees in ((cast.juniper, 1), (cast.heron, 0), (cast.wren, 0), (cast.sorrel, 0)):
        with acting_as(actor):
            for model in (Tombstone, Certificate, Item, Run):
                assert model.objects.count() == sees, (actor.name, model)


def test_nobody_disposes_alone(cast):
    reference = old(cast)
    run = runs.propose(cast.alder, [reference])
    with pytest.raises(NotAllowed):
        runs.decide(cast.alder, run.number, runs.APPROVED)
    with pytest.raises(NotAllowed):
        runs.decide(cast.juniper, run.number, runs.APPROVED)
    with pytest.raises(NotFound):
        runs.decide(cast.wren, run.number, runs.APPROVED)
    assert disposal.carry_out() == 0
    assert exists(reference, cast.alder)
    assert runs.decide(cast.linden, run.number, runs.APPROVED).state == Run.State.APPROVED
    with pytest.raises(StepClosed):
        runs.decide(cast.larch, run.number, runs.REFUSED, "Too late to stop it.")
    assert disposal.carry_out() == 1
    assert not exists(reference, cast.alder)


def test_a_run_is_stopped_or_withdrawn_and_nothing_goes(cast):
    reference = old(cast)
    for actor, verdict in ((cast.larch, runs.REFUSED), (cast.alder, runs.WITHDRAWN)):
        run = runs.propose(cast.alder, [reference])
        with pytest.raises(BadData):
            runs.propose(cast.larch, [reference])
        runs.decide(actor, run.number, verdict, "Not before the audit.")
        assert disposal.carry_out() == 0
    assert exists(reference, cast.alder)
    assert dispose(cast, reference).state == Run.State.DONE


@pytest.mark.parametrize(
    ("before", "why"),
    [
        (
            lambda reference, cast: perform(reference, "reopen", cast.juniper, {"reason": "It came again."}),
            "open",
        ),
        (lambda reference, cast: grow_old(reference, cast, -4), "early"),
    ],
    ids=["reopened", "closed again"],
)
def test_what_changed_meanwhile_keeps_the_case(cast, before, why):
    reference, other = old(cast), old(cast)
    run = agreed(cast, reference, other)
    before(reference, cast)
    assert disposal.carry_out() == 2
    with acting_as(cast.alder):
        ends = dict(Item.objects.values_list("reference", "kept_by"))
    assert ends == {reference: why, other: ""}
    assert exists(reference, cast.alder)
    assert not exists(other, cast.alder)
    assert reread(cast, run).state == Run.State.DONE


def test_what_is_not_due_or_not_theirs_is_not_proposed(cast):
    young, ripe = closed(cast), old(cast)
    with pytest.raises(BadData) as refused:
        runs.propose(cast.alder, [young, ripe])
    assert list(refused.value.errors) == [young]
    with pytest.raises(NotAllowed):
        runs.propose(cast.juniper, [ripe])
    with pytest.raises(NotFound):
        runs.propose(cast.wren, [ripe])


def test_merged_cases_go_with_the_one_they_were_merged_into(cast):
    main, again = report_emergency(), report_emergency()
    fill(again, cast, "Again")
    perform(again, "merge_into", cast.juniper, {"other": main, "reason": "The same words"})
    fill(main, cast)
    close(main, cast)
    delivered(again)
    grow_old(main, cast)
    with pytest.raises(BadData):
        runs.propose(cast.alder, [again])
    dispose(cast, main)
    with acting_as(cast.alder):
        assert set(Tombstone.objects.values_list("reference", flat=True)) == {main, again}
        assert sorted(Certificate.objects.get().references) == sorted([main, again])
        assert not Case.objects.exists()


def test_a_party_that_another_case_knows_stays(cast):
    first, second = old(cast), old(cast)
    with acting_as(cast.alder):
        case = Case.objects.get(reference=first)
        party = case.parties.get().party
        Case.objects.get(reference=second).parties.create(party=party, part="witness")
    dispose(cast, first)
    with acting_as(cast.alder):
        party.refresh_from_db()
        assert party.first_case.reference == second
    dispose(cast, second)
    with acting_as(cast.alder):
        assert not type(party).objects.exists()


@pytest.mark.django_db(transaction=True)
def test_files_leave_the_store_too(cast):
    came = IncomingFile("notes.txt", "text/plain", b"A file that came along")
    reference, other = report_emergency(files=(came,)), closed(cast)
    for one in (reference, other):
        with acting_as(cast.juniper):
            draft = draft_of(iter([b"Seen on the page of ExampleMoss"]), 1000)
            keep(Case.objects.get(reference=one), draft, "seen.txt", "text/plain", cast.juniper)
    fill(reference, cast)
    close(reference, cast)
    grow_old(reference, cast)
    with acting_as(cast.alder):
        kept = {one.case.reference: one.object_name for one in File.objects.select_related("case")}
    dispose(cast, reference)
    names = {one.name for one in store().objects()}
    assert kept[reference] not in names
    assert kept[other] in names
    with acting_as(cast.alder):
        assert [one.file.object_name for one in Scan.objects.select_related("file")] == [kept[other]]


def test_every_table_of_a_case_is_emptied_and_guarded(cast, superuser):
    """A new table that names a case must be handed to `tutela.goes_with_its_case()` by its migration."""
    guarded = {
        (table, name)
        for table, name in superuser.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger"
            " WHERE tgname IN ('held', 'held_key', 'keep_held')"
        ).fetchall()
    }
    allowed = {
        table
        for (table,) in superuser.execute(
            "SELECT polrelid::regclass::text FROM pg_policy WHERE polname = 'records'"
        ).fetchall()
    }
    derived = {"search_document", "cases_presence", "files_scan"}
    for table in tables_of_cases():
        assert table in allowed, f"{table} is not handed to tutela.goes_with_its_case()"
        guards = {(table, name) for name in ("held", "held_key", "keep_held")}
        assert table in derived or guarded & guards, table


def test_only_the_job_carries_out(cast):
    reference = old(cast)
    agreed(cast, reference)
    with acting_as(cast.alder):
        item = Item.objects.get()
    with pytest.raises(DatabaseError, match="records keeper"), acting_as(cast.alder):
        ask("dispose", item.pk, "DC-1", "rule", 1)
    for table in ("cases_note", "cases_case", "records_item", "records_certificate"):
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            acting_as(cast.alder),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"DELETE FROM {table}")


def places_of(word, superuser):
    """The tables in which a word stands, of all tables of the database."""
    found = set()
    names = superuser.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
    for (table,) in names:
        asked = f"SELECT count(*) FROM {table} t WHERE to_jsonb(t)::text ILIKE %s"
        if superuser.execute(asked, [f"%{word}%"]).fetchone()[0]:
            found.add(table)
    return found


@pytest.mark.django_db(transaction=True)
def test_no_table_holds_a_word_of_what_was_disposed_of(cast, superuser):
    reference, word = report_emergency(text="They wrote quokka.", subject="Quokka"), "quokka"
    fill(reference, cast, "Quokka")
    perform(reference, "edit_title", cast.juniper, {"title": "About a quokka"})
    hold = place_hold(cast.larch, [reference], "A quokka is asked about.", "Court of Quokka")
    close(reference, cast)
    release_hold(cast.larch, hold.number, "The quokka is well.")
    grow_old(reference, cast)
    before = places_of(word, superuser)
    assert {"cases_case", "cases_report", "cases_party", "search_document", "records_hold"} <= before
    dispose(cast, reference)
    assert places_of(word, superuser) == set()

"""Whoever may not see a case sees nothing of it: not in any table, not in a count, not in search."""

from __future__ import annotations

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from tests.cast import Cast, report_emergency
from tutela.core.access.conflicts import declare
from tutela.core.access.glass import close_glass, open_glass
from tutela.core.audit.models import Entry
from tutela.core.cases.models import Case, Event, Message, Party, Recusal, Report
from tutela.core.flow.perform import perform
from tutela.core.people.actor import Actor, acting_as
from tutela.core.people.models import Grant, Membership, Staff

# Tables without a case's data. A new table must stand here or have row security.
OPEN_TABLES = {
    "account_emailaddress",
    "audit_anchored",
    "audit_head",
    "auth_group",
    "auth_group_permissions",
    "auth_permission",
    "cases_counter",
    "directory_agency",
    "directory_emergencynumber",
    "directory_helpline",
    "directory_venue",
    "django_content_type",
    "django_migrations",
    "django_session",
    "mfa_authenticator",
    "oncall_absence",
    "oncall_cover",
    "oncall_feed",
    "oncall_level",
    "oncall_offer",
    "oncall_rota",
    "oncall_turn",
    "people_grant",
    "people_kept",
    "people_knownplace",
    "people_membership",
    "people_oncallshift",
    "people_signinlink",
    "people_staff",
    "people_staffsession",
    "people_team",
    "people_throttle",
    "people_token",
    "procrastinate_events",
    "procrastinate_jobs",
    "procrastinate_periodic_defers",
    "procrastinate_workers",
    "socialaccount_socialaccount",
    "socialaccount_socialapp",
    "socialaccount_socialtoken",
}
# Read by functions alone, or by nobody: the desk's login has no right on them.
CLOSED_TABLES = {
    "account_emailconfirmation",
    "audit_leaf",
    "audit_node",
    "audit_waiting",
    "search_document",
}
# Numbers of cases at most, and of one's own work only.
OF_NOBODYS_CASE = {
    "desk_savedview",
    "desk_bulkrun",
    "health_ending",
    "health_heartbeat",
    # Keys that open nothing without the provider's; those of cases are secured as their cases.
    "vault_workflowkey",
    "vault_intakekey",
    "vault_indexkey",
}


def rows(actor: Actor | None, table: str) -> int:
    with acting_as(actor) if actor else transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.fixture
def secured_tables(superuser: psycopg.Connection) -> list[str]:
    found = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        " AND relrowsecurity AND relforcerowsecurity AND relname <> ALL (%s) ORDER BY relname",
        [list(CLOSED_TABLES)],
    )
    return [name for (name,) in found]


@pytest.mark.django_db
def test_every_table_has_forced_row_security_or_is_known_to_need_none(superuser, secured_tables):
    every = {
        name
        for (name,) in superuser.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
    }
    assert every - OPEN_TABLES - OF_NOBODYS_CASE - set(secured_tables) == CLOSED_TABLES


@pytest.mark.django_db
@pytest.mark.parametrize("table", sorted(CLOSED_TABLES))
def test_what_functions_alone_read_is_closed_to_the_desk(cast: Cast, table):
    with pytest.raises(DatabaseError, match="permission denied"):
        rows(cast.juniper, table)


@pytest.mark.django_db
def test_no_role_of_ours_walks_past_row_security(superuser):
    roles = superuser.execute(
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'tutela%' AND rolname <> 'tutela_admin'"
        " AND (rolbypassrls OR rolsuper)"
    ).fetchall()
    assert roles == []


@pytest.mark.django_db
def test_the_tests_themselves_are_the_desk():
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("tutela_desk",)


def busy_case(cast: Cast) -> str:
    """A case with a row in about every table."""
    reference = report_emergency()
    perform(reference, "take", cast.juniper)
    perform(reference, "note", cast.juniper, {"text": "Marker in a note"})
    perform(reference, "answer", cast.juniper, {"text": "Marker in an answer"})
    perform(reference, "add_exhibit", cast.juniper, {"kind": "text", "title": "Marker", "text": "Marker"})
    perform(
        reference, "add_party", cast.juniper, {"kind": "account", "name": "ExampleMarker", "part": "reported"}
    )
    return reference


@pytest.mark.django_db
def test_the_team_sees_the_case_and_a_stranger_not_one_row_of_any_table(cast: Cast, secured_tables):
    busy_case(cast)
    seen = {table: rows(cast.juniper, table) for table in secured_tables}
    assert seen["cases_case"] == seen["cases_report"] == 1
    assert seen["cases_note"] == seen["cases_exhibit"] == seen["cases_party"] == 1
    for person in (None, cast.sorrel, cast.wren):
        assert {table: rows(person, table) for table in secured_tables} == dict.fromkeys(secured_tables, 0)


@pytest.mark.django_db
def test_a_grant_without_the_team_does_not_open_a_restricted_case(cast: Cast):
    busy_case(cast)
    Grant.objects.create(staff_id=cast.sorrel.id, workflow="emergency", role="responder")
    assert rows(cast.sorrel, "cases_case") == 0
    Membership.objects.create(staff_id=cast.sorrel.id, team=Staff.objects.get(pk=cast.juniper.id).teams.get())
    assert rows(cast.sorrel, "cases_case") == 1


@pytest.mark.django_db
def test_a_right_taken_away_is_gone_with_the_next_query(cast: Cast):
    reference = busy_case(cast)
    Grant.objects.filter(staff_id=cast.juniper.id).update(
        until="2026-01-01T00:00Z", since="2025-01-01T00:00Z"
    )
    assert rows(cast.juniper, "cases_case") == 0
    with pytest.raises(Exception, match="not yours to see"):
        perform(reference, "note", cast.juniper, {"text": "late"})


@pytest.mark.django_db
def test_a_leaver_sees_nothing(cast: Cast):
    busy_case(cast)
    Staff.objects.filter(pk=cast.juniper.id).update(is_active=False)
    assert rows(cast.juniper, "cases_case") == 0


@pytest.mark.django_db
def test_a_recusal_hides_the_case_from_one_person_only(cast: Cast, secured_tables):
    reference = busy_case(cast)
    perform(reference, "recuse", cast.heron, {})
    left = {table: rows(cast.heron, table) for table in secured_tables}
    assert left.pop("cases_recusal") == 1, "one's own recusal stays visible to oneself"
    assert set(left.values()) == {0}
    assert rows(cast.juniper, "cases_case") == 1
    with acting_as(cast.juniper):
        assert Recusal.objects.get().staff_id == cast.heron.id


@pytest.mark.django_db
def test_a_glass_shows_one_case_in_every_table_and_lets_nothing_of_it_be_changed(cast: Cast, secured_tables):
    reference, other = busy_case(cast), report_emergency(text="Another goodbye.")
    Grant.objects.create(staff_id=cast.sorrel.id, workflow="emergency", role="manager")
    opened = open_glass(cast.sorrel, reference, "Nobody of the team answers the phone.")
    assert opened is not None
    with acting_as(cast.sorrel):
        assert list(Case.objects.values_list("reference", flat=True)) == [reference]
        assert not Report.objects.filter(case__reference=other).exists()
    for table in ("cases_note", "cases_exhibit", "cases_party", "access_glass"):
        assert rows(cast.sorrel, table) == 1, table
    with acting_as(cast.sorrel):
        assert not Case.objects.select_for_update(of=("self",)).exists()
        assert not Case.objects.update(title="changed")
    for statement in (
        "UPDATE access_glass SET expires_at = now() + interval '1 day'",
        "DELETE FROM access_glass",
    ):
        with pytest.raises(DatabaseError), acting_as(cast.sorrel), connection.cursor() as cursor:
            cursor.execute(statement)
    close_glass(cast.sorrel, opened.pk)
    left = {table: rows(cast.sorrel, table) for table in secured_tables}
    assert {table: count for table, count in left.items() if count} == {"access_glass": 1}


@pytest.mark.django_db
def test_a_conflict_hides_the_case_and_that_it_does(cast: Cast, secured_tables):
    busy_case(cast)
    declare(
        cast.heron, Staff.objects.get(pk=cast.heron.id), "They are a friend of mine.", name="ExampleMarker"
    )
    left = {table: rows(cast.heron, table) for table in secured_tables}
    assert {table for table, count in left.items() if count} <= {"access_conflict", "audit_entry"}
    assert rows(cast.juniper, "cases_case") == 1


@pytest.mark.django_db
def test_search_finds_only_what_the_searcher_may_see(cast: Cast):
    busy_case(cast)
    for typed in ("goodbye", "ExampleMarker", "ExmpleMarker", "Marker"):
        for person, expected in ((cast.juniper, 1), (cast.wren, 0), (cast.sorrel, 0)):
            with acting_as(person), connection.cursor() as cursor:
                cursor.execute(
                    "SELECT count(*) FROM tutela.search(%s, 50, NULL) JOIN cases_case ON id = case_id",
                    [typed],
                )
                assert cursor.fetchone() == (expected,), (typed, person.name)


@pytest.mark.django_db
def test_nobody_writes_into_a_case_they_do_not_see(cast: Cast):
    reference = busy_case(cast)
    with acting_as(cast.juniper):
        case_id = Case.objects.get(reference=reference).pk
    for create in (
        lambda: Message.objects.create(case_id=case_id, direction="in", channel="portal", text="forged"),
        lambda: Event.objects.create(case_id=case_id, kind="step", actor_id=cast.wren.id),
        lambda: Party.objects.create(kind="account", name="Forged", first_case_id=case_id),
        lambda: Case.objects.create(
            reference="EM-2026-9999", workflow="emergency", state="received", title="x", team_id=1,
            received_at="2026-01-01T00:00Z",
        ),
    ):  # fmt: skip
        with pytest.raises(DatabaseError), acting_as(cast.wren):
            create()


@pytest.mark.django_db
def test_nobody_writes_an_audit_entry_in_anothers_name(cast: Cast):
    with pytest.raises(DatabaseError, match="row-level security"), acting_as(cast.wren):
        Entry.objects.create(act="case:step", actor_id=cast.juniper.id, via="desk")


@pytest.mark.django_db(transaction=True, databases=["default", "portal"])
def test_the_portals_login_reads_no_table_of_a_case(secured_tables):
    from django.db import connections

    for table in [*secured_tables, "people_staff", "people_grant", "people_token", "django_session"]:
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            connections["portal"].cursor() as cursor,
        ):
            cursor.execute(f"SELECT 1 FROM {table} LIMIT 1")


@pytest.mark.django_db
def test_what_arrived_cannot_be_changed_by_the_desk(cast: Cast):
    busy_case(cast)
    for statement in (
        "UPDATE cases_report SET text = 'changed'",
        "UPDATE cases_report SET raw = ''",
        "DELETE FROM cases_report",
        "UPDATE cases_event SET kind = 'note'",
        "DELETE FROM cases_event",
        "UPDATE cases_message SET text = 'changed'",
        "UPDATE cases_exhibit SET title = 'changed'",
        "UPDATE cases_note SET text = 'changed'",
        "UPDATE audit_entry SET act = 'x'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "UPDATE outbox_effect SET payload = '{}'",
        "ALTER TABLE cases_case DISABLE ROW LEVEL SECURITY",
    ):
        with pytest.raises(DatabaseError), acting_as(cast.juniper), connection.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_not_even_the_owner_changes_an_audit_entry(owner, superuser, cast: Cast):
    busy_case(cast)
    for connection_as in (owner, superuser):
        for statement in (
            "UPDATE audit_entry SET act = 'x'",
            "DELETE FROM audit_entry",
            "TRUNCATE audit_entry",
        ):
            if connection_as is owner and "TRUNCATE" not in statement:
                continue  # forced row security hides every row from the owner: nothing would be touched
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection_as.execute(statement)


@pytest.mark.django_db
def test_a_report_without_a_case_is_seen_by_the_intake_job_alone(cast: Cast):
    from tests.cast import emergency
    from tutela.core.cases.receive import receive

    receive(emergency())
    with acting_as(cast.juniper):
        assert Report.objects.count() == 0

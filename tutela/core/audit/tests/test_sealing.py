"""Each entry is sealed once: with two sealers, after a late commit, and whatever crashes in between."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest
from django.db import DatabaseError, connection, transaction

from tests.cast import make_cast
from tutela.core.audit.anchors import AnchorFault, FolderAnchor, anchors
from tutela.core.audit.heads import BadHead, parse
from tutela.core.audit.models import Act, Anchored, HeadRow
from tutela.core.audit.record import record_each
from tutela.core.audit.seal import newest_head, seal, seal_and_anchor
from tutela.core.audit.sealed import as_sealer, sealed_since
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor

PROGRAM = """
import django
django.setup()
from tutela.core.audit.seal import seal_and_anchor
seal_and_anchor(3)
"""
SEALER = [sys.executable, "-c", PROGRAM]


def order():
    """The ids of sealed entries, by number."""
    with as_sealer():
        return [one.entry_id for some in sealed_since(0) for one in some]


def test_what_waits_is_sealed_in_the_order_of_ids_and_no_head_is_made_for_nothing(log):
    ids = log.seal(3, 2)
    assert order() == ids
    assert [row.size for row in HeadRow.objects.order_by("number")] == [3, 5]
    assert not seal()
    assert HeadRow.objects.count() == 2


def test_many_entries_of_one_statement_wait_too(log):
    with acting_as(system_actor(SystemActor.CLOCK)) as actor:
        record_each(Act.EXPORTED, actor, [(None, {"n": n}) for n in range(7)])
    done = seal_and_anchor(3)
    assert (done.entries, done.head.size, HeadRow.objects.count()) == (7, 7, 3)


def test_what_was_rolled_back_leaves_no_trace(log):
    with transaction.atomic():
        log.write(2)
        transaction.set_rollback(True)
    ids = log.seal(1)
    assert order() == ids
    assert log.verify().is_sound


def test_an_entry_that_commits_late_comes_later_and_once(log, superuser):
    with superuser.transaction():
        (late,) = superuser.execute(
            "INSERT INTO audit_entry (at, act, actor_id, via, request_id, detail)"
            " VALUES (now(), 'case:clock', 1, 'system', '', '{}') RETURNING id"
        ).fetchone()
        early = log.seal(2)
        assert order() == early
        assert late < min(early)
    ids = log.seal(1)
    assert order() == [*early, late, *ids]
    assert log.verify().is_sound


def test_two_sealers_at_once_seal_each_entry_once(log):
    ids = log.write(60)
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tutela.config.settings",
        "TUTELA_ANCHORS": log.anchor.name, "TUTELA_AUDIT_KEY_FILE": str(log.folder.parent / "keys" / "audit"),
    }  # fmt: skip
    both = [subprocess.Popen(SEALER, env=env) for _one in range(2)]
    assert [one.wait(120) for one in both] == [0, 0]
    assert order() == ids
    assert [head.size for head in log.anchor.heads()] == list(range(3, 61, 3))
    assert log.verify().is_sound


@pytest.mark.slow
@pytest.mark.parametrize("point", ["audit.sealed", "audit.half_anchored", "audit.anchored"])
def test_a_crash_between_the_seal_and_the_anchor_is_made_good(log, point):
    log.seal(2)
    log.write(5)
    env = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tutela.config.settings", "TUTELA_CRASH_AT": point,
        "TUTELA_ANCHORS": log.anchor.name, "TUTELA_AUDIT_KEY_FILE": str(log.folder.parent / "keys" / "audit"),
    }  # fmt: skip
    assert subprocess.run(SEALER, env=env, check=False, timeout=120).returncode == -signal.SIGKILL
    assert newest_head().size == 7
    assert Anchored.objects.get().upto == 1
    assert log.verify().is_sound, "what no anchor holds yet is no fault"
    assert seal_and_anchor().anchored
    assert [head.number for head in log.anchor.heads()] == [1, 2, 3]
    assert [leaf.number for leaf in log.anchor.leaves()] == list(range(7))
    assert log.verify().is_sound


def test_an_anchor_that_is_away_gets_all_it_missed(log, settings):
    away = log.folder.parent / "away" / "anchors"
    settings.ANCHORS += f"; folder:{away}"
    away.parent.write_text("in the way")
    log.write(2)
    assert not seal_and_anchor().anchored
    failing = Anchored.objects.get(name=f"folder:{away}")
    assert failing.error
    since = failing.failing_since
    log.write(1)
    assert not seal_and_anchor().anchored
    failing.refresh_from_db()
    assert failing.failing_since == since
    assert [head.number for head in log.anchor.heads()] == [1, 2], "the other anchor need not wait"
    away.parent.unlink()
    assert seal_and_anchor().anchored
    failing.refresh_from_db()
    assert (failing.upto, failing.error, failing.failing_since) == (2, "", None)
    assert [leaf.number for leaf in FolderAnchor(str(away)).leaves()] == [0, 1, 2]


def test_half_a_line_left_by_a_power_cut_spoils_nothing(log):
    log.seal(2)
    for path in log.folder.iterdir():
        with path.open("a") as file:
            file.write("tutela audit head 1\nnumber: 2\nsi" if path.suffix == ".heads" else "2 4711 ab")
    log.seal(2)
    assert [head.number for head in log.anchor.heads()] == [1, 2]
    assert [leaf.number for leaf in log.anchor.leaves()] == [0, 1, 2, 3]
    assert log.verify().is_sound


def test_an_anchor_that_lost_heads_is_told(log):
    log.seal(2, 2)
    for path in log.folder.iterdir():
        path.unlink()
    assert log.first() == ("anchor", None)


def test_a_head_reads_back_as_it_was_written_and_in_no_other_way(log):
    log.seal(1)
    text = HeadRow.objects.get().text
    head = parse(text)
    assert head.text == text
    assert head.is_signed_by_its_key()
    for other in (text + "\n", text.replace("size: 1", "size: 01"), text.replace("\n", "\r\n"), ""):
        with pytest.raises(BadHead):
            parse(other)


def test_the_key_is_for_our_account_alone(log):
    log.seal(1)
    assert (log.folder.parent / "keys" / "audit").stat().st_mode & 0o777 == 0o600


def test_an_unknown_kind_of_anchor_is_refused(settings):
    settings.ANCHORS = "pigeon:home"
    with pytest.raises(AnchorFault, match="pigeon"):
        anchors()


@pytest.mark.parametrize("table", ["audit_leaf", "audit_node", "audit_head", "audit_waiting"])
@pytest.mark.parametrize(
    "statement", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "INSERT INTO {} DEFAULT VALUES"]
)
def test_the_desk_neither_adds_nor_changes_nor_removes_what_is_sealed(log, table, statement):
    column = "entry_id" if table == "audit_waiting" else "number"
    with pytest.raises(DatabaseError, match="permission denied"), as_sealer(), connection.cursor() as cursor:
        cursor.execute(statement.format(table, column, column))


@pytest.mark.parametrize("statement", ["UPDATE {} SET number = 9", "DELETE FROM {}", "TRUNCATE {}"])
@pytest.mark.parametrize("table", ["audit_head", "audit_leaf", "audit_node"])
def test_nor_does_the_owner_of_the_tables(log, owner, superuser, table, statement):
    log.seal(3)
    if table != "audit_head":  # the owner sees no row of these to begin with
        superuser.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    try:
        with pytest.raises(Exception, match="append-only"):
            owner.execute(statement.format(table))
    finally:
        if table != "audit_head":
            superuser.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def test_a_person_gets_nothing_from_the_functions_of_the_seal(log):
    log.seal(2)
    log.write(1)
    juniper = make_cast().juniper
    for function in ("audit_unsealed(5)", "audit_sealed(0, 5)", "audit_strays()", "audit_of_case(1)"):
        with acting_as(juniper), connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM tutela.{function}")
            assert cursor.fetchone() == (0,)
    with pytest.raises(DatabaseError, match="only a system actor"), acting_as(juniper):
        connection.cursor().execute("SELECT tutela.audit_append('{}','{}','{}','{}','{}',2,2,'')")


def test_no_leaf_is_added_out_of_its_turn_or_for_an_entry_that_does_not_wait(log):
    ids = log.seal(2)
    waiting = log.write(1)
    for entries, head, size, said in (
        (ids[:1], 2, 3, "0 of 1"),
        (waiting, 2, 9, "follow"),
        (waiting, 7, 3, "follow"),
    ):
        with pytest.raises(DatabaseError, match=said), as_sealer(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT tutela.audit_append(%s::bigint[], %s::bytea[], '{}', '{}', '{}', %s, %s, 'x')",
                [entries, [bytes(32)], head, size],
            )
    assert log.verify().is_sound

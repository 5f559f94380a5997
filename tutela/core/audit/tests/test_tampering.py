"""A database superuser tampers; each way is found, and the entry named, against an anchor outside."""

from __future__ import annotations

import pytest
from django.conf import settings as configured
from django.utils import timezone

from tutela.core.audit import tree
from tutela.core.audit.heads import parse, signed_head, signing_key
from tutela.core.audit.models import Anchored
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.audit.sealed import canonical

TABLES = ("audit_entry", "audit_waiting", "audit_leaf", "audit_node", "audit_head")


@pytest.fixture
def ids(log):
    """Eleven entries under three heads."""
    return log.seal(4, 5, 2)


def rebuild(tamper, key, order):
    """Recompute every leaf, node and head from the entries as they are now, in a new order.

    Without the log's own key, the heads are signed with another one.
    """
    columns = ("id", "at", "act", "actor_id", "via", "request_id", "case_id", "detail")
    rows = tamper.execute(f"SELECT {', '.join(columns)} FROM audit_entry ORDER BY {order}").fetchall()
    heads = [parse(text) for (text,) in tamper.execute("SELECT text FROM audit_head ORDER BY number")]
    tamper.execute("DELETE FROM audit_leaf; DELETE FROM audit_node; DELETE FROM audit_head")
    growing, before = tree.Growing(), None
    sizes = [head.size for head in heads]
    sizes[-1] = len(rows)
    for row in rows:
        entry = dict(zip(columns, row, strict=True))
        digest = tree.leaf_hash(canonical(entry))
        tamper.execute("INSERT INTO audit_leaf VALUES (%s, %s, %s)", [growing.size, entry["id"], digest])
        for node in growing.append(digest):
            tamper.execute("INSERT INTO audit_node VALUES (%s, %s, %s)", node)
        if growing.size in sizes:
            head = signed_head(
                key or signing_key(configured.AUDIT_KEY_FILE.with_name("forged")),
                growing.size, growing.root(), before, timezone.now(),
            )  # fmt: skip
            tamper.execute("INSERT INTO audit_head VALUES (%s, %s, %s)", [head.number, head.size, head.text])
            before = head


def own_key():
    return signing_key(configured.AUDIT_KEY_FILE)


def test_an_untouched_log_is_sound(log, ids):
    report = log.verify()
    assert (report.faults, report.entries, report.heads) == ([], 11, 3)
    assert report.anchored == {log.anchor.name: 3}


def test_a_changed_entry_is_named(log, ids, tamper):
    tamper.execute("UPDATE audit_entry SET actor_id = actor_id + 1 WHERE id = %s", [ids[5]])
    assert log.first() == ("changed", ids[5])
    assert log.first(anchored=False) == ("changed", ids[5]), "no anchor is needed for so crude a change"


@pytest.mark.parametrize("column", ["at", "act", "via", "request_id", "case_id", "detail"])
def test_no_column_of_an_entry_can_change(log, ids, tamper, column):
    new = {"at": "now()", "act": "'x'", "via": "'x'", "request_id": "'x'", "case_id": "7", "detail": "'{}'"}
    tamper.execute(f"UPDATE audit_entry SET {column} = {new[column]} WHERE id = %s", [ids[0]])
    assert log.first() == ("changed", ids[0])


def test_every_changed_entry_is_told(log, ids, tamper):
    tamper.execute("UPDATE audit_entry SET via = 'desk' WHERE id = ANY(%s)", [[ids[1], ids[8]]])
    assert [(one.what, one.entry) for one in log.verify().faults] == [
        ("changed", ids[1]),
        ("changed", ids[8]),
    ]


@pytest.mark.parametrize("with_leaf", [False, True])
def test_a_removed_entry_is_named(log, ids, tamper, with_leaf):
    tamper.execute("DELETE FROM audit_entry WHERE id = %s", [ids[6]])
    if with_leaf:
        tamper.execute("DELETE FROM audit_leaf WHERE entry_id = %s", [ids[6]])
    assert log.first() == ("removed", ids[6])
    assert log.first(anchored=False) == ("removed", None if with_leaf else ids[6])


def test_an_entry_put_in_past_the_door_is_named(log, ids, tamper):
    tamper.execute(
        "INSERT INTO audit_entry (id, at, act, actor_id, via, request_id, detail)"
        " SELECT id + 1000, at, act, actor_id, via, request_id, detail FROM audit_entry WHERE id = %s",
        [ids[3]],
    )
    assert log.first() == log.first(anchored=False) == ("inserted", ids[3] + 1000)


def test_an_entry_that_goes_before_its_seal_is_named(log, ids, tamper):
    late = log.write(2)
    tamper.execute("DELETE FROM audit_entry WHERE id = %s", [late[0]])
    assert log.first() == ("removed", late[0])


def test_two_places_exchanged_are_named(log, ids, tamper):
    tamper.execute(
        "UPDATE audit_leaf l SET entry_id = -o.entry_id, hash = o.hash FROM audit_leaf o"
        " WHERE (l.number, o.number) IN ((2, 7), (7, 2))"
    )
    tamper.execute("UPDATE audit_leaf SET entry_id = -entry_id WHERE entry_id < 0")
    assert log.first() == ("reordered", ids[2])
    assert log.first(anchored=False)[0] == "rewritten", "without an anchor's list, between which heads"


@pytest.mark.parametrize("key", ["without the key", "with the key"])
class TestEveryHashRecomputed:
    """Whoever rewrites the whole tree, and may even have stolen the key, still meets the anchor."""

    def check(self, log, tamper, key, what, entry, order="id"):
        rebuild(tamper, own_key() if key == "with the key" else None, order)
        assert log.first() == (what, entry)
        alone = log.verify(anchored=False)
        # This is what cannot be found without an anchor, as docs/security/audit.md says.
        assert alone.is_sound == (key == "with the key")

    def test_changed(self, log, ids, tamper, key):
        tamper.execute("UPDATE audit_entry SET actor_id = 7 WHERE id = %s", [ids[5]])
        self.check(log, tamper, key, "changed", ids[5])

    def test_removed(self, log, ids, tamper, key):
        tamper.execute("DELETE FROM audit_entry WHERE id = %s", [ids[1]])
        self.check(log, tamper, key, "removed", ids[1])

    def test_inserted(self, log, ids, tamper, key):
        tamper.execute("UPDATE audit_entry SET id = id + 1000000000 WHERE id > %s", [ids[4]])
        tamper.execute("UPDATE audit_entry SET id = id - 999999999 WHERE id > 1000000000")
        tamper.execute(
            "INSERT INTO audit_entry (id, at, act, actor_id, via, request_id, detail)"
            " VALUES (%s, now(), 'case:step', 1, 'desk', '', '{}')",
            [ids[4] + 1],
        )
        # Every later entry has another id by then: the first that is not as it was, is told.
        self.check(log, tamper, key, "changed", ids[5])

    def test_inserted_between_two_ids(self, log, ids, tamper, key):
        gap = ids[0] - 1
        tamper.execute(
            "INSERT INTO audit_entry (id, at, act, actor_id, via, request_id, detail)"
            " VALUES (%s, now(), 'case:step', 1, 'desk', '', '{}')",
            [gap],
        )
        self.check(log, tamper, key, "inserted", gap)

    def test_reordered(self, log, ids, tamper, key):
        order = f"CASE id WHEN {ids[2]} THEN {ids[7]} WHEN {ids[7]} THEN {ids[2]} ELSE id END"
        self.check(log, tamper, key, "reordered", ids[2], order)

    def test_all_of_it(self, log, ids, tamper, key):
        tamper.execute("UPDATE audit_entry SET detail = '{}', at = now()")
        self.check(log, tamper, key, "changed", ids[0])


def test_a_tail_cut_off_is_told_by_the_anchor_alone(log, ids, tamper):
    for table, which in (
        ("audit_entry", f"id >= {ids[9]}"),
        ("audit_leaf", "number >= 9"),
        ("audit_node", "(number + 1) << level > 9"),
        ("audit_head", "size > 9"),
    ):
        tamper.execute(f"DELETE FROM {table} WHERE {which}")
    faults = [(one.what.value, one.entry) for one in log.verify().faults]
    assert faults == [("truncated", ids[9]), ("head", None)]
    assert log.verify(anchored=False).is_sound, "this is what nobody can find without an anchor"


def test_all_of_it_gone_is_told_by_the_anchor_alone(log, ids, tamper):
    for table in TABLES:
        tamper.execute(f"DELETE FROM {table}")
    assert ("truncated", ids[0]) in [(one.what.value, one.entry) for one in log.verify().faults]
    assert log.verify(anchored=False).is_sound


def test_a_tampered_log_is_not_sealed_anew(log, ids, tamper):
    tamper.execute("UPDATE audit_leaf SET hash = %s WHERE number = 10", [bytes(32)])
    log.write(1)
    with pytest.raises(Exception, match="was changed since its last head"):
        log.seal(1)


def test_a_head_that_is_another_one_is_told(log, ids, tamper):
    (text,) = tamper.execute("SELECT text FROM audit_head WHERE number = 2").fetchone()
    tamper.execute("UPDATE audit_head SET text = %s WHERE number = 2", [text.replace("time: 2", "time: 1")])
    sentences = [one.sentence for one in log.verify().faults]
    assert any("Head 2 in the database is not the one" in one for one in sentences)
    assert any("signature of head 2" in one for one in log_alone(log))


def log_alone(log):
    return [one.sentence for one in log.verify(anchored=False).faults]


def test_a_node_that_proofs_are_made_of_is_told(log, ids, tamper):
    tamper.execute("UPDATE audit_node SET hash = %s WHERE level = 2 AND number = 1", [bytes(32)])
    assert log.first() == ("tree", None)


def test_an_older_backup_is_noticed_and_nothing_is_put_over_it(log, ids, tamper):
    log.seal(3)
    tamper.execute("DELETE FROM audit_head WHERE number = 4; DELETE FROM audit_leaf WHERE number > 10")
    tamper.execute("DELETE FROM audit_node WHERE (number + 1) << level > 11")
    tamper.execute("DELETE FROM audit_entry WHERE id > %s", [ids[-1]])
    log.write(1)
    assert not seal_and_anchor().anchored
    assert "older backup was restored" in Anchored.objects.get().error
    assert [head.number for head in log.anchor.heads()] == [1, 2, 3, 4]


def test_since_an_anchor_only_what_came_later_is_read(log, ids, tamper):
    tamper.execute("UPDATE audit_entry SET via = 'x' WHERE id = ANY(%s)", [[ids[0], ids[10]]])
    report = log.verify(since=2)
    assert [(one.what, one.entry) for one in report.faults] == [("changed", ids[10])]
    assert (report.entries, report.heads) == (2, 1)
    with pytest.raises(Exception, match="No anchor holds head 9"):
        log.verify(since=9)

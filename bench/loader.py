"""Fills a database with many cases, quickly: rows as the platform writes them, inserted in bulk.

Runs as the superuser of the benchmark's own throw-away server, with triggers off; the words of the
search are then made by the same database functions that the triggers call.
"""

from __future__ import annotations

import time

import psycopg

from bench.words import samples

POOL = 4000
# One case in ten is open, and every five-hundredth of those is Juniper's.
SQL = """
INSERT INTO cases_case (id, reference, workflow, state, title, severity, team_id, assignee_id, restricted, language,
    wiki, facts, received_at, opened_at, updated_at, closed_at, due_at, due_clock, unread, version, is_test)
SELECT g, CASE WHEN g % 10 < 3 THEN 'EM' ELSE 'TR' END || '-2025-' || lpad(g::text, 7, '0'),
    CASE WHEN g % 10 < 3 THEN 'emergency' ELSE 'triage' END,
    CASE WHEN (g / 10) % 10 = 0 THEN 'received' ELSE 'closed' END,
    p.title, 1 + g % 4, CASE WHEN g % 10 < 3 THEN %(emergency)s ELSE %(triage)s END,
    CASE WHEN (g / 10) % 500 = 0 THEN %(juniper)s END, g % 10 < 3, p.language, 'wiki.example', '{{}}',
    at, at, at, CASE WHEN (g / 10) % 10 = 0 THEN NULL ELSE at + interval '2 hours' END,
    CASE WHEN (g / 10) % 10 = 0 THEN now() + ((g * 7919) %% 2000000 - 20000) * interval '1 second' END,
    CASE WHEN (g / 10) % 10 <> 0 THEN '' WHEN g % 10 < 3 THEN 'acknowledge' ELSE 'first_answer' END, 0, 3, false
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS g
JOIN bench_pool p ON p.i = (g * 31) %% {pool}
CROSS JOIN LATERAL (SELECT now() - (%(last)s::bigint - g + 1) * interval '20 seconds' AS at) AS t;

INSERT INTO cases_report (id, channel, mailbox, workflow, dedup_key, content_hash, receipt_hash, raw, subject, text,
    language, sender_name, sender_email, received_at, fields, problems, thread, message_id, automatic, case_id,
    first_case_id, opened_at, open_after, open_attempts, open_error)
SELECT c.id, 'portal', '', c.workflow, sha256(('d' || c.id)::bytea), sha256(c.title::bytea), NULL, p.text::bytea, '',
    p.text || ' ' || bench_name(c.id), p.language, '', '', c.received_at, '{{}}', '[]', '[]', '', false, c.id, c.id,
    c.received_at, c.received_at, 0, ''
FROM cases_case c JOIN bench_pool p ON p.i = (c.id * 31) %% {pool} WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO cases_event (case_id, at, kind, step, actor_id, from_state, to_state, data)
SELECT c.id, c.received_at, k.kind, k.step, %(juniper)s, 'received', c.state, '{{}}'
FROM cases_case c, (VALUES ('received', 'opened'), ('step', 'take'), ('step', 'acknowledge')) AS k (kind, step)
WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO flow_clockrow (case_id, name, state, started_at, due_at, next_at, pause_reason, failures, error)
SELECT c.id, c.due_clock, 'running', c.received_at, greatest(c.due_at, c.received_at), c.due_at, '', 0, ''
FROM cases_case c WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint AND c.due_at IS NOT NULL;

INSERT INTO cases_party (id, kind, name, platform, stable_id, earlier_names, first_case_id, made_at)
SELECT c.id, 'account', initcap(bench_name(c.id)), 'wiki.example', '', '[]', c.id, c.received_at
FROM cases_case c WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO cases_caseparty (case_id, party_id, part, added_at)
SELECT c.id, c.id, 'reported', c.received_at FROM cases_case c WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO search_document (case_id, workflow, kind, source_id, words, names)
SELECT r.case_id, r.workflow, 'report', r.id, p.words || to_tsvector('simple', bench_name(r.id)), ''
FROM cases_report r JOIN bench_pool p ON p.i = (r.id * 31) %% {pool} WHERE r.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO search_document (case_id, workflow, kind, source_id, words, names)
SELECT c.id, c.workflow, 'case', c.id, p.title_words || to_tsvector('simple', c.reference), ''
FROM cases_case c JOIN bench_pool p ON p.i = (c.id * 31) %% {pool} WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;

INSERT INTO search_document (case_id, workflow, kind, source_id, words, names)
SELECT c.id, c.workflow, 'party', c.id, to_tsvector('simple', bench_name(c.id)), bench_name(c.id)
FROM cases_case c WHERE c.id BETWEEN %(first)s::bigint AND %(last)s::bigint;
"""
STEP = 100_000

SYLLABLES = (
    "ba be bri cor da del en fa fen gar hol il jun ka lar lin mar mos nor o per qui ra ren sil sor ta tarn u val "
    "ve wil wren xa yar zel thorn brook ash elm"
)
# Four syllables, different for each number up to 2.5 million.
NAME = """
CREATE OR REPLACE FUNCTION bench_name(g bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg((string_to_array('{syllables}', ' '))[1 + (g * 1234577 % 2560000 / (40 ^ k)::bigint) % 40], '' ORDER BY k)
    FROM generate_series(0, 3) AS k
$$
"""
INDEXES = {
    "search_words": "CREATE INDEX search_words ON search_document USING gin (words) WITH (fastupdate = off)",
    "search_names": "CREATE INDEX search_names ON search_document USING gin (names gin_trgm_ops)"
    " WITH (fastupdate = off)",
    "search_newest": "CREATE INDEX search_newest ON search_document (workflow, case_id)",
}


def name(number: int) -> str:
    """The name of the account on a case: the same as `bench_name` in the database."""
    mixed, parts = number * 1234577 % 2560000, SYLLABLES.split()
    return "".join(parts[mixed // 40**place % 40] for place in range(4))


def load(admin_url: str, upto: int) -> float:
    """Have that many cases, adding to what is there. Returns the seconds it took."""
    start = time.monotonic()
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        connection.execute("SET synchronous_commit = off; SET work_mem = '256MB'")
        have = connection.execute("SELECT coalesce(max(id), 0) FROM cases_case").fetchone()
        first = (have[0] if have else 0) + 1
        connection.execute(NAME.format(syllables=SYLLABLES))
        _make_pool(connection)
        for index in INDEXES:
            connection.execute(f"DROP INDEX {index}")
        known = _known(connection)
        for begin in range(first, upto + 1, STEP):
            values = {**known, "first": begin, "last": min(begin + STEP - 1, upto)}
            for statement in SQL.format(pool=POOL).split(";\n"):
                if statement.strip():
                    connection.execute(_doubled(statement), values)
        for statement in INDEXES.values():
            connection.execute(statement)
        for table in ("cases_case", "cases_report", "cases_party"):
            connection.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))"
            )
        connection.execute("VACUUM (ANALYZE)")
    return time.monotonic() - start


def _doubled(statement: str) -> str:
    """Percent signs of SQL, doubled for the driver; those of its parameters stay."""
    marked = statement.replace("%%", "%").replace("%(", "\0(")
    return marked.replace("%", "%%").replace("\0(", "%(")


def _make_pool(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS bench_pool"
        " (i integer PRIMARY KEY, language text, title text, text text, words tsvector, title_words tsvector)"
    )
    if connection.execute("SELECT 1 FROM bench_pool LIMIT 1").fetchone():
        return
    with connection.cursor().copy("COPY bench_pool (i, language, title, text) FROM STDIN") as copy:
        for number, sample in enumerate(samples(POOL)):
            copy.write_row((number, sample.language, sample.title, sample.text))
    connection.execute("UPDATE bench_pool SET words = tutela.words(text), title_words = tutela.words(title)")


def _known(connection: psycopg.Connection) -> dict[str, int]:
    juniper = connection.execute("SELECT id FROM people_staff WHERE username = 'juniper'").fetchone()
    teams = dict(connection.execute("SELECT slug, id FROM people_team").fetchall())
    return {
        "juniper": juniper[0] if juniper else 0,
        "emergency": teams["emergency"],
        "triage": teams["triage"],
    }

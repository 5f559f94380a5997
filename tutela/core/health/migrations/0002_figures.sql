-- How much work waits and for how long, as numbers only. Anybody of ours may ask, with no actor named.

GRANT SELECT, INSERT, UPDATE, DELETE ON health_heartbeat TO tutela_desk;

CREATE FUNCTION tutela.health() RETURNS TABLE (
    reports_waiting bigint, report_waits double precision,
    effects_waiting bigint, effect_waits double precision, effects_failed bigint,
    clocks_faulty bigint, clock_late double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT r.many, r.seconds, e.many, e.seconds, f.many, c.many, l.seconds
    FROM (SELECT count(*), extract(epoch FROM now() - min(received_at))
          FROM cases_report WHERE opened_at IS NULL) AS r (many, seconds),
         (SELECT count(*), extract(epoch FROM now() - min(made_at))
          FROM outbox_effect WHERE state IN ('due', 'sending')) AS e (many, seconds),
         (SELECT count(*) FROM outbox_effect WHERE state = 'failed') AS f (many),
         (SELECT count(*) FROM flow_clockrow WHERE failures > 0 AND stopped_at IS NULL) AS c (many),
         (SELECT extract(epoch FROM now() - min(next_at))
          FROM flow_clockrow WHERE next_at < now()) AS l (seconds)
$$;

-- What the function's owner may read: the columns that are counted, and no words.
CREATE POLICY guard ON cases_report FOR SELECT TO tutela_guard USING (true);
CREATE POLICY guard ON outbox_effect FOR SELECT TO tutela_guard USING (true);
CREATE POLICY guard ON flow_clockrow FOR SELECT TO tutela_guard USING (true);
GRANT SELECT (opened_at, received_at) ON cases_report TO tutela_guard;
GRANT SELECT (state, made_at) ON outbox_effect TO tutela_guard;
GRANT SELECT (failures, stopped_at, next_at) ON flow_clockrow TO tutela_guard;

-- What chores clear away: sign-in links that are used or over, and counters of tries nobody repeats.
GRANT DELETE ON people_signinlink TO tutela_desk;

CREATE FUNCTION tutela.forget_tries() RETURNS bigint LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    WITH gone AS (DELETE FROM people_throttle WHERE window_started_at < now() - interval '2 days' RETURNING 1)
    SELECT count(*) FROM gone
$$;
GRANT DELETE ON people_throttle TO tutela_receipts;

GRANT CREATE ON SCHEMA tutela TO tutela_guard, tutela_receipts;
ALTER FUNCTION tutela.health OWNER TO tutela_guard;
ALTER FUNCTION tutela.forget_tries OWNER TO tutela_receipts;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard, tutela_receipts;
REVOKE ALL ON FUNCTION tutela.health, tutela.forget_tries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.health, tutela.forget_tries TO tutela_desk;

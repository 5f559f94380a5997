-- Who is acting, and what they were granted. The policies of every table that hangs on a case call
-- these functions. A transaction names its actor with set_config('tutela.actor', id, true); with
-- none named, every function answers "nothing".
--
-- Those that read tables are PL/pgSQL, which keeps their plans for the session: a query on a case calls
-- five of them, and as plain SQL functions each would be planned anew in every query.

CREATE SCHEMA tutela;
GRANT USAGE ON SCHEMA tutela TO tutela_desk, tutela_portal, tutela_guard, tutela_search, tutela_receipts;
GRANT USAGE ON SCHEMA public TO tutela_desk, tutela_portal, tutela_guard, tutela_search, tutela_receipts;

-- To hand a function over, its new owner must for the moment be able to make one.
GRANT CREATE ON SCHEMA tutela TO tutela_guard, tutela_search, tutela_receipts;

CREATE FUNCTION tutela.actor() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('tutela.actor', true), '')::bigint $$;

-- The workflows on which the actor holds any role now.
CREATE FUNCTION tutela.actor_workflows() RETURNS text[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.workflow::text), '{}')
        FROM people_grant g JOIN people_staff s ON s.id = g.staff_id
        WHERE g.staff_id = tutela.actor() AND s.is_active
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()));
END
$$;

-- The teams of the actor.
CREATE FUNCTION tutela.actor_teams() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(m.team_id), '{}')
        FROM people_membership m JOIN people_staff s ON s.id = m.staff_id
        WHERE m.staff_id = tutela.actor() AND s.is_active);
END
$$;

-- Jobs see restricted cases of the workflows that they were granted; they belong to no team.
CREATE FUNCTION tutela.actor_is_system() RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ BEGIN RETURN (SELECT EXISTS (SELECT FROM people_staff s WHERE s.id = tutela.actor() AND s.kind = 'system')); END $$;

-- For append-only tables: refuses every change, whoever asks.
CREATE FUNCTION tutela.refuse_change() RETURNS trigger LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

-- Counts a try in a bucket and says whether it is still within `most` for the running window.
CREATE FUNCTION tutela.take(bucket bytea, most integer, seconds integer) RETURNS boolean LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    INSERT INTO people_throttle AS t (bucket, window_started_at, tries) VALUES (take.bucket, now(), 1)
    ON CONFLICT (bucket) DO UPDATE SET
        window_started_at = CASE WHEN t.window_started_at < now() - make_interval(secs => take.seconds)
                                 THEN now() ELSE t.window_started_at END,
        tries = CASE WHEN t.window_started_at < now() - make_interval(secs => take.seconds)
                     THEN 1 ELSE t.tries + 1 END
    RETURNING tries <= take.most
$$;
ALTER FUNCTION tutela.take OWNER TO tutela_receipts;
GRANT SELECT, INSERT, UPDATE ON people_throttle TO tutela_receipts;
REVOKE ALL ON FUNCTION tutela.take FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.take TO tutela_desk, tutela_portal;

-- The functions that policies call belong to a role that may read these three tables and no more.
GRANT SELECT ON people_staff, people_grant, people_membership TO tutela_guard;
ALTER FUNCTION tutela.actor_workflows OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_teams OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_is_system OWNER TO tutela_guard;

-- The desk reads and keeps the staff lists. Grants are ended, never deleted.
GRANT SELECT, INSERT, UPDATE ON people_staff, people_team, people_grant, people_signinlink, people_token TO tutela_desk;
GRANT SELECT, INSERT, UPDATE, DELETE ON people_membership, people_oncallshift TO tutela_desk;

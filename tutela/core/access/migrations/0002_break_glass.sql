-- Break-glass: a case that is not theirs to see opens to one person for a short time, and everybody whom
-- it concerns is told. The functions below are the only doors: the desk's login adds no row and changes
-- none but the time of the next reminder.

GRANT CREATE ON SCHEMA tutela TO tutela_guard;
GRANT SELECT ON access_glass TO tutela_guard;
GRANT INSERT (case_id, reference, workflow, staff_id, reason, opened_at, expires_at, review_due_at, next_at,
              review_words)
    ON access_glass TO tutela_guard;
GRANT UPDATE (closed_at, closed_by_id, next_at, reviewed_at, reviewed_by_id, justified, review_words)
    ON access_glass TO tutela_guard;
GRANT USAGE, SELECT ON SEQUENCE access_glass_id_seq TO tutela_guard;
GRANT SELECT (id, reference, workflow, restricted, team_id) ON cases_case TO tutela_guard;
GRANT SELECT ON audit_entry TO tutela_guard;
CREATE POLICY guard ON cases_case FOR SELECT TO tutela_guard USING (true);
CREATE POLICY guard ON audit_entry FOR SELECT TO tutela_guard USING (true);

-- Whether the actor answers for the security of the platform.
CREATE FUNCTION tutela.actor_is_security() RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM people_grant g JOIN people_staff s ON s.id = g.staff_id
            WHERE g.staff_id = tutela.actor() AND s.is_active AND s.kind = 'person'
              AND g.workflow = 'platform' AND g.role = 'security'
              AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp())));
END
$$;

-- The workflows that the actor manages now.
CREATE FUNCTION tutela.actor_manages() RETURNS text[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.workflow::text), '{}')
        FROM people_grant g JOIN people_staff s ON s.id = g.staff_id
        WHERE g.staff_id = tutela.actor() AND s.is_active AND g.role = 'manager'
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()));
END
$$;

-- Whether the actor, a person, sees a case without any opening. The same rule as the policy of cases_case.
CREATE FUNCTION tutela.actor_sees_by_right(number bigint) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM cases_case c WHERE c.id = number
              AND c.workflow = ANY (tutela.actor_workflows())
              AND (NOT c.restricted OR c.team_id = ANY (tutela.actor_teams()))
              AND c.id <> ALL (tutela.actor_recusals())));
END
$$;

-- Whether the actor may open cases of a workflow: anybody with a grant on it, and the security role. An
-- opening ends with what made its holder eligible.
CREATE FUNCTION tutela.actor_may_break(slug text) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (SELECT FROM people_staff s WHERE s.id = tutela.actor() AND s.is_active AND s.kind = 'person')
           AND (slug = ANY (tutela.actor_workflows()) OR tutela.actor_is_security()));
END
$$;

-- The cases that are open to the actor now by break-glass.
CREATE FUNCTION tutela.actor_glasses() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(g.case_id), '{}') FROM access_glass g
        WHERE g.staff_id = tutela.actor() AND g.closed_at IS NULL AND g.expires_at > statement_timestamp()
          AND tutela.actor_may_break(g.workflow));
END
$$;

-- To look only: the policy lets nobody change the case, and a step begins with locking its row.
CREATE POLICY glass ON cases_case FOR SELECT TO tutela_desk USING (
    id = ANY ((SELECT tutela.actor_glasses())::bigint[])
    AND id <> ALL ((SELECT tutela.actor_recusals())::bigint[])
);

-- An opening is visible to who opened it, to the security role and to whoever sees the case. To nobody
-- who keeps away from the case.
ALTER TABLE access_glass ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_glass FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON access_glass FOR SELECT TO tutela_desk USING (
    case_id <> ALL ((SELECT tutela.actor_recusals())::bigint[])
    AND (staff_id = (SELECT tutela.actor())
         OR (SELECT tutela.actor_is_security())
         OR EXISTS (SELECT FROM cases_case c WHERE c.id = case_id))
);
CREATE POLICY reminds ON access_glass FOR UPDATE TO tutela_desk USING ((SELECT tutela.actor_is_system()));
CREATE POLICY guard ON access_glass TO tutela_guard USING (true);
GRANT SELECT, UPDATE (next_at) ON access_glass TO tutela_desk;

-- The security role reads of every opening and of every refused try in the log.
CREATE POLICY security_reads ON audit_entry FOR SELECT TO tutela_desk USING (
    act IN ('glass:opened', 'glass:refused', 'glass:closed', 'glass:reviewed')
    AND (SELECT tutela.actor_is_security())
    AND (case_id IS NULL OR case_id <> ALL ((SELECT tutela.actor_recusals())::bigint[]))
);

-- Opens a case by its exact reference. NULL where there is no such case, where the actor may not open it,
-- keeps away from it, or sees it anyway.
CREATE FUNCTION tutela.break_glass(named text, said text, minutes integer, review_by timestamptz, remind_at timestamptz)
RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    wanted record;
    made bigint;
BEGIN
    IF length(btrim(said)) < 20 OR minutes NOT BETWEEN 1 AND 480
       OR review_by NOT BETWEEN now() AND now() + interval '31 days' THEN
        RAISE EXCEPTION 'break_glass: the reason or a time is out of bounds' USING ERRCODE = 'check_violation';
    END IF;
    -- Two presses of a button open it once.
    PERFORM pg_advisory_xact_lock(hashtextextended('tutela.break_glass', tutela.actor()));
    SELECT c.id, c.reference, c.workflow INTO wanted FROM cases_case c
    WHERE c.reference = named
      AND tutela.actor_may_break(c.workflow)
      AND c.id <> ALL (tutela.actor_recusals())
      AND c.id <> ALL (tutela.actor_glasses())
      AND NOT tutela.actor_sees_by_right(c.id);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO access_glass (case_id, reference, workflow, staff_id, reason, opened_at, expires_at,
                              review_due_at, next_at, review_words)
    VALUES (wanted.id, wanted.reference, wanted.workflow, tutela.actor(), btrim(said), statement_timestamp(),
            statement_timestamp() + make_interval(mins => minutes), review_by, remind_at, '')
    RETURNING id INTO made;
    RETURN made;
END
$$;

-- Whether the actor answers for an opening of another person: the security role, or a manager of the
-- workflow who sees the case by right.
CREATE FUNCTION tutela.actor_answers_for(number bigint) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT EXISTS (
            SELECT FROM access_glass g WHERE g.id = number AND g.staff_id <> tutela.actor()
              AND g.case_id <> ALL (tutela.actor_recusals())
              AND (tutela.actor_is_security()
                   OR (g.workflow = ANY (tutela.actor_manages()) AND tutela.actor_sees_by_right(g.case_id)))));
END
$$;

-- Ends an opening before its time: who opened it, or who answers for it. False where it is not theirs or over.
CREATE FUNCTION tutela.close_glass(number bigint) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    UPDATE access_glass g SET closed_at = statement_timestamp(), closed_by_id = tutela.actor()
    WHERE g.id = number AND g.closed_at IS NULL AND g.expires_at > statement_timestamp()
      AND (g.staff_id = tutela.actor() OR tutela.actor_answers_for(g.id));
    RETURN FOUND;
END
$$;

-- Gives the verdict on an opening that is over, once. False where it is not theirs to give, or not now.
CREATE FUNCTION tutela.review_glass(number bigint, verdict boolean, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF length(btrim(said)) < 10 OR verdict IS NULL THEN
        RAISE EXCEPTION 'review_glass: say why' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE access_glass g SET reviewed_at = statement_timestamp(), reviewed_by_id = tutela.actor(),
        justified = verdict, review_words = btrim(said), next_at = NULL
    WHERE g.id = number AND g.reviewed_at IS NULL AND tutela.actor_answers_for(g.id)
      AND coalesce(g.closed_at, g.expires_at) <= statement_timestamp();
    RETURN FOUND;
END
$$;

-- What was looked at and done on the case by its opener while it was open, for those who answer for it.
CREATE FUNCTION tutela.looks_through(number bigint)
RETURNS TABLE (at timestamptz, act text, via text, detail jsonb) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT e.at, e.act::text, e.via::text, e.detail FROM access_glass g JOIN audit_entry e
        ON e.case_id = g.case_id AND e.actor_id = g.staff_id
       AND e.act NOT LIKE 'glass:%'
       -- From the entry of the opening on, and a little longer for a page that was on its way.
       AND e.id > (SELECT min(o.id) FROM audit_entry o WHERE o.case_id = g.case_id
                   AND o.act = 'glass:opened' AND o.detail @> jsonb_build_object('glass', g.id))
       AND e.at <= coalesce(g.closed_at, g.expires_at) + interval '1 minute'
    WHERE g.id = number AND (tutela.actor_answers_for(g.id) OR g.staff_id = tutela.actor())
    ORDER BY e.id LIMIT 500
$$;

ALTER FUNCTION tutela.actor_is_security OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_manages OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_sees_by_right OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_may_break OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_glasses OWNER TO tutela_guard;
ALTER FUNCTION tutela.break_glass OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_answers_for OWNER TO tutela_guard;
ALTER FUNCTION tutela.close_glass OWNER TO tutela_guard;
ALTER FUNCTION tutela.review_glass OWNER TO tutela_guard;
ALTER FUNCTION tutela.looks_through OWNER TO tutela_guard;
REVOKE ALL ON FUNCTION tutela.break_glass, tutela.close_glass, tutela.review_glass, tutela.looks_through,
    tutela.actor_answers_for, tutela.actor_manages, tutela.actor_sees_by_right, tutela.actor_may_break FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.break_glass, tutela.close_glass, tutela.review_glass, tutela.looks_through,
    tutela.actor_answers_for, tutela.actor_manages, tutela.actor_sees_by_right, tutela.actor_may_break TO tutela_desk;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;

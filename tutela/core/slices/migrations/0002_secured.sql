-- Slices. Who works a case adds one; another person, a manager or counsel of the workflow, agrees to exactly
-- what was added; then the partners whom it names see that one row, until it ends. They see nothing else of
-- the case: no policy of another table knows of slices, but for their own looks in the log.

GRANT CREATE ON SCHEMA tutela TO tutela_guard;
GRANT SELECT ON slices_slice TO tutela_guard;
GRANT UPDATE (given_at, given_by_id, ended_at, ended_by_id, end_words) ON slices_slice TO tutela_guard;
GRANT SELECT (case_id) ON vault_casekey TO tutela_guard;

-- The slices that the actor, a partner, reads now: by the database's clock, while the case does not hide
-- itself from them, and while its key is there.
CREATE FUNCTION tutela.actor_slices() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(s.id ORDER BY s.id), '{}') FROM slices_slice s
        WHERE s.readers @> ARRAY[tutela.actor()]
          AND s.given_at IS NOT NULL AND s.ended_at IS NULL AND s.until > statement_timestamp()
          AND s.case_id <> ALL (tutela.actor_recusals())
          AND NOT EXISTS (SELECT FROM vault_casekey k WHERE k.case_id = s.case_id AND k.destroyed_at IS NOT NULL)
          AND EXISTS (
              SELECT FROM people_grant g JOIN people_staff p ON p.id = g.staff_id
              WHERE g.staff_id = tutela.actor() AND p.is_active AND p.kind = 'person'
                AND g.workflow = 'platform' AND g.role = 'partner'
                AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp())));
END
$$;

-- Whether the actor holds one of these roles on the workflow of a case that they see by right.
CREATE FUNCTION tutela.actor_holds_on(number bigint, roles text[]) RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN tutela.actor_sees_by_right(number) AND EXISTS (
        SELECT FROM cases_case c JOIN people_grant g ON g.workflow = c.workflow
        WHERE c.id = number AND g.staff_id = tutela.actor() AND g.role = ANY (roles)
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()));
END
$$;

CREATE FUNCTION tutela.actor_slices_of(number bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT tutela.actor_holds_on(number, ARRAY['intake', 'responder', 'investigator', 'manager', 'director', 'chief',
        'counsel', 'communications', 'executive_director', 'records_manager'])
$$;

ALTER TABLE slices_slice ENABLE ROW LEVEL SECURITY;
ALTER TABLE slices_slice FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON slices_slice FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
);
CREATE POLICY partner ON slices_slice FOR SELECT TO tutela_desk USING (
    id = ANY ((SELECT tutela.actor_slices())::bigint[])
);
CREATE POLICY asks ON slices_slice FOR INSERT TO tutela_desk WITH CHECK (
    asked_by_id = (SELECT tutela.actor())
    AND NOT readers @> ARRAY[(SELECT tutela.actor())]
    AND cardinality(readers) BETWEEN 1 AND 20
    AND length(digest) = 32
    AND until BETWEEN statement_timestamp() AND statement_timestamp() + interval '92 days'
    AND given_at IS NULL AND given_by_id IS NULL AND ended_at IS NULL AND ended_by_id IS NULL AND end_words = ''
    AND tutela.actor_slices_of(case_id)
);
CREATE POLICY guard ON slices_slice TO tutela_guard USING (true);
GRANT SELECT, INSERT ON slices_slice TO tutela_desk;
GRANT USAGE, SELECT ON SEQUENCE slices_slice_id_seq TO tutela_desk;
SELECT tutela.goes_with_its_case('slices_slice'), tutela.is_sealed_again('slices_slice', ARRAY['purpose', 'parts']);

-- Agrees to a slice as it was read: another person than who asked, and none of its readers. False where it is
-- not theirs to give, is another one than they read, or no longer waits.
CREATE FUNCTION tutela.give_slice(number bigint, read bytea) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    UPDATE slices_slice s SET given_at = statement_timestamp(), given_by_id = tutela.actor()
    WHERE s.id = number AND s.given_at IS NULL AND s.ended_at IS NULL AND s.until > statement_timestamp()
      AND s.digest = read AND s.asked_by_id <> tutela.actor() AND NOT s.readers @> ARRAY[tutela.actor()]
      AND tutela.actor_holds_on(s.case_id, ARRAY['manager', 'counsel']);
    RETURN FOUND;
END
$$;

-- Ends a slice that was given: who works the case. Refuses one that waits: who might agree to it; who asked
-- withdraws it. False where that is not theirs, or over already.
CREATE FUNCTION tutela.end_slice(number bigint, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF length(btrim(said)) < 10 THEN
        RAISE EXCEPTION 'end_slice: say why' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE slices_slice s SET ended_at = statement_timestamp(), ended_by_id = tutela.actor(), end_words = btrim(said)
    WHERE s.id = number AND s.ended_at IS NULL AND s.until > statement_timestamp()
      AND tutela.actor_slices_of(s.case_id)
      AND (s.given_at IS NOT NULL OR s.asked_by_id = tutela.actor()
           OR tutela.actor_holds_on(s.case_id, ARRAY['manager', 'counsel']));
    RETURN FOUND;
END
$$;

-- A partner reads of their own looks at what they still may look at; the desk's login adds an entry only where
-- it may read it.
CREATE POLICY partner_looks ON audit_entry FOR SELECT TO tutela_desk USING (
    act = 'slice:looked' AND actor_id = (SELECT tutela.actor())
    AND (detail ->> 'slice')::bigint = ANY ((SELECT tutela.actor_slices())::bigint[])
);

ALTER FUNCTION tutela.actor_slices OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_holds_on OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_slices_of OWNER TO tutela_guard;
ALTER FUNCTION tutela.give_slice OWNER TO tutela_guard;
ALTER FUNCTION tutela.end_slice OWNER TO tutela_guard;
REVOKE ALL ON FUNCTION tutela.actor_slices, tutela.actor_holds_on, tutela.actor_slices_of, tutela.give_slice,
    tutela.end_slice FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.actor_slices, tutela.actor_holds_on, tutela.actor_slices_of, tutela.give_slice,
    tutela.end_slice TO tutela_desk;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;

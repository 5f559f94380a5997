-- Reviews of roles: opened by the worker, decided by managers of the workflow and by security officers, and
-- never about oneself. They hold nothing of a case.

GRANT CREATE ON SCHEMA tutela TO tutela_guard;
GRANT SELECT ON access_review, access_reviewline TO tutela_guard;

ALTER TABLE access_review ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_review FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON access_review FOR SELECT TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_manages())::text[])
    OR (SELECT tutela.actor_is_security())
    OR (SELECT tutela.actor_is_system())
);
CREATE POLICY opens ON access_review FOR INSERT TO tutela_desk WITH CHECK ((SELECT tutela.actor_is_system()));
-- Whoever decides the last line closes it. What is closed stays closed.
CREATE POLICY closes ON access_review FOR UPDATE TO tutela_desk USING (closed_at IS NULL) WITH CHECK (true);
CREATE POLICY guard ON access_review FOR SELECT TO tutela_guard USING (true);

ALTER TABLE access_reviewline ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_reviewline FORCE ROW LEVEL SECURITY;
CREATE POLICY reads ON access_reviewline FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM access_review r WHERE r.id = review_id)
);
CREATE POLICY opens ON access_reviewline FOR INSERT TO tutela_desk WITH CHECK ((SELECT tutela.actor_is_system()));
CREATE POLICY decides ON access_reviewline FOR UPDATE TO tutela_desk USING (
    EXISTS (SELECT FROM access_review r WHERE r.id = review_id)
    AND EXISTS (SELECT FROM people_grant g WHERE g.id = grant_id AND g.staff_id <> (SELECT tutela.actor()))
    AND kept IS NULL
) WITH CHECK (decided_by_id = (SELECT tutela.actor()));
CREATE POLICY guard ON access_reviewline FOR SELECT TO tutela_guard USING (true);

GRANT SELECT, INSERT, UPDATE (closed_at) ON access_review TO tutela_desk;
GRANT SELECT, INSERT, UPDATE (kept, words, decided_by_id, decided_at) ON access_reviewline TO tutela_desk;

-- When somebody last did, or is recorded to have looked at, anything on a workflow (for the platform: on an
-- opening). For those who review it; among their latest ten thousand entries.
CREATE FUNCTION tutela.last_used(person bigint, slug text) RETURNS timestamptz LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF NOT (slug = ANY (tutela.actor_manages()) OR tutela.actor_is_security()) THEN
        RETURN NULL;
    END IF;
    RETURN (
        SELECT recent.at FROM (
            SELECT e.id, e.at, e.act, e.case_id FROM audit_entry e
            WHERE e.actor_id = person ORDER BY e.id DESC LIMIT 10000) AS recent
        WHERE CASE WHEN slug = 'platform' THEN recent.act LIKE 'glass:%'
                   ELSE EXISTS (SELECT FROM cases_case c WHERE c.id = recent.case_id AND c.workflow = slug) END
        ORDER BY recent.id DESC LIMIT 1);
END
$$;

-- How many reviews are late. Anybody of ours may ask, with no actor named.
CREATE FUNCTION tutela.access_figures() RETURNS TABLE (reviews_late bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT count(*) FROM access_review WHERE closed_at IS NULL AND due_at <= now() $$;

ALTER FUNCTION tutela.last_used OWNER TO tutela_guard;
ALTER FUNCTION tutela.access_figures OWNER TO tutela_guard;
REVOKE ALL ON FUNCTION tutela.last_used, tutela.access_figures FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.last_used, tutela.access_figures TO tutela_desk;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;

-- When a role on the platform was last used: a partner uses theirs by reading.
CREATE OR REPLACE FUNCTION tutela.last_used(person bigint, slug text) RETURNS timestamptz LANGUAGE plpgsql STABLE
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
        WHERE CASE WHEN slug = 'platform' THEN recent.act LIKE 'glass:%' OR recent.act = 'slice:looked'
                   ELSE EXISTS (SELECT FROM cases_case c WHERE c.id = recent.case_id AND c.workflow = slug) END
        ORDER BY recent.id DESC LIMIT 1);
END
$$;

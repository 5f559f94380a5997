-- A privileged note is visible to reviewers of the workflow, to its author and to the one person it is
-- said to; to each of them only where they see the case. Jobs do not read privileged notes.

GRANT CREATE ON SCHEMA tutela TO tutela_guard;

-- The workflows in which the actor holds a reviewing role now.
CREATE FUNCTION tutela.actor_reviews() RETURNS text[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.workflow::text), '{}')
        FROM people_grant g JOIN people_staff s ON s.id = g.staff_id
        WHERE g.staff_id = tutela.actor() AND s.is_active
          AND g.role IN ('manager', 'director', 'chief', 'counsel', 'communications', 'executive_director')
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()));
END
$$;
ALTER FUNCTION tutela.actor_reviews OWNER TO tutela_guard;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;

-- The sub-selects on the actor do not depend on the row: each is evaluated once per query.
DROP POLICY desk ON cases_note;
CREATE POLICY desk ON cases_note TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
    AND (NOT privileged
         OR author_id = (SELECT tutela.actor())
         OR said_to_id = (SELECT tutela.actor())
         OR EXISTS (SELECT FROM cases_case c WHERE c.id = case_id
                    AND c.workflow = ANY ((SELECT tutela.actor_reviews())::text[])))
);

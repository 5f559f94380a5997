-- Who sees which row, said once for each table. Forced: it binds the tables' owner as well, and no
-- role of ours bypasses it.
--
-- A case is visible to holders of a grant on its workflow, unless it is restricted: then to its team
-- only. A recusal hides it from one person whatever else they hold. The sub-selects do not depend on
-- the row, so that each is evaluated once per query.

-- The cases that the actor keeps away from.
CREATE FUNCTION tutela.actor_recusals() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(r.case_id), '{}') FROM cases_recusal r
        WHERE r.staff_id = tutela.actor() AND r.ended_at IS NULL);
END
$$;
GRANT SELECT ON cases_recusal TO tutela_guard;
ALTER FUNCTION tutela.actor_recusals OWNER TO tutela_guard;

ALTER TABLE cases_case ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_case FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_case TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_workflows())::text[])
    AND (NOT restricted
         OR team_id = ANY ((SELECT tutela.actor_teams())::bigint[])
         OR (SELECT tutela.actor_is_system()))
    AND id <> ALL ((SELECT tutela.actor_recusals())::bigint[])
);

-- What belongs to one case is visible to whoever sees the case (the sub-select is itself filtered).
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases_caseparty', 'cases_message', 'cases_note', 'cases_exhibit',
                                'cases_event', 'cases_presence', 'cases_partylink']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY desk ON %I TO tutela_desk USING (
            EXISTS (SELECT FROM cases_case c WHERE c.id = case_id))', name);
    END LOOP;
END
$$;

-- A link names two cases: it is visible to whoever sees both.
ALTER TABLE cases_caselink ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_caselink FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_caselink TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
    AND EXISTS (SELECT FROM cases_case c WHERE c.id = other_id)
);

-- One's own recusals are visible although the case is not.
ALTER TABLE cases_recusal ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_recusal FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_recusal TO tutela_desk USING (
    staff_id = (SELECT tutela.actor()) OR EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
);
CREATE POLICY guard ON cases_recusal FOR SELECT TO tutela_guard USING (true);

-- A party is visible where a case of it is.
ALTER TABLE cases_party ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_party FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_party TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = first_case_id)
    OR EXISTS (SELECT FROM cases_caseparty cp WHERE cp.party_id = cases_party.id)
);

-- A report without a case waits for the intake job.
ALTER TABLE cases_report ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_report FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_report TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
    OR (case_id IS NULL AND (SELECT tutela.actor_is_system()))
);
ALTER TABLE cases_reportfile ENABLE ROW LEVEL SECURITY;
ALTER TABLE cases_reportfile FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON cases_reportfile TO tutela_desk USING (
    EXISTS (SELECT FROM cases_report r WHERE r.id = report_id)
);

-- The functions of the intake and of the receipt codes.
CREATE POLICY receipts ON cases_report TO tutela_receipts USING (true);
CREATE POLICY receipts ON cases_reportfile TO tutela_receipts USING (true);
CREATE POLICY receipts ON cases_message FOR SELECT TO tutela_receipts USING (true);
CREATE POLICY receipts ON cases_case FOR SELECT TO tutela_receipts USING (true);

-- What the desk's login may do at all. Events, notes, exhibits and files are never changed.
GRANT SELECT, INSERT, UPDATE ON cases_case, cases_counter, cases_party, cases_partylink, cases_caseparty,
    cases_caselink, cases_recusal TO tutela_desk;
GRANT SELECT, INSERT ON cases_event, cases_note, cases_exhibit, cases_message TO tutela_desk;
GRANT UPDATE (case_id, read_at, message_id) ON cases_message TO tutela_desk;
GRANT SELECT ON cases_report, cases_reportfile TO tutela_desk;
GRANT UPDATE (case_id, first_case_id, opened_at, open_after, open_attempts, open_error) ON cases_report TO tutela_desk;
GRANT SELECT, INSERT, UPDATE, DELETE ON cases_presence TO tutela_desk;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON cases_event
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON cases_note
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON cases_exhibit
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();

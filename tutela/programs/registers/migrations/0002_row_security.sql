-- The release log is visible to those who could see the case: holders of a grant on its workflow, the
-- team alone where the case was restricted, never to whoever keeps away from the case. An entry
-- outlives its case, so that this cannot be asked of the case itself.

ALTER TABLE registers_releaseentry ENABLE ROW LEVEL SECURITY;
ALTER TABLE registers_releaseentry FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON registers_releaseentry TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_workflows())::text[])
    AND (NOT restricted
         OR team_id = ANY ((SELECT tutela.actor_teams())::bigint[])
         OR (SELECT tutela.actor_is_system()))
    AND case_id <> ALL ((SELECT tutela.actor_recusals())::bigint[])
);

-- Restrictions hold for a whole workflow, whatever case they came from.
ALTER TABLE registers_contactrestriction ENABLE ROW LEVEL SECURITY;
ALTER TABLE registers_contactrestriction FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON registers_contactrestriction TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_workflows())::text[])
);

GRANT SELECT, INSERT ON registers_releaseentry, registers_contactrestriction TO tutela_desk;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON registers_releaseentry
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON registers_releaseentry
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON registers_contactrestriction
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON registers_contactrestriction
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change();

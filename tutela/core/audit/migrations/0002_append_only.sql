-- Entries are added in the actor's own name and never changed, by anybody.

ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;

-- Of a case: whoever sees the case. Without one (signing in, say): the actor alone.
CREATE POLICY desk_reads ON audit_entry FOR SELECT TO tutela_desk USING (
    CASE WHEN case_id IS NULL THEN actor_id = (SELECT tutela.actor())
         ELSE EXISTS (SELECT FROM cases_case c WHERE c.id = case_id) END
);
CREATE POLICY desk_adds ON audit_entry FOR INSERT TO tutela_desk WITH CHECK (
    actor_id = (SELECT tutela.actor())
);
GRANT SELECT, INSERT ON audit_entry TO tutela_desk;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change();

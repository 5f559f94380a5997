-- Wrapped keys: a case's key is visible to whoever sees the case, and comes back for nobody.

ALTER TABLE vault_casekey ENABLE ROW LEVEL SECURITY;
ALTER TABLE vault_casekey FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON vault_casekey TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));

GRANT SELECT, INSERT, UPDATE ON vault_casekey, vault_workflowkey, vault_intakekey TO tutela_desk;

-- A destroyed key stays destroyed, and a row of a key is never moved or removed.
CREATE FUNCTION tutela.keep_key_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL OR NEW.case_id <> OLD.case_id
       OR (NEW.destroyed_at IS NOT NULL AND length(NEW.wrapped) > 0) THEN
        RAISE EXCEPTION 'The key of case % stays as it is: % refused', OLD.case_id, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_destroyed BEFORE UPDATE OR DELETE ON vault_casekey
    FOR EACH ROW EXECUTE FUNCTION tutela.keep_key_destroyed();

-- What the doors seal to: the public half only.
CREATE FUNCTION tutela.intake_key() RETURNS TABLE (number bigint, public bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT k.id, k.public FROM vault_intakekey k WHERE k.retired_at IS NULL $$;
GRANT SELECT (id, public, retired_at) ON vault_intakekey TO tutela_receipts;
GRANT CREATE ON SCHEMA tutela TO tutela_receipts;
ALTER FUNCTION tutela.intake_key OWNER TO tutela_receipts;
REVOKE CREATE ON SCHEMA tutela FROM tutela_receipts;
REVOKE ALL ON FUNCTION tutela.intake_key FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.intake_key TO tutela_desk, tutela_portal;

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

-- Whether an older key still opens something, for all workflows and whoever asks.
CREATE FUNCTION tutela.workflow_key_is_needed(number bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT EXISTS (SELECT FROM vault_casekey k WHERE k.workflow_key_id = number AND k.destroyed_at IS NULL)
$$;
CREATE POLICY guard ON vault_casekey FOR SELECT TO tutela_guard USING (true);
GRANT SELECT (workflow_key_id, destroyed_at) ON vault_casekey TO tutela_guard;

GRANT CREATE ON SCHEMA tutela TO tutela_guard, tutela_receipts;
ALTER FUNCTION tutela.workflow_key_is_needed OWNER TO tutela_guard;
ALTER FUNCTION tutela.intake_key OWNER TO tutela_receipts;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard, tutela_receipts;
REVOKE ALL ON FUNCTION tutela.intake_key, tutela.workflow_key_is_needed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.workflow_key_is_needed TO tutela_desk;
GRANT EXECUTE ON FUNCTION tutela.intake_key TO tutela_desk, tutela_portal;

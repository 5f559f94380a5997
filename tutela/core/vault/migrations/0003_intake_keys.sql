-- Whether an older intake key still opens a report: one that no worker has opened yet. An opened report's
-- key is its case's.
CREATE FUNCTION tutela.intake_key_is_needed(number bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT EXISTS (SELECT FROM cases_report r
                   WHERE r.opened_at IS NULL AND substring(r.key FROM 1 FOR 9) = 'i'::bytea || int8send(number))
$$;
GRANT SELECT (key, opened_at) ON cases_report TO tutela_guard;
GRANT CREATE ON SCHEMA tutela TO tutela_guard;
ALTER FUNCTION tutela.intake_key_is_needed OWNER TO tutela_guard;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;
REVOKE ALL ON FUNCTION tutela.intake_key_is_needed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.intake_key_is_needed TO tutela_desk;

-- A file is visible to whoever sees its case. Nothing of it changes but when it was last asked for and that it
-- is gone; one that no exhibit took is forgotten (the exhibit's foreign key keeps the others).
ALTER TABLE files_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE files_file FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON files_file TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));
GRANT SELECT, INSERT, DELETE ON files_file TO tutela_desk;
GRANT UPDATE (added_at, gone_at) ON files_file TO tutela_desk;
CREATE INDEX files_file_address ON files_file (address);

-- Which of these objects are nobody's: whatever the asking person sees, a row that is there counts.
CREATE FUNCTION tutela.files_of_nobody(names text[]) RETURNS SETOF text LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT o.said FROM unnest(names) AS o (said)
    WHERE NOT EXISTS (
        SELECT FROM files_file f
        WHERE f.address = decode(replace(split_part(o.said, '.', 1), '/', ''), 'hex')
          AND left(replace(f.uuid::text, '-', ''), 8) = split_part(o.said, '.', 2) AND f.gone_at IS NULL
    )
$$;
CREATE POLICY sealing ON files_file FOR SELECT TO tutela_sealing USING (true);
GRANT SELECT (address, uuid, gone_at) ON files_file TO tutela_sealing;
GRANT CREATE ON SCHEMA tutela TO tutela_sealing;
ALTER FUNCTION tutela.files_of_nobody OWNER TO tutela_sealing;
REVOKE CREATE ON SCHEMA tutela FROM tutela_sealing;
REVOKE ALL ON FUNCTION tutela.files_of_nobody FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.files_of_nobody TO tutela_desk;

-- What the scanner said is visible with the file.
ALTER TABLE files_scan ENABLE ROW LEVEL SECURITY;
ALTER TABLE files_scan FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON files_scan TO tutela_desk USING (
    EXISTS (SELECT FROM files_file f WHERE f.id = file_id)
    OR EXISTS (SELECT FROM cases_reportfile f WHERE f.id = report_file_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON files_scan TO tutela_desk;

-- It goes with its file, whoever removes that.
SELECT tutela.goes_with_its_case('files_scan', '', true);
DO $$
DECLARE name text;
BEGIN
    FOR name IN SELECT conname FROM pg_constraint WHERE conrelid = 'files_scan'::regclass AND contype = 'f'
    LOOP
        EXECUTE format('ALTER TABLE files_scan DROP CONSTRAINT %I', name);
    END LOOP;
END
$$;
ALTER TABLE files_scan
    ADD CONSTRAINT files_scan_file FOREIGN KEY (file_id) REFERENCES files_file (id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT files_scan_report_file FOREIGN KEY (report_file_id) REFERENCES cases_reportfile (id)
        ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED;

-- A verdict stays: only the queue changes.
CREATE FUNCTION tutela.keep_verdict() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'waiting' THEN
        RAISE EXCEPTION 'What the scanner said of file % stays', coalesce(OLD.file_id, OLD.report_file_id)
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_verdict BEFORE UPDATE ON files_scan FOR EACH ROW EXECUTE FUNCTION tutela.keep_verdict();

-- Files from before. Row security binds the owner too, and it sees no row.
ALTER TABLE files_scan NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_reportfile NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_report NO FORCE ROW LEVEL SECURITY;
ALTER TABLE files_file NO FORCE ROW LEVEL SECURITY;
INSERT INTO files_scan (report_file_id, state, found, why, attempts, next_at)
SELECT f.id, 'waiting', '', '', 0, now() FROM cases_reportfile f JOIN cases_report r ON r.id = f.report_id
WHERE r.case_id IS NOT NULL;
INSERT INTO files_scan (file_id, state, found, why, attempts, next_at)
SELECT f.id, 'waiting', '', '', 0, now() FROM files_file f;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE files_file FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_report FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_reportfile FORCE ROW LEVEL SECURITY;
ALTER TABLE files_scan FORCE ROW LEVEL SECURITY;

-- What the scanner said is visible with the file.
ALTER TABLE files_scan ENABLE ROW LEVEL SECURITY;
ALTER TABLE files_scan FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON files_scan TO tutela_desk USING (
    EXISTS (SELECT FROM files_file f WHERE f.id = file_id)
    OR EXISTS (SELECT FROM cases_reportfile f WHERE f.id = report_file_id)
);
GRANT SELECT, INSERT, UPDATE, DELETE ON files_scan TO tutela_desk;

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

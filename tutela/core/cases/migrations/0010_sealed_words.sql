-- Facts, privileged notes, what we write, and undo data are sealed from now on.

ALTER TABLE cases_case ALTER COLUMN facts TYPE bytea USING convert_to(facts::text, 'UTF8');
ALTER TABLE cases_report ADD COLUMN receipt_public bytea;
ALTER TABLE cases_message ADD COLUMN sealed_recipient bytea, ADD COLUMN sealed_subject bytea,
    ADD COLUMN sealed_text bytea, ADD COLUMN for_reporter bytea;
ALTER TABLE cases_note ADD COLUMN sealed_text bytea;
ALTER TABLE cases_event ADD COLUMN before bytea;
-- What stands sealed beside does not stand here as well. Older rows wait for the chore that seals them.
ALTER TABLE cases_note ADD CONSTRAINT cases_sealed_note
    CHECK (CASE WHEN privileged THEN sealed_text IS NOT NULL AND text = '' ELSE sealed_text IS NULL END) NOT VALID;
ALTER TABLE cases_message ADD CONSTRAINT cases_sealed_message CHECK (sealed_text IS NULL OR (text = '' AND direction = 'out'));

-- Undo is over after ten minutes: how older events found the case is of no use to anybody.
ALTER TABLE cases_event NO FORCE ROW LEVEL SECURITY;
ALTER TABLE cases_event DISABLE TRIGGER append_only;
UPDATE cases_event SET data = data - 'before' WHERE data ? 'before';
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE cases_event ENABLE TRIGGER append_only;
ALTER TABLE cases_event FORCE ROW LEVEL SECURITY;

-- What is sealed has no words for the search.
DROP TRIGGER search_new ON cases_message;
CREATE TRIGGER search_new AFTER INSERT ON cases_message FOR EACH ROW WHEN (NEW.text <> '')
    EXECUTE FUNCTION tutela.index_text('message');

DROP FUNCTION tutela.receive_report;
-- Stores a report and its files in one call, sealed as they come. Only the worker opens `sealed_key`.
-- The same `dedup` twice stores once.
-- Answers NULL where it adds to a receipt code that nobody has.
CREATE FUNCTION tutela.receive_report(
    dedup bytea, content bytea, receipt bytea, sealed_key bytea, raw bytea, about jsonb, files jsonb, blobs bytea[]
) RETURNS TABLE (report_id bigint, was_new boolean, content_hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
#variable_conflict use_column
DECLARE
    earlier bigint;
    found_id bigint;
    found_hash bytea;
BEGIN
    IF about ->> 'adds_to' IS NOT NULL THEN
        SELECT r.id INTO earlier FROM cases_report r WHERE r.receipt_hash = decode(about ->> 'adds_to', 'hex');
        IF earlier IS NULL THEN
            RETURN QUERY SELECT NULL::bigint, NULL::boolean, NULL::bytea;
            RETURN;
        END IF;
    END IF;
    INSERT INTO cases_report (
        channel, mailbox, workflow, dedup_key, content_hash, receipt_hash, receipt_public, key, raw, subject, text, language,
        sender_name, sender_email, sent_at, received_at, fields, problems, thread, message_id, automatic,
        adds_to_id, open_after, open_attempts, open_error
    ) VALUES (
        about ->> 'channel', about ->> 'mailbox', about ->> 'workflow', dedup, content, receipt,
        decode(about ->> 'receipt_public', 'hex'), sealed_key, raw,
        about ->> 'subject', about ->> 'text', about ->> 'language', decode(about ->> 'sender_name', 'hex'),
        decode(about ->> 'sender_email', 'hex'), (about ->> 'sent_at')::timestamptz, now(), decode(about ->> 'fields', 'hex'),
        about -> 'problems', about -> 'thread', about ->> 'message_id', (about ->> 'automatic')::boolean,
        earlier, now(), 0, ''
    )
    ON CONFLICT (dedup_key) DO NOTHING RETURNING id INTO found_id;
    IF found_id IS NULL THEN
        SELECT r.id, r.content_hash INTO found_id, found_hash FROM cases_report r WHERE r.dedup_key = dedup;
        RETURN QUERY SELECT found_id, false, found_hash;
        RETURN;
    END IF;
    INSERT INTO cases_reportfile (report_id, name, content_type, size, sha256, data, quarantine)
    SELECT found_id, decode(one ->> 'name', 'hex'), one ->> 'content_type', (one ->> 'size')::bigint,
           decode(one ->> 'sha256', 'hex'), blobs[place::integer], one ->> 'quarantine'
    FROM jsonb_array_elements(files) WITH ORDINALITY AS listed (one, place);
    RETURN QUERY SELECT found_id, true, content;
END
$$;

-- The conversation behind a code, the oldest turn first; what was added and not opened yet included.
-- `sealed` is what we wrote: it opens with the code.
DROP FUNCTION tutela.receipt_conversation;
CREATE FUNCTION tutela.receipt_conversation(code_hash bytea)
RETURNS TABLE (direction text, at timestamptz, language text, text text, sealed bytea)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT t.direction, t.at, t.language, t.text, t.sealed FROM (
        SELECT 'in' AS direction, r.received_at AS at, r.language, r.text, NULL::bytea
        FROM cases_report r WHERE r.receipt_hash = receipt_conversation.code_hash
        UNION ALL
        SELECT m.direction, m.at, m.language, m.text, m.for_reporter
        FROM cases_message m JOIN cases_report r ON r.id = m.report_id
        WHERE r.receipt_hash = receipt_conversation.code_hash
        UNION ALL
        SELECT 'in', a.received_at, a.language, a.text, NULL
        FROM cases_report a JOIN cases_report r ON r.id = a.adds_to_id
        WHERE r.receipt_hash = receipt_conversation.code_hash AND a.opened_at IS NULL
    ) AS t (direction, at, language, text, sealed)
    ORDER BY t.at
$$;
GRANT SELECT (for_reporter) ON cases_message TO tutela_receipts;

GRANT CREATE ON SCHEMA tutela TO tutela_receipts;
ALTER FUNCTION tutela.receive_report OWNER TO tutela_receipts;
ALTER FUNCTION tutela.receipt_conversation OWNER TO tutela_receipts;
REVOKE CREATE ON SCHEMA tutela FROM tutela_receipts;
REVOKE ALL ON FUNCTION tutela.receive_report, tutela.receipt_conversation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.receive_report, tutela.receipt_conversation TO tutela_desk, tutela_portal;

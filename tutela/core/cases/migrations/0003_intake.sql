-- The functions through which reports come in and reporters come back. The portal's login may run
-- these and holds no right on any table of a case.

-- Stores a report and its files in one call. The same `dedup` twice stores once.
-- Answers NULL where it adds to a receipt code that nobody has.
CREATE FUNCTION tutela.receive_report(
    dedup bytea, content bytea, receipt bytea, raw bytea, about jsonb, files jsonb, blobs bytea[]
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
        channel, mailbox, workflow, dedup_key, content_hash, receipt_hash, raw, subject, text, language,
        sender_name, sender_email, sent_at, received_at, fields, problems, thread, message_id, automatic,
        adds_to_id, open_after, open_attempts, open_error
    ) VALUES (
        about ->> 'channel', about ->> 'mailbox', about ->> 'workflow', dedup, content, receipt, raw,
        about ->> 'subject', about ->> 'text', about ->> 'language', about ->> 'sender_name',
        about ->> 'sender_email', (about ->> 'sent_at')::timestamptz, now(), about -> 'fields',
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
    SELECT found_id, one ->> 'name', one ->> 'content_type', length(blobs[place::integer]),
           decode(one ->> 'sha256', 'hex'), blobs[place::integer], one ->> 'quarantine'
    FROM jsonb_array_elements(files) WITH ORDINALITY AS listed (one, place);
    RETURN QUERY SELECT found_id, true, content;
END
$$;

-- What the holder of a code may know: when it came, and where it stands.
CREATE FUNCTION tutela.receipt_status(code_hash bytea)
RETURNS TABLE (received_at timestamptz, language text, workflow text, state text, closed_at timestamptz)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT r.received_at, r.language, coalesce(c.workflow, r.workflow), coalesce(c.state, ''), c.closed_at
    FROM cases_report r LEFT JOIN cases_case c ON c.id = r.case_id
    WHERE r.receipt_hash = receipt_status.code_hash
$$;

-- The conversation behind a code, the oldest turn first; what was added and not opened yet included.
CREATE FUNCTION tutela.receipt_conversation(code_hash bytea)
RETURNS TABLE (direction text, at timestamptz, language text, text text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT t.direction, t.at, t.language, t.text FROM (
        SELECT 'in' AS direction, r.received_at AS at, r.language, r.text
        FROM cases_report r WHERE r.receipt_hash = receipt_conversation.code_hash
        UNION ALL
        SELECT m.direction, m.at, m.language, m.text
        FROM cases_message m JOIN cases_report r ON r.id = m.report_id
        WHERE r.receipt_hash = receipt_conversation.code_hash
        UNION ALL
        SELECT 'in', a.received_at, a.language, a.text
        FROM cases_report a JOIN cases_report r ON r.id = a.adds_to_id
        WHERE r.receipt_hash = receipt_conversation.code_hash AND a.opened_at IS NULL
    ) AS t (direction, at, language, text)
    ORDER BY t.at
$$;

GRANT SELECT, INSERT ON cases_report TO tutela_receipts;
GRANT INSERT ON cases_reportfile TO tutela_receipts;
GRANT SELECT (report_id, direction, at, language, text) ON cases_message TO tutela_receipts;
GRANT SELECT (id, workflow, state, closed_at) ON cases_case TO tutela_receipts;
ALTER FUNCTION tutela.receive_report OWNER TO tutela_receipts;
ALTER FUNCTION tutela.receipt_status OWNER TO tutela_receipts;
ALTER FUNCTION tutela.receipt_conversation OWNER TO tutela_receipts;
REVOKE ALL ON FUNCTION tutela.receive_report, tutela.receipt_status, tutela.receipt_conversation FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.receive_report, tutela.receipt_status, tutela.receipt_conversation
    TO tutela_desk, tutela_portal;

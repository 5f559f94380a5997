-- A report keeps how it came, sealed with the rest of it.
ALTER TABLE cases_report ADD COLUMN arrival bytea;

-- Stores a report and its files in one call, sealed as they come. Only the worker opens `sealed_key`.
-- The same `dedup` twice stores once.
-- Answers NULL where it adds to a receipt code that nobody has.
CREATE OR REPLACE FUNCTION tutela.receive_report(
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
        adds_to_id, open_after, open_attempts, open_error, arrival
    ) VALUES (
        about ->> 'channel', about ->> 'mailbox', about ->> 'workflow', dedup, content, receipt,
        decode(about ->> 'receipt_public', 'hex'), sealed_key, raw,
        about ->> 'subject', about ->> 'text', about ->> 'language', decode(about ->> 'sender_name', 'hex'),
        decode(about ->> 'sender_email', 'hex'), (about ->> 'sent_at')::timestamptz, now(), decode(about ->> 'fields', 'hex'),
        about -> 'problems', about -> 'thread', about ->> 'message_id', (about ->> 'automatic')::boolean,
        earlier, now(), 0, '', decode(about ->> 'arrival', 'hex')
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

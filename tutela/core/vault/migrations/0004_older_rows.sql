-- What was written in plain, before its column was sealed. Only the key keeper reads it and seals it, each
-- row once; nothing else of a row changes.

-- A sealed value begins with its format, 1. JSON and our texts never do.
CREATE INDEX vault_plain_facts ON cases_case (id) WHERE get_byte(facts, 0) <> 1 AND facts <> '{}'::bytea;
CREATE INDEX vault_plain_notes ON cases_note (id) WHERE privileged AND sealed_text IS NULL;
-- A reporter with a code from before reads what we wrote to them in plain only.
CREATE INDEX vault_plain_messages ON cases_message (id) WHERE direction = 'out' AND sealed_text IS NULL;
CREATE INDEX vault_plain_requests ON flow_request (id) WHERE get_byte(data, 0) <> 1 AND data <> '{}'::bytea;
CREATE INDEX vault_plain_effects ON outbox_effect (id) WHERE get_byte(payload, 0) <> 1 AND payload <> '{}'::bytea;

CREATE FUNCTION tutela.actor_keeps_keys() RETURNS boolean LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (SELECT EXISTS (SELECT FROM people_staff s WHERE s.id = tutela.actor() AND s.username = 'system-keys'));
END
$$;

CREATE FUNCTION tutela.unsealed(what text, after_id bigint, most integer) RETURNS SETOF jsonb LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF NOT tutela.actor_keeps_keys() THEN
        RAISE EXCEPTION 'Only the key keeper reads what is not sealed yet' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF what = 'facts' THEN
        RETURN QUERY SELECT jsonb_build_object('id', c.id, 'case_id', c.id, 'text', convert_from(c.facts, 'UTF8'))
        FROM cases_case c WHERE get_byte(c.facts, 0) <> 1 AND c.facts <> '{}'::bytea AND c.id > after_id
        ORDER BY c.id LIMIT most;
    ELSIF what = 'note' THEN
        RETURN QUERY SELECT jsonb_build_object('id', n.id, 'case_id', n.case_id, 'author', n.author_id, 'at', n.at, 'text', n.text)
        FROM cases_note n WHERE n.privileged AND n.sealed_text IS NULL AND n.id > after_id ORDER BY n.id LIMIT most;
    ELSIF what = 'message' THEN
        RETURN QUERY SELECT jsonb_build_object('id', m.id, 'case_id', m.case_id, 'report', m.report_id, 'at', m.at,
            'recipient', m.recipient, 'subject', m.subject, 'text', m.text)
        FROM cases_message m LEFT JOIN cases_report r ON r.id = m.report_id
        WHERE m.direction = 'out' AND m.sealed_text IS NULL AND r.receipt_hash IS NULL AND m.id > after_id
        ORDER BY m.id LIMIT most;
    ELSIF what = 'request' THEN
        RETURN QUERY SELECT jsonb_build_object('id', q.id, 'case_id', q.case_id, 'kind', q.kind, 'step', q.step,
            'at', q.opened_at, 'text', convert_from(q.data, 'UTF8'))
        FROM flow_request q WHERE get_byte(q.data, 0) <> 1 AND q.data <> '{}'::bytea AND q.id > after_id
        ORDER BY q.id LIMIT most;
    ELSE
        RETURN QUERY SELECT jsonb_build_object('id', e.id, 'case_id', e.case_id, 'key', e.key,
            'text', convert_from(e.payload, 'UTF8'), 'error', CASE WHEN e.error = '' OR get_byte(e.error, 0) = 1 THEN ''
            ELSE convert_from(e.error, 'UTF8') END)
        FROM outbox_effect e WHERE get_byte(e.payload, 0) <> 1 AND e.payload <> '{}'::bytea AND e.id > after_id
        ORDER BY e.id LIMIT most;
    END IF;
END
$$;

-- The second time, there is nothing left that it would change.
CREATE FUNCTION tutela.seal_row(what text, row_id bigint, sealed bytea[]) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF NOT tutela.actor_keeps_keys() THEN
        RAISE EXCEPTION 'Only the key keeper seals what is not sealed yet' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF what = 'facts' THEN
        UPDATE cases_case SET facts = sealed[1] WHERE id = row_id AND get_byte(facts, 0) <> 1;
    ELSIF what = 'note' THEN
        UPDATE cases_note SET sealed_text = sealed[1], text = '' WHERE id = row_id AND privileged AND sealed_text IS NULL;
    ELSIF what = 'message' THEN
        UPDATE cases_message SET sealed_recipient = sealed[1], sealed_subject = sealed[2], sealed_text = sealed[3],
               recipient = '', subject = '', text = ''
        WHERE id = row_id AND direction = 'out' AND sealed_text IS NULL;
        DELETE FROM search_document WHERE kind = 'message' AND source_id = row_id;
    ELSIF what = 'request' THEN
        UPDATE flow_request SET data = sealed[1] WHERE id = row_id AND get_byte(data, 0) <> 1;
    ELSE
        UPDATE outbox_effect SET payload = sealed[1], error = CASE WHEN sealed[2] = '' THEN error ELSE sealed[2] END
        WHERE id = row_id AND get_byte(payload, 0) <> 1;
    END IF;
END
$$;

CREATE FUNCTION tutela.count_unsealed() RETURNS TABLE (kind text, n bigint) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT 'facts', count(*) FROM cases_case WHERE get_byte(facts, 0) <> 1 AND facts <> '{}'::bytea
    UNION ALL SELECT 'notes', count(*) FROM cases_note WHERE privileged AND sealed_text IS NULL
    UNION ALL SELECT 'messages', count(*) FROM cases_message WHERE direction = 'out' AND sealed_text IS NULL
    UNION ALL SELECT 'requests', count(*) FROM flow_request WHERE get_byte(data, 0) <> 1 AND data <> '{}'::bytea
    UNION ALL SELECT 'effects', count(*) FROM outbox_effect WHERE get_byte(payload, 0) <> 1 AND payload <> '{}'::bytea
$$;

-- A note is never changed, but for this.
DROP TRIGGER append_only ON cases_note;
CREATE TRIGGER append_only BEFORE DELETE ON cases_note FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_changed BEFORE UPDATE ON cases_note FOR EACH ROW
    WHEN (NOT (OLD.privileged AND OLD.sealed_text IS NULL AND NEW.sealed_text IS NOT NULL AND NEW.text = ''
          AND (OLD.id, OLD.case_id, OLD.author_id, OLD.privileged, OLD.said_to_id, OLD.replaces_id, OLD.at)
              IS NOT DISTINCT FROM
              (NEW.id, NEW.case_id, NEW.author_id, NEW.privileged, NEW.said_to_id, NEW.replaces_id, NEW.at)))
    EXECUTE FUNCTION tutela.refuse_change();

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases_case', 'cases_note', 'cases_message', 'cases_report', 'flow_request',
                                'outbox_effect', 'search_document']
    LOOP
        EXECUTE format('CREATE POLICY sealing ON %I TO tutela_sealing USING (true)', name);
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA tutela TO tutela_sealing;
GRANT SELECT ON cases_case, cases_note, cases_message, flow_request, outbox_effect TO tutela_sealing;
GRANT SELECT (id, receipt_hash) ON cases_report TO tutela_sealing;
GRANT SELECT (id, username) ON people_staff TO tutela_sealing;
GRANT SELECT (kind, source_id), DELETE ON search_document TO tutela_sealing;
GRANT UPDATE (facts) ON cases_case TO tutela_sealing;
GRANT UPDATE (text, sealed_text) ON cases_note TO tutela_sealing;
GRANT UPDATE (recipient, subject, text, sealed_recipient, sealed_subject, sealed_text) ON cases_message TO tutela_sealing;
GRANT UPDATE (data) ON flow_request TO tutela_sealing;
GRANT UPDATE (payload, error) ON outbox_effect TO tutela_sealing;

GRANT CREATE ON SCHEMA tutela TO tutela_sealing;
ALTER FUNCTION tutela.actor_keeps_keys OWNER TO tutela_sealing;
ALTER FUNCTION tutela.unsealed OWNER TO tutela_sealing;
ALTER FUNCTION tutela.seal_row OWNER TO tutela_sealing;
ALTER FUNCTION tutela.count_unsealed OWNER TO tutela_sealing;
REVOKE CREATE ON SCHEMA tutela FROM tutela_sealing;
REVOKE ALL ON FUNCTION tutela.actor_keeps_keys, tutela.unsealed, tutela.seal_row, tutela.count_unsealed FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.unsealed, tutela.seal_row, tutela.count_unsealed TO tutela_desk;

-- A case's key is replaced while people work: the key keeper seals again what the older one sealed, one value
-- after the other, and nothing else of a row changes.

-- Called by the migration of every table with columns that the key of a case seals.
CREATE FUNCTION tutela.is_sealed_again(relation regclass, VARIADIC sealed text[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE POLICY sealed_again ON %s TO tutela_sealing USING (true)', relation);
    EXECUTE format('GRANT SELECT ON %s TO tutela_sealing', relation);
    EXECUTE format('GRANT UPDATE (%s) ON %s TO tutela_sealing',
                   (SELECT string_agg(quote_ident(name), ', ') FROM unnest(sealed) AS name), relation);
END
$$;
REVOKE ALL ON FUNCTION tutela.is_sealed_again FROM PUBLIC;
SELECT tutela.is_sealed_again('cases_case', 'facts'),
       tutela.is_sealed_again('cases_note', 'sealed_text'),
       tutela.is_sealed_again('cases_message', 'sealed_recipient', 'sealed_subject', 'sealed_text'),
       tutela.is_sealed_again('cases_exhibit', 'data'),
       tutela.is_sealed_again('cases_event', 'before'),
       tutela.is_sealed_again('flow_request', 'data'),
       tutela.is_sealed_again('outbox_effect', 'payload', 'error'),
       tutela.is_sealed_again('files_file', 'key', 'name', 'sha256');

-- Rows of a table that hang on a case, as JSON, in the order of their numbers.
CREATE FUNCTION tutela.rows_of_case(relation regclass, own text, of_case bigint, after_id bigint, most integer)
RETURNS SETOF text LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF NOT tutela.actor_keeps_keys() THEN
        RAISE EXCEPTION 'Only the key keeper reads what is sealed again' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN QUERY EXECUTE format(
        'SELECT to_jsonb(t)::text FROM %s t WHERE t.%I = $1 AND t.id > $2 ORDER BY t.id LIMIT $3', relation, own)
        USING of_case, after_id, most;
END
$$;

-- Puts one sealed value in the place of another. False where it is another one by now.
CREATE FUNCTION tutela.seal_again(relation regclass, row_id bigint, named text, was bytea, becomes bytea)
RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE n bigint;
BEGIN
    IF NOT tutela.actor_keeps_keys() OR get_byte(becomes, 0) <> 1 THEN
        RAISE EXCEPTION 'Only the key keeper seals again' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('UPDATE %s SET %I = $1 WHERE id = $2 AND %I = $3', relation, named, named)
        USING becomes, row_id, was;
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n = 1;
END
$$;

-- Append-only tables let go of what is disposed of, and let sealed columns be sealed again: the sealing role may
-- write no others.
CREATE OR REPLACE FUNCTION tutela.refuse_change_but_disposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'tutela_records' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_user = 'tutela_sealing' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
DROP TRIGGER never_changed ON cases_note;
CREATE TRIGGER never_changed BEFORE UPDATE ON cases_note FOR EACH ROW
    WHEN (NOT (OLD.privileged AND NEW.sealed_text IS NOT NULL AND NEW.text = ''
          AND (OLD.sealed_text IS NULL OR current_user = 'tutela_sealing')
          AND (OLD.id, OLD.case_id, OLD.author_id, OLD.privileged, OLD.said_to_id, OLD.replaces_id, OLD.at)
              IS NOT DISTINCT FROM
              (NEW.id, NEW.case_id, NEW.author_id, NEW.privileged, NEW.said_to_id, NEW.replaces_id, NEW.at)))
    EXECUTE FUNCTION tutela.refuse_change();

-- A destroyed key stays destroyed, with the one that it replaced.
CREATE OR REPLACE FUNCTION tutela.keep_key_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.destroyed_at IS NOT NULL AND current_user = 'tutela_records' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL OR NEW.case_id <> OLD.case_id
       OR (NEW.destroyed_at IS NOT NULL AND length(NEW.wrapped) + length(NEW.older) > 0) THEN
        RAISE EXCEPTION 'The key of case % stays as it is: % refused', OLD.case_id, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

GRANT CREATE ON SCHEMA tutela TO tutela_sealing;
ALTER FUNCTION tutela.rows_of_case OWNER TO tutela_sealing;
ALTER FUNCTION tutela.seal_again OWNER TO tutela_sealing;
REVOKE CREATE ON SCHEMA tutela FROM tutela_sealing;
REVOKE ALL ON FUNCTION tutela.rows_of_case, tutela.seal_again FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.rows_of_case, tutela.seal_again TO tutela_desk;

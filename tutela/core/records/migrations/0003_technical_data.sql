-- Technical data (addresses, sign-ins) go before their case does. The row of the exhibit stays, empty: its number
-- is not given again, and the timeline still says that it was there. Of words nothing stays, and no hash: whoever
-- tries every address would find the one that it is of.

CREATE TRIGGER held_content BEFORE UPDATE OF destroyed_at ON cases_exhibit FOR EACH ROW
    WHEN (NEW.destroyed_at IS NOT NULL) EXECUTE FUNCTION tutela.refuse_key_while_held();

CREATE OR REPLACE FUNCTION tutela.refuse_change_but_disposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'tutela_records' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND current_user = 'tutela_sealing' THEN
        RETURN NEW;
    END IF;
    IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'cases_exhibit' AND current_user = 'tutela_records' THEN
        IF OLD.kind = 'technical' AND OLD.destroyed_at IS NULL AND NEW.destroyed_at IS NOT NULL
           AND length(NEW.data) = 0 AND NEW.title = '' AND NEW.source = '' THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;

GRANT CREATE ON SCHEMA tutela TO tutela_records;
GRANT UPDATE (title, source, data, sealed, size, sha256, destroyed_at) ON cases_exhibit TO tutela_records;
GRANT EXECUTE ON FUNCTION tutela.actor_holds_on TO tutela_records;

-- Destroys the technical data of a case that the actor works on and sees by right; nothing while it is held.
-- Answers with the numbers of the exhibits.
CREATE FUNCTION tutela.destroy_technical_data(of_case bigint) RETURNS integer[] LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE gone integer[];
BEGIN
    IF NOT tutela.actor_holds_on(of_case, ARRAY['responder', 'investigator', 'manager', 'counsel', 'records_manager'])
       OR tutela.case_is_held(of_case) THEN
        RETURN '{}';
    END IF;
    WITH emptied AS (
        UPDATE cases_exhibit e SET title = '', source = '', data = '', sealed = false, size = 0, sha256 = '',
               destroyed_at = statement_timestamp()
        WHERE e.case_id = of_case AND e.kind = 'technical' AND e.destroyed_at IS NULL
        RETURNING e.number)
    SELECT coalesce(array_agg(m.number ORDER BY m.number), '{}') INTO gone FROM emptied m;
    RETURN gone;
END
$$;
ALTER FUNCTION tutela.destroy_technical_data OWNER TO tutela_records;
REVOKE ALL ON FUNCTION tutela.destroy_technical_data FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.destroy_technical_data TO tutela_desk;
REVOKE CREATE ON SCHEMA tutela FROM tutela_records;

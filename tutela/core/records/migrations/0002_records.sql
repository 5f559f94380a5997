-- Retention: what is under a legal hold stays, whoever asks; what may go, goes whole, by one function.
--
-- The functions belong to a role that may read and delete what hangs on a case and nothing else. The
-- desk's login deletes nothing of a case, adds no hold and no run, and changes none, but by them.

GRANT USAGE ON SCHEMA tutela, public TO tutela_records;
GRANT CREATE ON SCHEMA tutela TO tutela_records, tutela_guard;

-- Who asks

-- Whether the actor, a person, answers for the records of a workflow.
CREATE FUNCTION tutela.actor_keeps_records_of(slug text) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT EXISTS (
        SELECT FROM people_grant g JOIN people_staff s ON s.id = g.staff_id
        WHERE g.staff_id = tutela.actor() AND s.is_active AND s.kind = 'person'
          AND g.workflow = slug AND g.role IN ('manager', 'counsel', 'records_manager')
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()))
$$;

-- Whether this is the job that carries disposals out.
CREATE FUNCTION tutela.actor_disposes() RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT EXISTS (SELECT FROM people_staff s WHERE s.id = tutela.actor() AND s.username = 'system-records') $$;

ALTER FUNCTION tutela.actor_keeps_records_of OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_disposes OWNER TO tutela_guard;

-- What is held

CREATE FUNCTION tutela.case_is_held(of_case bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT EXISTS (SELECT FROM records_heldcase c JOIN records_hold h ON h.id = c.hold_id
                   WHERE c.case_id = of_case AND h.released_at IS NULL)
$$;

-- For every row that belongs to a case: refuses to delete it while the case is held, whoever asks. The
-- argument names the column that says which case.
CREATE FUNCTION tutela.refuse_while_held() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE number bigint;
BEGIN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[0]) USING OLD INTO number;
    IF number IS NOT NULL AND tutela.case_is_held(number) THEN
        RAISE EXCEPTION 'Case % is under a legal hold: % of % refused', number, TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;

CREATE FUNCTION tutela.refuse_emptying_while_held() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM records_hold WHERE released_at IS NULL) THEN
        RAISE EXCEPTION 'Something is under a legal hold: % of % refused', TG_OP, TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END
$$;

-- Says of a table that its rows go with their case. `own` names the column that says which case; empty
-- where rows hang on a case only through another table. What is `derived` may be forgotten before.
-- Every new table of that kind is handed to this function by its own migration.
CREATE FUNCTION tutela.goes_with_its_case(relation regclass, own text DEFAULT 'case_id', derived boolean DEFAULT false)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('GRANT SELECT, DELETE ON %s TO tutela_records', relation);
    EXECUTE format('CREATE POLICY records ON %s TO tutela_records USING (true)', relation);
    IF NOT derived THEN
        EXECUTE format('CREATE TRIGGER held_whole BEFORE TRUNCATE ON %s
            FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_emptying_while_held()', relation);
    END IF;
    IF own <> '' AND NOT derived THEN
        EXECUTE format('CREATE TRIGGER held BEFORE DELETE ON %s
            FOR EACH ROW EXECUTE FUNCTION tutela.refuse_while_held(%L)', relation, own);
    END IF;
END
$$;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases_report', 'cases_message', 'cases_note', 'cases_exhibit', 'cases_event',
        'cases_caseparty', 'cases_partylink', 'cases_caselink', 'cases_recusal', 'flow_request', 'flow_opinion',
        'flow_clockrow', 'outbox_effect', 'access_glass', 'access_involvement', 'vault_casekey']
    LOOP
        PERFORM tutela.goes_with_its_case(name::regclass);
    END LOOP;
END
$$;
SELECT tutela.goes_with_its_case('cases_case', 'id'), tutela.goes_with_its_case('cases_reportfile', ''),
       tutela.goes_with_its_case('cases_party', ''), tutela.goes_with_its_case('cases_presence', 'case_id', true),
       tutela.goes_with_its_case('search_document', 'case_id', true);
-- A file that no exhibit took may be forgotten; the others are kept by their exhibit's foreign key.
SELECT tutela.goes_with_its_case('files_file', '');
GRANT UPDATE (id) ON cases_case TO tutela_records;  -- to lock rows; nothing changes it
GRANT UPDATE (first_case_id, adds_to_id) ON cases_report TO tutela_records;
GRANT UPDATE (first_case_id) ON cases_party TO tutela_records;

-- A file of a report, and a party, hang on their cases through another table.
CREATE FUNCTION tutela.refuse_file_while_held() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM cases_report r WHERE r.id = OLD.report_id AND tutela.case_is_held(r.case_id)) THEN
        RAISE EXCEPTION 'File % is under a legal hold: % refused', OLD.id, TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER held BEFORE DELETE ON cases_reportfile FOR EACH ROW EXECUTE FUNCTION tutela.refuse_file_while_held();

CREATE FUNCTION tutela.refuse_party_while_held() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF tutela.case_is_held(OLD.first_case_id)
       OR EXISTS (SELECT FROM cases_caseparty p WHERE p.party_id = OLD.id AND tutela.case_is_held(p.case_id)) THEN
        RAISE EXCEPTION 'Party % is under a legal hold: % refused', OLD.id, TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN OLD;
END
$$;
CREATE TRIGGER held BEFORE DELETE ON cases_party FOR EACH ROW EXECUTE FUNCTION tutela.refuse_party_while_held();

-- A key is content: what is held keeps it.
CREATE FUNCTION tutela.refuse_key_while_held() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF tutela.case_is_held(OLD.case_id) THEN
        RAISE EXCEPTION 'Case % is under a legal hold: its keys stay', OLD.case_id USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER held_key BEFORE UPDATE ON vault_casekey FOR EACH ROW
    WHEN (NEW.destroyed_at IS NOT NULL OR length(NEW.wrapped) = 0) EXECUTE FUNCTION tutela.refuse_key_while_held();
CREATE TRIGGER held_key BEFORE UPDATE OF gone_at ON files_file FOR EACH ROW
    WHEN (NEW.gone_at IS NOT NULL) EXECUTE FUNCTION tutela.refuse_key_while_held();
CREATE TRIGGER held_key BEFORE UPDATE OF key ON cases_report FOR EACH ROW
    WHEN (OLD.case_id IS NOT NULL AND OLD.key IS NOT NULL AND (NEW.key IS NULL OR substring(NEW.key FROM 1 FOR 1) = 'x'::bytea))
    EXECUTE FUNCTION tutela.refuse_key_while_held();

-- A hold goes where what it holds goes: reports and messages move when cases are merged, parted, referred.
CREATE FUNCTION tutela.hold_follows() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO records_heldcase (hold_id, case_id, how, since)
    SELECT c.hold_id, NEW.case_id, 'followed', now()
    FROM records_heldcase c JOIN records_hold h ON h.id = c.hold_id
    WHERE c.case_id = OLD.case_id AND h.released_at IS NULL
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER hold_follows AFTER UPDATE OF case_id ON cases_report FOR EACH ROW
    WHEN (OLD.case_id IS NOT NULL AND OLD.case_id IS DISTINCT FROM NEW.case_id) EXECUTE FUNCTION tutela.hold_follows();
CREATE TRIGGER hold_follows AFTER UPDATE OF case_id ON cases_message FOR EACH ROW
    WHEN (OLD.case_id IS DISTINCT FROM NEW.case_id) EXECUTE FUNCTION tutela.hold_follows();

-- The parties that were merged with one, and it.
CREATE FUNCTION tutela.party_family(number bigint) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    WITH RECURSIVE up (id, into_id) AS (
        SELECT p.id, p.merged_into_id FROM cases_party p WHERE p.id = number
        UNION SELECT p.id, p.merged_into_id FROM up JOIN cases_party p ON p.id = up.into_id
    ), family (id) AS (
        SELECT id FROM up UNION SELECT p.id FROM family JOIN cases_party p ON p.merged_into_id = family.id
    ) SELECT id FROM family
$$;

CREATE FUNCTION tutela.hold_party() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    INSERT INTO records_heldcase (hold_id, case_id, how, since)
    SELECT h.id, NEW.case_id, 'party', now() FROM records_hold h
    WHERE h.released_at IS NULL AND h.party_id IN (SELECT tutela.party_family(NEW.party_id))
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER hold_party AFTER INSERT ON cases_caseparty FOR EACH ROW EXECUTE FUNCTION tutela.hold_party();

-- A hold is released once, and changed in no other way.
CREATE FUNCTION tutela.keep_hold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (TG_OP = 'DELETE' AND OLD.released_at IS NULL)
       OR (TG_OP = 'UPDATE' AND (OLD.released_at IS NOT NULL
           OR (to_jsonb(OLD) - 'released_at' - 'released_by_id' - 'release_reason')
              <> (to_jsonb(NEW) - 'released_at' - 'released_by_id' - 'release_reason'))) THEN
        RAISE EXCEPTION 'Hold % stays as it is: % refused', OLD.number, TG_OP USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER keep_hold BEFORE UPDATE OR DELETE ON records_hold FOR EACH ROW EXECUTE FUNCTION tutela.keep_hold();

CREATE FUNCTION tutela.keep_held_case() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM records_hold h WHERE h.id = OLD.hold_id AND h.released_at IS NULL) THEN
        RAISE EXCEPTION 'A case leaves a hold when the hold is released: % refused', TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;
CREATE TRIGGER keep_held BEFORE UPDATE OR DELETE ON records_heldcase
    FOR EACH ROW EXECUTE FUNCTION tutela.keep_held_case();
CREATE TRIGGER held_whole BEFORE TRUNCATE ON records_hold
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_emptying_while_held();
CREATE TRIGGER held_whole BEFORE TRUNCATE ON records_heldcase
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_emptying_while_held();

-- Places a hold on cases that the actor sees by right, and with a party on every case of it. NULL where a
-- case or the party is not theirs to hold.
CREATE FUNCTION tutela.place_hold(
    named text, cases bigint[], of_party bigint, said text, authority text, review date
) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    slug text;
    made bigint;
BEGIN
    IF length(btrim(said)) < 10 OR btrim(authority) = '' THEN
        RAISE EXCEPTION 'place_hold: say why, and by whose authority' USING ERRCODE = 'check_violation';
    END IF;
    SELECT min(c.workflow) INTO slug FROM cases_case c WHERE c.id = ANY (cases)
        HAVING count(DISTINCT c.workflow) = 1 AND count(*) = cardinality(cases)
           AND bool_and(tutela.actor_sees_by_right(c.id));
    IF slug IS NULL OR NOT tutela.actor_keeps_records_of(slug) THEN
        RETURN NULL;
    END IF;
    IF of_party IS NOT NULL AND NOT EXISTS (
        SELECT FROM cases_caseparty p WHERE p.case_id = ANY (cases) AND p.party_id = of_party) THEN
        RETURN NULL;
    END IF;
    -- A disposal of the same case waits, or this waits for it and finds nothing to hold.
    PERFORM FROM cases_case c WHERE c.id = ANY (cases) ORDER BY c.id FOR UPDATE;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO records_hold (number, workflow, reason, authority, party_id, placed_by_id, placed_at, review_at,
                              release_reason)
    VALUES (named, slug, btrim(said), btrim(authority), of_party, tutela.actor(), statement_timestamp(), review, '')
    RETURNING id INTO made;
    INSERT INTO records_heldcase (hold_id, case_id, how, since)
    SELECT made, number, 'named', now() FROM unnest(cases) AS number;
    INSERT INTO records_heldcase (hold_id, case_id, how, since)
    SELECT DISTINCT made, p.case_id, 'party', now() FROM cases_caseparty p
    WHERE of_party IS NOT NULL AND p.party_id IN (SELECT tutela.party_family(of_party))
    ON CONFLICT DO NOTHING;
    RETURN made;
END
$$;

-- Releases a hold. False where it is not theirs, or not active.
CREATE FUNCTION tutela.release_hold(hold bigint, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF length(btrim(said)) < 10 THEN
        RAISE EXCEPTION 'release_hold: say why' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE records_hold h SET released_at = statement_timestamp(), released_by_id = tutela.actor(),
        release_reason = btrim(said)
    WHERE h.id = hold AND h.released_at IS NULL AND tutela.actor_keeps_records_of(h.workflow)
      AND EXISTS (SELECT FROM records_heldcase c WHERE c.hold_id = h.id AND tutela.actor_sees_by_right(c.case_id));
    RETURN FOUND;
END
$$;

-- What may go

-- A case with all that were merged into it, and with the one that it was merged into: they go together.
CREATE FUNCTION tutela.case_family(number bigint) RETURNS SETOF bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    WITH RECURSIVE up (id, into_id) AS (
        SELECT c.id, c.merged_into_id FROM cases_case c WHERE c.id = number
        UNION SELECT c.id, c.merged_into_id FROM up JOIN cases_case c ON c.id = up.into_id
    ), family (id) AS (
        SELECT id FROM up UNION SELECT c.id FROM family JOIN cases_case c ON c.merged_into_id = family.id
    ) SELECT id FROM family
$$;

-- Why a case cannot go now, in a word; empty where nothing stands in the way but time and approval.
CREATE FUNCTION tutela.stands_in_the_way(number bigint) RETURNS text LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE family bigint[];
BEGIN
    SELECT array_agg(id) INTO family FROM tutela.case_family(number) AS id;
    RETURN CASE
        WHEN EXISTS (SELECT FROM unnest(family) AS id WHERE tutela.case_is_held(id)) THEN 'hold'
        WHEN EXISTS (SELECT FROM cases_case c WHERE c.id = number AND c.merged_into_id IS NOT NULL) THEN 'merged'
        WHEN EXISTS (SELECT FROM cases_case c WHERE c.id = ANY (family) AND c.closed_at IS NULL) THEN 'open'
        WHEN EXISTS (SELECT FROM cases_caselink l WHERE l.other_id = ANY (family) AND l.case_id <> ALL (family)
                     AND tutela.case_is_held(l.case_id)) THEN 'linked_hold'
        WHEN EXISTS (SELECT FROM flow_request r WHERE r.case_id = ANY (family) AND r.state = 'open') THEN 'request'
        WHEN EXISTS (SELECT FROM outbox_effect e WHERE e.case_id = ANY (family) AND e.state IN ('due', 'sending'))
            THEN 'effect'
        WHEN EXISTS (SELECT FROM access_glass g WHERE g.case_id = ANY (family) AND g.reviewed_at IS NULL) THEN 'glass'
        WHEN EXISTS (SELECT FROM cases_case c WHERE c.id = ANY (family) AND c.unread > 0) THEN 'unread'
        ELSE '' END;
END
$$;

-- Proposes a run. `wanted` is a list of {"case": id, "due_at": when}. NULL where it is not theirs to propose,
-- or not all of the cases can go.
CREATE FUNCTION tutela.propose_disposal(named text, slug text, said text, wanted jsonb) RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    made bigint;
    added integer;
BEGIN
    IF NOT tutela.actor_keeps_records_of(slug) OR jsonb_array_length(wanted) NOT BETWEEN 1 AND 500 THEN
        RETURN NULL;
    END IF;
    IF EXISTS (
        SELECT FROM jsonb_to_recordset(wanted) AS w ("case" bigint, due_at timestamptz)
        LEFT JOIN cases_case c ON c.id = w."case" AND c.workflow = slug AND tutela.actor_sees_by_right(c.id)
        WHERE c.id IS NULL OR w.due_at > now() OR tutela.stands_in_the_way(c.id) <> ''
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO records_run (number, workflow, state, reason, proposed_by_id, proposed_at, decision_words, size)
    VALUES (named, slug, 'proposed', btrim(said), tutela.actor(), statement_timestamp(), '', jsonb_array_length(wanted))
    RETURNING id INTO made;
    INSERT INTO records_item (run_id, case_id, reference, due_at, state, kept_by)
    SELECT made, c.id, c.reference, w.due_at, 'waiting', ''
    FROM jsonb_to_recordset(wanted) AS w ("case" bigint, due_at timestamptz) JOIN cases_case c ON c.id = w."case"
    ORDER BY c.id;
    GET DIAGNOSTICS added = ROW_COUNT;
    IF added <> jsonb_array_length(wanted) THEN
        RAISE EXCEPTION 'propose_disposal: a case is named twice' USING ERRCODE = 'check_violation';
    END IF;
    RETURN made;
END
$$;

-- Agrees to a run or stops it: another person than the one who proposed it, who sees every case of it. The
-- proposer may withdraw it. False where that is not theirs, or too late.
CREATE FUNCTION tutela.decide_disposal(of_run bigint, verdict text, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    IF verdict NOT IN ('approved', 'refused', 'withdrawn') THEN
        RAISE EXCEPTION 'decide_disposal: unknown verdict' USING ERRCODE = 'check_violation';
    END IF;
    UPDATE records_run r SET state = verdict, decided_by_id = tutela.actor(), decided_at = statement_timestamp(),
        decision_words = btrim(said),
        finished_at = CASE WHEN verdict = 'approved' THEN NULL ELSE statement_timestamp() END
    WHERE r.id = of_run AND r.state = 'proposed'
      AND tutela.actor_keeps_records_of(r.workflow)
      AND (r.proposed_by_id = tutela.actor()) = (verdict = 'withdrawn')
      AND (SELECT count(*) FROM records_item i WHERE i.run_id = r.id AND tutela.actor_sees_by_right(i.case_id)) = r.size;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE records_item SET state = 'kept', kept_by = 'stopped', ended_at = statement_timestamp()
    WHERE run_id = of_run AND verdict <> 'approved';
    RETURN true;
END
$$;

CREATE FUNCTION tutela.finish_run(of_run bigint) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    UPDATE records_run r SET state = 'done', finished_at = statement_timestamp()
    WHERE r.id = of_run AND r.state = 'approved'
      AND NOT EXISTS (SELECT FROM records_item i WHERE i.run_id = r.id AND i.state = 'waiting')
$$;

-- Leaves a case of an approved run as it is, and says why in a word.
CREATE FUNCTION tutela.keep_item(of_item bigint, why text) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE of_run bigint;
BEGIN
    IF NOT tutela.actor_disposes() THEN
        RAISE EXCEPTION 'Only the records keeper carries a disposal out' USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE records_item SET state = 'kept', kept_by = why, ended_at = statement_timestamp()
    WHERE id = of_item AND state = 'waiting' RETURNING run_id INTO of_run;
    PERFORM tutela.finish_run(of_run);
END
$$;

-- Disposes of one case of an approved run, with those merged into it: whole, or not at all. What stays is a
-- tombstone for each, one certificate and one more in the tallies. Returns how many rows went, by table.
CREATE FUNCTION tutela.dispose(of_item bigint, named text, by_rule text, keys integer) RETURNS jsonb LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    item records_item;
    run records_run;
    family bigint[];
    gone jsonb := '{}';
    certificate bigint;
    one record;
    parties bigint[];
    unknown bigint[];
    n bigint;
    why text;
BEGIN
    IF NOT tutela.actor_disposes() THEN
        RAISE EXCEPTION 'Only the records keeper carries a disposal out' USING ERRCODE = 'insufficient_privilege';
    END IF;
    SELECT i.* INTO item FROM records_item i WHERE i.id = of_item AND i.state = 'waiting' AND i.due_at <= now() FOR UPDATE;
    SELECT r.* INTO run FROM records_run r
    WHERE r.id = item.run_id AND r.state = 'approved' AND r.decided_by_id <> r.proposed_by_id;
    IF item.id IS NULL OR run.id IS NULL THEN
        RAISE EXCEPTION 'dispose: % is not agreed to, or not due', of_item USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM FROM cases_case c WHERE c.id IN (SELECT tutela.case_family(item.case_id)) ORDER BY c.id FOR UPDATE;
    SELECT array_agg(id) INTO family FROM tutela.case_family(item.case_id) AS id;
    why := tutela.stands_in_the_way(item.case_id);
    IF family IS NULL OR why <> '' THEN
        RAISE EXCEPTION 'dispose: % stands in the way of %', why, item.reference USING ERRCODE = 'insufficient_privilege';
    END IF;

    INSERT INTO records_certificate (number, run_id, item_id, reference, workflow, rule, due_at, at, proposed_by_id,
        approved_by_id, "references", keys_destroyed, rows)
    SELECT named, run.id, item.id, item.reference, run.workflow, by_rule, item.due_at, now(), run.proposed_by_id,
        run.decided_by_id, array_agg(c.reference ORDER BY c.id), keys, '{}'
    FROM cases_case c WHERE c.id = ANY (family)
    RETURNING id INTO certificate;
    INSERT INTO records_tombstone (case_id, reference, workflow, received_at, opened_at, closed_at, certificate_id,
        team_id, restricted, hidden_from)
    SELECT c.id, c.reference, c.workflow, c.received_at, c.opened_at, c.closed_at, certificate, c.team_id, c.restricted,
        coalesce((SELECT array_agg(r.staff_id) FROM cases_recusal r WHERE r.case_id = ANY (family) AND r.ended_at IS NULL), '{}')
    FROM cases_case c WHERE c.id = ANY (family);
    INSERT INTO records_tally AS t (workflow, received, closed, state, severity, channel, is_test, cases)
    SELECT c.workflow, date_trunc('month', c.received_at AT TIME ZONE 'UTC')::date,
        date_trunc('month', c.closed_at AT TIME ZONE 'UTC')::date, c.state, c.severity,
        coalesce((SELECT r.channel FROM cases_report r WHERE r.first_case_id = c.id ORDER BY r.id LIMIT 1), ''),
        c.is_test, count(*)
    FROM cases_case c WHERE c.id = ANY (family) GROUP BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (workflow, received, closed, state, severity, channel, is_test)
    DO UPDATE SET cases = t.cases + excluded.cases;

    -- What stays elsewhere no longer names what goes.
    UPDATE cases_report r SET first_case_id = r.case_id WHERE r.first_case_id = ANY (family) AND r.case_id <> ALL (family);
    UPDATE cases_report r SET adds_to_id = NULL WHERE r.case_id <> ALL (family)
        AND r.adds_to_id IN (SELECT e.id FROM cases_report e WHERE e.case_id = ANY (family));

    -- Parties that no other case knows. One into which a party was merged that stays, stays too.
    SELECT coalesce(array_agg(p.id), '{}') INTO parties FROM cases_party p
    WHERE p.first_case_id = ANY (family)
      AND NOT EXISTS (SELECT FROM cases_caseparty m WHERE m.party_id = p.id AND m.case_id <> ALL (family))
      AND NOT EXISTS (SELECT FROM cases_partylink l WHERE p.id IN (l.party_id, l.other_id) AND l.case_id <> ALL (family))
      AND NOT EXISTS (SELECT FROM records_hold h JOIN records_heldcase hc ON hc.hold_id = h.id
                      WHERE h.party_id = p.id AND hc.case_id <> ALL (family));
    LOOP
        SELECT coalesce(array_agg(id), '{}') INTO unknown FROM unnest(parties) AS id
        WHERE NOT EXISTS (SELECT FROM cases_party m WHERE m.merged_into_id = id AND m.id <> ALL (parties));
        EXIT WHEN cardinality(unknown) = cardinality(parties);
        parties := unknown;
    END LOOP;
    UPDATE cases_party p SET first_case_id = coalesce(
        (SELECT min(m.case_id) FROM cases_caseparty m WHERE m.party_id = p.id AND m.case_id <> ALL (family)),
        (SELECT min(l.case_id) FROM cases_partylink l WHERE p.id IN (l.party_id, l.other_id) AND l.case_id <> ALL (family)),
        (SELECT min(m.case_id) FROM cases_caseparty m
         WHERE m.party_id IN (SELECT tutela.party_family(p.id)) AND m.case_id <> ALL (family)),
        (SELECT min(hc.case_id) FROM records_hold h JOIN records_heldcase hc ON hc.hold_id = h.id
         WHERE h.party_id = p.id AND hc.case_id <> ALL (family)))
    WHERE p.first_case_id = ANY (family) AND p.id <> ALL (parties);

    -- Rows that hang on a case through another table first, then every table that names a case.
    FOR one IN
        SELECT second.conrelid::regclass AS relation, below.attname AS column, first.conrelid::regclass AS through,
               own.attname AS own
        FROM pg_constraint first
        JOIN pg_attribute own ON own.attrelid = first.conrelid AND own.attnum = first.conkey[1]
        JOIN pg_constraint second ON second.confrelid = first.conrelid AND second.contype = 'f'
        JOIN pg_attribute below ON below.attrelid = second.conrelid AND below.attnum = second.conkey[1]
        WHERE first.contype = 'f' AND first.confrelid = 'cases_case'::regclass
          AND own.attname NOT IN ('first_case_id', 'merged_into_id')
          AND NOT EXISTS (SELECT FROM pg_constraint direct WHERE direct.contype = 'f'
                          AND direct.confrelid = 'cases_case'::regclass AND direct.conrelid = second.conrelid)
        ORDER BY 1
    LOOP
        EXECUTE format('DELETE FROM %s WHERE %I IN (SELECT id FROM %s WHERE %I = ANY ($1))',
                       one.relation, one.column, one.through, one.own) USING family;
        GET DIAGNOSTICS n = ROW_COUNT;
        gone := gone || jsonb_build_object(one.relation::text, n + coalesce((gone ->> one.relation::text)::bigint, 0));
    END LOOP;
    FOR one IN
        SELECT fk.conrelid::regclass AS relation, own.attname AS column FROM pg_constraint fk
        JOIN pg_attribute own ON own.attrelid = fk.conrelid AND own.attnum = fk.conkey[1]
        WHERE fk.contype = 'f' AND fk.confrelid = 'cases_case'::regclass
          AND own.attname NOT IN ('first_case_id', 'merged_into_id')
        ORDER BY 1, 2
    LOOP
        EXECUTE format('DELETE FROM %s WHERE %I = ANY ($1)', one.relation, one.column) USING family;
        GET DIAGNOSTICS n = ROW_COUNT;
        gone := gone || jsonb_build_object(one.relation::text, n + coalesce((gone ->> one.relation::text)::bigint, 0));
    END LOOP;
    DELETE FROM records_hold h WHERE NOT EXISTS (SELECT FROM records_heldcase c WHERE c.hold_id = h.id);
    GET DIAGNOSTICS n = ROW_COUNT;
    gone := gone || jsonb_build_object('records_hold', n);
    DELETE FROM cases_party WHERE id = ANY (parties);
    GET DIAGNOSTICS n = ROW_COUNT;
    gone := gone || jsonb_build_object('cases_party', n);
    DELETE FROM cases_case WHERE id = ANY (family);
    GET DIAGNOSTICS n = ROW_COUNT;
    gone := gone || jsonb_build_object('cases_case', n);
    -- Whatever still named one of them fails here, and nothing has gone.
    SET CONSTRAINTS ALL IMMEDIATE;
    SET CONSTRAINTS ALL DEFERRED;

    SELECT coalesce(jsonb_object_agg(key, value), '{}') INTO gone FROM jsonb_each(gone) WHERE value <> '0'::jsonb;
    UPDATE records_certificate SET rows = gone WHERE id = certificate;
    UPDATE records_item SET state = 'done', ended_at = statement_timestamp() WHERE id = of_item;
    PERFORM tutela.finish_run(run.id);
    RETURN gone;
END
$$;

-- Append-only tables let go of what is disposed of, and of nothing else. A function that runs as the records
-- role is the only way there.
CREATE FUNCTION tutela.refuse_change_but_disposal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND current_user = 'tutela_records' THEN
        RETURN OLD;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['cases_event', 'cases_exhibit', 'flow_opinion']
    LOOP
        EXECUTE format('DROP TRIGGER append_only ON %I', name);
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change_but_disposal()', name);
    END LOOP;
END
$$;
DROP TRIGGER append_only ON cases_note;
CREATE TRIGGER append_only BEFORE DELETE ON cases_note FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change_but_disposal();

-- The row of a destroyed key goes with its case.
CREATE OR REPLACE FUNCTION tutela.keep_key_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND OLD.destroyed_at IS NOT NULL AND current_user = 'tutela_records' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'DELETE' OR OLD.destroyed_at IS NOT NULL OR NEW.case_id <> OLD.case_id
       OR (NEW.destroyed_at IS NOT NULL AND length(NEW.wrapped) > 0) THEN
        RAISE EXCEPTION 'The key of case % stays as it is: % refused', OLD.case_id, TG_OP
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- What is left is never changed. The certificate gets its numbers of rows in the transaction that makes it.
CREATE FUNCTION tutela.keep_certificate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_user = 'tutela_records' AND OLD.rows = '{}' AND OLD.at = now()
       AND to_jsonb(OLD) - 'rows' = to_jsonb(NEW) - 'rows' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON records_certificate
    FOR EACH ROW EXECUTE FUNCTION tutela.keep_certificate();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON records_tombstone
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON records_certificate
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change();
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON records_tombstone
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change();

-- Who sees what

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['records_hold', 'records_heldcase', 'records_run', 'records_item', 'records_certificate',
                                'records_tombstone', 'records_tally']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY records ON %I TO tutela_records USING (true)', name);
        EXECUTE format('GRANT SELECT ON %I TO tutela_desk', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE ON %I TO tutela_records', name);
        EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %I TO tutela_records', name || '_id_seq');
    END LOOP;
END
$$;
GRANT DELETE ON records_hold, records_heldcase TO tutela_records;

CREATE POLICY desk ON records_heldcase FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
);
CREATE POLICY desk ON records_hold FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM records_heldcase c WHERE c.hold_id = records_hold.id)
);
-- A tombstone is visible to those who could see its case.
CREATE POLICY desk ON records_tombstone FOR SELECT TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_workflows())::text[])
    AND (NOT restricted
         OR team_id = ANY ((SELECT tutela.actor_teams())::bigint[])
         OR (SELECT tutela.actor_is_system()))
    AND (SELECT tutela.actor()) <> ALL (hidden_from)
);
CREATE POLICY desk ON records_certificate FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM records_tombstone t WHERE t.certificate_id = records_certificate.id)
);
CREATE POLICY desk ON records_item FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
    OR EXISTS (SELECT FROM records_tombstone t WHERE t.case_id = records_item.case_id)
);
CREATE POLICY desk ON records_run FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM records_item i WHERE i.run_id = records_run.id)
);
CREATE POLICY desk ON records_tally FOR SELECT TO tutela_desk USING (
    workflow = ANY ((SELECT tutela.actor_workflows())::text[])
);
-- The log of a case that is gone is read by those who could see the case.
CREATE POLICY disposed ON audit_entry FOR SELECT TO tutela_desk USING (
    case_id IS NOT NULL AND EXISTS (SELECT FROM records_tombstone t WHERE t.case_id = audit_entry.case_id)
);

GRANT EXECUTE ON FUNCTION tutela.actor_sees_by_right TO tutela_records;

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['case_is_held', 'refuse_emptying_while_held', 'refuse_file_while_held',
        'refuse_party_while_held', 'hold_follows', 'party_family', 'hold_party', 'keep_held_case', 'place_hold',
        'release_hold', 'case_family', 'stands_in_the_way', 'propose_disposal', 'decide_disposal', 'finish_run',
        'keep_item', 'dispose']
    LOOP
        EXECUTE format('ALTER FUNCTION tutela.%I OWNER TO tutela_records', name);
    END LOOP;
END
$$;
REVOKE ALL ON FUNCTION tutela.place_hold, tutela.release_hold, tutela.propose_disposal, tutela.decide_disposal,
    tutela.finish_run, tutela.keep_item, tutela.dispose, tutela.case_family, tutela.stands_in_the_way,
    tutela.actor_keeps_records_of, tutela.actor_disposes, tutela.party_family, tutela.case_is_held,
    tutela.refuse_emptying_while_held, tutela.refuse_file_while_held, tutela.refuse_party_while_held,
    tutela.hold_follows, tutela.hold_party, tutela.keep_held_case, tutela.goes_with_its_case FROM PUBLIC;
-- Everybody whose deletes it may refuse asks it; the portal deletes nothing. Triggers are made by the tables' owner.
GRANT EXECUTE ON FUNCTION tutela.case_is_held
    TO CURRENT_USER, tutela_desk, tutela_guard, tutela_search, tutela_receipts, tutela_seal, tutela_sealing;
GRANT EXECUTE ON FUNCTION tutela.refuse_emptying_while_held, tutela.refuse_file_while_held,
    tutela.refuse_party_while_held, tutela.hold_follows, tutela.hold_party, tutela.keep_held_case TO CURRENT_USER;
GRANT EXECUTE ON FUNCTION tutela.place_hold, tutela.release_hold, tutela.propose_disposal, tutela.decide_disposal,
    tutela.keep_item, tutela.dispose, tutela.case_family, tutela.stands_in_the_way, tutela.actor_keeps_records_of
    TO tutela_desk;
GRANT EXECUTE ON FUNCTION tutela.actor_keeps_records_of, tutela.actor_disposes TO tutela_records;
REVOKE CREATE ON SCHEMA tutela FROM tutela_records, tutela_guard;

-- Sealing entries into a tree of hashes. The functions belong to a role of their own that may read entries
-- and add leaves, and nothing else; the desk's login runs them as a system actor, and can itself neither
-- change nor remove a leaf, a node or a head.

GRANT USAGE ON SCHEMA public, tutela TO tutela_seal;
GRANT SELECT ON audit_entry TO tutela_seal;
CREATE POLICY seal ON audit_entry FOR SELECT TO tutela_seal USING (true);

DO $$
DECLARE name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['audit_waiting', 'audit_leaf', 'audit_node']
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY seal ON %I TO tutela_seal USING (true)', name);
        EXECUTE format('GRANT SELECT, INSERT ON %I TO tutela_seal', name);
    END LOOP;
    FOREACH name IN ARRAY ARRAY['audit_leaf', 'audit_node', 'audit_head']
    LOOP
        EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change()', name);
        EXECUTE format('CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %I
            FOR EACH STATEMENT EXECUTE FUNCTION tutela.refuse_change()', name);
    END LOOP;
END
$$;
GRANT DELETE ON audit_waiting TO tutela_seal;
GRANT SELECT, INSERT ON audit_head TO tutela_seal;

-- Heads and how far each anchor is hold numbers and hashes only.
GRANT SELECT ON audit_head TO tutela_desk;
GRANT SELECT, INSERT, UPDATE, DELETE ON audit_anchored TO tutela_desk;
GRANT SELECT ON audit_anchored TO tutela_seal;

-- Whoever adds an entry also says, in the same transaction, that it waits for its seal.
CREATE FUNCTION tutela.audit_wait() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    INSERT INTO audit_waiting (entry_id) SELECT id FROM added;
    RETURN NULL;
END
$$;
CREATE TRIGGER waits_for_its_seal AFTER INSERT ON audit_entry REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION tutela.audit_wait();

CREATE FUNCTION tutela.audit_unsealed(most integer) RETURNS SETOF audit_entry LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT e.* FROM audit_waiting w JOIN audit_entry e ON e.id = w.entry_id
    WHERE (SELECT tutela.actor_is_system()) ORDER BY w.entry_id LIMIT most
$$;

-- Adds leaves, the subtrees that they fill, and the head over all. Refuses a leaf that does not follow the
-- last one, and an entry that does not wait.
CREATE FUNCTION tutela.audit_append(
    entries bigint[], hashes bytea[], levels smallint[], numbers bigint[], nodes bytea[],
    head bigint, size bigint, head_text text
) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    first bigint;
    taken bigint;
BEGIN
    IF NOT tutela.actor_is_system() THEN
        RAISE EXCEPTION 'only a system actor seals' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('tutela audit seal'));
    SELECT coalesce(max(number) + 1, 0) INTO first FROM audit_leaf;
    IF first + cardinality(entries) <> size OR cardinality(entries) <> cardinality(hashes)
        OR head <> (SELECT coalesce(max(number), 0) + 1 FROM audit_head) THEN
        RAISE EXCEPTION 'the leaves do not follow the last one (% are there)', first;
    END IF;
    DELETE FROM audit_waiting WHERE entry_id = ANY (entries);
    GET DIAGNOSTICS taken = ROW_COUNT;
    IF taken <> cardinality(entries) THEN
        RAISE EXCEPTION 'only % of % entries wait for their seal', taken, cardinality(entries);
    END IF;
    INSERT INTO audit_leaf (number, entry_id, hash)
        SELECT first + place - 1, id, hash
        FROM unnest(entries, hashes) WITH ORDINALITY AS new (id, hash, place);
    INSERT INTO audit_node (level, number, hash) SELECT * FROM unnest(levels, numbers, nodes);
    INSERT INTO audit_head VALUES (head, size, head_text);
END
$$;

-- Full subtrees by coordinate; level 0 are the leaves.
CREATE FUNCTION tutela.audit_nodes(levels smallint[], numbers bigint[])
RETURNS TABLE (level smallint, number bigint, hash bytea) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT n.level, n.number, n.hash
    FROM unnest(levels, numbers) AS wanted (level, number)
    JOIN audit_node n ON n.level = wanted.level AND n.number = wanted.number
    UNION ALL
    SELECT 0::smallint, l.number, l.hash
    FROM unnest(levels, numbers) AS wanted (level, number)
    JOIN audit_leaf l ON wanted.level = 0 AND l.number = wanted.number
$$;

-- Leaves from a number on, each with its entry, whose columns are null where it is gone.
CREATE FUNCTION tutela.audit_sealed(since bigint, most integer)
RETURNS TABLE (number bigint, entry_id bigint, hash bytea, id bigint, at timestamptz, act varchar,
    actor_id bigint, via varchar, request_id varchar, case_id bigint, detail jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT l.number, l.entry_id, l.hash, e.id, e.at, e.act, e.actor_id, e.via, e.request_id, e.case_id, e.detail
    FROM audit_leaf l LEFT JOIN audit_entry e ON e.id = l.entry_id
    WHERE l.number >= since AND (SELECT tutela.actor_is_system())
    ORDER BY l.number LIMIT most
$$;

-- The same of one case; `number` is null while an entry waits for its seal.
CREATE FUNCTION tutela.audit_of_case(wanted bigint)
RETURNS TABLE (number bigint, entry_id bigint, hash bytea, id bigint, at timestamptz, act varchar,
    actor_id bigint, via varchar, request_id varchar, case_id bigint, detail jsonb)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT l.number, e.id, l.hash, e.id, e.at, e.act, e.actor_id, e.via, e.request_id, e.case_id, e.detail
    FROM audit_entry e LEFT JOIN audit_leaf l ON l.entry_id = e.id
    WHERE e.case_id = wanted AND (SELECT tutela.actor_is_system()) ORDER BY e.id
$$;

-- Where an entry stands, if anywhere.
CREATE FUNCTION tutela.audit_place(entry bigint) RETURNS bigint LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT number FROM audit_leaf WHERE entry_id = entry AND (SELECT tutela.actor_is_system()) $$;

-- Entries that came in by no door of ours (neither sealed nor waiting), and waiting ones that are gone.
CREATE FUNCTION tutela.audit_strays() RETURNS TABLE (entry_id bigint, is_there boolean) LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT e.id, true FROM audit_entry e
    WHERE (SELECT tutela.actor_is_system())
      AND NOT EXISTS (SELECT FROM audit_leaf l WHERE l.entry_id = e.id)
      AND NOT EXISTS (SELECT FROM audit_waiting w WHERE w.entry_id = e.id)
    UNION ALL
    SELECT w.entry_id, false FROM audit_waiting w
    WHERE (SELECT tutela.actor_is_system()) AND NOT EXISTS (SELECT FROM audit_entry e WHERE e.id = w.entry_id)
$$;

-- Numbers for /readyz; anybody of ours may ask, with no actor named.
CREATE FUNCTION tutela.audit_figures() RETURNS TABLE (
    entries_unsealed bigint, entry_unsealed double precision,
    heads_unanchored bigint, anchor_fails double precision
) LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT (SELECT count(*) FROM audit_waiting),
           (SELECT extract(epoch FROM now() - e.at) FROM audit_waiting w JOIN audit_entry e ON e.id = w.entry_id
            ORDER BY w.entry_id LIMIT 1),
           (SELECT count(*) FROM audit_head WHERE number > (SELECT min(upto) FROM audit_anchored)),
           (SELECT extract(epoch FROM now() - min(failing_since)) FROM audit_anchored)
$$;

-- What was written before there were seals waits for its seal now.
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_waiting NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_waiting (entry_id) SELECT id FROM audit_entry;
ALTER TABLE audit_waiting FORCE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;

DO $$
DECLARE name text;
BEGIN
    GRANT CREATE ON SCHEMA tutela TO tutela_seal;
    FOREACH name IN ARRAY ARRAY['wait', 'unsealed', 'append', 'nodes', 'sealed', 'of_case', 'place', 'strays', 'figures']
    LOOP
        EXECUTE format('ALTER FUNCTION tutela.%I OWNER TO tutela_seal', 'audit_' || name);
        EXECUTE format('REVOKE ALL ON FUNCTION tutela.%I FROM PUBLIC', 'audit_' || name);
        IF name <> 'wait' THEN
            EXECUTE format('GRANT EXECUTE ON FUNCTION tutela.%I TO tutela_desk', 'audit_' || name);
        END IF;
    END LOOP;
    REVOKE CREATE ON SCHEMA tutela FROM tutela_seal;
END
$$;

-- Loads pg_trgm into this session: before, nobody but a superuser may set its parameter on a function.
DO $$ BEGIN PERFORM word_similarity('a', 'a'); END $$;

-- The newest cases in which all the words stand; then, if there are few, those with a name like it.
--
-- Row security keeps PostgreSQL from using its statistics here, so it cannot tell a common word from a
-- rare one, and a wrong guess means reading the whole table. So the two are told apart by looking: a
-- common word is found among the newest documents, in two windows of a fixed size; what is not found
-- there often enough is rare, and the index of words lists all of it at once. Neither way grows with
-- the number of cases. Windows are taken for each workflow, so that a small one is not drowned.
--
-- Cases of other workflows that are open to the actor by break-glass are few, and looked through one by one.
CREATE OR REPLACE FUNCTION tutela.search(typed text, most integer, before_case bigint)
RETURNS TABLE (case_id bigint) LANGUAGE plpgsql STABLE ROWS 50
SECURITY DEFINER SET search_path = pg_catalog, public SET pg_trgm.word_similarity_threshold = 0.5
SET enable_seqscan = off SET enable_indexscan = on
AS $$
#variable_conflict use_column
DECLARE
    asked tsquery := tutela.query(typed);
    folded text := tutela.fold(left(typed, 100));
    mine text[] := array_remove(tutela.actor_workflows(), 'platform');  -- a role there shows no case
    upto bigint := coalesce(before_case, 9223372036854775807);
    window_size integer;
    hits bigint[] := '{}';
    saw_all boolean := false;
    glasses bigint[] := tutela.actor_glasses();
    through bigint[] := '{}';
BEGIN
    IF cardinality(glasses) > 0 THEN
        SELECT coalesce(array_agg(DISTINCT s.case_id), '{}') INTO through FROM search_document s
        WHERE s.case_id = ANY (glasses) AND s.workflow <> ALL (mine) AND s.case_id < upto
          AND ((asked <> ''::tsquery AND s.words @@ asked)
               OR (length(folded) >= 3 AND s.names <> '' AND (strpos(s.names, folded) > 0 OR folded <% s.names)));
    END IF;
    IF asked <> ''::tsquery AND cardinality(mine) > 0 THEN
        FOREACH window_size IN ARRAY tutela.search_windows() LOOP
            WITH near AS MATERIALIZED (
                SELECT flow, d.case_id, d.words @@ asked AS holds
                FROM unnest(mine) AS flow CROSS JOIN LATERAL (
                    SELECT s.case_id, s.words FROM search_document s
                    WHERE s.workflow = flow AND s.case_id < upto
                    ORDER BY s.case_id DESC LIMIT window_size / cardinality(mine)) AS d
            ), reach AS (  -- below it, not every workflow was looked at
                SELECT coalesce(max(lowest), 0) AS lowest, count(*) = 0 AS is_all FROM (
                    SELECT min(near.case_id) FROM near GROUP BY flow
                    HAVING count(*) >= window_size / cardinality(mine)) AS full_ones (lowest)
            )
            SELECT coalesce((SELECT array_agg(newest.case_id) FROM (
                       SELECT DISTINCT near.case_id FROM near WHERE near.holds AND near.case_id > reach.lowest
                       ORDER BY near.case_id DESC LIMIT most) AS newest), '{}'), reach.is_all
            INTO hits, saw_all FROM reach;
            EXIT WHEN saw_all OR cardinality(hits) >= most;
        END LOOP;
    END IF;
    PERFORM set_config('enable_indexscan', 'off', true);  -- until the end of this function
    IF asked <> ''::tsquery AND NOT saw_all AND cardinality(hits) < most AND cardinality(mine) > 0 THEN
        EXECUTE 'SELECT coalesce(array_agg(newest.case_id), ''{}'') FROM (
                SELECT DISTINCT rare.case_id FROM (
                    SELECT case_id FROM search_document
                    WHERE words @@ $1 AND workflow = ANY ($2) AND case_id < $3 OFFSET 0) AS rare
                ORDER BY rare.case_id DESC LIMIT $4) AS newest'
        INTO hits USING asked, mine, upto, most;
    END IF;
    IF cardinality(hits) < 10 AND length(folded) >= 3 AND cardinality(mine) > 0 THEN
        EXECUTE 'SELECT $1 || coalesce(array_agg(newest.case_id), ''{}'') FROM (
                SELECT DISTINCT alike.case_id FROM (
                    SELECT case_id FROM search_document
                    WHERE names <> '''' AND (names LIKE $2 OR $3 <% names) AND workflow = ANY ($4)
                    AND case_id < $5 OFFSET 0) AS alike
                ORDER BY alike.case_id DESC LIMIT $6) AS newest'
        INTO hits USING hits, '%' || replace(replace(replace(folded, '\', '\\'), '%', '\%'), '_', '\_') || '%',
            folded, mine, upto, most;
    END IF;
    RETURN QUERY SELECT DISTINCT hit FROM unnest(hits || through) AS hit;
END
$$;

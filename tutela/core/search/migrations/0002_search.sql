-- Words are kept in one table by triggers, and found by one function.
--
-- With row security on, PostgreSQL does not use a text index through an operator that is not
-- leakproof. The function belongs to a role that may read this table whole, keeps to the actor's
-- workflows, and returns ids only; callers join them to cases_case, which is filtered as always.

-- Text as it is compared: small letters, no accents, one spelling of Arabic letters.
CREATE FUNCTION tutela.fold(given text) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT translate(
        regexp_replace(lower(unaccent(given)), '[\u064B-\u0652\u0670\u0640]', '', 'g'),
        U&'\0623\0625\0622\0671\0649\0629', U&'\0627\0627\0627\0627\064A\0647')
$$;

-- Every two neighbouring characters of Chinese, Japanese and Korean, which do not part words.
CREATE FUNCTION tutela.pairs(given text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$
    SELECT coalesce(string_agg(substr(run[1], at, 2), ' '), '')
    FROM regexp_matches(given, '[\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF]+', 'g') AS run,
         generate_series(1, greatest(length(run[1]) - 1, 1)) AS at
$$;

CREATE FUNCTION tutela.words(given text) RETURNS tsvector LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT to_tsvector('simple',
        regexp_replace(folded, '[\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF]+', ' ', 'g')
        || ' ' || tutela.pairs(folded))
    FROM tutela.fold(left(given, 100000)) AS folded
$$;

-- What somebody typed, as a query: every word must be there, the beginning of a word is enough.
CREATE FUNCTION tutela.query(typed text) RETURNS tsquery LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT coalesce(
        (SELECT to_tsquery('simple', string_agg(quote_literal(word) || ':*', ' & '))
         FROM (SELECT DISTINCT word FROM tutela.fold(left(typed, 400)) AS folded,
               regexp_split_to_table(
                   regexp_replace(folded, '[\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF]+', ' ', 'g')
                   || ' ' || tutela.pairs(folded), '[\s''\\:*&|!()<>]+') AS word
               WHERE word ~ '[[:alnum:]]' LIMIT 12) AS w),
        ''::tsquery)
$$;

CREATE FUNCTION tutela.put_document(at_case bigint, what text, of_id bigint, said text, named text)
RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    INSERT INTO search_document AS d (case_id, workflow, kind, source_id, words, names)
    SELECT at_case, c.workflow, what, of_id, tutela.words(said), tutela.fold(left(named, 300))
    FROM cases_case c WHERE c.id = at_case
    ON CONFLICT (kind, source_id, case_id) DO UPDATE SET words = excluded.words, names = excluded.names
$$;

CREATE FUNCTION tutela.index_case() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tutela.put_document(NEW.id, 'case', NEW.id, NEW.reference || ' ' || NEW.title || ' ' || NEW.wiki, '');
    RETURN NULL;
END $$;
CREATE TRIGGER search_new AFTER INSERT ON cases_case FOR EACH ROW EXECUTE FUNCTION tutela.index_case();
CREATE TRIGGER search_changed AFTER UPDATE ON cases_case FOR EACH ROW
    WHEN (NEW.title IS DISTINCT FROM OLD.title OR NEW.wiki IS DISTINCT FROM OLD.wiki)
    EXECUTE FUNCTION tutela.index_case();

CREATE FUNCTION tutela.index_text() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tutela.put_document(NEW.case_id, TG_ARGV[0], NEW.id, NEW.text, '');
    RETURN NULL;
END $$;
CREATE TRIGGER search_new AFTER INSERT ON cases_message FOR EACH ROW EXECUTE FUNCTION tutela.index_text('message');
CREATE TRIGGER search_new AFTER INSERT ON cases_note FOR EACH ROW WHEN (NOT NEW.privileged)
    EXECUTE FUNCTION tutela.index_text('note');

CREATE FUNCTION tutela.index_report() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM tutela.put_document(
        NEW.case_id, 'report', NEW.id, NEW.subject || ' ' || NEW.text || ' ' || NEW.sender_name, '');
    RETURN NULL;
END $$;
CREATE TRIGGER search_opened AFTER UPDATE OF case_id ON cases_report FOR EACH ROW
    WHEN (NEW.case_id IS NOT NULL AND NEW.case_id IS DISTINCT FROM OLD.case_id AND NEW.adds_to_id IS NULL)
    EXECUTE FUNCTION tutela.index_report();

CREATE FUNCTION tutela.index_party() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE called text;
BEGIN
    SELECT p.name INTO called FROM cases_party p WHERE p.id = NEW.party_id;
    PERFORM tutela.put_document(NEW.case_id, 'party', NEW.party_id, called, called);
    RETURN NULL;
END $$;
CREATE TRIGGER search_new AFTER INSERT ON cases_caseparty FOR EACH ROW EXECUTE FUNCTION tutela.index_party();

-- The newest cases in which all the words stand; then, if there are few, those with a name like it.
CREATE FUNCTION tutela.search(typed text, most integer, before_case bigint)
RETURNS TABLE (case_id bigint) LANGUAGE plpgsql STABLE ROWS 50
SECURITY DEFINER SET search_path = pg_catalog, public SET pg_trgm.word_similarity_threshold = 0.5
AS $$
#variable_conflict use_column
DECLARE
    asked tsquery := tutela.query(typed);
    folded text := tutela.fold(left(typed, 100));
    mine text[] := tutela.actor_workflows();
    hits bigint[];
BEGIN
    IF asked <> ''::tsquery THEN
        -- Written out with its values, so that the plan fits how common the words are.
        EXECUTE format(
            'SELECT coalesce(array_agg(case_id), ''{}'') FROM (
                SELECT DISTINCT case_id FROM search_document
                WHERE words @@ %L::tsquery AND workflow = ANY (%L::text[]) AND case_id < %s
                ORDER BY case_id DESC LIMIT %s) AS newest',
            asked, mine, coalesce(before_case, 9223372036854775807), most) INTO hits;
    END IF;
    IF coalesce(cardinality(hits), 0) < 10 AND length(folded) >= 3 THEN
        EXECUTE format(
            'SELECT $1 || coalesce(array_agg(case_id), ''{}'') FROM (
                SELECT DISTINCT case_id FROM search_document
                WHERE names <> '''' AND (names LIKE %L OR %L <%% names) AND workflow = ANY (%L::text[])
                AND case_id < %s ORDER BY case_id DESC LIMIT %s) AS named',
            '%' || replace(replace(replace(folded, '\', '\\'), '%', '\%'), '_', '\_') || '%', folded, mine,
            coalesce(before_case, 9223372036854775807), most) USING coalesce(hits, '{}') INTO hits;
    END IF;
    RETURN QUERY SELECT DISTINCT hit FROM unnest(hits) AS hit;
END
$$;

ALTER TABLE search_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE search_document FORCE ROW LEVEL SECURITY;
CREATE POLICY search ON search_document TO tutela_search USING (true);
CREATE POLICY search ON cases_case FOR SELECT TO tutela_search USING (true);
GRANT SELECT, INSERT, UPDATE ON search_document TO tutela_search;
GRANT SELECT (id, workflow) ON cases_case TO tutela_search;
ALTER FUNCTION tutela.put_document OWNER TO tutela_search;
ALTER FUNCTION tutela.search OWNER TO tutela_search;
REVOKE ALL ON FUNCTION tutela.put_document, tutela.search FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.put_document, tutela.search TO tutela_desk;

-- The last function was handed over: its owners make no more of them.
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard, tutela_search, tutela_receipts;

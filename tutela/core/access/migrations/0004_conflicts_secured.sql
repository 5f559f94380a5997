-- Declared conflicts: a case that speaks of somebody with whom a person has a conflict hides itself from
-- that person by a recusal. It is found where the words of a case are kept for search, by one trigger, so
-- that no way into a case goes around it. The functions below are the only doors.

ALTER TABLE access_conflict ADD COLUMN sought tsquery;

GRANT CREATE ON SCHEMA tutela TO tutela_guard;
GRANT SELECT, INSERT, UPDATE ON access_conflict, access_involvement TO tutela_guard;
GRANT USAGE, SELECT ON SEQUENCE access_conflict_id_seq, access_involvement_id_seq, cases_recusal_id_seq TO tutela_guard;
GRANT INSERT (case_id, staff_id, reason, since), UPDATE (ended_at) ON cases_recusal TO tutela_guard;
GRANT SELECT (assignee_id) ON cases_case TO tutela_guard;
GRANT SELECT (case_id, kind, words) ON search_document TO tutela_guard;
CREATE POLICY guard_adds ON cases_recusal FOR INSERT TO tutela_guard WITH CHECK (true);
CREATE POLICY guard_ends ON cases_recusal FOR UPDATE TO tutela_guard USING (true);
CREATE POLICY guard ON search_document FOR SELECT TO tutela_guard USING (true);

-- The words of a name one after the other, as they stand in a document.
CREATE FUNCTION tutela.phrase(named text) RETURNS tsquery LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, public
AS $$
    SELECT phraseto_tsquery('simple',
               regexp_replace(folded, '[\u3040-\u30FF\u3400-\u4DBF\u4E00-\u9FFF\uAC00-\uD7AF]+', ' ', 'g'))
        && phraseto_tsquery('simple', tutela.pairs(folded))
    FROM tutela.fold(named) AS folded
$$;

-- A text with spaces in the place of what parts words, so that a name in an address is a word as well.
CREATE FUNCTION tutela.bare(said text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog
AS $$ SELECT regexp_replace(said, '[][\s!-/:-@\\^_`{-~]+', ' ', 'g') $$;

-- The people whose conflicts the actor may declare and read: who holds a role on a workflow of theirs.
CREATE FUNCTION tutela.actor_people() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(DISTINCT g.staff_id), '{}') FROM people_grant g
        WHERE g.workflow = ANY (tutela.actor_manages())
          AND g.since <= statement_timestamp() AND (g.until IS NULL OR g.until > statement_timestamp()));
END
$$;

-- The recusals of the actor that a conflict made. Not even their being there is told: it would say that
-- there is a case.
CREATE FUNCTION tutela.actor_found() RETURNS bigint[] LANGUAGE plpgsql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    RETURN (
        SELECT coalesce(array_agg(i.recusal_id), '{}') FROM access_involvement i
        WHERE i.staff_id = tutela.actor() AND i.recusal_id IS NOT NULL);
END
$$;

DROP POLICY desk ON cases_recusal;
CREATE POLICY desk ON cases_recusal TO tutela_desk USING (
    (staff_id = (SELECT tutela.actor()) AND id <> ALL ((SELECT tutela.actor_found())::bigint[]))
    OR EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
);
-- A recusal ends by the functions below alone.
REVOKE UPDATE ON cases_recusal FROM tutela_desk;

-- A conflict is visible to whom it concerns, to the security role and to the managers of that person. Not to
-- the colleague whom it names.
ALTER TABLE access_conflict ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_conflict FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON access_conflict FOR SELECT TO tutela_desk USING (
    (colleague_id IS NULL OR colleague_id <> (SELECT tutela.actor()))
    AND (staff_id = (SELECT tutela.actor())
         OR staff_id = ANY ((SELECT tutela.actor_people())::bigint[])
         OR (SELECT tutela.actor_is_security())
         OR (SELECT tutela.actor_is_system()))
);
CREATE POLICY guard ON access_conflict TO tutela_guard USING (true);

-- What a conflict hid is visible to whoever sees the case, and so never to the person it hid it from.
ALTER TABLE access_involvement ENABLE ROW LEVEL SECURITY;
ALTER TABLE access_involvement FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON access_involvement FOR SELECT TO tutela_desk USING (
    EXISTS (SELECT FROM cases_case c WHERE c.id = case_id)
);
CREATE POLICY tells ON access_involvement FOR UPDATE TO tutela_desk USING ((SELECT tutela.actor_is_system()));
CREATE POLICY guard ON access_involvement TO tutela_guard USING (true);
GRANT SELECT ON access_conflict, access_involvement TO tutela_desk;
GRANT UPDATE (told_at) ON access_involvement TO tutela_desk;

-- Hides a case for one conflict. What was found before stays as it is, also where it was lifted.
CREATE FUNCTION tutela.hide(at_case bigint, number bigint, person bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    made bigint;
    away bigint;
BEGIN
    INSERT INTO access_involvement (conflict_id, case_id, staff_id, found_at, lift_words)
    VALUES (number, at_case, person, statement_timestamp(), '')
    ON CONFLICT (conflict_id, case_id) DO NOTHING RETURNING id INTO made;
    IF made IS NULL THEN
        RETURN;
    END IF;
    INSERT INTO cases_recusal (case_id, staff_id, reason, since)
    VALUES (at_case, person, '', statement_timestamp())
    ON CONFLICT (case_id, staff_id) WHERE ended_at IS NULL DO NOTHING RETURNING id INTO away;
    UPDATE access_involvement SET recusal_id = away WHERE id = made AND away IS NOT NULL;
END
$$;

-- Hides a case from everybody who has a conflict with somebody of whom the words speak.
CREATE FUNCTION tutela.hide_for_words(at_case bigint, said tsvector) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    PERFORM tutela.hide(at_case, k.id, k.staff_id) FROM access_conflict k
    WHERE k.sought IS NOT NULL AND k.ended_at IS NULL AND k.since <= statement_timestamp()
      AND (k.until IS NULL OR k.until > statement_timestamp()) AND said @@ k.sought;
END
$$;

-- The same for what is sealed and so not searched: whoever writes it hands it over.
CREATE FUNCTION tutela.involve(at_case bigint, said text) RETURNS void LANGUAGE sql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$ SELECT tutela.hide_for_words(at_case, tutela.words(tutela.bare(said))) $$;

-- At the commit, so that whoever wrote the words finishes what they were doing.
CREATE FUNCTION tutela.document_hides() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    PERFORM tutela.hide_for_words(NEW.case_id, NEW.words);
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER conflicts AFTER INSERT OR UPDATE ON search_document DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.kind IN ('case', 'report', 'message', 'party'))
    EXECUTE FUNCTION tutela.document_hides();

CREATE FUNCTION tutela.assignee_hides() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    PERFORM tutela.hide(NEW.id, k.id, k.staff_id) FROM access_conflict k
    WHERE k.colleague_id = NEW.assignee_id AND k.ended_at IS NULL AND k.since <= statement_timestamp()
      AND (k.until IS NULL OR k.until > statement_timestamp());
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER conflicts AFTER INSERT OR UPDATE OF assignee_id ON cases_case DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.assignee_id IS NOT NULL) EXECUTE FUNCTION tutela.assignee_hides();

-- Looks through the cases that are there already. Raises program_limit_exceeded for a name that stands in
-- too many of them to mean one.
CREATE FUNCTION tutela.apply_conflict(number bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    it access_conflict;
    found_in bigint[];
BEGIN
    SELECT * INTO it FROM access_conflict k
    WHERE k.id = number AND k.applied_at IS NULL AND k.ended_at IS NULL AND k.since <= statement_timestamp()
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF it.sought IS NOT NULL THEN
        SELECT array_agg(few.case_id) INTO found_in FROM (
            SELECT DISTINCT d.case_id FROM search_document d
            WHERE d.words @@ it.sought AND d.kind IN ('case', 'report', 'message', 'party') LIMIT 1001) AS few;
        IF cardinality(found_in) > 1000 THEN
            RAISE EXCEPTION 'apply_conflict: the name stands in too many cases'
                USING ERRCODE = 'program_limit_exceeded';
        END IF;
    ELSE
        SELECT array_agg(c.id) INTO found_in FROM cases_case c WHERE c.assignee_id = it.colleague_id;
    END IF;
    PERFORM tutela.hide(at_case, it.id, it.staff_id) FROM unnest(found_in) AS at_case;
    UPDATE access_conflict SET applied_at = statement_timestamp() WHERE id = number;
END
$$;

-- Whether the actor, another person, may declare and end conflicts of somebody.
CREATE FUNCTION tutela.actor_may_declare_for(person bigint) RETURNS boolean LANGUAGE sql STABLE
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
    SELECT person <> tutela.actor() AND (tutela.actor_is_security() OR person = ANY (tutela.actor_people()))
$$;

-- Declares a conflict of the actor, or of somebody for whom they may. NULL where it is not theirs.
CREATE FUNCTION tutela.declare_conflict(
    person bigint, named text, other bigint, said text, from_at timestamptz, to_at timestamptz)
RETURNS bigint LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    made bigint;
    looked_for tsquery;
BEGIN
    IF person <> tutela.actor() AND NOT tutela.actor_may_declare_for(person) THEN
        RETURN NULL;
    END IF;
    IF other IS NULL THEN
        looked_for := tutela.phrase(named) || tutela.phrase(tutela.bare(named));
        IF numnode(looked_for) = 0 OR length(btrim(named)) < 2 THEN
            RAISE EXCEPTION 'declare_conflict: there is no word in the name' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF length(btrim(said)) < 10 THEN
        RAISE EXCEPTION 'declare_conflict: say why' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO access_conflict (staff_id, name, colleague_id, reason, since, until, declared_by_id,
                                 declared_at, end_words, sought)
    VALUES (person, btrim(named), other, btrim(said), from_at, to_at, tutela.actor(),
            statement_timestamp(), '', looked_for)
    RETURNING id INTO made;
    PERFORM tutela.apply_conflict(made);
    RETURN made;
END
$$;

-- An involvement counts no more: its recusal goes on for another conflict of the same person, or ends.
CREATE FUNCTION tutela.let_go(number bigint) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    it access_involvement;
    heir bigint;
BEGIN
    UPDATE access_involvement SET over_at = statement_timestamp() WHERE id = number AND over_at IS NULL
    RETURNING * INTO it;
    IF it.recusal_id IS NULL THEN
        RETURN;
    END IF;
    SELECT i.id INTO heir FROM access_involvement i
    WHERE i.case_id = it.case_id AND i.staff_id = it.staff_id AND i.over_at IS NULL LIMIT 1;
    IF heir IS NULL THEN
        UPDATE cases_recusal SET ended_at = statement_timestamp() WHERE id = it.recusal_id AND ended_at IS NULL;
    ELSE
        UPDATE access_involvement SET recusal_id = it.recusal_id WHERE id = heir;
    END IF;
END
$$;

-- Ends a conflict: by somebody else than the person it concerns, or by a job once its time is over.
CREATE FUNCTION tutela.end_conflict(number bigint, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
BEGIN
    UPDATE access_conflict k SET ended_at = statement_timestamp(), ended_by_id = tutela.actor(),
        end_words = btrim(said)
    WHERE k.id = number AND k.ended_at IS NULL AND k.colleague_id IS DISTINCT FROM tutela.actor()
      AND (CASE WHEN tutela.actor_is_system() THEN k.until <= statement_timestamp()
                ELSE tutela.actor_may_declare_for(k.staff_id) AND length(btrim(said)) >= 10 END);
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    PERFORM tutela.let_go(i.id) FROM access_involvement i WHERE i.conflict_id = number AND i.over_at IS NULL;
    RETURN true;
END
$$;

-- Shows one case again to one person: a manager of its workflow, who sees it, found that it is not about
-- whom the conflict names.
CREATE FUNCTION tutela.lift_conflict(at_case bigint, person bigint, said text) RETURNS boolean LANGUAGE plpgsql
SECURITY DEFINER SET search_path = pg_catalog, public
AS $$
DECLARE
    one bigint;
    any_lifted boolean := false;
BEGIN
    IF person = tutela.actor() OR length(btrim(said)) < 10 OR NOT tutela.actor_sees_by_right(at_case)
       OR NOT EXISTS (SELECT FROM cases_case c WHERE c.id = at_case AND c.workflow = ANY (tutela.actor_manages())) THEN
        RETURN false;
    END IF;
    FOR one IN UPDATE access_involvement i SET lifted_by_id = tutela.actor(), lift_words = btrim(said)
        WHERE i.case_id = at_case AND i.staff_id = person AND i.over_at IS NULL RETURNING i.id
    LOOP
        PERFORM tutela.let_go(one);
        any_lifted := true;
    END LOOP;
    RETURN any_lifted;
END
$$;

ALTER FUNCTION tutela.actor_people OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_found OWNER TO tutela_guard;
ALTER FUNCTION tutela.hide OWNER TO tutela_guard;
ALTER FUNCTION tutela.hide_for_words OWNER TO tutela_guard;
ALTER FUNCTION tutela.involve OWNER TO tutela_guard;
ALTER FUNCTION tutela.document_hides OWNER TO tutela_guard;
ALTER FUNCTION tutela.assignee_hides OWNER TO tutela_guard;
ALTER FUNCTION tutela.apply_conflict OWNER TO tutela_guard;
ALTER FUNCTION tutela.actor_may_declare_for OWNER TO tutela_guard;
ALTER FUNCTION tutela.declare_conflict OWNER TO tutela_guard;
ALTER FUNCTION tutela.let_go OWNER TO tutela_guard;
ALTER FUNCTION tutela.end_conflict OWNER TO tutela_guard;
ALTER FUNCTION tutela.lift_conflict OWNER TO tutela_guard;
REVOKE ALL ON FUNCTION tutela.hide, tutela.hide_for_words, tutela.involve, tutela.document_hides,
    tutela.assignee_hides, tutela.apply_conflict, tutela.actor_may_declare_for, tutela.declare_conflict,
    tutela.let_go, tutela.end_conflict, tutela.lift_conflict FROM PUBLIC;
GRANT EXECUTE ON FUNCTION tutela.involve, tutela.apply_conflict, tutela.actor_may_declare_for,
    tutela.declare_conflict, tutela.end_conflict, tutela.lift_conflict TO tutela_desk;
REVOKE CREATE ON SCHEMA tutela FROM tutela_guard;

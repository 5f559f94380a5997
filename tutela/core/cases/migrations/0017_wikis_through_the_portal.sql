-- The portal's process has the door for wikis, too. Whoever takes it over cannot say that something came by mail
-- or from a program.
CREATE OR REPLACE FUNCTION tutela.portal_is_the_portal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'tutela_portal' AND NEW.channel NOT IN ('portal', 'wiki') THEN
        RAISE EXCEPTION 'The portal cannot store what came over %', NEW.channel USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;

-- What comes through the portal's login came over the portal: whoever takes the portal over cannot say that it
-- came by mail or from a program.
CREATE FUNCTION tutela.portal_is_the_portal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF session_user = 'tutela_portal' AND NEW.channel <> 'portal' THEN
        RAISE EXCEPTION 'The portal cannot store what came over %', NEW.channel USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END
$$;
REVOKE ALL ON FUNCTION tutela.portal_is_the_portal FROM PUBLIC;
CREATE TRIGGER portal_is_the_portal BEFORE INSERT ON cases_report
    FOR EACH ROW EXECUTE FUNCTION tutela.portal_is_the_portal();

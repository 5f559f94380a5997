-- Second factors: the desk's login only. Secrets in them are sealed before they come here.
GRANT SELECT, INSERT, UPDATE, DELETE ON mfa_authenticator TO tutela_desk;
-- The library looks for addresses of people here; we keep none.
GRANT SELECT ON account_emailaddress TO tutela_desk;

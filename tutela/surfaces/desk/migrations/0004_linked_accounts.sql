-- Who signs in with which account of elsewhere. Tokens of providers are not kept; the library clears them all the same.
GRANT SELECT, INSERT, UPDATE, DELETE ON socialaccount_socialaccount TO tutela_desk;
GRANT SELECT, DELETE ON socialaccount_socialtoken TO tutela_desk;
-- Providers are named by the environment; the library looks here too.
GRANT SELECT ON socialaccount_socialapp TO tutela_desk;

-- Names of servers, tokens and keys, and days. Written by a chore.
GRANT SELECT, INSERT, UPDATE, DELETE ON health_ending TO tutela_desk;

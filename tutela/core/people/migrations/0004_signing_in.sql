-- The desk keeps who is signed in where, from which networks people come, and small values for a short time.
GRANT SELECT, INSERT, UPDATE, DELETE ON people_staffsession, people_knownplace, people_kept TO tutela_desk;

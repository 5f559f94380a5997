-- The desk keeps its own views and runs; both hold numbers of cases and no words of theirs.
GRANT SELECT, INSERT, UPDATE, DELETE ON desk_savedview TO tutela_desk;
GRANT SELECT, INSERT, UPDATE ON desk_bulkrun TO tutela_desk;

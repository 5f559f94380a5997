-- Who is on duty, and no word of any case. The desk keeps it all; what is decided on an offer stays.
GRANT SELECT, INSERT, UPDATE, DELETE ON oncall_rota, oncall_cover, oncall_turn, oncall_level, oncall_absence,
    oncall_feed TO tutela_desk;
GRANT SELECT, INSERT, UPDATE ON oncall_offer TO tutela_desk;

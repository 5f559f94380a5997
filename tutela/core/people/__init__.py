"""Staff, teams, grants of roles, recusals, the on-call rota, and who is acting."""

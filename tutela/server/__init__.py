"""The processes of one machine: a private PostgreSQL and the group that `tutela run` keeps alive."""

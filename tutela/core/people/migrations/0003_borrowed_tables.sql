-- The desk's rights on the tables that come with the libraries.

GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO tutela_desk;
GRANT SELECT ON django_content_type, django_migrations, auth_permission, auth_group TO tutela_desk;

-- Chores: the library keeps its queue in tables, types and functions of its own.
GRANT SELECT, INSERT, UPDATE, DELETE ON procrastinate_jobs, procrastinate_events, procrastinate_periodic_defers,
    procrastinate_workers TO tutela_desk;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO tutela_desk;

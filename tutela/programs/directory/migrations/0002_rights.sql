-- The directory hangs on no case. The desk keeps it; the portal reads what it shows to everybody:
-- helplines, emergency numbers and venues, never the agencies.

GRANT SELECT, INSERT, UPDATE ON directory_agency, directory_helpline, directory_emergencynumber, directory_venue
    TO tutela_desk;
GRANT SELECT ON directory_helpline, directory_emergencynumber, directory_venue TO tutela_portal;

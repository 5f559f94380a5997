ALTER TABLE outbox_effect ALTER COLUMN payload TYPE bytea USING convert_to(payload::text, 'UTF8');
ALTER TABLE outbox_effect ALTER COLUMN error TYPE bytea USING convert_to(error, 'UTF8');

-- The address stands in what was sent, which is sealed.
ALTER TABLE outbox_effect NO FORCE ROW LEVEL SECURITY;
UPDATE outbox_effect SET receipt = receipt #- '{detail,to}' WHERE receipt #> '{detail,to}' IS NOT NULL;
SET CONSTRAINTS ALL IMMEDIATE;
ALTER TABLE outbox_effect FORCE ROW LEVEL SECURITY;

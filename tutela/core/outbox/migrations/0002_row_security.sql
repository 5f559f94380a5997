-- Effects are visible to whoever sees their case.

ALTER TABLE outbox_effect ENABLE ROW LEVEL SECURITY;
ALTER TABLE outbox_effect FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON outbox_effect TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));

GRANT SELECT, INSERT ON outbox_effect TO tutela_desk;
GRANT UPDATE (state, due_at, attempts, claimed_until, confirmed_at, receipt, error, what_to_do)
    ON outbox_effect TO tutela_desk;

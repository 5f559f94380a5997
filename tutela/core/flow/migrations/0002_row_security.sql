-- Requests, opinions and clocks are visible to whoever sees their case.

ALTER TABLE flow_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE flow_request FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON flow_request TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));

ALTER TABLE flow_opinion ENABLE ROW LEVEL SECURITY;
ALTER TABLE flow_opinion FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON flow_opinion TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));

ALTER TABLE flow_clockrow ENABLE ROW LEVEL SECURITY;
ALTER TABLE flow_clockrow FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON flow_clockrow TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));

GRANT SELECT, INSERT, UPDATE ON flow_request, flow_clockrow TO tutela_desk;
GRANT SELECT, INSERT ON flow_opinion TO tutela_desk;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON flow_opinion
    FOR EACH ROW EXECUTE FUNCTION tutela.refuse_change();

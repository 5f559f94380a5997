-- A page is seen where its case is, and goes with it. Jobs raise pages and go on to the next level; who answers is
-- written with the page.
ALTER TABLE paging_page ENABLE ROW LEVEL SECURITY;
ALTER TABLE paging_page FORCE ROW LEVEL SECURITY;
CREATE POLICY desk ON paging_page TO tutela_desk USING (EXISTS (SELECT FROM cases_case c WHERE c.id = case_id));
GRANT SELECT, INSERT ON paging_page TO tutela_desk;
GRANT UPDATE (asked, rounds, next_at, last_asked, last_asked_at, answered_at, answered_by_id) ON paging_page
    TO tutela_desk;
SELECT tutela.goes_with_its_case('paging_page');

-- What was released on a case shows to whom the case is open by break-glass, to look only.
CREATE POLICY glass ON registers_releaseentry FOR SELECT TO tutela_desk USING (
    case_id = ANY ((SELECT tutela.actor_glasses())::bigint[])
    AND case_id <> ALL ((SELECT tutela.actor_recusals())::bigint[])
);

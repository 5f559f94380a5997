"""Which requests wait for one person: said once, for the count in the rail and for the list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tutela.core.flow import registry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tutela.core.kept import Written

#: How many open requests are looked at, the oldest first.
LOOK_AT = 500

# As approvals.why_not() and the order of the seats say it, for many requests at once. The tables are
# secured: what the person does not see is not in them.
_WAITING = """
SELECT r.id
FROM (SELECT * FROM flow_request WHERE state = 'open' AND proposer_id <> %(me)s
      ORDER BY opened_at LIMIT %(most)s) AS r
JOIN cases_case AS c ON c.id = r.case_id
WHERE NOT EXISTS (
        SELECT FROM flow_opinion AS o
        WHERE o.request_id = r.id AND o.round = r.round AND o.staff_id = %(me)s AND o.verdict <> 'ask')
  AND NOT EXISTS (
        SELECT FROM cases_event AS e
        WHERE e.case_id = r.case_id AND e.step = 'amend' AND e.actor_id = %(me)s
          AND (e.data ->> 'request')::bigint = r.id)
  AND (r.kind <> 'approval' OR NOT EXISTS (
        SELECT FROM cases_event AS e
        WHERE e.case_id = r.case_id AND e.kind = 'step' AND e.actor_id = %(me)s
          AND c.workflow || ' ' || e.step = ANY (%(investigating)s::text[])))
  AND EXISTS (
        SELECT FROM jsonb_array_elements(r.chain) AS seat
        WHERE EXISTS (
                SELECT FROM people_grant AS g
                WHERE g.staff_id = %(me)s AND g.workflow = c.workflow AND seat -> 'roles' ? g.role
                  AND g.since <= statement_timestamp()
                  AND (g.until IS NULL OR g.until > statement_timestamp()))
          AND NOT EXISTS (
                SELECT FROM flow_opinion AS o
                WHERE o.request_id = r.id AND o.round = r.round AND o.reviewer = seat ->> 'name'
                  AND o.verdict <> 'ask')
          AND NOT EXISTS (
                SELECT FROM jsonb_array_elements(r.chain) AS earlier
                WHERE (earlier ->> 'required')::boolean
                  AND (earlier ->> 'order')::integer < (seat ->> 'order')::integer
                  AND NOT EXISTS (
                        SELECT FROM flow_opinion AS o
                        WHERE o.request_id = r.id AND o.round = r.round
                          AND o.reviewer = earlier ->> 'name' AND o.verdict = 'agree')))
ORDER BY r.opened_at
"""


def waiting_for(staff_id: int, steps: Sequence[str]) -> Written:
    """The statement that lists the ids of the requests on which it is a person's turn.

    `steps` are those of `investigating()`: whoever took one of them on a case decides nothing there.
    """
    return _place(_WAITING, {"me": staff_id, "most": LOOK_AT, "investigating": list(steps)})


def investigating() -> list[str]:
    """The steps that investigate, each after its workflow."""
    return [
        f"{workflow.slug} {step.name}"
        for workflow in registry.workflows()
        for step in workflow.all_steps
        if step.investigates
    ]


def _place(named: str, values: dict[str, object]) -> Written:
    """Named places as numbered ones, so that the statement can stand beside others."""
    order: list[object] = []
    parts = named.split("%(")
    text = parts[0]
    for part in parts[1:]:
        name, rest = part.split(")s", 1)
        order.append(values[name])
        text += f"%s{rest}"
    return text, order

"""How many effects the courier delivers per second, beside a bare claim and delete of rows."""

from __future__ import annotations

import time

import psycopg

from bench import place
from bench.table import Figures
from tutela.connectors.ports import OnDoubt, Verb

EFFECTS = 2_000
ROUNDS = 3


def main() -> None:
    """Deliver to a connector that does nothing but say yes."""
    figures = Figures("effects", f"Courier: {EFFECTS:,} effects")
    with place.platform() as server:
        place.django()
        from bench.people import make_people

        make_people()
        figures.add("bare claim and delete", "rows/s", [_bare(server.admin_url()) for _each in range(ROUNDS)])
        rates = [_deliver() for _each in range(ROUNDS)]
        figures.add("courier", "effects/s", rates, ratio_to="bare claim and delete")
    figures.finish()


def _bare(admin_url: str) -> float:
    claim = "DELETE FROM bench_queue WHERE id = (SELECT id FROM bench_queue ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bench_queue")
        connection.execute(f"CREATE TABLE bench_queue AS SELECT id FROM generate_series(1, {EFFECTS}) AS id")
        connection.execute("ALTER TABLE bench_queue ADD PRIMARY KEY (id)")
        start = time.perf_counter()
        for _each in range(EFFECTS):
            connection.execute(claim)
        return EFFECTS / (time.perf_counter() - start)


def _deliver() -> float:
    from tests.cast import report_emergency
    from tutela.core.cases.models import Case
    from tutela.core.flow.context import Wish
    from tutela.core.flow.perform import queue_effects
    from tutela.core.outbox import courier
    from tutela.core.people.actor import acting_as, system_actor
    from tutela.core.people.roles import SystemActor

    reference = report_emergency()
    while courier.deliver_due({"mail": Yes(), "nothing": Yes()}):
        pass
    with acting_as(system_actor(SystemActor.INTAKE)):
        case = Case.objects.get(reference=reference)
        event = case.events.latest("id")
        queue_effects(case, event, [Wish("nothing", "send", {}, "", str(n)) for n in range(EFFECTS)])
    start = time.perf_counter()
    done = 0
    while delivered := courier.deliver_due({"mail": Yes(), "nothing": Yes()}):
        done += delivered
    return done / (time.perf_counter() - start)


class Yes:
    """A connector that agrees to everything."""

    verbs = {"send": Verb("send", OnDoubt.REPEAT)}

    def deliver(self, _verb, _payload, key):
        """Say that it was done."""
        from django.utils import timezone

        from tutela.connectors.ports import Receipt

        return Receipt(reference=key, at=timezone.now(), detail={})

    def already_done(self, _verb, _payload, _key):
        """Say that nothing was done before."""

    def describe(self, verb, _payload):
        """Name the verb."""
        return verb

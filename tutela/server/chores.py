"""Chores on a schedule: clearing away what nobody needs any more. Nothing here may be lost work.

The schedule and its queue are procrastinate's. Arguments of jobs are ids only, because they show in its
tables. A chore that a killed worker left behind is started again by another chore.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic
from typing import Any, Final

from asgiref.sync import sync_to_async
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Q
from django.utils import timezone
from procrastinate import JobContext, jobs, manager
from procrastinate.contrib.django import app
from procrastinate.contrib.django.utils import connector_params
from procrastinate.psycopg_connector import PsycopgConnector

from tutela.core.access import conflicts, glass, reviews
from tutela.core.audit.seal import seal_and_anchor
from tutela.core.cases.models import PRESENCE_ENDS_AFTER, Presence
from tutela.core.errors import NotConfigured, TutelaError
from tutela.core.files import keeping, scanning
from tutela.core.health import beats
from tutela.core.people import shared
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.models import KnownPlace, SignInLink, StaffSession
from tutela.core.people.roles import SystemActor
from tutela.core.records import disposal
from tutela.core.records.schedule import kept_since
from tutela.core.vault import older, rotation
from tutela.server import endings

log = logging.getLogger(__name__)

CONCURRENCY: Final = 2
#: Seconds without a look at the queue after which the scheduler is started anew, and between two tries.
SILENT_AFTER, PAUSE, LATE_AFTER = 45.0, 2.0, 120
SESSIONS_KEPT: Final = timedelta(days=1)
#: Cases that a pass disposes of, so that a stop need not wait for long.
AT_A_TIME: Final = 50


# The chores. Each may run twice, or late, without harm.


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="forget_presences", name="forget_presences")
def forget_presences(timestamp: int) -> None:  # noqa: ARG001
    """Who had a case open and has gone."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        Presence.objects.filter(seen_at__lt=timezone.now() - PRESENCE_ENDS_AFTER).delete()


@app.periodic(cron="17 * * * *")
@app.task(queueing_lock="forget_sign_ins", name="forget_sign_ins")
def forget_sign_ins(timestamp: int) -> None:  # noqa: ARG001
    """Sessions that are over, and sign-in links that were used or are over."""
    now = timezone.now()
    Session.objects.filter(expire_date__lt=now).delete()
    StaffSession.objects.filter(seen_at__lt=now - SESSIONS_KEPT).delete()
    old = kept_since("sign_in", now)
    SignInLink.objects.filter(Q(expires_at__lt=old) | Q(used_at__lt=old)).delete()
    KnownPlace.objects.filter(seen_at__lt=kept_since("network", now)).delete()


@app.periodic(cron="27 * * * *")
@app.task(queueing_lock="forget_tries", name="forget_tries")
def forget_tries(timestamp: int) -> None:  # noqa: ARG001
    """Counters of tries that nobody repeats, codes that were used, and loops that are no more."""
    shared.forget_old()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tutela.forget_tries()")
    beats.forget_old()


@app.periodic(cron="37 * * * *")
@app.task(queueing_lock="finish_renewals", name="finish_renewals")
def finish_renewals(timestamp: int) -> None:  # noqa: ARG001
    """Keys that were renewed: what older ones wrapped, and the older ones that nothing needs."""
    rotation.finish()


@app.periodic(cron="47 * * * *")
@app.task(queueing_lock="seal_older", name="seal_older")
def seal_older(timestamp: int) -> None:  # noqa: ARG001
    """What was written in plain before its column was sealed, and addresses that have no hash yet."""
    older.seal_older()
    older.index_older()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="scan_files", name="scan_files")
def scan_files(timestamp: int) -> None:  # noqa: ARG001
    """Files in which nobody looked for viruses yet."""
    try:
        while scanning.scan_waiting():
            pass
    except NotConfigured as error:
        log.error("Files cannot be scanned: %s", error)  # noqa: TRY400  a sentence for a person


@app.periodic(cron="57 * * * *")
@app.task(queueing_lock="sweep_files", name="sweep_files")
def sweep_files(timestamp: int) -> None:  # noqa: ARG001
    """Files that are nobody's: uploads that were left, and objects whose row never came or is gone."""
    keeping.sweep()


@app.periodic(cron="7 */6 * * *")
@app.task(queueing_lock="look_for_endings", name="look_for_endings")
def look_for_endings(timestamp: int) -> None:  # noqa: ARG001
    """Certificates, API tokens and keys that end, or that are to be renewed."""
    endings.look()


@app.periodic(cron="*/5 * * * *")
@app.task(queueing_lock="tend_glasses", name="tend_glasses")
def tend_glasses(timestamp: int) -> None:  # noqa: ARG001
    """Openings by break-glass whose review is due soon, or late."""
    glass.tend()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="tend_conflicts", name="tend_conflicts")
def tend_conflicts(timestamp: int) -> None:  # noqa: ARG001
    """Declared conflicts whose day has come, and cases that hid themselves for one."""
    conflicts.tend()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="carry_out_disposals", name="carry_out_disposals")
def carry_out_disposals(timestamp: int) -> None:  # noqa: ARG001
    """Cases that two people agreed to dispose of."""
    disposal.carry_out(AT_A_TIME)


@app.periodic(cron="7 * * * *")
@app.task(queueing_lock="tend_reviews", name="tend_reviews")
def tend_reviews(timestamp: int) -> None:  # noqa: ARG001
    """The reviews of roles of this quarter."""
    reviews.tend()


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="seal_audit", name="seal_audit")
def seal_audit(timestamp: int) -> None:  # noqa: ARG001
    """Entries of the audit log that no signed head covers yet, and heads that an anchor does not hold."""
    try:
        seal_and_anchor()
    except TutelaError as error:
        log.error("The audit log cannot be sealed: %s", error)  # noqa: TRY400  a sentence for a person


# A lock would make this one wait for the very job that it is to free; the queueing lock is enough.
@app.periodic(cron="* * * * *")
@app.task(queueing_lock="retry_stalled", name="retry_stalled", pass_context=True)
async def retry_stalled(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Chores that a killed worker had in hand."""
    for job in await context.app.job_manager.get_stalled_jobs():
        await context.app.job_manager.retry_job(job)


@app.periodic(cron="37 3 * * *")
@app.task(queueing_lock="forget_jobs", name="forget_jobs", pass_context=True)
async def forget_jobs(context: JobContext, timestamp: int) -> None:  # noqa: ARG001
    """Chores that are done or failed long ago."""
    now = timezone.now()
    hours = int((now - kept_since("job", now)).total_seconds() // 3600)
    await context.app.job_manager.delete_old_jobs(nb_hours=hours, include_failed=True)


class Chores(threading.Thread):
    """Runs the scheduler in an event loop of its own, and starts it anew when it ends or falls silent.

    Left to itself it may stay after a restart of the database, alive and doing nothing. What counts as
    a sign of life is therefore that it asks the queue for work.
    """

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(name=beats.CHORES, daemon=True)
        self._stop_event = stop
        self._in_trouble = False

    def run(self) -> None:
        """Work until somebody sets the stop event."""
        while not self._stop_event.is_set():
            try:
                asyncio.run(self._run())
            except Exception as error:  # noqa: BLE001  this loop never ends by itself
                self._tell(type(error).__name__)
            self._stop_event.wait(PAUSE)

    async def _run(self) -> None:
        # Periodic jobs are put into the queue over Django's connection in asgiref's one thread. Once
        # that is broken, nobody else closes it, and each start of the scheduler would end at once.
        hang_up = sync_to_async(_hang_up)
        await hang_up()
        connector = PsycopgConnector(kwargs=connector_params(), min_size=1, max_size=3, timeout=10)
        ours = app.with_connector(connector)
        ours.job_manager = watched = Watched(connector)
        async with ours.open_async():
            worker = asyncio.create_task(
                ours.run_worker_async(
                    concurrency=CONCURRENCY,
                    install_signal_handlers=False,
                    delete_jobs="successful",
                    worker_middleware=[watched.count],
                    task_middleware=[_hang_up_after],
                    shutdown_graceful_timeout=5,
                )
            )
            try:
                await self._watch(worker, watched, connector)
            finally:
                worker.cancel()
                await asyncio.wait([worker], timeout=8)
                await hang_up()

    async def _watch(self, worker: asyncio.Task[None], watched: Watched, connector: PsycopgConnector) -> None:
        beat_due = 0.0
        while not self._stop_event.is_set() and not worker.done() and not watched.is_silent():
            if monotonic() >= beat_due and watched.has_looked:
                beat = {"name": beats.CHORES, "late_after": LATE_AFTER, "detail": beats.where()}
                await connector.execute_query_async(beats.WRITE, **beat)
                beat_due = monotonic() + 10
                self._well()
            await asyncio.sleep(0.5)
        if not self._stop_event.is_set():
            self._tell("it ended" if worker.done() else "it fell silent")

    def _tell(self, what: str) -> None:
        if not self._in_trouble:
            log.warning("%s: %s. Starting it anew until it works.", self.name, what)
        self._in_trouble = True

    def _well(self) -> None:
        if self._in_trouble:
            log.warning("%s: works again.", self.name)
        self._in_trouble = False


def _hang_up() -> None:
    connection.close()  # looked up here, because each thread has its own


def _hang_up_after(go_on: Callable[[], Any], _context: JobContext, _worker: object) -> Any:
    """Close the connection that a chore opened: it ran in a thread that may never run another one."""
    try:
        return go_on()
    finally:
        _hang_up()


class Watched(manager.JobManager):
    """Notes when the queue was last asked for work, and how many jobs run now."""

    def __init__(self, connector: PsycopgConnector) -> None:
        super().__init__(connector)
        self.has_looked = False
        self._looked_at = monotonic()
        self._running = 0

    async def fetch_job(self, *args: Any, **kwargs: Any) -> jobs.Job | None:
        """As the original."""
        job = await super().fetch_job(*args, **kwargs)
        self.has_looked, self._looked_at = True, monotonic()
        return job

    async def count(self, go_on: Callable[[], Awaitable[Any]], _context: JobContext, _worker: object) -> Any:
        """A middleware around each job."""
        self._running += 1
        try:
            return await go_on()
        finally:
            self._running -= 1

    def is_silent(self) -> bool:
        """Whether it should have asked for work and has not."""
        return self._running < CONCURRENCY and monotonic() - self._looked_at > SILENT_AFTER

"""Scanning files for viruses, as a chore. What cannot be scanned now is tried again.

A file passes to the scanner in chunks, as it does to a reader. Without a scanner, files wait and say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from tutela.core.cases.models import Report, ReportFile
from tutela.core.errors import ConnectorError, Rejected
from tutela.core.people.actor import acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault.fields import is_erased
from tutela.core.vault.seals import Destroyed, VaultError

from .keeping import read
from .models import Scan
from .scanner import Scanner, scanner

AT_A_TIME = 20
LONGEST_WAIT = timedelta(hours=1)


def put_in_queue(report: Report) -> None:
    """Let the files of a report be scanned, once its case is open."""
    numbers = report.files.values_list("pk", flat=True)
    Scan.objects.bulk_create([Scan(report_file_id=number) for number in numbers], ignore_conflicts=True)


def scan_waiting(limit: int = AT_A_TIME) -> int:
    """Scan what waits. Returns how many files got a verdict; a file at fault never stalls the others."""
    using = scanner()
    if using is None:
        return 0
    waiting = Scan.objects.filter(state=Scan.State.WAITING, next_at__lte=timezone.now())
    with acting_as(system_actor(SystemActor.KEYS)):
        numbers = list(waiting.order_by("next_at", "id").values_list("pk", flat=True)[:limit])
    return sum(_scan(using, number) for number in numbers)


def _scan(using: Scanner, number: int) -> bool:
    """One file: opened in one transaction, scanned in none, its verdict written in another."""
    try:
        with acting_as(system_actor(SystemActor.KEYS)):
            pieces = _pieces(Scan.objects.select_related("file", "report_file__report").get(pk=number))
        found = using.scan(pieces)
    except Scan.DoesNotExist:
        return False  # swept meanwhile
    except (Rejected, Destroyed) as error:
        _write(number, Scan.State.REFUSED, why=str(error))
    except (ConnectorError, VaultError) as error:
        _put_off(number, str(error))
        return False
    else:
        _write(number, Scan.State.FOUND if found else Scan.State.CLEAN, found=found)
    return True


def _pieces(scan: Scan) -> Iterator[bytes]:
    if scan.file is not None:
        return read(scan.file).chunks
    row = scan.report_file
    assert isinstance(row, ReportFile)
    if is_erased(row.data):
        raise Destroyed
    return iter([bytes(row.data)])


def _write(number: int, state: Scan.State, *, found: str = "", why: str = "") -> None:
    now = timezone.now()
    with acting_as(system_actor(SystemActor.KEYS)):
        Scan.objects.filter(pk=number, state=Scan.State.WAITING).update(
            state=state, found=found[:200], why=why[:300], scanned_at=now, next_at=now
        )


def _put_off(number: int, why: str) -> None:
    with acting_as(system_actor(SystemActor.KEYS)):
        row = Scan.objects.filter(pk=number).first()
        if row is not None:
            row.attempts += 1
            row.why = why[:300]
            wait = min(timedelta(seconds=30 * 2 ** min(row.attempts, 7)), LONGEST_WAIT)
            row.next_at = timezone.now() + wait
            row.save(update_fields=["attempts", "why", "next_at"])

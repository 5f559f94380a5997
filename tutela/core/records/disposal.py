"""Carries out what was agreed to: one case after the other, each whole in a transaction of its own.

A worker that is killed loses nothing and does nothing twice: what was committed is done, what was not is
waiting still. What stands in the way of a case by now (a hold, a reopening) keeps it, and the run says so.
"""

from __future__ import annotations

import hashlib
import json
import logging
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import Error, OperationalError, connection
from django.forms.models import model_to_dict
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.access.functions import ask
from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.cases.numbers import is_number, next_number
from tutela.core.crashpoint import crashpoint
from tutela.core.errors import NotFound
from tutela.core.files.keeping import destroy as destroy_files
from tutela.core.flow.perform import lock_in_order
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.roles import SystemActor
from tutela.core.vault import keyring

from .due import InTheWay, lines_of, rule_of
from .models import Certificate, Item, Run, Tombstone

log = logging.getLogger(__name__)

PREFIX, COUNTER = "DC", "disposal certificates"


def carry_out(limit: int = 100) -> int:
    """Dispose of cases of approved runs, the oldest run first. Returns how many items came to an end."""
    actor = system_actor(SystemActor.RECORDS)
    with acting_as(actor):
        waiting = Item.objects.filter(state=Item.State.WAITING, run__state=Run.State.APPROVED)
        numbers = list(waiting.order_by("run_id", "id").values_list("pk", flat=True)[:limit])
    return sum(_end(number, actor) for number in numbers)


def _end(number: int, actor: Actor) -> int:
    try:
        with acting_as(actor):
            done = _one(number, actor)
            crashpoint("records.before_commit")
    except OperationalError:  # the database is away, or another transaction was in the way: another time
        raise
    except Error as error:
        log.error("A case could not be disposed of: %s", type(error).__name__)  # noqa: TRY400  no words of rows
        with acting_as(actor):
            ask("keep_item", number, InTheWay.FAULT.value)
        done = True
    crashpoint("records.after_commit")
    return int(done)


def _one(number: int, actor: Actor) -> bool:
    """Dispose of one case, or note why it stays. False where somebody else ended it meanwhile."""
    item = Item.objects.select_related("run").get(pk=number)
    family = _family(item.case_id)
    lock_in_order(family)
    if Item.objects.get(pk=number).state != Item.State.WAITING:
        return False
    if why := _in_the_way(item) if family else InTheWay.GONE:
        ask("keep_item", number, why)
        record(Act.CASE_KEPT, actor, item.case_id, run=item.run.number, why=why)
        return True
    named = next_number(PREFIX, COUNTER)
    for case in family:
        destroy_files(case)
        keyring.erase(case, actor, named)
    rule = rule_of(item.run.workflow)
    ask("dispose", number, named, rule.in_a_line() if rule else "", len(family))
    certificate = Certificate.objects.get(number=named)
    for case, reference in Tombstone.objects.filter(certificate=certificate).values_list(
        "case_id", "reference"
    ):
        said = {"certificate": named, "run": item.run.number, "reference": reference}
        record(Act.CASE_DISPOSED, actor, case, **said, digest=digest_of(certificate))
    return True


def _family(case_id: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tutela.case_family(%s)", [case_id])
        return [number for (number,) in cursor.fetchall()]


def _in_the_way(item: Item) -> str:
    """Why it stays, asked once more under the lock."""
    line = lines_of([item.reference]).get(item.reference)
    if line is None:
        return InTheWay.OPEN
    return line.kept_by or ("" if line.due_at <= timezone.now() else InTheWay.EARLY)


# Certificates


def find_certificate(number: str) -> Certificate:
    """A certificate that the actor may read. Raises NotFound."""
    rows = Certificate.objects.select_related("run", "proposed_by", "approved_by")
    found = rows.filter(number=number).first() if is_number(number) else None
    if found is None:
        raise NotFound(_("There is no such certificate, or it is not yours to see."))
    return found


def digest_of(certificate: Certificate) -> str:
    """A hash over all that a certificate says. It stands in the audit log as well."""
    said = model_to_dict(certificate) | {"id": certificate.pk}
    text = json.dumps(said, sort_keys=True, cls=DjangoJSONEncoder, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def is_as_logged(certificate: Certificate) -> bool:
    """Whether the audit log holds the same digest for each case of the certificate."""
    cases = list(certificate.tombstones.values_list("case_id", flat=True))
    logged: dict[Any, Any] = {
        entry.case_id: entry.detail.get("digest")
        for entry in Entry.objects.filter(act=Act.CASE_DISPOSED, case_id__in=cases)
    }
    return bool(cases) and all(logged.get(case) == digest_of(certificate) for case in cases)

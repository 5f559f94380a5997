"""Once a quarter somebody looks at who holds which role, and keeps or removes each with a reason.

The worker opens one review for each workflow, and one for the platform. Managers of the workflow decide, and
security officers; nobody decides about themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from tutela.core.audit.models import Act
from tutela.core.audit.record import record
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow import calendar, registry
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.keep import end_grant
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor

from .models import LEAST_WORDS, Review, ReviewLine


@dataclass(frozen=True)
class Held:
    """One line of a review: the role, when it was last used as far as is recorded, and whether it waits."""

    line: ReviewLine
    last_used: datetime | None
    waits: bool
    own: bool


def quarter_of(at: datetime) -> str:
    """The quarter of a moment at the office, for instance 2026-Q4."""
    local = at.astimezone(ZoneInfo(settings.OFFICE_TIME_ZONE))
    return f"{local.year}-Q{(local.month + 2) // 3}"


def tend(now: datetime | None = None) -> int:
    """Open the reviews of this quarter, and close those in which nothing waits. How many were opened."""
    now = now or timezone.now()
    actor = system_actor(SystemActor.CLOCK)
    places = [*(one.slug for one in registry.workflows()), PLATFORM]
    opened = sum(_open(place, now, actor) for place in places)
    with acting_as(actor):
        for one in Review.objects.filter(closed_at=None):
            _close_if_done(one, now)
    return opened


def _open(workflow: str, now: datetime, actor: Actor) -> bool:
    quarter = quarter_of(now)
    with acting_as(actor):
        held = Grant.objects.active(now).filter(
            workflow=workflow, staff__kind=Staff.Kind.PERSON, staff__is_active=True
        )
        if Review.objects.filter(workflow=workflow, quarter=quarter).exists() or not held.exists():
            return False
        due = calendar.after(now, calendar.parse_span(settings.ACCESS_REVIEW))
        review = Review.objects.create(workflow=workflow, quarter=quarter, opened_at=now, due_at=due)
        ReviewLine.objects.bulk_create(ReviewLine(review=review, grant=one) for one in held)
        record(Act.REVIEW_OPENED, actor, review=review.pk, workflow=workflow)
    return True


def decide(actor: Actor, number: int, line_id: int, words: str, *, keep: bool) -> ReviewLine:
    """Keep a role or end it, with a reason. Raises NotFound, NotAllowed (one's own), StepClosed, BadData."""
    words = words.strip()
    if len(words) < LEAST_WORDS:
        said = _("Say why in at least %(n)s characters.") % {"n": LEAST_WORDS}
        raise BadData(_("Some answers cannot be used."), {"words": [said]})
    with acting_as(actor):
        line = _find_line(number, line_id)
        if line.grant.staff_id == actor.id:
            raise NotAllowed(_("Somebody else decides about your own role."))
        # Who waited here for another one finds it decided: the policy shows no decided line for a change.
        waiting = ReviewLine.objects.select_for_update(of=("self",)).filter(pk=line_id, kept=None).first()
        if waiting is None or not _waiting(line):
            raise StepClosed(_("This was decided already."))
        now = timezone.now()
        waiting.kept, waiting.words = keep, words
        waiting.decided_by_id, waiting.decided_at = actor.id, now
        waiting.save(update_fields=["kept", "words", "decided_by", "decided_at"])
        record(
            Act.ROLE_REVIEWED, actor, review=number, grant=line.grant_id, staff=line.grant.staff_id, kept=keep
        )
        if not keep:
            end_grant(actor, line.grant.staff, line.grant.workflow, Role(line.grant.role))
        _close_if_done(line.review, now)
    return waiting


def _find_line(number: int, line_id: int) -> ReviewLine:
    rows = ReviewLine.objects.select_related("review", "grant__staff", "decided_by")
    found = rows.filter(pk=line_id, review=number).first()
    if found is None:
        raise NotFound(_("There is no such review, or it is not yours to see."))
    return found


def _waiting(line: ReviewLine, now: datetime | None = None) -> bool:
    until = line.grant.until
    return line.kept is None and (until is None or until > (now or timezone.now()))


def _close_if_done(review: Review, now: datetime) -> None:
    lines = review.lines.select_related("grant")
    if review.closed_at is None and not any(_waiting(line, now) for line in lines):
        review.closed_at = now
        review.save(update_fields=["closed_at"])


def every() -> QuerySet[Review]:
    """All reviews that the actor may read, the newest first."""
    return Review.objects.order_by("-opened_at", "-id")


def find(number: int) -> Review:
    """A review that the actor may read. Raises NotFound."""
    found = every().filter(pk=number).first()
    if found is None:
        raise NotFound(_("There is no such review, or it is not yours to see."))
    return found


def held_in(review: Review, actor: Actor) -> list[Held]:
    """Who holds what, by name; what waits comes first. Two queries, however many there are."""
    rows = review.lines.select_related("grant__staff", "grant__granted_by", "decided_by")
    lines = list(rows.order_by("grant__staff__working_name", "grant__role", "id"))
    used = _last_used({line.grant.staff_id for line in lines}, review.workflow)
    found = [
        Held(line, used[line.grant.staff_id], _waiting(line), line.grant.staff_id == actor.id)
        for line in lines
    ]
    return sorted(found, key=lambda one: not one.waits)


def _last_used(people: set[int], workflow: str) -> dict[int, datetime | None]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT person, tutela.last_used(person, %s) FROM unnest(%s::bigint[]) AS person",
            [workflow, list(people)],
        )
        return dict(cursor.fetchall())


def waiting_for(actor: Actor) -> list[Review]:
    """The open reviews in which something waits that the actor decides, the soonest due first."""
    open_lines = ReviewLine.objects.filter(kept=None, review__closed_at=None).exclude(grant__staff=actor.id)
    return list(Review.objects.filter(pk__in=open_lines.values("review")).order_by("due_at", "id"))


def label_of(review: Review) -> str:
    """What a review is about, for people."""
    return (
        _("The platform") if review.workflow == PLATFORM else str(registry.workflow(review.workflow).plural)
    )

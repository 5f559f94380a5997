"""Shares a redacted slice of a case: asked for by one person, agreed to by another, read by partners.

Row security shows a slice to its partners by the clock of the database. What is here asks the functions of
the database that are the only doors, and sees to the audit entry, the timeline and the notices in the same
transaction.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from tutela.core.access.functions import ask
from tutela.core.audit.models import Act, Entry
from tutela.core.audit.record import record
from tutela.core.cases.models import Case
from tutela.core.errors import BadData, NotAllowed, NotFound, StepClosed
from tutela.core.flow import registry
from tutela.core.flow.beside import tell_beside
from tutela.core.flow.context import Wish
from tutela.core.flow.fresh import proved
from tutela.core.flow.notices import mail_to, may_see, wall_time
from tutela.core.people.actor import Actor, acting_as, system_actor
from tutela.core.people.models import Grant, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor
from tutela.core.vault.keyring import remember_case_keys

from .models import LEAST_WORDS, Slice, State
from .redact import black_out, is_word
from .sources import LONGEST, Names, names_in

#: Who agrees to a slice. The database has the same list (`0002_secured.sql`).
GIVERS: Final = (Role.MANAGER, Role.COUNSEL)
#: The steps of the events that are written here.
ASKED, GIVEN, ENDED, REFUSED, WITHDRAWN = (
    "slice_asked", "slice_given", "slice_ended", "slice_refused", "slice_withdrawn",
)  # fmt: skip
MOST_READERS, MOST_PARTS, MOST_WORDS, LONGEST_WORD = 20, 100, 500, 300


@dataclass(frozen=True)
class Part:
    """A text of a slice, and what stands above it."""

    title: str
    text: str


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to share: with whom (usernames), for how many days, without which words."""

    purpose: str
    readers: Sequence[str]
    days: int
    parts: Sequence[Part]
    words: Sequence[str] = ()
    names: Sequence[Names] = ()


@dataclass(frozen=True)
class Shown:
    """What a partner reads, and nothing more."""

    number: int
    purpose: str
    given_at: datetime
    until: datetime
    parts: list[Part] = field(default_factory=list)


@dataclass(frozen=True)
class Looks:
    """How often one partner looked at a slice, and when last."""

    staff: Staff
    times: int
    last: datetime | None


# Asking


def redacted(case: Case, wanted: Wanted) -> tuple[str, list[Part]]:
    """The purpose and the parts as partners would read them, the reference blacked out too.

    Doing it again changes nothing. Raises BadData.
    """
    _check(wanted)
    words = [case.reference, *wanted.words, *names_in(case, list(wanted.names))]

    def black(text: str) -> str:
        return black_out(text.replace("\r\n", "\n").replace("\0", "").strip(), words)

    parts = [Part(black(one.title), black(one.text)) for one in wanted.parts]
    return black(wanted.purpose), [one for one in parts if one.text]


def ask_slice(actor: Actor, reference: str, wanted: Wanted) -> Slice:
    """Propose a slice. The same once more, while the first one waits, is the first one.

    Raises BadData, NotFound, NotAllowed.
    """
    with acting_as(actor):
        case = _worked_on(actor, reference)
        purpose, parts = redacted(case, wanted)
        readers = _readers(case, actor, wanted.readers)
        said = [asdict(one) for one in parts]
        for other in Slice.objects.filter(case=case, asked_by=actor.id, readers=readers, given_at=None):
            if other.state == State.ASKED and (other.purpose, other.parts) == (purpose, said):
                return other
        now = timezone.now()
        until = now + timedelta(days=wanted.days)
        made = Slice.objects.create(
            case=case,
            readers=readers,
            purpose=purpose,
            parts=said,
            digest=_digest(purpose, said, readers, until),
            until=until,
            asked_by_id=actor.id,
            asked_at=now,
        )
        record(Act.SLICE_ASKED, actor, case.pk, slice=made.pk, digest=digest_of(made), readers=readers)
        givers = [one for one in _givers(case) if one.pk != actor.id and one.pk not in readers]
        _tell(made, ASKED, actor, [_request(one, case, actor) for one in givers])
    return made


def _check(wanted: Wanted) -> None:
    errors: dict[str, list[str]] = {}
    if not wanted.purpose.strip() or len(wanted.purpose) > LONGEST:
        errors["purpose"] = [_("Say what it is for.")]
    if not 1 <= wanted.days <= settings.SLICE_DAYS:
        errors["days"] = [_("Between 1 and %(most)s days.") % {"most": settings.SLICE_DAYS}]
    if not any(one.text.strip() for one in wanted.parts) or len(wanted.parts) > MOST_PARTS:
        errors["parts"] = [_("Choose at least one part.")]
    if any(len(one.text) > LONGEST * 2 for one in wanted.parts):
        errors["parts"] = [_("A part is too long.")]
    if bad := [one for one in wanted.words if not is_word(one) or len(one) > LONGEST_WORD]:
        said = _("This cannot be looked for: %(word)s") % {"word": bad[0][:LONGEST_WORD]}
        errors["words"] = [said]
    elif len(wanted.words) > MOST_WORDS:
        errors["words"] = [_("That is too long.")]
    if errors:
        raise BadData(_("Some answers cannot be used."), errors)


def _worked_on(actor: Actor, reference: str) -> Case:
    """The case, locked. Raises NotFound, and NotAllowed for who does not work on it."""
    case = Case.objects.filter(reference=reference).first()
    if case is None:
        raise NotFound(_("There is no such case, or it is not yours to see."))
    locked = Case.objects.select_for_update(of=("self",), no_key=True).filter(pk=case.pk)
    if not works_on(actor, case) or not locked.exists():
        raise NotAllowed(
            _("This step is for %(roles)s.")
            % {"roles": ", ".join(str(one.label) for one in registry.workflow(case.workflow).workers)}
        )
    return case


def works_on(actor: Actor, case: Case) -> bool:
    """Whether the actor may ask for slices of a case that they see."""
    workers = {role.value for role in registry.workflow(case.workflow).workers}
    held = Grant.objects.roles_of(actor.id, case.workflow)
    return not held.isdisjoint(workers) and bool(ask("actor_slices_of", case.pk))


def partners_for(case: Case) -> QuerySet[Staff]:
    """The partners with whom something of a case can be shared: those who need not keep away from it."""
    away = case.recusals.filter(ended_at=None).values("staff_id")
    found = Grant.objects.holders(PLATFORM, [Role.PARTNER]).filter(kind=Staff.Kind.PERSON)
    return found.exclude(id__in=away).order_by("working_name", "id")


def _readers(case: Case, actor: Actor, usernames: Iterable[str]) -> list[int]:
    wanted = set(usernames)
    found = partners_for(case).filter(username__in=wanted).exclude(pk=actor.id)
    readers = sorted(found.values_list("pk", flat=True))
    if not 1 <= len(readers) <= MOST_READERS or len(readers) != len(wanted):
        said = _("Name partners with whom this can be shared, and not yourself.")
        raise BadData(_("Some answers cannot be used."), {"readers": [said]})
    return readers


def _digest(purpose: str, parts: list[dict[str, str]], readers: list[int], until: datetime) -> bytes:
    said = json.dumps([purpose, parts, readers, until.isoformat()], ensure_ascii=False)
    return hashlib.sha256(said.encode()).digest()


# Deciding


def give(actor: Actor, number: int, digest: str) -> Slice:
    """Agree to a slice as it was read, named by its digest; from now on its partners see it.

    Raises NotFound, NotAllowed, StepClosed; FreshFactorNeeded where agreeing needs it.
    """
    with acting_as(actor):
        found = find(number)
        if found.state != State.ASKED:
            raise StepClosed(_("This slice was decided already."), state=found.state)
        if digest != digest_of(found):
            raise StepClosed(_("This is not what you read. Read it again."), state=found.state)
        if not may_give(actor, found):
            raise _not_a_giver()
        how = proved(actor, subject_of(found))
        if not ask("give_slice", number, bytes(found.digest)):
            raise StepClosed(_("This slice was decided already."))
        found.refresh_from_db()
        record(Act.SLICE_GIVEN, actor, found.case_id, slice=number, digest=digest, factor=how)
        people = readers_of(found)
        _tell(found, GIVEN, actor, [_notice(one, found) for one in people if one.email])
    return found


def end(actor: Actor, number: int, words: str) -> Slice:
    """End a slice at once; refuse or withdraw it while it waits. Raises as `give`, and BadData."""
    words = words.strip()
    if len(words) < LEAST_WORDS:
        said = _("Say why in at least %(n)s characters.") % {"n": LEAST_WORDS}
        raise BadData(_("Some answers cannot be used."), {"words": [said]})
    with acting_as(actor):
        found = find(number)
        if found.state not in {State.ASKED, State.GIVEN}:
            raise StepClosed(_("This slice is over."), state=found.state)
        if not may_end(actor, found):
            raise _not_a_giver()
        if not ask("end_slice", number, words):
            raise StepClosed(_("This slice is over."))
        found.refresh_from_db()
        record(Act.SLICE_ENDED, actor, found.case_id, slice=number, state=found.state.value)
        steps = {State.REFUSED: REFUSED, State.WITHDRAWN: WITHDRAWN}
        _tell(found, steps.get(found.state, ENDED), actor, ())
    return found


def may_give(actor: Actor, found: Slice) -> bool:
    """Whether the actor may agree to a slice of somebody else that waits."""
    own = found.asked_by_id == actor.id or actor.id in found.readers
    return not own and _holds_a_seat(found)


def may_end(actor: Actor, found: Slice) -> bool:
    """Whether the actor may end a slice that was given, or refuse or withdraw one that waits."""
    if not ask("actor_slices_of", found.case_id):
        return False
    return found.given_at is not None or found.asked_by_id == actor.id or _holds_a_seat(found)


def _holds_a_seat(found: Slice) -> bool:
    return bool(ask("actor_holds_on", found.case_id, [role.value for role in GIVERS]))


def _not_a_giver() -> NotAllowed:
    return NotAllowed(
        _("Somebody else than who asked agrees: %(roles)s.")
        % {"roles": ", ".join(str(role.label) for role in GIVERS)}
    )


def subject_of(found: Slice) -> str:
    """What a fresh second factor is shown for: this slice, as it is."""
    said = json.dumps(["slice", found.pk, digest_of(found)])
    return hashlib.sha256(said.encode()).hexdigest()


# Reading, for staff


def of_case(case: Case) -> QuerySet[Slice]:
    """All slices of a case that the actor sees, the newest first."""
    return (
        Slice.objects.filter(case=case)
        .select_related("case", "asked_by", "given_by", "ended_by")
        .order_by("-id")
    )


def find(number: int) -> Slice:
    """A slice of a case that the actor sees. Raises NotFound."""
    rows = Slice.objects.select_related("case", "asked_by", "given_by", "ended_by")
    # Joined, so that a partner who reads it by its number alone finds none.
    found = rows.filter(pk=number, case__id__gt=0).first()
    if found is None:
        raise no_such()
    return found


def waiting_for(staff_id: int) -> QuerySet[Slice]:
    """The slices that wait for the agreement of who asks, the oldest first."""
    rows = Slice.objects.filter(given_at=None, ended_at=None, until__gt=timezone.now(), case__id__gt=0)
    held = Grant.objects.active().filter(staff=staff_id, role__in=GIVERS).values("workflow")
    rows = rows.filter(case__workflow__in=held).exclude(asked_by=staff_id)
    return rows.exclude(readers__contains=[staff_id]).select_related("case", "asked_by").order_by("id")


def digest_of(found: Slice) -> str:
    """The SHA-256 over what it says, for whom and until when."""
    return bytes(found.digest).hex()


def parts_of(found: Slice) -> list[Part]:
    """What it says. For those who see its case."""
    return [Part(one["title"], one["text"]) for one in found.parts]


def readers_of(found: Slice) -> list[Staff]:
    """Its partners, by name."""
    return list(Staff.objects.filter(pk__in=found.readers).order_by("working_name", "id"))


def looks_at(found: Slice) -> list[Looks]:
    """How often each partner looked, by name. For those who see its case."""
    return looks_of([found])[found.pk]


def looks_of(slices: Sequence[Slice]) -> dict[int, list[Looks]]:
    """The same of several slices, by their ids. Two queries, however many there are."""
    readers = {pk for one in slices for pk in one.readers}
    people = list(Staff.objects.filter(pk__in=readers).order_by("working_name", "id"))
    rows = Entry.objects.filter(case_id__in={one.case_id for one in slices}, act=Act.SLICE_LOOKED)
    rows = rows.annotate(number=KeyTextTransform("slice", "detail"))
    counted = {
        (number, staff): (times, last)
        for number, staff, times, last in rows.filter(number__in=[str(one.pk) for one in slices])
        .values("number", "actor_id")
        .annotate(times=Count("id"), last=Max("at"))
        .values_list("number", "actor_id", "times", "last")
    }
    return {
        one.pk: [
            Looks(staff, *counted.get((str(one.pk), staff.pk), (0, None)))
            for staff in people
            if staff.pk in one.readers
        ]
        for one in slices
    }


# Reading, for partners


def mine(actor: Actor) -> list[Shown]:
    """The slices that the actor reads now as a partner, the newest first. Without their parts."""
    with acting_as(actor):
        found = list(Slice.objects.filter(pk__in=ask("actor_slices")).order_by("-given_at", "-id"))
        return _opened(found, parts=False)


def read(actor: Actor, number: int) -> Shown:
    """One slice as its partner reads it. The look is recorded. Raises NotFound."""
    with acting_as(actor):
        found = Slice.objects.filter(pk=number).first() if number in ask("actor_slices") else None
        if found is None:
            raise no_such()
        record(Act.SLICE_LOOKED, actor, found.case_id, slice=found.pk)
        return _opened([found], parts=True)[0]


def _opened(rows: Sequence[Slice], *, parts: bool) -> list[Shown]:
    """What row security showed to a partner, unsealed by a job: partners get no key of a case."""
    with acting_as(system_actor(SystemActor.CLOCK)):
        remember_case_keys({one.case_id for one in rows})
        return [
            Shown(one.pk, one.purpose, one.given_at, one.until, parts_of(one) if parts else [])
            for one in rows
            if one.given_at
        ]


def no_such() -> NotFound:
    """The error for a slice that is not there or not theirs to see: alike."""
    return NotFound(_("There is no such slice, or it is not yours to see."))


# Who is told, and what


def _givers(case: Case) -> list[Staff]:
    held = Grant.objects.holders(case.workflow, GIVERS).values("id")
    return list(may_see(case).filter(id__in=held))


def _request(person: Staff, case: Case, actor: Actor) -> Wish:
    with translation.override(person.language):
        words: dict[str, Any] = {"reference": case.reference, "who": actor.name}
        subject = _("%(reference)s: a redacted slice waits for your agreement") % words
        text = _("%(who)s wants to share a redacted slice of case %(reference)s.") % words
    return mail_to(person, subject, text, f"{settings.DESK_URL}/desk/case/{case.reference}/slices/")


def _notice(person: Staff, found: Slice) -> Wish:
    """Says nothing of the case."""
    with translation.override(person.language):
        words = {"time": wall_time(found.until, person)}
        subject = _("Something was shared with you")
        text = _("You can read it until %(time)s. Each look is recorded.") % words
    return mail_to(person, subject, text, f"{settings.DESK_URL}/desk/slices/{found.pk}/")


def _tell(found: Slice, step: str, actor: Actor, notices: Sequence[Wish]) -> None:
    """On the timeline of its case, with its notices."""
    data = {"slice": found.pk, "until": found.until.isoformat(), "opener": found.asked_by_id}
    tell_beside(found.case_id, step, actor.id, data, notices)

"""A slice from asking to its end: who may, what is kept, who reads it, and when nobody does any more."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from tests.cast import EMERGENCY, case_of
from tutela.core.access import conflicts, reviews
from tutela.core.audit.models import Act, Entry
from tutela.core.cases.models import Event, Recusal
from tutela.core.errors import BadData, FreshFactorNeeded, NotAllowed, NotFound, StepClosed
from tutela.core.flow.perform import perform
from tutela.core.outbox.models import Effect
from tutela.core.people.actor import Actor, Proof, acting_as, system_actor
from tutela.core.people.keep import end_grant
from tutela.core.people.models import Grant, Membership, Staff
from tutela.core.people.roles import PLATFORM, Role, SystemActor
from tutela.core.records import disposal
from tutela.core.records.holds import place_hold
from tutela.core.records.models import Certificate
from tutela.core.records.tests.scene import agreed, closed, delivered, grow_old
from tutela.core.slices import sharing
from tutela.core.slices.models import Slice, State
from tutela.core.slices.sharing import Part
from tutela.core.slices.sources import Names, sources_of
from tutela.core.vault import keyring

from .conftest import partner, wanted

pytestmark = pytest.mark.django_db
WHY = "It is over, the committee decided."


def reads(actor: Actor, number: int) -> bool:
    """Whether somebody reads a slice as a partner, in the list and by its number alike."""
    listed = number in [one.number for one in sharing.mine(actor)]
    try:
        sharing.read(actor, number)
    except NotFound:
        assert not listed
        return False
    assert listed
    return True


def test_what_was_asked_for_and_agreed_to_is_what_the_partner_reads(cast, laurel, reference, asked):
    assert not reads(laurel, asked.pk)
    sharing.give(cast.alder, asked.pk, sharing.digest_of(asked))
    shown = sharing.read(laurel, asked.pk)
    assert shown.purpose == "An appeal is before the committee."
    assert shown.parts == [Part("Report 1", "█████ wrote goodbye. █████ read it; █████ sent it.")]
    with acting_as(cast.juniper):
        steps = list(Event.objects.filter(kind="access").order_by("id").values_list("step", flat=True))
        assert steps == [sharing.ASKED, sharing.GIVEN]
        looks = Entry.objects.filter(act=Act.SLICE_LOOKED)
        assert [(one.actor_id, one.detail) for one in looks] == [(laurel.id, {"slice": asked.pk})]
        found = sharing.looks_at(sharing.find(asked.pk))
        assert [(one.staff.username, one.times) for one in found] == [("laurel", 1)]


@pytest.mark.django_db(transaction=True)
def test_nothing_of_what_was_blacked_out_is_kept(superuser, cast, given):
    rows = superuser.execute("SELECT to_jsonb(s) FROM slices_slice s").fetchall()
    logs = superuser.execute("SELECT to_jsonb(e) FROM audit_entry e WHERE act LIKE 'slice:%'").fetchall()
    with acting_as(cast.juniper):
        found = sharing.find(given.pk)
        said = json.dumps([found.purpose, found.parts, list(Event.objects.values_list("data", flat=True))])
    for word in ("ExampleMoss", "moss@wiki.example", "Juniper"):
        assert word not in said + repr(rows) + repr(logs)


def test_the_partner_is_mailed_without_a_word_of_the_case(cast, laurel, reference, given):
    with acting_as(cast.juniper):
        mails = [one.payload for one in Effect.objects.filter(event__step=sharing.GIVEN)]
        asked = [one.payload for one in Effect.objects.filter(event__step=sharing.ASKED)]
    assert [one["to"] for one in mails] == ["laurel@committee.example"]
    assert reference not in json.dumps(mails)
    assert f"/desk/slices/{given.pk}/" in mails[0]["text"]
    assert {one["to"].split("@")[0] for one in asked} == {"alder", "larch", "linden"}


def test_nobody_agrees_to_their_own_nor_a_partner_nor_a_colleague_without_a_seat(cast, laurel, reference):
    made = sharing.ask_slice(cast.alder, reference, wanted("laurel"))
    digest = sharing.digest_of(made)
    for person in (cast.alder, cast.juniper):
        with pytest.raises(NotAllowed):
            sharing.give(person, made.pk, digest)
        with acting_as(person), connection.cursor() as cursor:  # nor by going around all of this
            cursor.execute("SELECT tutela.give_slice(%s, %s)", [made.pk, bytes(made.digest)])
            assert cursor.fetchone() == (False,)
    for person in (laurel, cast.sorrel, cast.wren):
        with pytest.raises(NotFound):
            sharing.give(person, made.pk, digest)
    Grant.objects.create(staff_id=cast.larch.id, workflow=PLATFORM, role=Role.PARTNER)
    for_counsel = sharing.ask_slice(cast.juniper, reference, wanted("larch"))
    with pytest.raises(NotAllowed):
        sharing.give(cast.larch, for_counsel.pk, sharing.digest_of(for_counsel))
    assert sharing.give(cast.linden, made.pk, digest).state == State.GIVEN


def test_who_agrees_names_what_they_read(cast, asked):
    with pytest.raises(StepClosed, match="Read it again"):
        sharing.give(cast.alder, asked.pk, "00" * 32)
    with acting_as(cast.alder), connection.cursor() as cursor:
        cursor.execute("SELECT tutela.give_slice(%s, %s)", [asked.pk, bytes(32)])
        assert cursor.fetchone() == (False,)


def test_agreeing_asks_for_a_second_factor_shown_for_this_very_slice(cast, reference, asked, settings):
    other = sharing.ask_slice(cast.juniper, reference, wanted("laurel"))
    settings.SECOND_FACTOR = "required"
    digest = sharing.digest_of(asked)
    with pytest.raises(FreshFactorNeeded) as told:
        sharing.give(cast.alder, asked.pk, digest)
    proved = replace(cast.alder, proof=Proof(told.value.facts["subject"], timezone.now(), "totp"))
    with pytest.raises(FreshFactorNeeded):
        sharing.give(proved, other.pk, sharing.digest_of(other))
    assert sharing.give(proved, asked.pk, digest).state == State.GIVEN
    with acting_as(cast.alder):
        assert Entry.objects.get(act=Act.SLICE_GIVEN).detail["factor"] == "totp"


def test_a_review_of_roles_says_when_a_partner_last_read(cast, laurel, given):
    sharing.read(laurel, given.pk)
    staff = Staff.objects.create_person("rowan", "Rowan")
    Grant.objects.create(staff=staff, workflow=PLATFORM, role=Role.SECURITY)
    rowan = Actor.of(staff, "desk")
    reviews.tend()
    with acting_as(rowan):
        held = reviews.held_in(reviews.every().get(workflow=PLATFORM), rowan)
    used = {one.line.grant.staff_id: one.last_used for one in held}
    assert used[laurel.id]
    assert used[rowan.id] is None


def test_the_same_asked_twice_is_one_and_agreed_twice_is_told(cast, laurel, reference, asked):
    again = wanted("laurel", names=[Names.SENDER, Names.STAFF])
    assert sharing.ask_slice(cast.juniper, reference, again).pk == asked.pk
    sharing.give(cast.alder, asked.pk, sharing.digest_of(asked))
    with pytest.raises(StepClosed):
        sharing.give(cast.larch, asked.pk, sharing.digest_of(asked))
    with acting_as(cast.juniper):
        assert Event.objects.filter(kind="access").count() == 2


def test_who_works_the_case_asks_and_nobody_else(cast, laurel, reference):
    for stranger in (cast.sorrel, cast.wren, laurel):
        with pytest.raises(NotFound):
            sharing.ask_slice(stranger, reference, wanted("laurel"))
    Grant.objects.create(staff_id=cast.sorrel.id, workflow=EMERGENCY, role=Role.READER)
    Membership.objects.create(staff_id=cast.sorrel.id, team=Staff.objects.get(pk=cast.juniper.id).teams.get())
    with pytest.raises(NotAllowed):
        sharing.ask_slice(cast.sorrel, reference, wanted("laurel"))
    case = case_of(reference, cast.juniper)
    with pytest.raises(DatabaseError, match="row-level security"), acting_as(cast.sorrel):
        _forge(case.pk, cast.sorrel.id, laurel.id)
    with pytest.raises(DatabaseError, match="row-level security"), acting_as(cast.juniper):
        _forge(case.pk, cast.juniper.id, laurel.id, given_at=timezone.now(), given_by_id=cast.alder.id)
    with pytest.raises(DatabaseError, match="row-level security"), acting_as(cast.juniper):
        _forge(case.pk, cast.juniper.id, laurel.id, until=timezone.now() + timedelta(days=100))


def _forge(case: int, by: int, reader: int, **more: object) -> None:
    now = timezone.now()
    values = {
        "purpose": "x",
        "parts": [],
        "until": now + timedelta(days=1),
        "digest": bytes(32),
        "asked_at": now,
    }
    Slice.objects.create(case_id=case, readers=[reader], asked_by_id=by, **{**values, **more})


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"days": 31}, "days"),
        ({"days": 0}, "days"),
        ({"purpose": " "}, "purpose"),
        ({"text": " "}, "parts"),
        ({"words": ["…"]}, "words"),
    ],
)
def test_what_cannot_be_asked_for_is_told_by_its_field(cast, laurel, reference, change, field):
    with pytest.raises(BadData) as told:
        sharing.ask_slice(cast.juniper, reference, wanted("laurel", **change))
    assert list(told.value.errors) == [field]


def test_it_is_shared_with_partners_only_and_with_none_who_keeps_away(cast, laurel, reference):
    with acting_as(cast.juniper):
        Recusal.objects.create(case=case_of(reference, cast.juniper), staff_id=laurel.id)
    for readers in (("laurel",), ("sorrel",), ("nobody",), ()):
        with pytest.raises(BadData):
            sharing.ask_slice(cast.juniper, reference, wanted(*readers))


def test_a_partner_sees_the_slice_and_no_other_row(superuser, cast, laurel, reference, given):
    other = partner("hazel")
    names = superuser.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND relrowsecurity"
        " AND relnamespace = 'public'::regnamespace AND has_table_privilege('tutela_desk', oid, 'SELECT')"
    ).fetchall()
    with acting_as(laurel), connection.cursor() as cursor:
        seen = {}
        for (name,) in names:
            cursor.execute(f"SELECT count(*) FROM {name}")
            seen[name] = cursor.fetchone()[0]
        assert {name: count for name, count in seen.items() if count} == {"slices_slice": 1}
        cursor.execute(
            "SELECT count(*) FROM tutela.search('goodbye', 50, NULL) JOIN cases_case ON id = case_id"
        )
        assert cursor.fetchone() == (0,)
        for statement in ("UPDATE slices_slice SET until = now()", "DELETE FROM slices_slice"):
            with pytest.raises(DatabaseError, match="permission denied"), acting_as(laurel):
                cursor.execute(statement)
    assert reads(laurel, given.pk)
    assert not reads(other, given.pk)
    with pytest.raises(NotFound), acting_as(laurel):
        sharing.find(given.pk)


def _end(cast, _reference, given):
    sharing.end(cast.juniper, given.pk, WHY)


def _lose_the_role(cast, _reference, _given):
    end_grant(cast.alder, Staff.objects.get(username="laurel"), PLATFORM, Role.PARTNER)


def _leave(_cast, _reference, _given):
    Staff.objects.filter(username="laurel").update(is_active=False)


def _keep_away(cast, reference, _given):
    case = case_of(reference, cast.juniper)
    with acting_as(cast.juniper):
        Recusal.objects.create(case=case, staff_id=Staff.objects.get(username="laurel").pk)


def _conflict(cast, reference, _given):
    perform(reference, "add_party", cast.juniper, {"kind": "person", "name": "Bilby", "part": "other"})
    staff = Staff.objects.get(username="laurel")
    conflicts.declare(Actor.of(staff, "desk"), staff, "They are a friend of mine.", name="Bilby")


def _erase(cast, reference, _given):
    keyring.erase(case_of(reference, cast.juniper).pk, system_actor(SystemActor.RECORDS), "test")


@pytest.mark.parametrize("what", [_end, _lose_the_role, _leave, _keep_away, _conflict, _erase])
def test_what_ends_it_ends_it_at_once(cast, laurel, reference, given, what):
    assert reads(laurel, given.pk)
    what(cast, reference, given)
    assert not reads(laurel, given.pk)
    with acting_as(laurel):
        assert not Slice.objects.exists()


def test_it_goes_with_its_case_unless_the_case_is_held(cast, laurel):
    gone, kept = closed(cast), closed(cast)
    numbers = []
    for reference in (gone, kept):
        made = sharing.ask_slice(cast.juniper, reference, wanted("laurel"))
        sharing.give(cast.alder, made.pk, sharing.digest_of(made))
        delivered(reference)
        grow_old(reference, cast)
        numbers.append(made.pk)
    run = agreed(cast, gone, kept)
    place_hold(cast.larch, [kept], "A court asks for it.", "Example Court")
    disposal.carry_out()
    assert [reads(laurel, number) for number in numbers] == [False, True]
    with acting_as(cast.alder):
        certificate = Certificate.objects.get(run=run)
        assert certificate.rows["slices_slice"] == 1


@pytest.mark.django_db(transaction=True)
def test_it_expires_by_the_clock_of_the_database(superuser, laurel, given):
    assert reads(laurel, given.pk)
    superuser.execute("UPDATE slices_slice SET asked_at = now() - interval '1 day', until = now()")
    assert given.until > timezone.now()  # what this process believes is of no account
    assert not reads(laurel, given.pk)


def test_refusing_withdrawing_and_ending_are_told_apart(cast, laurel, reference):
    made = [sharing.ask_slice(cast.juniper, reference, wanted("laurel", days=n)) for n in (1, 2, 3)]
    assert len({one.pk for one in made}) == 1, "the same words for the same partner wait once"
    with pytest.raises(NotAllowed):
        sharing.end(cast.heron, made[0].pk, WHY)
    assert sharing.end(cast.alder, made[0].pk, WHY).state == State.REFUSED
    made_again = sharing.ask_slice(cast.juniper, reference, wanted("laurel"))
    assert sharing.end(cast.juniper, made_again.pk, WHY).state == State.WITHDRAWN
    with pytest.raises(StepClosed):
        sharing.give(cast.alder, made_again.pk, sharing.digest_of(made_again))
    with pytest.raises(BadData):
        sharing.end(cast.alder, made_again.pk, "over")
    last = sharing.ask_slice(cast.juniper, reference, wanted("laurel"))
    sharing.give(cast.larch, last.pk, sharing.digest_of(last))
    assert sharing.end(cast.heron, last.pk, WHY).state == State.ENDED


def test_it_waits_on_the_day_of_those_who_may_agree(cast, asked):
    for person, count in ((cast.alder, 1), (cast.larch, 1), (cast.juniper, 0), (cast.wren, 0)):
        with acting_as(person):
            assert sharing.waiting_for(person.id).count() == count


def test_identity_privileged_notes_technical_data_and_files_are_never_offered(cast, reference):
    perform(reference, "note", cast.larch, {"text": "Advice of counsel", "privileged": True})
    perform(reference, "note", cast.juniper, {"text": "A plain note"})
    perform(reference, "answer", cast.juniper, {"text": "We read it."})
    perform(reference, "add_exhibit", cast.juniper, {"kind": "text", "title": "A page", "text": "Its words"})
    perform(
        reference, "add_exhibit", cast.juniper, {"kind": "technical", "title": "Log", "text": "192.0.2.1"}
    )
    for person in (cast.juniper, cast.larch):
        with acting_as(person):
            found = sources_of(case_of(reference, person))
        said = repr(found)
        for word in ("Advice", "192.0.2.1", "moss@wiki.example"):
            assert word not in said
        for word in ("A plain note", "We read it.", "Its words", "They wrote goodbye"):
            assert word in said

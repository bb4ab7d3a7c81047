"""A person owns a ticket: claim, take, hand over, give back; and it finds an owner by itself where a site wants that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.roles import Actor
from app.models import Clock, Event, FreeText, Organisation, Person, Ticket, User
from app.models.ids import new_id
from app.services import attendance, journal, ownership, queue, replies
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, PEOPLE, Cast, post, push, ticket

MIN = timedelta(minutes=1)
FINE = ResultIn(text="已重新派送到您手中", contact_outcome="reached_accepts")
EVENING = NOON + timedelta(hours=7, minutes=50)  # 19:50 in Shanghai


def seen(*people: Actor, at: datetime = NOON) -> None:
    with write() as session:
        session.execute(update(User).where(User.id.in_([p.user_id for p in people])).values(last_seen_at=at))


def colleague(cast: Cast, name: str, *, at: datetime | None = NOON, skills: tuple[str, ...] = ()) -> Actor:
    """One more clerk of the first site."""
    place = cast.places["330106-01"]
    with write() as session:
        user = User(id=new_id(), account=name, name=name, password_hash="", role="site_clerk", organisation_id=place)
        user.last_seen_at, user.skills = at, list(skills)
        session.add(user)
        return Actor(user.id, "site_clerk", place, cast.places["33"], name)


def assigning(cast: Cast) -> None:
    attendance.set_auto_assign(actor=cast["site-manager"], on=True)


def owner(session, number: str) -> int | None:
    return ticket(session, number).owner_id


def told(session, number: str, kind: str) -> list[Event]:
    session.rollback()
    statement = select(Event).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.number == number)
    return list(session.scalars(statement.where(Event.type == kind).order_by(Event.seq)))


# --- whose step it is; the expectation is written by hand ---

MAY = {
    "claim": {"site", "site-manager"},
    "take": {"site", "site-manager"},
    "give_back": {"site", "site-manager"},
    "hand_over": {"site", "site-manager"},
}
OUTSIDE = {"site-2", "site-3", "lcs-2", "admin"}


def _ready(cast: Cast, action: str, who: str) -> str:
    """A ticket on which only the role decides whether the action is open."""
    number = push(cast, f"W-{action}-{who}", waybill=f"YT{abs(hash((action, who))) % 10**13:013d}")
    if action in ("take", "give_back"):
        replies.claim(actor=cast["site"], post=post(number), now=NOON)
    if action == "take":
        ownership.give_back(actor=cast["site"], post=post(number), note="", now=NOON)
    return number


def _verbs(cast: Cast, to_id: int | None) -> dict[str, Callable[[Actor, str], object]]:
    return {
        "claim": lambda actor, number: replies.claim(actor=actor, post=post(number), now=NOON),
        "take": lambda actor, number: ownership.take(actor=actor, post=post(number), now=NOON),
        "give_back": lambda actor, number: ownership.give_back(actor=actor, post=post(number), note="", now=NOON),
        "hand_over": lambda actor, number: ownership.hand_over(
            actor=actor, post=post(number), to_id=to_id, note="请接手", now=NOON
        ),
    }


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("action", MAY)
@pytest.mark.parametrize("who", PEOPLE)
def test_each_role_does_what_is_its_own_and_nothing_else(cast: Cast, db_session, action: str, who: str) -> None:
    there = colleague(cast, "clerk-b")
    number = _ready(cast, action, who)
    verb = _verbs(cast, there.user_id)[action]
    if who in MAY[action]:
        verb(cast[who], number)
        return
    with pytest.raises(NotFound if who in OUTSIDE else NotAllowed):
        verb(cast[who], number)


# --- taking, handing over, giving back ---


def test_a_ticket_of_somebody_else_is_not_claimed(cast: Cast, db_session) -> None:
    number, other = push(cast), colleague(cast, "clerk-b")
    seen(cast["site"])
    ownership.hand_over(actor=cast["site-manager"], post=post(number), to_id=other.user_id, note="你来", now=NOON)
    for name in ("site", "site-manager"):
        with pytest.raises(NotAllowed) as error:
            replies.claim(actor=cast[name], post=post(number), now=NOON)
        assert error.value.code == "owned_by_other"
    replies.claim(actor=other, post=post(number), now=NOON)
    assert ticket(db_session, number).state == "in_progress"


def test_a_clerk_does_not_hand_over_what_a_colleague_owns_and_the_manager_does(cast: Cast, db_session) -> None:
    number, other = push(cast), colleague(cast, "clerk-b")
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    for verb in (
        lambda actor: ownership.hand_over(actor=actor, post=post(number), to_id=other.user_id, note="x", now=NOON),
        lambda actor: ownership.give_back(actor=actor, post=post(number), note="", now=NOON),
    ):
        with pytest.raises(NotAllowed):
            verb(other)
    ownership.hand_over(actor=cast["site-manager"], post=post(number), to_id=other.user_id, note="休假交接", now=NOON)
    assert owner(db_session, number) == other.user_id
    event = told(db_session, number, "handed_over")[0]
    assert event.data == {"from_id": cast["site"].user_id, "to_id": other.user_id}
    assert db_session.get(FreeText, event.text_id).body == {"text": "休假交接", "to": "clerk-b"}


def test_only_a_present_colleague_of_the_own_organisation_takes_over(cast: Cast, db_session) -> None:
    number = push(cast)
    off, away, never = (
        colleague(cast, "off"), colleague(cast, "away", at=NOON - 31 * MIN), colleague(cast, "never", at=None),
    )  # fmt: skip
    attendance.set_duty(actor=off, user_id=off.user_id or 0, on=False, now=NOON)
    seen(cast["site-2"], cast["site"])
    wanted = {
        off.user_id: "away", away.user_id: "away", never.user_id: "away", cast["site-2"].user_id: "required",
        None: "required", 17: "required",
    }  # fmt: skip
    for to_id, code in wanted.items():
        with pytest.raises(Invalid) as error:
            ownership.hand_over(actor=cast["site-manager"], post=post(number), to_id=to_id, note="x", now=NOON)
        assert error.value.fields == {"colleague": code}
    with pytest.raises(Invalid) as error:
        ownership.hand_over(actor=cast["site-manager"], post=post(number), to_id=off.user_id, note=" ", now=NOON)
    assert error.value.fields == {"text": "required"}
    with pytest.raises(Invalid) as error:
        ownership.hand_over(actor=cast["site-manager"], post=post(number), to_id=None, note=" ", now=NOON)
    assert error.value.fields == {"text": "required", "colleague": "required"}
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    with pytest.raises(Invalid) as error:
        ownership.hand_over(actor=cast["site"], post=post(number), to_id=cast["site"].user_id, note="x", now=NOON)
    assert error.value.fields == {"colleague": "has_it"}


def test_an_unowned_ticket_is_handed_to_others_and_claimed_by_oneself(cast: Cast, db_session) -> None:
    number = push(cast, "W1")

    def offered(who: str) -> list[str]:
        row = ticket(db_session, number)
        return [name for _id, name in ownership.colleagues(db_session, row, cast[who])]

    assert (offered("site"), offered("site-manager")) == (["site-manager"], ["site"])
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    assert offered("site-manager") == ["site-manager"]  # a manager may take it over


def test_giving_back_leaves_state_and_clocks_and_the_next_one_takes_it(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    before = ticket(db_session, number).next_due_at
    ownership.give_back(actor=cast["site"], post=post(number), note="我去医院", now=NOON + MIN)
    row = ticket(db_session, number)
    assert (row.state, row.owner_id, row.next_due_at) == ("in_progress", None, before)
    ownership.take(actor=cast["site-manager"], post=post(number), now=NOON + 2 * MIN)
    assert owner(db_session, number) == cast["site-manager"].user_id
    with pytest.raises(NotAllowed):
        ownership.take(actor=cast["site"], post=post(number), now=NOON + 3 * MIN)
    assert journal.verify(db_session, ticket(db_session, number).id) is None


def test_the_same_form_twice_hands_over_once_and_a_stale_page_not_at_all(cast: Cast, db_session) -> None:
    number, other = push(cast), colleague(cast, "clerk-b")
    version = ticket(db_session, number).version
    for _ in range(2):
        done = ownership.hand_over(
            actor=cast["site-manager"], post=post(number, "k1", version), to_id=other.user_id, note="你来", now=NOON
        )
    assert done.repeated and len(told(db_session, number, "handed_over")) == 1
    with pytest.raises(Stale):
        replies.claim(actor=cast["site"], post=post(number, version=version), now=NOON)


# --- an owner by itself ---


def test_a_site_that_does_not_want_it_gets_no_owner(cast: Cast, db_session) -> None:
    seen(cast["site"])
    assert owner(db_session, push(cast)) is None


def test_a_new_ticket_gets_an_owner_and_its_accept_clock_runs_on(cast: Cast, db_session) -> None:
    assigning(cast)
    seen(cast["site"])
    number = push(cast)
    row = ticket(db_session, number)
    assert (row.state, row.queue, row.owner_id) == ("open", "to_accept", cast["site"].user_id)
    accept = db_session.scalars(select(Clock).where(Clock.kind == "accept")).one()
    assert accept.stopped_at is None and row.next_clock == "accept"
    replies.claim(actor=cast["site"], post=post(number), now=NOON + MIN)
    assert ticket(db_session, number).state == "in_progress"


def test_new_tickets_go_round_by_load_and_skill(cast: Cast, db_session) -> None:
    assigning(cast)
    seen(cast["site"])
    lost_only = colleague(cast, "lost-only", skills=("LOST",))
    given = []
    for n, category in enumerate(("FALSE_SIGN", "LOST", "FALSE_SIGN", "LOST", "LOST")):
        given.append(owner(db_session, push(cast, f"W{n}", category=category)))
        strangers()
    site = cast["site"].user_id
    assert given == [site, lost_only.user_id, site, lost_only.user_id, site]


def strangers() -> None:
    """Whoever complained so far is somebody else than the next one."""
    with write() as session:
        session.execute(update(Person).values(phone="13900000000"))


def test_the_same_complainant_comes_to_the_same_owner_within_thirty_days(cast: Cast, db_session) -> None:
    assigning(cast)
    other = colleague(cast, "clerk-b")
    number = push(cast, "W1", now=NOON - timedelta(days=29))
    ownership_of(number, other)
    seen(cast["site"], other)
    second = push(cast, "W2")
    assert owner(db_session, second) == other.user_id
    assert told(db_session, second, "auto_assigned")[0].data == {"to_id": other.user_id, "why": "first_owner"}


def test_after_thirty_days_or_while_the_first_owner_is_away_the_least_loaded_gets_it(cast: Cast, db_session) -> None:
    assigning(cast)
    other = colleague(cast, "clerk-b")
    ownership_of(push(cast, "W1", now=NOON - timedelta(days=31)), other)
    seen(cast["site"], other)
    assert owner(db_session, push(cast, "W2")) == cast["site"].user_id
    ownership_of(push(cast, "W3"), other)
    attendance.set_duty(actor=other, user_id=other.user_id or 0, on=False, now=NOON)
    assert owner(db_session, push(cast, "W4")) == cast["site"].user_id


def ownership_of(number: str, actor: Actor) -> None:
    with write() as session:
        session.execute(update(Ticket).where(Ticket.number == number).values(owner_id=actor.user_id))


def test_nobody_there_is_nobody_assigned(cast: Cast, db_session) -> None:
    assigning(cast)
    disabled = colleague(cast, "disabled")
    with write() as session:
        session.execute(update(User).where(User.id == disabled.user_id).values(disabled_at=NOON))
    assert owner(db_session, push(cast)) is None
    assert told(db_session, push(cast, "W2"), "auto_assigned") == []


# --- off duty and away ---


def test_going_off_duty_returns_every_open_ticket_and_no_closed_one(cast: Cast, db_session) -> None:
    numbers = [push(cast, f"W{n}") for n in range(3)]
    for number in numbers:
        replies.claim(actor=cast["site"], post=post(number), now=NOON)
    with write() as session:
        session.execute(update(Ticket).where(Ticket.number == numbers[0]).values(state="closed"))
    attendance.set_duty(actor=cast["site"], user_id=cast["site"].user_id or 0, on=False, now=NOON + MIN)
    assert [owner(db_session, number) for number in numbers] == [cast["site"].user_id, None, None]
    assert [len(told(db_session, number, "returned_to_team")) for number in numbers] == [0, 1, 1]


def test_taking_work_up_is_coming_on_duty(cast: Cast, db_session) -> None:
    number, me = push(cast), cast["site"]
    attendance.set_duty(actor=me, user_id=me.user_id or 0, on=False, now=NOON)
    replies.claim(actor=me, post=post(number), now=NOON)
    assert attendance.sweep(db_session, NOON) == 0
    assert owner(db_session, number) == me.user_id


def test_only_the_person_and_the_own_manager_say_who_is_on_duty(cast: Cast, db_session) -> None:
    clerk = cast["site"].user_id or 0
    for name in ("site-2", "lcs", "ccs", "admin"):
        with pytest.raises(NotFound):
            attendance.set_duty(actor=cast[name], user_id=clerk, on=False, now=NOON)
    with pytest.raises(NotFound):
        attendance.set_duty(actor=cast["site"], user_id=cast["site-manager"].user_id or 0, on=False, now=NOON)
    attendance.set_duty(actor=cast["site-manager"], user_id=clerk, on=False, now=NOON)
    db_session.rollback()
    assert db_session.get(User, clerk).off_duty_at == NOON


def test_an_owner_away_for_thirty_minutes_loses_the_open_tickets_to_the_team(cast: Cast, db_session) -> None:
    number, me = push(cast), cast["site"]
    replies.claim(actor=me, post=post(number), now=NOON)
    seen(me)
    assert attendance.sweep(db_session, NOON + 30 * MIN) == 0
    assert attendance.sweep(db_session, NOON + 30 * MIN + timedelta(seconds=1)) == 1
    assert attendance.sweep(db_session, NOON + 32 * MIN) == 0
    assert owner(db_session, number) is None
    event = told(db_session, number, "returned_to_team")[0]
    assert event.data == {"owner_id": me.user_id, "why": "offline"} and event.actor_role == "system"


def test_the_night_is_nobodys_absence(cast: Cast, db_session) -> None:
    number, me = push(cast, now=EVENING), cast["site"]
    replies.claim(actor=me, post=post(number), now=EVENING)
    seen(me, at=EVENING)
    for later in (timedelta(hours=1), timedelta(hours=12), timedelta(hours=12, minutes=29)):
        assert attendance.sweep(db_session, EVENING + later) == 0
    assert attendance.sweep(db_session, EVENING + timedelta(hours=12, minutes=31)) == 1
    assert owner(db_session, number) is None


def test_an_idle_round_writes_nothing_and_a_bad_ticket_stops_nobody(cast: Cast, db_session, monkeypatch) -> None:
    first, second = push(cast, "W1"), push(cast, "W2")
    for number in (first, second):
        replies.claim(actor=cast["site"], post=post(number), now=NOON)
    seen(cast["site"])
    bad, real = ticket(db_session, first).id, attendance._return_one

    def poisoned(ticket_id, *rest):
        if ticket_id == bad:
            raise RuntimeError("poison")
        return real(ticket_id, *rest)

    monkeypatch.setattr(attendance, "_return_one", poisoned)
    assert attendance.sweep(db_session, NOON + 45 * MIN) == 1
    assert (owner(db_session, first), owner(db_session, second)) == (cast["site"].user_id, None)


def test_off_duty_and_disabled_owners_are_found_too(cast: Cast, db_session) -> None:
    number = push(cast)
    replies.claim(actor=cast["site"], post=post(number), now=NOON)
    seen(cast["site"])
    with write() as session:
        session.execute(update(User).where(User.id == cast["site"].user_id).values(disabled_at=NOON))
    assert attendance.sweep(db_session, NOON + MIN) == 1
    assert told(db_session, number, "returned_to_team")[0].data["why"] == "disabled"


# --- the lists ---


def test_mine_my_team_and_unclaimed_are_three_lists(cast: Cast, db_session) -> None:
    mine, other, free = (push(cast, f"W{n}") for n in range(3))
    replies.claim(actor=cast["site"], post=post(mine), now=NOON)
    replies.claim(actor=cast["site-manager"], post=post(other), now=NOON)

    def shown(which: str) -> set[str]:
        rows = queue.page(db_session, cast["site"], Filters(queue="all", owner=which), NOON).rows
        return {row.number for row in rows}

    assert (shown(""), shown("mine"), shown("unclaimed")) == ({mine, other, free}, {mine}, {free})
    rows = {r.number: r for r in queue.page(db_session, cast["site"], Filters(queue="all"), NOON).rows}
    assert {n: (r.owner, r.mine) for n, r in rows.items()} == {
        mine: ("", True), other: ("site-manager", False), free: ("", False),
    }  # fmt: skip


def test_a_manager_sets_skills_that_exist(cast: Cast, db_session) -> None:
    clerk = cast["site"].user_id or 0
    attendance.set_skills(actor=cast["site-manager"], user_id=clerk, skills=["LOST", "LOST"])
    with pytest.raises(Invalid):
        attendance.set_skills(actor=cast["site-manager"], user_id=clerk, skills=["NOPE"])
    with pytest.raises(NotFound):
        attendance.set_skills(actor=cast["site-manager"], user_id=cast["site-2"].user_id or 0, skills=[])
    db_session.rollback()
    assert db_session.get(User, clerk).skills == ["LOST"]
    members = ownership.team(db_session, cast.places["330106-01"], NOON)
    assert [(m.name, m.there, m.load) for m in members] == [("site", False, 0), ("site-manager", False, 0)]
    assert db_session.scalar(select(func.count()).where(Organisation.auto_assign)) == 0

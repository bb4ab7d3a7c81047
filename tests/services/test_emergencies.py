"""Emergency mode: who announces it, the limits of tickets opened in it, and clocks that stand still and run on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Clock, Emergency, Ticket
from app.services import emergencies, emergency_pauses, journal, replies, sweep
from app.services.emergencies import AnnounceIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
STORM = {"name": "台风", "area": "33", "from_at": NOON, "until_at": NOON + 6 * HOUR}
ANNOUNCES = {
    "site": False, "site-manager": False, "site-2": False, "site-3": False, "lcs": False, "lcs-manager": True,
    "lcs-2": False, "ccs": False, "ccs-manager": True, "admin": False,
}  # fmt: skip


def announce(cast: Cast, who: str = "ccs-manager", now=NOON, **more) -> int:
    return emergencies.announce(actor=cast[who], period=AnnounceIn(**{**STORM, **more}), now=now)


def clock(session, number: str, kind: str) -> Clock:
    statement = select(Clock).where(Clock.ticket_id == ticket(session, number).id, Clock.kind == kind)
    return session.scalars(statement.order_by(Clock.run.desc()).limit(1)).one()


def states(session, number: str) -> dict[str, str]:
    found = select(Clock.kind, Clock.state).where(Clock.ticket_id == ticket(session, number).id)
    return dict(session.execute(found).all())


def test_who_announces_it_for_the_first_province(cast) -> None:
    got = {}
    for who in ANNOUNCES:
        try:
            got[who] = announce(cast, who) > 0
        except NotAllowed:
            got[who] = False
    assert got == ANNOUNCES


def test_a_province_manager_announces_for_the_own_province_and_ends_no_other(cast, db_session) -> None:
    for area in ("", "44"):
        with pytest.raises(Invalid) as wrong:
            announce(cast, "lcs-manager", area=area)
        assert wrong.value.fields == {"area": "unknown_area"}
    away, network = announce(cast, area="44"), announce(cast, area="")
    with pytest.raises(NotFound):
        emergencies.end(actor=cast["lcs-manager"], emergency_id=away, now=NOON)
    with pytest.raises(NotAllowed):
        emergencies.end(actor=cast["lcs-manager"], emergency_id=network, now=NOON)


def test_what_is_wrong_with_a_period_is_named(cast) -> None:
    for more, field in (
        ({"name": " "}, "name"), ({"from_at": None}, "from_at"), ({"until_at": NOON}, "until_at"),
        ({"from_at": NOON - HOUR}, "from_at"), ({"until_at": NOON + timedelta(days=32)}, "until_at"),
        ({"limits": {"first_reply": "x"}}, "limit-first_reply"), ({"limits": {"legal": "5"}}, "limit-legal"),
        ({"limits": {"resolve": "0"}}, "limit-resolve"), ({"checklist": ["x" * 121]}, "checklist"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as wrong:
            announce(cast, **more)
        assert field in wrong.value.fields, more


def test_tickets_opened_in_the_period_and_the_province_keep_its_limits_for_life(cast, db_session) -> None:
    before = push(cast, "BEFORE", waybill="YT1000000000001")
    announce(cast, limits={"first_reply": "90", "rework": "1440"})
    inside = push(cast, "INSIDE", waybill="YT1000000000002", now=NOON + MIN)
    away = push(cast, "AWAY", waybill="YT1000000000003", site="440305-01", now=NOON + MIN)
    after = push(cast, "AFTER", waybill="YT1000000000004", now=NOON + 6 * HOUR)
    got = {name: clock(db_session, name, "first_reply").minutes for name in (before, inside, away, after)}
    assert got == {before: 30, inside: 90, away: 30, after: 30}
    assert clock(db_session, inside, "legal").minutes == 7 * 24 * 60
    replies.result(actor=cast["site"], post=post(inside), answer=ResultIn("好", "reached_accepts"), now=NOON + 7 * HOUR)
    tell(cast, "REPEAT", "INSIDE", at=NOON + 8 * HOUR, now=NOON + 8 * HOUR)
    assert clock(db_session, inside, "resolve").minutes == 1440, "also long after it is over"


def test_site_clocks_stand_still_and_run_on_with_what_was_left(cast, db_session) -> None:
    number = push(cast, expires=HOUR)
    due = {kind: clock(db_session, number, kind).due_at for kind in ("first_reply", "legal", "platform")}
    announce(cast, pauses=True, from_at=NOON + 10 * MIN, until_at=NOON + 70 * MIN)
    assert emergency_pauses.run(db_session, NOON + 5 * MIN) == 0
    assert emergency_pauses.run(db_session, NOON + 10 * MIN) == 1
    assert states(db_session, number) == {
        "accept": "running", "first_reply": "paused", "resolve": "paused", "legal": "running", "platform": "running",
    }, "what is late stays late; legal and platform never stand still"  # fmt: skip
    sweep.run(db_session, NOON + 69 * MIN)
    assert clock(db_session, number, "first_reply").breached_at is None
    assert emergency_pauses.run(db_session, NOON + 75 * MIN) == 1, "seen late, counted to the second"
    first = clock(db_session, number, "first_reply")
    assert (first.state, first.due_at) == ("running", due["first_reply"] + HOUR)
    assert {kind: clock(db_session, number, kind).due_at for kind in ("legal", "platform")} == {
        kind: due[kind] for kind in ("legal", "platform")
    }
    assert emergency_pauses.run(db_session, NOON + 76 * MIN) == 0
    row = ticket(db_session, number)
    assert not row.standing_still and journal.verify(db_session, row.id) is None


def test_a_ticket_routed_in_it_and_a_clock_started_in_it_stand_still_from_the_start(cast, db_session) -> None:
    announce(cast, pauses=True)
    number = push(cast, now=NOON + HOUR)
    assert states(db_session, number)["first_reply"] == "paused"
    replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", "reached_accepts"), now=NOON + 2 * HOUR)
    assert clock(db_session, number, "first_reply").state == "met"
    tell(cast, "REPEAT", "W1", at=NOON + 3 * HOUR, now=NOON + 3 * HOUR)
    again = clock(db_session, number, "resolve")
    assert (again.run, again.state) == (2, "paused")
    emergency_pauses.run(db_session, NOON + 6 * HOUR)
    again = clock(db_session, number, "resolve")
    assert (again.state, again.due_at) == ("running", NOON + 18 * HOUR)


def test_ending_early_lets_the_clocks_run_on_unless_another_period_holds_them(cast, db_session) -> None:
    number = push(cast)
    province, network = announce(cast, pauses=True), announce(cast, area="", pauses=True)
    emergency_pauses.run(db_session, NOON + MIN)
    emergencies.end(actor=cast["ccs-manager"], emergency_id=network, now=NOON + HOUR)
    emergency_pauses.run(db_session, NOON + HOUR)
    assert states(db_session, number)["first_reply"] == "paused"
    emergencies.end(actor=cast["ccs-manager"], emergency_id=province, now=NOON + 2 * HOUR)
    emergency_pauses.run(db_session, NOON + 2 * HOUR)
    assert clock(db_session, number, "first_reply").due_at == NOON + 2 * HOUR + 29 * MIN
    with pytest.raises(NotAllowed, match="emergency_over"):
        emergencies.end(actor=cast["ccs-manager"], emergency_id=province, now=NOON + 3 * HOUR)


def test_a_ticket_that_waits_for_the_customer_goes_on_waiting(cast, db_session) -> None:
    number = push(cast)
    announce(cast, pauses=True, until_at=NOON + HOUR)
    emergency_pauses.run(db_session, NOON)
    with write() as session:
        session.execute(update(Ticket).values(waiting_until=NOON + 5 * HOUR, state="in_progress"))
    emergency_pauses.run(db_session, NOON + HOUR)
    assert states(db_session, number)["first_reply"] == "paused"
    assert not ticket(db_session, number).standing_still


def test_the_preview_counts_what_it_touches(cast, db_session) -> None:
    push(cast, "A", waybill="YT1000000000001")
    push(cast, "B", waybill="YT1000000000002", site="440305-01")
    for more, expected in (
        ({"pauses": True}, (1, 3)), ({}, (1, 0)), ({"area": "", "pauses": True}, (2, 6)),
    ):  # fmt: skip
        shown = emergencies.preview(db_session, cast["ccs-manager"], AnnounceIn(**{**STORM, **more}), NOON)
        assert (shown.tickets, shown.clocks) == expected


def test_the_checklist_is_ticked_off_once_with_who_and_when(cast, db_session) -> None:
    period = announce(cast, checklist=["通知各站点", " ", "开通值班电话"])
    for who in ("lcs", "ccs"):
        emergencies.tick(actor=cast[who], emergency_id=period, line=1, now=NOON + MIN)
    db_session.rollback()
    lines = db_session.get_one(Emergency, period).checklist
    assert [(line["text"], line["done_by"]) for line in lines] == [("通知各站点", ""), ("开通值班电话", "lcs")]
    with pytest.raises(NotAllowed):
        emergencies.tick(actor=cast["site"], emergency_id=period, line=0, now=NOON)
    for who, line in (("lcs-2", 0), ("lcs", 2), ("lcs", -1)):
        with pytest.raises(NotFound):
            emergencies.tick(actor=cast[who], emergency_id=period, line=line, now=NOON)


def test_the_banner_is_for_those_concerned(cast, db_session) -> None:
    announce(cast)
    shown = {who for who in cast.people if emergencies.banner(db_session, cast[who], NOON + MIN)}
    assert shown == {"site", "site-manager", "site-2", "lcs", "lcs-manager", "ccs", "ccs-manager"}
    assert not emergencies.banner(db_session, cast["site"], NOON + 6 * HOUR)

"""What is kept for lists says what counting would: the tickets of an incident, and who sees an exemption."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.roles import Actor
from app.models import Alarm, IncidentTicket, Ticket
from app.models.ids import new_id
from app.services import (
    alarms,
    appeal_stream,
    exemption_rulings,
    exemption_view,
    exemptions,
    incident_view,
    incidents,
    parties,
    recounts,
    replies,
    sweep,
)
from app.services.exemptions import AskIn
from app.services.incidents import IncidentIn
from app.services.replies import ResultIn
from app.services.scope import visible_to
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell

LATER = NOON + timedelta(hours=30)
HOUR = timedelta(hours=1)
WATCHERS = ("lcs", "lcs-2", "ccs")


def counted(session: Any, actor: Actor) -> list[tuple[int, int]]:
    """Tickets and unanswered ones of each incident in the list, counted from the tickets."""
    session.rollback()
    found = []
    for row in incident_view.page(session, actor):
        inside = select(func.count()).where(Ticket.incident_id == row.incident.id, visible_to(actor))
        still = inside.where(Ticket.state.in_(("open", "in_progress")))
        found.append((session.scalar(inside), session.scalar(still)))
    return found


def kept(session: Any, actor: Actor) -> list[tuple[int, int]]:
    """The same as the list says it."""
    session.rollback()
    return [(row.tickets, row.open) for row in incident_view.page(session, actor)]


def test_an_incident_counts_what_each_desk_sees_through_every_change(cast: Cast, db_session: Any) -> None:
    near = [push(cast, f"I{n}", waybill=f"YT{n:013d}") for n in range(3)]
    away = push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    name = incidents.open_incident(actor=cast["ccs"], incident=IncidentIn("车", "fire", "", ""), now=NOON)
    seen = []

    def look() -> None:
        seen.append([kept(db_session, cast[who]) for who in WATCHERS])
        assert seen[-1] == [counted(db_session, cast[who]) for who in WATCHERS]

    look()
    incidents.add(actor=cast["ccs"], number=name, words=f"{' '.join(near)} {away}", now=NOON)
    look()
    replies.result(actor=cast["site"], post=post(near[0]), answer=ResultIn("好", "reached_accepts"), now=NOON)
    look()
    replies.follow_up(
        actor=cast["site-3"], post=post(away), text="已联系", contact_outcome="no_answer", next_update_at=LATER,
        now=NOON,
    )  # fmt: skip
    parties.add(actor=cast["site-3"], post=post(away), code="330108-01", text="请说明", most=2, now=NOON)
    look()
    tell(cast, "REJECT", "I0", at=NOON + HOUR, now=NOON + HOUR)
    look()
    incidents.remove(actor=cast["ccs"], number=name, ticket_numbers=near[1:], now=NOON)
    look()
    ends = [one[2] for one in seen]
    assert ends == [[(0, 0)], [(4, 4)], [(4, 3)], [(4, 3)], [(4, 3)], [(2, 1)]]
    assert [one[0] for one in seen][3:] == [[(4, 3)], [(4, 3)], [(2, 1)]]
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(IncidentTicket)) == 5


def test_the_tickets_of_an_incident_stand_in_their_order_and_only_those_that_one_sees(
    cast: Cast, db_session: Any
) -> None:
    near = [push(cast, f"I{n}", waybill=f"YT{n:013d}") for n in range(3)]
    away = push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    name = incidents.open_incident(actor=cast["ccs"], incident=IncidentIn("车", "fire", "", ""), now=NOON)
    incidents.add(actor=cast["ccs"], number=name, words=f"{away} {' '.join(near[::-1])}", now=NOON)
    replies.result(actor=cast["site"], post=post(near[0]), answer=ResultIn("好", "reached_accepts"), now=NOON)

    def numbers(who: str) -> list[str]:
        db_session.rollback()
        row = incidents.load(db_session, cast[who], name)
        return [one.number for one, _site in incident_view.tickets(db_session, cast[who], row)]

    assert numbers("ccs") == [*near[1:], away, near[0]]
    assert (numbers("lcs"), numbers("lcs-2")) == ([*near[1:], near[0]], [away])


@pytest.mark.parametrize("most", [50, 1])
def test_pages_of_incidents_hold_the_own_and_the_networks_newest_first(cast: Cast, db_session: Any, most: int) -> None:
    made = []
    for province in ("33", "", "44", "33", "", "33"):
        given = IncidentIn("车", "fire", province, "")
        made.append((province, incidents.open_incident(actor=cast["ccs"], incident=given, now=NOON)))
    db_session.rollback()
    for who, province in (("lcs", "33"), ("lcs-2", "44")):
        wanted = [number for place, number in made[::-1] if place in ("", province)]
        shown, before = [], None
        for _ in wanted:
            page = incident_view.page(db_session, cast[who], before, most)
            shown += [row.incident.number for row in page[:most]]
            before = page[most - 1].incident.id if len(page) > most else 0
        assert shown == wanted


def states(session: Any, actor: Actor) -> dict[str, int]:
    """How many exemptions each tab of the list has, and the same from the count of an export."""
    session.rollback()
    found = {state: len(exemption_view.page(session, actor, state)) for state in ("", *exemption_view.STATES)}
    assert found == {state: exemption_view.count(session, actor, state, 2**63 - 1, 100) for state in found}
    return {state: n for state, n in found.items() if n}


def test_an_areas_exemption_is_seen_there_and_stands_in_the_tab_of_its_state(cast: Cast, db_session: Any) -> None:
    push(cast, "L1")
    sweep.run(db_session, LATER)
    asked = AskIn("force_majeure", facts="台风")
    made = {
        area: exemptions.ask_area(
            actor=cast["ccs-manager"], area=area, from_at=NOON - HOUR, until_at=LATER, asked=asked, now=LATER
        )
        for area in ("33", "")
    }
    assert [states(db_session, cast[who]) for who in ("lcs", "lcs-2", "site")] == [
        {"": 2, "asked": 2}, {"": 1, "asked": 1}, {},
    ]  # fmt: skip
    cast.people["other"] = Actor(cast["ccs"].user_id, "ccs_manager", cast["ccs"].organisation_id, None, "other")
    exemption_rulings.decide(actor=cast["other"], exemption_id=made[""], granting=True, text="", now=LATER)
    assert states(db_session, cast["lcs"]) == {"": 2, "asked": 1, "granted": 1}
    assert states(db_session, cast["site"]) == {"": 1, "granted": 1}
    exemption_rulings.revoke(actor=cast["other"], exemption_id=made[""], text="证明是假的", now=LATER)
    assert states(db_session, cast["lcs-2"]) == {"": 1, "revoked": 1}


def test_a_provinces_own_people_raise_an_alarm_that_the_province_sees(cast: Cast, db_session: Any) -> None:
    with write() as session:
        alarm = Alarm(
            id=new_id(), kind="mass_reveal", organisation_id=cast["lcs"].organisation_id,
            province_id=cast["lcs"].province_id, user_id=cast["lcs"].user_id, at=NOON, data={},
        )  # fmt: skip
        session.add(alarm)
    assert [len(alarms.listed(db_session, cast[who])) for who in ("lcs-manager", "lcs-2")] == [1, 0]


def test_beyond_a_hundred_the_head_of_the_stream_says_the_kept_counter(
    cast: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch
) -> None:

    for n in range(3):
        number = push(cast, f"W{n}", waybill=f"YT{n:013d}")
        replies.result(actor=cast["site"], post=post(number), answer=ResultIn("好", "reached_accepts"), now=NOON)
        tell(cast, "REJECT", f"W{n}", at=NOON + HOUR, now=NOON + HOUR)
    monkeypatch.setattr(appeal_stream, "MOST", 2)
    assert appeal_stream.head(db_session, cast["ccs"], LATER).waiting == 2
    db_session.rollback()
    with write() as session:
        recounts.recount(session)
    head = appeal_stream.head(db_session, cast["ccs"], LATER + 1000 * HOUR)
    assert (head.waiting, head.overdue) == (3, 2)

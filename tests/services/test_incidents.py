"""Incidents: tickets by number and by filter, one text with each ticket's own callback, one exemption."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Clock, Event, Exemption, Incident, Outbox, Ticket
from app.services import (
    exemption_rulings,
    helping,
    incident_replies,
    incident_view,
    incidents,
    journal,
    parties,
    replies,
    sweep,
)
from app.services.exemptions import AskIn
from app.services.incidents import IncidentIn, Matching
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket

LATER = NOON + timedelta(hours=1)
TRUCK = IncidentIn("沪杭高速货车起火", "fire", "33")
ANSWER = ResultIn("车辆起火，包裹正在核对，24 小时内回复赔付方案", "no_answer", "explained")
OPENS = {
    "site": False, "site-manager": False, "site-2": False, "site-3": False, "lcs": True, "lcs-manager": True,
    "lcs-2": False, "ccs": True, "ccs-manager": True, "admin": False,
}  # fmt: skip


def opened(cast: Cast, who: str = "lcs", **more) -> str:
    return incidents.open_incident(actor=cast[who], incident=IncidentIn(**{**vars(TRUCK), **more}), now=NOON)


def pushed(cast: Cast, count: int, **more) -> list[str]:
    return [push(cast, f"I{n}", waybill=f"YT{n:013d}", **more) for n in range(count)]


def add(cast: Cast, number: str, words: str, who: str = "lcs"):
    return incidents.add(actor=cast[who], number=number, words=words, now=NOON)


def inside(session, number: str) -> list[str]:
    session.rollback()
    statement = select(Ticket.number).join(Incident, Incident.id == Ticket.incident_id)
    return sorted(session.scalars(statement.where(Incident.number == number)))


def test_who_opens_an_incident_of_the_first_province(cast) -> None:
    got = {}
    for who in OPENS:
        try:
            got[who] = opened(cast, who).startswith("INC261118-")
        except (Invalid, NotAllowed):
            got[who] = False
    assert got == OPENS


def test_an_lcs_opens_none_for_the_network_and_sees_no_other_provinces(cast, db_session) -> None:
    with pytest.raises(Invalid):
        opened(cast, province="")
    own, network = opened(cast), opened(cast, "ccs", province="")
    assert incidents.load(db_session, cast["lcs-2"], network).province_id is None
    with pytest.raises(NotFound):
        incidents.load(db_session, cast["lcs-2"], own)
    with pytest.raises(NotAllowed):
        incidents.close(actor=cast["lcs"], number=network, now=NOON)
    incidents.close(actor=cast["lcs"], number=own, now=NOON)
    with pytest.raises(NotAllowed, match="incident_closed"):
        add(cast, own, "KF1")


def test_numbers_and_waybills_come_in_and_each_word_that_does_not_is_named(cast, db_session) -> None:
    first, second, gone = pushed(cast, 3)
    away = push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    cast_off = opened(cast, "lcs-manager")
    add(cast, cast_off, second)
    tell(cast, "CANCEL", "I2")
    number = opened(cast)
    added = add(cast, number, f"{first}, ＹＴ0000000000000\n{second} {gone};{away}、yt0000000000009")
    assert added.tickets == 1
    assert dict(added.refused) == {
        second: "in_another", gone: "withdrawn_ticket", away: "no_such_ticket", "YT0000000000009": "no_such_ticket",
    }  # fmt: skip
    assert inside(db_session, number) == [first]
    assert dict(add(cast, number, first).refused) == {first: "in_it_already"}
    assert dict(add(cast, number, away, "ccs").refused) == {away: "other_province"}
    assert journal.verify(db_session, ticket(db_session, first).id) is None


def test_a_filter_takes_in_the_open_tickets_of_a_site_and_time(cast, db_session) -> None:
    early = pushed(cast, 2)
    push(cast, "S2", site="330108-01", waybill="YT8888888888888")
    late = push(cast, "S3", waybill="YT7777777777777", now=NOON + timedelta(hours=2))
    number = opened(cast)
    for wrong in (Matching(), Matching("nowhere"), Matching(from_at=LATER, until_at=NOON)):
        with pytest.raises(Invalid):
            incidents.add_matching(actor=cast["lcs"], number=number, matching=wrong, now=NOON)
    matching = Matching("330106-01", "FALSE_SIGN", NOON, LATER)
    assert incidents.add_matching(actor=cast["lcs"], number=number, matching=matching, now=NOON).tickets == 2
    assert inside(db_session, number) == sorted(early) and late not in early
    assert incidents.remove(actor=cast["lcs"], number=number, ticket_numbers=early[:1], now=NOON) == 1
    assert inside(db_session, number) == early[1:]


def test_one_text_is_each_tickets_own_result_and_callback_and_what_fails_is_named(cast, db_session) -> None:
    first, second, answered = pushed(cast, 3)
    outside = push(cast, "OUT", waybill="YT6666666666666")
    number = opened(cast)
    add(cast, number, f"{first} {second} {answered}")
    replies.result(actor=cast["site"], post=post(answered), answer=ResultIn("已处理", "reached_accepts"), now=NOON)
    done = incident_replies.reply_all(
        actor=cast["lcs"], number=number, ticket_numbers=[first, second, answered, outside], answer=ANSWER, key="k",
        now=LATER,
    )  # fmt: skip
    assert {one.number: one.code for one in done} == {
        first: "", second: "", answered: "not_allowed", outside: "not_in_incident",
    }  # fmt: skip
    for name in (first, second):
        row = ticket(db_session, name)
        assert (row.state, row.acting_id) == ("replied", None)
        kinds = list(db_session.scalars(select(Event.type).where(Event.ticket_id == row.id).order_by(Event.seq)))
        assert kinds.index("acting_started") < kinds.index("result") < kinds.index("acting_stopped")
        sent = list(db_session.scalars(select(Outbox).where(Outbox.ticket_id == row.id, Outbox.kind == "callback")))
        assert len(sent) == 1 and journal.verify(db_session, row.id) is None
    assert ticket(db_session, outside).state == "open"


def test_the_same_mass_reply_sent_twice_answers_each_ticket_once(cast, db_session) -> None:
    first = pushed(cast, 1)[0]
    number = opened(cast)
    add(cast, number, first)
    for _ in range(2):
        done = incident_replies.reply_all(
            actor=cast["lcs"], number=number, ticket_numbers=[first], answer=ANSWER, key="once", now=LATER
        )
        assert [one.code for one in done] == [""]
    results = select(Event.id).where(Event.type == "result", Event.ticket_id == ticket(db_session, first).id)
    assert len(list(db_session.scalars(results))) == 1


def test_a_mass_reply_in_other_words_or_of_somebody_else_is_no_repetition(cast, db_session) -> None:
    first = pushed(cast, 1)[0]
    number = opened(cast)
    add(cast, number, first)
    codes = [
        incident_replies.reply_all(
            actor=cast[who], number=number, ticket_numbers=[first], answer=answer, key="once", now=LATER
        )[0].code
        for who, answer in (("lcs", ANSWER), ("lcs", replace(ANSWER, text="别的话")), ("lcs-manager", ANSWER))
    ]
    assert codes == ["", "sent_already", "sent_already"]


def test_an_answer_that_a_platform_does_not_take_leaves_the_ticket_as_it_was(cast, db_session) -> None:
    offered = [{"reply_value": "1", "reply_label": "已核实", "operate_type": "A", "reply_supplement": []}]
    first = push(cast, "ANS", answers=offered, waybill="YT5555555555555")
    number = opened(cast)
    add(cast, number, first)
    version = ticket(db_session, first).version
    done = incident_replies.reply_all(
        actor=cast["lcs"], number=number, ticket_numbers=[first], answer=ANSWER, key="", now=LATER
    )
    assert done[0].code and ticket(db_session, first).version == version
    assert [one.value for one in incident_view.answers(db_session, cast["lcs"], incident(db_session, number))] == ["1"]


def test_an_answer_whose_platform_demands_a_field_takes_it_from_the_mass_reply(cast, db_session) -> None:
    demanded = {"field_label": "时间", "field_name": "when", "field_type": "text", "require": True, "field_value": ""}
    offered = [{"reply_value": "1", "reply_label": "重派", "operate_type": "A", "reply_supplement": [demanded]}]
    first = push(cast, "SUP", answers=offered, waybill="YT4444444444444")
    number = opened(cast)
    add(cast, number, first)
    codes = []
    for supplements in ({}, {"when": "明天"}):
        answer = ResultIn("好", "no_answer", answer="1", supplements=supplements)
        done = incident_replies.reply_all(
            actor=cast["lcs"], number=number, ticket_numbers=[first], answer=answer, key="", now=LATER
        )
        codes.append(done[0].code)
    assert codes == ["supplement_missing", ""]


def incident(session, number: str) -> Incident:
    session.rollback()
    return session.scalars(select(Incident).where(Incident.number == number)).one()


def handed_up(session, number: str) -> None:
    with write() as changing:
        ticket(changing, number).level = 2
    session.rollback()


def test_headquarters_is_refused_once_before_anything_is_sent_where_it_does_not_work_the_ticket(
    cast, db_session
) -> None:
    up, below = pushed(cast, 2)
    number = opened(cast, "ccs", province="")
    add(cast, number, f"{up} {below}", "ccs")
    handed_up(db_session, up)
    with pytest.raises(Invalid) as refused:
        incident_replies.reply_all(
            actor=cast["ccs"], number=number, ticket_numbers=[up, below], answer=ANSWER, key="", now=LATER
        )
    assert (refused.value.fields, refused.value.detail) == ({"tickets": "not_yours"}, {"numbers": [below]})
    assert {ticket(db_session, name).state for name in (up, below)} == {"open"}


def test_headquarters_answers_what_was_handed_up_and_the_site_stays_its_owner_and_late(cast, db_session) -> None:
    first = pushed(cast, 1)[0]
    replies.claim(actor=cast["site"], post=post(first), now=NOON)
    number = opened(cast, "ccs", province="")
    add(cast, number, first, "ccs")
    handed_up(db_session, first)
    done = incident_replies.reply_all(
        actor=cast["ccs"], number=number, ticket_numbers=[first], answer=ANSWER, key="", now=LATER
    )
    row = ticket(db_session, first)
    assert ([one.code for one in done], row.state, row.owner_id) == ([""], "replied", cast["site"].user_id)
    event = db_session.scalars(select(Event).where(Event.ticket_id == row.id, Event.type == "result")).one()
    assert (event.data["acting_for_code"], event.data["counts"]) == ("330106-01", False)
    runs = {clock.kind: clock.credited for clock in db_session.scalars(select(Clock).where(Clock.ticket_id == row.id))}
    assert (runs["accept"], runs["first_reply"], runs["resolve"]) == (True, False, False)
    sent = list(db_session.scalars(select(Outbox).where(Outbox.ticket_id == row.id, Outbox.kind == "callback")))
    assert len(sent) == 1


def test_an_answer_of_headquarters_counts_where_the_site_had_asked_for_help_in_time(cast, db_session) -> None:
    first = pushed(cast, 1)[0]
    helping.ask_help(actor=cast["site"], post=post(first), text="客户不在我区", now=NOON)
    handed_up(db_session, first)
    answer = ResultIn("已联系发件人改派", "reached_accepts")
    replies.result(actor=cast["ccs"], post=post(first), answer=answer, now=NOON + timedelta(minutes=20))
    row = ticket(db_session, first)
    states = {clock.kind: clock.state for clock in db_session.scalars(select(Clock).where(Clock.ticket_id == row.id))}
    assert (states["first_reply"], states["resolve"], row.owner_id) == ("met", "met", None)


def test_one_exemption_covers_all_its_tickets_and_its_number_decides_who_rules(cast, db_session) -> None:
    numbers = pushed(cast, 6)
    sweep.run(db_session, LATER)
    name = opened(cast)
    add(cast, name, " ".join(numbers))
    asked = AskIn("force_majeure", text="起火证明在省区档案 11-18")
    with pytest.raises(Invalid):
        incidents.ask_exemption(actor=cast["lcs"], number=name, kind="accept", asked=asked, now=LATER)
    exemption_id = incidents.ask_exemption(actor=cast["lcs"], number=name, kind="first_reply", asked=asked, now=LATER)
    db_session.rollback()
    row = db_session.get_one(Exemption, exemption_id)
    assert (row.tickets, row.clocks, row.incident_id) == (6, 6, incident(db_session, name).id)
    for who, may in {"lcs": False, "lcs-manager": False, "ccs-manager": True}.items():
        try:
            exemption_rulings.decide(actor=cast[who], exemption_id=exemption_id, granting=True, text="", now=LATER)
        except NotAllowed as error:
            assert not may and error.code in ("for_lcs_manager", "own_hand")
        if who == "lcs":
            replies.note(actor=cast["lcs-manager"], post=post(numbers[0]), text="看过", now=LATER)
    db_session.rollback()
    assert db_session.get_one(Exemption, exemption_id).state == "granted"


def test_the_list_counts_what_is_in_it_and_unanswered(cast, db_session) -> None:
    numbers = pushed(cast, 2)
    name = opened(cast)
    add(cast, name, " ".join(numbers))
    replies.result(actor=cast["site"], post=post(numbers[0]), answer=ResultIn("好", "reached_accepts"), now=NOON)
    db_session.rollback()
    assert [(row.tickets, row.open) for row in incident_view.page(db_session, cast["lcs"])] == [(2, 1)]
    assert incident_view.page(db_session, cast["lcs-2"]) == []


def test_with_one_ticket_of_another_province_none_is_taken_out(cast, db_session) -> None:
    first, second = pushed(cast, 2)
    away = push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    network = opened(cast, "ccs", province="")
    add(cast, network, f"{first} {second} {away}", "ccs")
    replies.follow_up(
        actor=cast["site-3"], post=post(away), text="已联系", contact_outcome="no_answer", next_update_at=LATER,
        now=NOON,
    )  # fmt: skip
    parties.add(actor=cast["site-3"], post=post(away), code="330108-01", text="请说明", most=2, now=NOON)
    for mixed in ([first, away], [first, "KF991231-999999"]):
        with pytest.raises(NotFound):
            incidents.remove(actor=cast["lcs"], number=network, ticket_numbers=mixed, now=NOON)
    assert inside(db_session, network) == sorted([first, second, away])
    assert incidents.remove(actor=cast["lcs"], number=network, ticket_numbers=[first, second], now=NOON) == 2
    assert incidents.remove(actor=cast["ccs"], number=network, ticket_numbers=[away], now=NOON) == 1

"""The bell: who is told of what, in the entry's own transaction, once, and never outside the scope."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.domain.errors import NotAllowed, NotFound
from app.models import Export, Notice, Party, Ticket, User
from app.services import export_work, exports, helping, journal, notices, ownership, replies, superior
from app.services.exports import OrderIn
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, post

LATER = NOON + timedelta(minutes=20)


@pytest.fixture
def company(db_session):
    return cast.begin()


def told(session, actor) -> list[str]:
    session.rollback()
    return [line.kind for line in notices.page(session, actor, None)[0]]


def count(session, actor) -> int:
    session.rollback()
    return notices.unread(session, actor).n


def owned(company, code: str = "W1") -> str:
    number = cast.push(company, code)
    replies.claim(actor=company["site"], post=post(number), now=NOON)
    return number


def test_the_owner_hears_that_the_customer_complains_again_and_nobody_else(db_session, company):
    owned(company)
    cast.tell(company, "REPEAT", now=LATER)
    assert told(db_session, company["site"]) == ["repeated"]
    others = ("site-manager", "site-2", "lcs", "ccs", "admin")
    assert not [who for who in others if count(db_session, company[who])]


def test_where_nobody_owns_it_everybody_of_the_site_hears_it_but_not_who_is_disabled(db_session, company):
    with write() as session:
        session.execute(update(User).where(User.account == "site-manager").values(disabled_at=NOON))
    cast.push(company)
    cast.tell(company, "REPEAT", now=LATER)
    assert [who for who in ("site", "site-manager", "site-2") if count(db_session, company[who])] == ["site"]


def test_nobody_is_told_of_what_they_did_themselves(db_session, company):
    number = owned(company)
    superior.urge_site(actor=company["lcs"], post=post(number), now=LATER)
    helping.ask_help(actor=company["site"], post=post(number), text="请协助", now=LATER)
    helping.answer_help(actor=company["lcs"], post=post(number), text="请先核实", now=LATER)
    assert told(db_session, company["site"]) == ["helped", "urged"]
    assert told(db_session, company["lcs"]) == []


def test_whoever_gets_a_ticket_hears_it_and_who_gave_it_does_not(db_session, company):
    number = owned(company)
    with write() as session:
        session.execute(update(User).values(last_seen_at=LATER))
    to_id = company["site-manager"].user_id
    ownership.hand_over(actor=company["site"], post=post(number), to_id=to_id, note="请接手", now=LATER)
    assert told(db_session, company["site-manager"]) == ["assigned"]
    assert told(db_session, company["site"]) == []


def test_a_notice_is_gone_with_the_entry_that_failed(db_session, company):
    number = owned(company)
    with pytest.raises(RuntimeError), write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        journal.append(session, ticket, "repeat", actor=company["ccs"], now=LATER)
        session.flush()
        raise RuntimeError
    assert count(db_session, company["site"]) == 0


def test_one_entry_tells_one_person_once(db_session, company):
    number = owned(company)
    superior.urge_site(actor=company["lcs"], post=post(number, "k1"), now=LATER)
    superior.urge_site(actor=company["lcs"], post=post(number, "k1"), now=LATER)
    with pytest.raises(NotAllowed):
        superior.urge_site(actor=company["lcs"], post=post(number, "k2"), now=LATER)
    assert told(db_session, company["site"]) == ["urged"]


def test_what_left_the_scope_is_neither_counted_nor_listed_nor_opened(db_session, company):
    owned(company)
    cast.tell(company, "REPEAT", now=LATER)
    line = notices.page(db_session, company["site"], None)[0][0]
    with write() as session:
        ticket_id = session.get_one(Notice, line.id).ticket_id
        session.execute(update(Notice).values(user_id=company["site-3"].user_id))
        assert ticket_id
    assert (count(db_session, company["site-3"]), told(db_session, company["site-3"])) == (0, [])
    with pytest.raises(NotFound):
        notices.read(actor=company["site-3"], notice_id=line.id, now=LATER)


def test_reading_one_and_all_and_never_somebody_elses(db_session, company):
    for code in ("W1", "W2", "W3"):
        owned(company, code)
        cast.tell(company, "REPEAT", code, now=LATER)
    lines, more = notices.page(db_session, company["site"], None)
    assert (len(lines), more) == (3, None)
    assert notices.read(actor=company["site"], notice_id=lines[0].id, now=LATER).number == lines[0].number
    with pytest.raises(NotFound):
        notices.read(actor=company["site-manager"], notice_id=lines[1].id, now=LATER)
    assert count(db_session, company["site"]) == 2
    assert notices.read_all(actor=company["site"], upto=lines[1].id, now=LATER) == 2
    assert count(db_session, company["site"]) == 0


def test_a_notice_that_came_after_the_page_is_not_read_with_it(db_session, company):
    owned(company)
    cast.tell(company, "REPEAT", now=LATER, key="a")
    seen = notices.page(db_session, company["site"], None)[0][0].id
    cast.tell(company, "REPEAT", now=LATER, key="b", at=LATER)
    notices.read_all(actor=company["site"], upto=seen, now=LATER)
    assert count(db_session, company["site"]) == 1


def test_the_count_stops_at_a_hundred_and_pages_follow_each_other(db_session, company):
    number = owned(company)
    user_id = company["site"].user_id
    with write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        rows = [Notice(user_id=user_id, kind="urged", ticket_id=ticket.id, event_id=n, at=NOON) for n in range(130)]
        session.add_all(rows)
    assert count(db_session, company["site"]) == 100
    first, before = notices.page(db_session, company["site"], None)
    second, _more = notices.page(db_session, company["site"], before)
    ids = [line.id for line in [*first, *second]]
    assert len(ids) == 2 * notices.PAGE == len(set(ids)) and ids == sorted(ids, reverse=True)


def test_old_notices_go_and_fresh_ones_stay(db_session, company):
    owned(company)
    cast.tell(company, "REPEAT", now=LATER)
    assert notices.prune(now=LATER + timedelta(days=59)) == 0
    assert notices.prune(now=LATER + timedelta(days=61)) == 1
    assert told(db_session, company["site"]) == []


@pytest.mark.parametrize(("failed", "kind"), [(False, "exported"), (True, "not_exported")])
def test_whoever_asked_for_an_export_hears_once_how_it_ended(db_session, company, failed, kind):
    order = OrderIn("queue", "queue", {}, "", "csv", "zh")
    export_id = exports.ask(actor=company["lcs"], order=order, key="k", address="", now=NOON)
    taken = export_work.claim(export_id=export_id, now=NOON, lease=60)
    assert taken is not None
    if failed:
        export_work.stop(export_id=export_id, token=taken[0], reason="error", now=LATER)
    else:
        export_work.finish(export_id=export_id, token=taken[0], store_name="x", size=1, now=LATER)
    assert told(db_session, company["lcs"]) == [kind]
    with write() as session:
        notices.exported(session, session.get_one(Export, export_id), kind, LATER)
    assert count(db_session, company["lcs"]) == 1
    assert count(db_session, company["lcs-manager"]) == 0


def test_the_sides_of_a_dispute_hear_its_ruling_and_the_handling_site_of_a_dispute(db_session, company):
    number = owned(company)
    party = company["site-2"]
    with write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        session.add(Party(
            ticket_id=ticket.id, organisation_id=party.organisation_id, province_id=party.province_id, role="party",
            added_at=NOON,
        ))  # fmt: skip
        named = {"organisation_id": party.organisation_id}
        journal.append(session, ticket, "party_added", actor=company["site"], now=LATER, data=named)
        journal.append(session, ticket, "party_disputed", actor=party, now=LATER, data=named)
        shares = [[company["site"].organisation_id, "a", 40], [party.organisation_id, "b", 60]]
        journal.append(session, ticket, "dispute_ruled", actor=company["lcs"], now=LATER, data={"shares": shares})
    assert told(db_session, party) == ["dispute_ruled", "asked"]
    assert told(db_session, company["site"]) == ["dispute_ruled", "disputed"]
    assert told(db_session, company["lcs"]) == []

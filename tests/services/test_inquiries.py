"""Inquiries: a site asks its province or headquarters, customers ask, suggest and praise; answered, accepted, never
penalised, never scored."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from importlib import import_module

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import Category, Clock, Counter, CustomerLink, Event, Notice, Penalty, Ticket, WorkItem
from app.services import closing, customer_link, inquiries, intake, penalties, queue, replies, scope, sweep, verdicts
from app.services.desk import Post
from app.services.inquiries import QuestionIn
from app.services.intake import ComplaintIn
from app.services.replies import ResultIn
from app.services.scorecard_facts import Span, month_facts
from app.services.transaction import write
from tests.cast import NOON, Cast

MINUTE = timedelta(minutes=1)
PRAISE = ComplaintIn(
    kind="inquiry", category="PRAISE", channel="telephone", text="快递员冒雨送上楼", waybill="YT1234567890123",
    name="王小明", phone="13812345678", site_code="330106-01",
)  # fmt: skip


@pytest.fixture(autouse=True)
def categories(cast: Cast) -> None:
    with write() as session:
        for code in ("CONSULT", "SUGGESTION", "PRAISE"):
            session.add(Category(code=code, name=code, name_en=code, kind="inquiry", position=0))


def ask(cast: Cast, to: str, *, who: str = "site", now=NOON, key: str = "") -> str:
    question = QuestionIn(to=to, text="破损件怎么定责")
    return inquiries.ask(actor=cast[who], question=question, key=key, now=now)


def answer(cast: Cast, who: str, number: str, *, now=NOON + MINUTE) -> None:
    replies.result(actor=cast[who], post=Post(number), answer=ResultIn("按揽收时的照片定责", ""), now=now)


def ticket_of(session: Session, number: str) -> Ticket:
    session.expire_all()
    return session.scalars(select(Ticket).where(Ticket.number == number)).one()


def turns(session: Session) -> set[int]:
    session.expire_all()
    return set(session.scalars(select(WorkItem.scope).where(WorkItem.turn)))


def test_a_question_to_the_province_waits_there_and_the_answer_comes_back(cast: Cast, db_session: Session) -> None:
    number, site, province = ask(cast, "lcs"), cast.places["330106-01"], cast.places["33"]
    assert turns(db_session) == {province}
    replies.claim(actor=cast["lcs"], post=Post(number), now=NOON)
    answer(cast, "lcs", number)
    assert turns(db_session) == {site}
    inquiries.accept(actor=cast["site"], post=Post(number), text="", now=NOON + 2 * MINUTE)
    ticket = ticket_of(db_session, number)
    assert (ticket.state, ticket.next_clock, ticket.handling_site_id) == ("closed", "", None)
    assert db_session.scalars(select(WorkItem)).all() == []
    assert db_session.scalars(select(CustomerLink)).all() == []
    assert not [row for row in db_session.scalars(select(Clock)) if row.state == "breached"]


def queues_at(session: Session, scope_id: int | None) -> dict[str, int]:
    session.rollback()
    rows = session.execute(select(Counter.queue, Counter.n).where(Counter.scope == scope_id, Counter.n != 0))
    return {row.queue: row.n for row in rows}


def test_whoever_asked_has_the_question_with_others_until_the_answer_is_there_and_not_to_accept(
    cast: Cast, db_session: Session
) -> None:
    number, asking = ask(cast, "lcs"), cast["site"].organisation_id
    assert queues_at(db_session, asking) == {"elsewhere": 1, "all": 1}
    answer(cast, "lcs", number)
    assert queues_at(db_session, asking) == {"replied": 1, "todo": 1, "all": 1}
    inquiries.send_back(actor=cast["site"], post=Post(number), text="没有说照片丢了怎么办", now=NOON + 2 * MINUTE)
    assert queues_at(db_session, asking) == {"elsewhere": 1, "all": 1}
    found = queue.page(db_session, cast["site"], queue.Filters(queue="to_accept"), NOON + 3 * MINUTE).rows
    assert [row.number for row in found] == []


def test_a_province_that_asked_headquarters_has_the_question_with_others(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "ccs", who="lcs")
    item = select(WorkItem.queue, WorkItem.turn).where(WorkItem.scope == cast["lcs"].province_id)
    assert db_session.execute(item).one() == ("elsewhere", False)
    answer(cast, "ccs", number)
    assert db_session.execute(item).one() == ("replied", True)


def test_work_stored_before_there_was_a_queue_with_others_moves_there_and_back(cast: Cast, db_session: Session) -> None:
    ask(cast, "lcs")
    today, asking = kept(db_session), cast["site"].organisation_id
    migration("0068_with_others", "downgrade")
    assert queues_at(db_session, asking) == {"to_accept": 1, "all": 1}
    migration("0068_with_others", "upgrade")
    assert kept(db_session) == today


def kept(session: Session) -> tuple[object, ...]:
    session.rollback()
    items = session.execute(select(WorkItem.scope, WorkItem.queue, WorkItem.turn).order_by(WorkItem.scope)).all()
    return items, [queues_at(session, scope) for scope, _queue, _turn in items]


def migration(name: str, way: str) -> None:
    """One migration alone, one way, over what is stored."""
    module = import_module(f"migrations.versions.{name}")
    with db.engine.begin() as connection, Operations.context(MigrationContext.configure(connection)):
        getattr(module, way)()


def test_the_bell_tells_whoever_asked_of_the_answer_and_the_desk_of_what_comes_back(
    cast: Cast, db_session: Session
) -> None:
    number = ask(cast, "lcs")
    answer(cast, "lcs", number)
    told = db_session.execute(select(Notice.user_id, Notice.kind)).all()
    assert {(cast[who].user_id, "answered") for who in ("site", "site-manager")} == {tuple(row) for row in told}
    inquiries.send_back(actor=cast["site"], post=Post(number), text="没有照片呢", now=NOON + 2 * MINUTE)
    back = select(Notice.user_id).where(Notice.kind == "answer_returned")
    assert db_session.scalars(back).all() == [cast["lcs"].user_id]


def test_after_an_upgrade_a_province_finds_old_questions_where_it_finds_new_ones(
    cast: Cast, db_session: Session
) -> None:
    number = ask(cast, "ccs")  # the site's own province only knows of it
    ticket, province = ticket_of(db_session, number), cast.places["33"]

    def lying() -> list[tuple[int, str, bool, bool]]:
        db_session.rollback()
        rows = db_session.scalars(select(WorkItem).where(WorkItem.ticket_id == ticket.id).order_by(WorkItem.scope))
        return [(row.scope, row.queue, row.turn, row.overdue) for row in rows]

    today = lying()
    assert (province, "elsewhere", False, False) in today
    old = {"queue": ticket.queue, "overdue": True}  # as a portal of before had written it
    db_session.execute(update(WorkItem).where(WorkItem.scope == province), old)
    db_session.commit()
    assert lying() != today
    migration("0078_inquiries_beside", "upgrade")
    assert lying() == today


def test_a_question_to_headquarters_waits_there(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "ccs")
    assert turns(db_session) == {0}
    replies.claim(actor=cast["ccs"], post=Post(number), now=NOON)
    assert turns(db_session) == {0}
    answer(cast, "ccs", number)
    assert turns(db_session) == {cast.places["330106-01"]}


def test_nobody_else_reads_it(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "lcs")
    for who in ("site-2", "site-3", "lcs-2", "admin"):
        with pytest.raises(NotFound):
            scope.load(db_session, cast[who], number)


def test_an_answer_that_does_not_help_goes_back_with_a_new_run(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "lcs")
    answer(cast, "lcs", number)
    with pytest.raises(Invalid):
        inquiries.send_back(actor=cast["site"], post=Post(number), text=" ", now=NOON + 2 * MINUTE)
    inquiries.send_back(actor=cast["site"], post=Post(number), text="没有照片呢", now=NOON + 2 * MINUTE)
    assert (ticket_of(db_session, number).state, turns(db_session)) == ("in_progress", {cast.places["33"]})
    answer(cast, "lcs", number, now=NOON + 3 * MINUTE)
    assert turns(db_session) == {cast.places["330106-01"]}


def test_only_whoever_asked_accepts(cast: Cast) -> None:
    number = ask(cast, "lcs")
    answer(cast, "lcs", number)
    for who in ("lcs", "ccs"):
        with pytest.raises(NotAllowed):
            inquiries.accept(actor=cast[who], post=Post(number), text="", now=NOON + 2 * MINUTE)


def test_a_province_hands_a_question_up(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "lcs")
    replies.claim(actor=cast["lcs"], post=Post(number), now=NOON)
    inquiries.pass_up(actor=cast["lcs"], post=Post(number), text="涉及两省", now=NOON + MINUTE)
    assert (ticket_of(db_session, number).state, turns(db_session)) == ("open", {0})
    with pytest.raises(NotAllowed):
        answer(cast, "lcs", number)
    answer(cast, "ccs", number, now=NOON + 2 * MINUTE)
    inquiries.accept(actor=cast["site"], post=Post(number), text="", now=NOON + 3 * MINUTE)


def test_a_province_asks_headquarters_and_headquarters_asks_nobody(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "ccs", who="lcs")
    answer(cast, "ccs", number)
    assert turns(db_session) == {cast.places["33"]}
    for who, to in (("ccs", "ccs"), ("lcs", "lcs"), ("site", "nobody"), ("admin", "ccs")):
        with pytest.raises(Invalid):
            ask(cast, to, who=who)


def test_the_same_form_sent_twice_asks_once(cast: Cast, db_session: Session) -> None:
    assert ask(cast, "lcs", key="k") == ask(cast, "lcs", key="k")
    assert len(db_session.scalars(select(Ticket)).all()) == 1


def test_silence_after_the_answer_lets_the_desk_close_it(cast: Cast, db_session: Session) -> None:
    number = ask(cast, "lcs")
    answer(cast, "lcs", number)
    later = NOON + timedelta(hours=49)
    sweep.run(db_session, now=later)
    replies.close(actor=cast["lcs"], post=Post(number), root_cause="other", verified=True, now=later)
    assert ticket_of(db_session, number).state == "closed"


def test_praise_is_answered_told_and_closed_and_costs_nothing_however_late(cast: Cast, db_session: Session) -> None:
    number = intake.manual(actor=cast["ccs"], complaint=PRAISE, key="k", now=NOON)
    assert ticket_of(db_session, number).handling_site_id == cast.places["330106-01"]
    late = NOON + timedelta(days=5)
    sweep.run(db_session, now=late)
    answer(cast, "site", number, now=late)
    verdicts.customer_accepts(actor=cast["site"], post=Post(number), text="谢谢", now=late + MINUTE)
    replies.close(actor=cast["site"], post=Post(number), root_cause="", verified=False, now=late + 2 * MINUTE)
    penalties.run(db_session, now=late + 3 * MINUTE)
    assert db_session.scalars(select(Penalty)).all() == []
    facts = month_facts(db_session, Span.of("2026-11", late + timedelta(days=1)))
    assert not any(one.tickets or one.resolve_due or one.results for one in facts.values())


def test_praise_goes_to_the_site_that_it_is_meant_for_and_no_parcel_is_needed(cast: Cast, db_session: Session) -> None:
    praise = replace(PRAISE, waybill="", site_code="", address="")
    named = intake.manual(actor=cast["ccs"], complaint=praise, key="k", now=NOON, site=" 330108-01 ")
    ticket = ticket_of(db_session, named)
    assert (ticket.handling_site_id, ticket.queue) == (cast.places["330108-01"], "to_accept")
    assert ticket_of(db_session, intake.manual(actor=cast["ccs"], complaint=praise, key="k2", now=NOON)).queue == "tray"
    with pytest.raises(Invalid) as refused:
        intake.manual(actor=cast["ccs"], complaint=praise, key="k3", now=NOON, site="nowhere")
    assert refused.value.fields == {"site": "no_such_site"}


def test_a_customer_who_is_not_content_hears_more_and_no_appeal_is_made(cast: Cast, db_session: Session) -> None:
    number = intake.manual(actor=cast["ccs"], complaint=PRAISE, key="k", now=NOON)
    answer(cast, "site", number)
    verdicts.customer_rejects(actor=cast["site"], post=Post(number), text="还想问", now=NOON + 2 * MINUTE)
    assert ticket_of(db_session, number).state == "in_progress"
    assert not db_session.scalars(select(Event).where(Event.type == "appeal_opened")).all()


def test_the_complainants_link_brings_an_inquiry_back(cast: Cast, db_session: Session) -> None:
    number = intake.manual(actor=cast["ccs"], complaint=replace(PRAISE, category="CONSULT"), key="k", now=NOON)
    done = replies.result(actor=cast["site"], post=Post(number), answer=ResultIn("谢谢", ""), now=NOON)
    customer_link.answer(token=done.link, verdict="not_solved", comment="", now=NOON + MINUTE)
    assert ticket_of(db_session, number).state == "in_progress"


@pytest.mark.parametrize("category", ["PRAISE", "SUGGESTION"])
def test_nobody_who_praises_or_suggests_is_asked_whether_it_is_solved(cast: Cast, db_session, category: str) -> None:
    number = intake.manual(actor=cast["ccs"], complaint=replace(PRAISE, category=category), key="k", now=NOON)
    done = replies.result(actor=cast["site"], post=Post(number), answer=ResultIn("谢谢", ""), now=NOON)
    assert getattr(done, "link", None) == "" and db_session.scalars(select(CustomerLink)).all() == []


@pytest.mark.parametrize("who", ["site", "lcs"])
def test_whoever_takes_praise_down_finds_it_again_though_headquarters_answers(cast: Cast, db_session, who) -> None:
    praise = replace(PRAISE, waybill="", site_code="", address="")
    number = intake.manual(actor=cast[who], complaint=praise, key="k", now=NOON)
    assert scope.load(db_session, cast[who], number).queue == "tray"
    own = cast[who].organisation_id
    (item,) = db_session.scalars(select(WorkItem).where(WorkItem.scope == own))
    assert (item.queue, item.turn) == ("elsewhere", False)
    for other in ("site-2", "site-3", "lcs-2"):
        with pytest.raises(NotFound):
            scope.load(db_session, cast[other], number)


def test_praise_for_the_own_site_is_the_own_sites_work_alone(cast: Cast, db_session: Session) -> None:
    praise = replace(PRAISE, waybill="", site_code="", address="")
    number = intake.manual(actor=cast["site"], complaint=praise, key="k", now=NOON, site="330106-01")
    assert ticket_of(db_session, number).handling_site_id == cast.places["330106-01"]
    assert queues_at(db_session, cast.places["330106-01"])["to_accept"] == 1


def test_a_complaint_taken_down_for_others_stays_theirs(cast: Cast, db_session: Session) -> None:
    lost = ComplaintIn(text="没有收到", category="LOST", waybill="", channel="telephone", site_code="440305-01")
    number = intake.manual(actor=cast["site"], complaint=lost, key="k", now=NOON)
    with pytest.raises(NotFound):
        scope.load(db_session, cast["site"], number)


REGULATED = ComplaintIn(
    text="12305 转来", category="LOST", waybill="YT1234567890123", channel="regulator", site_code="330106-01"
)


def settled(cast: Cast, complaint: ComplaintIn) -> str:
    number = intake.manual(actor=cast["ccs"], complaint=complaint, key="r", now=NOON)
    replies.result(
        actor=cast["site"], post=Post(number), now=NOON + MINUTE,
        answer=ResultIn("已赔偿", "reached_accepts", action_taken="compensated"),
    )  # fmt: skip
    verdicts.customer_accepts(actor=cast["site"], post=Post(number), text="好", now=NOON + 2 * MINUTE)
    return number


def close(cast: Cast, who: str, number: str) -> None:
    replies.close(actor=cast[who], post=Post(number), root_cause="hub", verified=True, now=NOON + 3 * MINUTE)


def test_a_regulators_case_has_its_own_legal_clock_and_headquarters_closes_it(cast: Cast, db_session: Session) -> None:
    number = settled(cast, REGULATED)
    legal = db_session.scalars(select(Clock).where(Clock.kind == "legal")).one()
    assert legal.due_at - legal.started_at == timedelta(days=15)
    assert 0 in turns(db_session) and cast.places["330106-01"] not in turns(db_session)
    with pytest.raises(NotAllowed):
        close(cast, "site", number)
    close(cast, "ccs", number)
    assert ticket_of(db_session, number).state == "closed"


def test_a_complaint_that_the_regulator_joins_later_is_its_case_too(cast: Cast, db_session: Session) -> None:
    plain = ComplaintIn(
        text="丢了", category="LOST", waybill=REGULATED.waybill, channel="telephone", site_code="330106-01"
    )
    first = intake.manual(actor=cast["ccs"], complaint=plain, key="p", now=NOON)
    number = settled(cast, REGULATED)
    assert number == first
    with pytest.raises(NotAllowed):
        close(cast, "site", number)
    proof = closing.WithdrawalIn("by_phone", "撤了", (1,))
    with pytest.raises(NotAllowed):
        closing.withdraw(actor=cast["site"], post=Post(number), withdrawal=proof, now=NOON + 3 * MINUTE)
    close(cast, "ccs", number)

"""What a search finds, for whom, in which order, and what no longer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete, event, select, text, update

from app.domain import search as rule
from app.models import Event, FreeText, Person, PlatformOrder, Ticket
from app.services import appeals, linked, parties, replies, routing, search, search_index, waybill_told
from app.services.appeals import RulingIn
from app.services.opening import ComplaintIn
from app.services.queue import Filters
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, tell, ticket
from tests.services.search_steps import documents, found, numbers

MIN = timedelta(minutes=1)
HERE, SIBLING, FAR = "330106-01", "330108-01", "440305-01"
WAYBILL = "YT1234567890123"


def note(cast: Cast, number: str, said: str, at: timedelta = MIN, who: str = "site") -> None:
    replies.note(actor=cast[who], post=post(number), text=said, now=NOON + at)


# --- words ---


@pytest.mark.parametrize(
    "asked", ["破损", "外包", "外包装破损", "破损 玻璃", "ＡＢＣ１２３", "abc12", "玻璃 abc123 破损", "装破"]
)
def test_a_ticket_is_found_by_words_of_two_characters_and_more(cast, db_session, asked):
    number = push(cast, "W1", text="外包装破损，Abc123 玻璃碎了")
    push(cast, "W2", text="派件员态度恶劣")
    assert numbers(db_session, cast["site"], asked) == [number]


@pytest.mark.parametrize("asked", ["破损 态度", "碎外", "bc123", "abc1234", "包装玻璃"])
def test_words_that_no_ticket_has_all_find_nothing(cast, db_session, asked):
    push(cast, "W1", text="外包装破损，Abc123 玻璃碎了")
    push(cast, "W2", text="派件员态度恶劣")
    assert numbers(db_session, cast["site"], asked) == []


def test_words_may_stand_in_different_entries_and_everything_that_the_thread_says_counts(cast, db_session):
    number = push(cast, "W1", text="外包装破损")
    note(cast, number, "门卫代收过")
    answer = ResultIn("已照价赔偿", "reached_accepts", signed_by="隔壁老李")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=NOON + 2 * MIN)
    tell(cast, "REJECT", "W1", at=NOON + 3 * MIN, now=NOON + 3 * MIN)
    appeals.rule(
        actor=cast["ccs"], post=post(number), ruling=RulingIn("rejected_close", "证据充分"), now=NOON + 4 * MIN
    )
    for asked in ("破损 代收", "照价 门卫", "隔壁", "证据 破损 照价", "reject"):
        assert numbers(db_session, cast["site"], asked) == [number], asked


def test_pairs_that_lie_apart_are_not_taken_for_a_word(cast, db_session):
    push(cast, "W1", text="货被没收了，已收到通知")
    number = push(cast, "W2", text="一直没收到")
    assert numbers(db_session, cast["ccs"], "没收到") == [number]


@pytest.mark.parametrize("asked", ["破", "！！", "", " "])
def test_what_cannot_be_looked_for_finds_nothing(cast, db_session, asked):
    push(cast, "W1", text="外包装破损！！")
    assert numbers(db_session, cast["ccs"], asked) == []


@pytest.mark.parametrize(
    "asked", ["'", '"破损" OR "态度"', "terms:破损", "破损*", "(破损)", "破损 & !态度", "scopes : 1", "\\"]
)
def test_no_sign_is_understood_as_a_command(cast, db_session, asked):
    push(cast, "W1", text="派件员态度恶劣")
    assert numbers(db_session, cast["ccs"], asked) == []


# --- numbers ---


@pytest.mark.parametrize(
    ("asked", "by"),
    [
        (WAYBILL, "waybill"), ("ｙｔ１２３４５６７８９０１２３", "waybill"), ("0123", "suffix"), ("7890123", "suffix"),
        ("ORD-1/7", "order"), ("5678", "phone"), ("5678 破损", "phone"), ("破损 0123", "suffix"),
        ("5678 0123", "suffix"), ("ORD-1/7 5678", "order"),
    ],
)  # fmt: skip
def test_a_ticket_is_found_by_its_numbers_also_together_with_words(cast, db_session, asked, by):
    number = push(cast, "ORD-1/7", text="外包装破损", waybill=WAYBILL)
    with write() as session:
        other = push_other(cast)
        person = session.get_one(Person, ticket_id(session, other))
        person.phone, person.phone_last4 = "13900000000", "0000"
    hits = found(db_session, cast["site"], asked).hits
    assert [(hit.row.number, hit.by) for hit in hits] == [(number, by)]
    assert numbers(db_session, cast["site"], number.lower()) == [number]


def push_other(cast: Cast) -> str:
    return push(cast, "W2", text="派件员态度恶劣", waybill="YT9999999999999")


def ticket_id(session: Any, number: str) -> int:
    return int(session.scalars(select(Ticket.id).where(Ticket.number == number)).one())


@pytest.mark.parametrize("asked", ["123", "YT12345678", "1234", "ORD-1", "45678", "567", "5678 态度"])
def test_pieces_of_numbers_that_are_no_ends_find_nothing(cast, db_session, asked):
    push(cast, "ORD-1/7", text="外包装破损", waybill=WAYBILL)
    assert numbers(db_session, cast["ccs"], asked) == []


def test_only_a_whole_number_of_one_ticket_is_exact(cast, db_session):
    number = push(cast, "ORD-1", text="外包装破损", waybill=WAYBILL)
    for asked in (WAYBILL, "ord-1", number):
        assert found(db_session, cast["site"], asked).exact == number
    for asked in ("0123", "5678", "破损"):
        assert found(db_session, cast["site"], asked).exact == ""


def test_the_other_number_of_a_parcel_finds_its_ticket(cast, db_session):
    number = push(cast, "W1", waybill=WAYBILL)
    linked.link(actor=cast["site"], post=post(number), waybill="SF0000011111222", kind="return", now=NOON + MIN)
    assert found(db_session, cast["site"], "sf0000011111222").exact == number


# --- who finds what ---


def test_each_desk_finds_what_it_sees_and_no_more(cast, db_session):
    ours = push(cast, "W1", text="外包装破损", site=HERE)
    theirs = push(cast, "W2", text="内件破损", site=SIBLING)
    far = push(cast, "W3", text="玻璃破损", site=FAR)
    sees = {"site": [ours], "site-2": [theirs], "site-3": [far], "lcs": [theirs, ours], "lcs-2": [far],
            "ccs": [far, theirs, ours]}  # fmt: skip
    for who, seen in sees.items():
        assert sorted(numbers(db_session, cast[who], "破损")) == sorted(seen), who
        assert sorted(numbers(db_session, cast[who], "5678")) == sorted(seen), who
        for number in (ours, theirs, far):
            assert numbers(db_session, cast[who], number) == ([number] if number in seen else [])


def test_whoever_comes_to_see_a_ticket_finds_it_and_the_document_alone_opens_nothing(cast, db_session):
    number = push(cast, "W1", text="外包装破损", site="999999-99")
    assert numbers(db_session, cast["site-2"], "破损") == []
    routing.assign(actor=cast["ccs"], post=post(number), site_code=HERE, now=NOON + MIN)
    assert numbers(db_session, cast["site"], "破损") == numbers(db_session, cast["lcs"], "破损") == [number]
    replies.follow_up(
        actor=cast["site"], post=post(number), text="已联系", contact_outcome="no_answer",
        next_update_at=NOON + 60 * MIN, now=NOON + 2 * MIN,
    )  # fmt: skip
    parties.add(actor=cast["site"], post=post(number), code=FAR, text="请说明", most=2, now=NOON + 3 * MIN)
    assert numbers(db_session, cast["site-3"], "破损") == numbers(db_session, cast["lcs-2"], "说明") == [number]
    with write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        search_index.documents.admit(session, ticket.id, ticket.search_rank, [cast.places[SIBLING]])
    assert numbers(db_session, cast["site-2"], "破损") == []


def test_a_number_in_a_text_gives_nobody_the_scope_of_that_number(cast, db_session):
    push(cast, "W1", text=f"外包装破损 {cast.places[SIBLING]} 0", site=HERE)
    assert numbers(db_session, cast["site-2"], "破损") == []


def test_what_no_thread_shows_and_masked_telephones_are_not_found(cast, db_session):
    number = push(cast, "W1", text="请打电话13987654321给我", waybill=WAYBILL)
    with write() as session:
        row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        hidden = {"text": "旁人不见", "courier_phone": "13712345678"}
        search_index.note(session, row, "appeal_opened", hidden, NOON)
        search_index.note(session, row, "promise_made", {"courier_phone": "13712345678"}, NOON)
    for asked in ("13987654321", "1398765", "4321", "旁人", "13712345678"):
        assert numbers(db_session, cast["ccs"], asked) == [], asked
    hit = found(db_session, cast["ccs"], "电话").hits[0]
    assert hit.excerpt == (("请打", False), ("电话", True), ("139******21给我", False))


# --- order, pages, filters ---


def test_the_newest_entry_comes_first_and_ended_tickets_are_found_too(cast, db_session):
    first, second, third = (push(cast, f"W{n}", text="外包装破损", now=NOON + n * MIN) for n in range(3))
    assert numbers(db_session, cast["site"], "破损") == [third, second, first]
    note(cast, first, "记一笔", 5 * MIN)
    tell(cast, "CANCEL", "W1", at=NOON + 6 * MIN, now=NOON + 6 * MIN)
    assert ticket(db_session, second).state == "withdrawn"
    assert numbers(db_session, cast["site"], "破损") == [second, first, third]


def test_pages_hold_every_ticket_once(cast, db_session, monkeypatch):
    monkeypatch.setattr(search, "PAGE", 3)
    pushed = [push(cast, f"W{n}", text="破损 5678", now=NOON + n // 3 * MIN) for n in range(8)]
    seen, after = [], ""
    for _ in range(4):
        page = found(db_session, cast["lcs"], "5678", after=after)
        seen += [hit.row.number for hit in page.hits]
        after = page.after
        if not after:
            break
    assert seen == pushed[::-1]


@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_pages_go_back_through_the_years_newest_first(cast, db_session, monkeypatch, who):
    monkeypatch.setattr(search, "PAGE", 2)
    hours = (0, 1, 5, 6, 30, 31, 300, 2000, 9000, 9001, 30000)
    pushed = [push(cast, f"W{n}", text="破损", now=NOON - hour * 60 * MIN) for n, hour in enumerate(hours)]
    push(cast, "OTHER", text="别的")
    seen, after = [], ""
    for _ in range(6):
        page = found(db_session, cast[who], "破损", after=after)
        seen += [hit.row.number for hit in page.hits]
        after = page.after
    assert (seen, after) == (pushed, "")


@pytest.mark.parametrize("after", ["x", "-", "9" * 30, "1.5", "٣", "'"])
def test_a_page_that_cannot_be_is_the_first(cast, db_session, after):
    number = push(cast, "W1", text="外包装破损")
    assert numbers(db_session, cast["site"], "破损", after=after) == [number]


def test_the_filters_of_the_queue_narrow_a_search(cast, db_session):
    first = push(cast, "W1", text="外包装破损", category="DAMAGED")
    second = push(cast, "W2", text="外包装破损", category="LOST", now=NOON + MIN)
    replies.claim(actor=cast["site"], post=post(second), now=NOON + 2 * MIN)
    for filters, seen in (
        ({"category": "DAMAGED"}, [first]), ({"owner": "mine"}, [second]), ({"owner": "unclaimed"}, [first]),
        ({"queue": "to_accept"}, [first]), ({"queue": "all"}, [second, first]), ({"queue": "overdue"}, []),
        ({"queue": "working", "owner": "mine", "category": "LOST"}, [second]),
    ):  # fmt: skip
        assert numbers(db_session, cast["site"], "破损", **filters) == seen, filters
        assert numbers(db_session, cast["site"], "5678", **filters) == seen, filters


# --- deleting, rebuilding ---


def test_a_text_that_is_deleted_is_not_found_any_more(cast, db_session):
    number = push(cast, "W1", text="外包装破损")
    note(cast, number, "门卫代收过")
    with write() as session:
        row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        text_id = select(Event.text_id).where(Event.ticket_id == row.id, Event.type == "note")
        session.execute(delete(FreeText).where(FreeText.id.in_(text_id)))
        search_index.renew(session, [row.id])
    assert numbers(db_session, cast["site"], "代收") == []
    assert numbers(db_session, cast["site"], "破损") == [number]


def test_a_person_who_is_deleted_is_not_found_any_more(cast, db_session):
    number = push(cast, "W1")
    assert numbers(db_session, cast["site"], "5678") == [number]
    with write() as session:
        session.execute(delete(Person))
    assert numbers(db_session, cast["site"], "5678") == []


def test_a_rebuild_makes_the_same_documents(cast, db_session, monkeypatch):
    monkeypatch.setattr(search_index, "BATCH", 2)
    pushed = [push(cast, f"W{n}", text="外包装破损", now=NOON + n * MIN) for n in range(5)]
    note(cast, pushed[1], "门卫代收过", 9 * MIN)
    before = documents(db_session)
    with write() as session:
        session.execute(text("DELETE FROM search_document"))
        session.execute(update(Ticket).values(search_rank=None))
    told = []
    assert search_index.rebuild(told=lambda done, whole: told.append((done, whole))) == 5
    assert told == [(2, 5), (4, 5), (5, 5)]
    assert documents(db_session) == before
    assert numbers(db_session, cast["lcs"], "代收 破损") == [pushed[1]]
    ranks = {row.id: row.search_rank for row in db_session.scalars(select(Ticket))}
    assert ranks == {ticket_id: rank for rank, ticket_id, _scopes, _terms in before}


def test_a_ticket_older_than_the_index_gets_its_whole_document_with_the_next_entry(cast, db_session):
    number = push(cast, "W1", text="外包装破损")
    with write() as session:
        session.execute(text("DELETE FROM search_document"))
        session.execute(update(Ticket).values(search_rank=None))
    note(cast, number, "门卫代收过")
    assert numbers(db_session, cast["site"], "破损 代收") == [number]


def test_a_document_never_grows_beyond_what_an_engine_takes(cast, db_session):
    number = push(cast, "W1", text="外包装破损")
    with write() as session:
        row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        for n in range(8):
            many = "".join(chr(0x4E00 + 37 * n + i) for i in range(2_500)) + "長" * 3
            search_index.note(
                session, row, "note", {"text": many + " " + " ".join(f"{'x' * 30}{i}" for i in range(99))}, NOON
            )
    assert numbers(db_session, cast["site"], "破损") == [number]


# --- what it costs ---


def said_to_documents(session: Any, verb: Callable[[], object]) -> int:
    """How many statements a verb gives to the index."""
    said: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        said.append(statement)

    engine = session.get_bind()
    event.listen(engine, "before_cursor_execute", listen)
    try:
        verb()
    finally:
        event.remove(engine, "before_cursor_execute", listen)
    return sum("search_document" in one for one in said)


def test_a_push_costs_one_statement_more_and_an_entry_one(cast, db_session):
    push(cast, "W0")
    assert said_to_documents(db_session, lambda: push(cast, "W1", text="外包装破损")) == 1
    number = numbers(db_session, cast["ccs"], "W1")[0]
    assert said_to_documents(db_session, lambda: note(cast, number, "门卫代收过")) == 1
    claim = lambda: replies.claim(actor=cast["site"], post=post(number), now=NOON + 2 * MIN)  # noqa: E731
    assert said_to_documents(db_session, claim) == 0


# --- the indexes serve it ---


def plan(session: Any, statement: Any) -> str:
    """How the engine means to run a statement."""
    session.rollback()
    engine = session.get_bind()
    explain = "EXPLAIN" if engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    if engine.dialect.name == "postgresql":
        session.execute(text("SET LOCAL enable_seqscan = off"))  # six rows are read soonest without an index
        session.execute(text("SET LOCAL random_page_cost = 4"))  # or by any index
    said = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
    rows = session.execute(text(f"{explain} {said}".replace("%%", "%").replace(":", "\\:")))
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_every_way_is_served_by_an_index(cast, db_session, who):
    for n in range(6):
        push(cast, f"W{n}", text="外包装破损")
    allowed = search._allowed(cast[who], Filters(queue=""), NOON)
    ways = search._ways(db_session, cast[who], rule.parse("45678"), allowed, None, NOON)
    said = [plan(db_session, way) for way in ways]
    for index in ("ix_ticket_waybill_reversed", "ix_platform_order_code"):
        assert any(index in one for one in said), (index, said)
    postgresql = db_session.get_bind().dialect.name == "postgresql"
    assert not any(("Seq Scan" in one) if postgresql else ("SCAN ticket\n" in f"{one}\n") for one in said), said
    scope = None if who == "ccs" else search.work_scope(cast[who])
    alone = plan(db_session, documents_of(db_session, scope))
    assert ("ix_search_document_terms" if postgresql else "VIRTUAL TABLE INDEX") in alone


def documents_of(session: Any, scope: int | None) -> Any:
    return search.documents.newest(session, scope, rule.parse("破损 外包 yt12 5678").words)


@pytest.mark.parametrize("who", ["site", "lcs", "ccs"])
def test_four_characters_are_looked_for_among_the_words_and_not_in_all_telephones_and_waybills(cast, db_session, who):
    for n in range(6):
        push(cast, f"W{n}", text="外包装破损")
    allowed = search._allowed(cast[who], Filters(queue=""), NOON)
    for said in ("5678", "ab12"):
        ways = search._ways(db_session, cast[who], rule.parse(said), allowed, None, NOON)
        plans = "\n".join(plan(db_session, way) for way in ways)
        assert "ix_ticket_person_phone_last4" not in plans and "ix_ticket_waybill_reversed" not in plans, plans


def test_a_waybill_that_is_told_later_is_found_by_its_end(cast, db_session):
    number = push(cast, "W1", text="外包装破损")
    with write() as session:
        row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        row.waybill = row.waybill_reversed = ""
        search_index.renew(session, [row.id])
    assert numbers(db_session, cast["ccs"], "0177") == []
    with write() as session:
        row = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        told = ComplaintIn(text="", category="", waybill="YT1234567890177")
        waybill_told.fill_in(session, row.id, told, "handling", NOON + MIN)
    hits = found(db_session, cast["ccs"], "0177").hits
    assert [(hit.row.number, hit.by) for hit in hits] == [(number, "suffix")]


def test_orders_of_two_platforms_with_one_code_are_two_hits(cast, db_session):
    number, other = push(cast, "W1", text="外包装破损"), push(cast, "W2", text="外包装破损", now=NOON + MIN)
    with write() as session:
        order = session.scalars(select(PlatformOrder).where(PlatformOrder.code == "W2")).one()
        order.code = "SAME-1"
        session.scalars(select(PlatformOrder).where(PlatformOrder.code == "W1")).one().code = "same-1".upper() + "x"
    assert numbers(db_session, cast["ccs"], "SAME-1") == [other]
    assert numbers(db_session, cast["ccs"], "SAME-1x") == [number]

"""A problem parcel from its report to its end: who may, what is needed, what each side sees."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.problems import Field
from app.models import Attachment, Clock, Event, Notice, ProblemRow, Ticket, WorkItem
from app.services import (
    arbitration,
    inquiries,
    journal,
    problem_list,
    problem_types,
    problems,
    replies,
    scope,
    sweep,
)
from app.services.problem_list import BY_US, TO_US, Asked
from app.services.replies import ResultIn
from tests.cast import NOON, Cast, post, ticket
from tests.services.problem_steps import DAMAGED, LOST, SLIP, photo, reported, wish, with_types

LATER = NOON + timedelta(minutes=10)


@pytest.fixture
def house(cast: Cast) -> Cast:
    return with_types(cast)


def answer(house: Cast, number: str, who: str = "site-2", text: str = "已找到，明日发出") -> None:
    replies.result(actor=house[who], post=post(number), answer=ResultIn(text, ""), now=LATER)


def states(session, number: str) -> dict[int, str]:
    session.rollback()
    rows = select(ProblemRow).join(Ticket, Ticket.id == ProblemRow.ticket_id).where(Ticket.number == number)
    return {row.scope: row.state for row in session.scalars(rows)}


def test_a_report_lies_with_the_site_that_must_act_and_its_reporter_sees_it(house, db_session):
    number = reported(house)
    row = ticket(db_session, number)
    assert (row.kind, row.category, row.state, row.queue) == ("problem", LOST, "open", "to_accept")
    assert row.handling_site_id == house.places["330108-01"] and row.reporter_id == house.places["330106-01"]
    for who in ("site", "site-2", "lcs", "ccs"):
        assert scope.load(db_session, house[who], number)
    for who in ("site-3", "lcs-2", "admin"):
        with pytest.raises(NotFound):
            scope.load(db_session, house[who], number)


def test_its_reporter_takes_a_report_back_before_there_is_an_answer_and_nothing_runs_on(house, db_session):
    number, answered = reported(house), reported(house, 2)
    replies.claim(actor=house["site-2"], post=post(number), now=LATER)
    answer(house, answered)
    for who, which in (("site-2", number), ("site", answered)):
        with pytest.raises(NotAllowed):
            inquiries.recall(actor=house[who], post=post(which), text="看错了", now=LATER)
    with pytest.raises(Invalid):
        inquiries.recall(actor=house["site"], post=post(number), text=" ", now=LATER)
    inquiries.recall(actor=house["site"], post=post(number), text="件已找到", now=LATER)
    row = ticket(db_session, number)
    assert (row.state, row.closed_at) == ("withdrawn", LATER)
    clocks = db_session.scalars(select(Clock).where(Clock.ticket_id == row.id, Clock.stopped_at.is_(None))).all()
    items = db_session.scalars(select(WorkItem).where(WorkItem.ticket_id == row.id)).all()
    assert (clocks, items) == ([], []) and set(states(db_session, number).values()) == {"withdrawn"}
    found = problem_list.page(db_session, house["site-2"], Asked(state="withdrawn")).lines
    assert [one.number for one in found] == [number]


def test_its_clocks_are_those_of_the_site_that_must_act(house, db_session):
    row = ticket(db_session, reported(house))
    runs = {c.kind: c.organisation_id for c in db_session.scalars(select(Clock).where(Clock.ticket_id == row.id))}
    assert runs == dict.fromkeys(("accept", "first_reply", "resolve"), house.places["330108-01"])


def test_only_the_handling_site_has_it_to_do_until_it_has_answered(house, db_session):
    number = reported(house)
    places = {"330106-01": False, "330108-01": True}

    def turns() -> dict[str, bool]:
        row = ticket(db_session, number)
        items = db_session.scalars(select(WorkItem).where(WorkItem.ticket_id == row.id))
        codes = {house.places[code]: code for code in places}
        return {codes[item.scope]: item.turn for item in items if item.scope in codes}

    assert turns() == places
    answer(house, number)
    assert turns() == {"330106-01": True, "330108-01": False}


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        ({"waybill": "YT"}, "waybill", "bad_waybill"), ({"waybill": ""}, "waybill", "required"),
        ({"site": "330106-01"}, "site", "own_organisation"), ({"site": "nobody"}, "site", "no_such_site"),
        ({"site": ""}, "site", "required"), ({"site": "33"}, "site", "no_such_site"),
        ({"text": " "}, "text", "required"), ({"text": "x" * 2001}, "text", "too_long"),
        ({"values": {"searched": ""}}, "field-searched", "required"), ({"courier": "x" * 61}, "courier", "too_long"),
    ],
)  # fmt: skip
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(house, db_session, changed, field, code):
    with pytest.raises(Invalid) as refused:
        problems.report(actor=house["site"], report=wish(**changed), photos=[], key="", now=NOON)
    assert refused.value.fields == {field: code}
    db_session.rollback()
    assert db_session.scalar(select(func.count()).select_from(Ticket)) == 0


@pytest.mark.parametrize(("n", "code"), [(0, "photos_missing"), (10, "too_many"), (1, ""), (9, "")])
def test_photos_are_needed_where_the_type_says_so_and_at_most_nine(house, db_session, n, code):
    photos = [photo(one) for one in range(n)]
    if not code:
        done = problems.report(actor=house["site"], report=wish(DAMAGED), photos=photos, key="", now=NOON)
        rows = list(db_session.scalars(select(Attachment).order_by(Attachment.id)))
        assert [row.store_name for row in rows] == [place.store_name for place in done.places] and len(rows) == n
        said = db_session.scalars(select(Event).where(Event.type == "problem_reported")).one()
        assert [one[1] for one in said.data["attachments"]] == [one.picture.sha256 for one in photos]
        return
    with pytest.raises(Invalid) as refused:
        problems.report(actor=house["site"], report=wish(DAMAGED), photos=photos, key="", now=NOON)
    assert refused.value.fields == {"file": code}


def test_the_same_form_twice_is_one_report(house, db_session):
    both = [
        problems.report(actor=house["site"], report=wish(DAMAGED), photos=[photo()], key="k", now=NOON)
        for _ in range(2)
    ]
    assert both[0].number == both[1].number and both[1].places == ()
    assert db_session.scalar(select(func.count()).select_from(Attachment)) == 1


@pytest.mark.parametrize("who", ["lcs", "ccs", "admin"])
def test_only_sites_report(house, who):
    with pytest.raises(NotAllowed):
        problems.report(actor=house[who], report=wish(), photos=[], key="", now=NOON)


def test_a_second_problem_of_the_same_parcel_is_a_ticket_of_its_own(house, db_session):
    assert reported(house) != reported(house, kind=SLIP)


def test_the_handling_site_needs_no_call_to_answer_and_nothing_leaves_the_house(house, db_session):
    number = reported(house)
    answer(house, number)
    row = ticket(db_session, number)
    assert row.state == "replied"
    assert set(states(db_session, number).values()) == {"replied"}
    assert journal.verify(db_session, row.id) is None


def test_a_type_is_data_that_an_administrator_changes_and_old_reports_keep_their_words(house, db_session):
    number = reported(house)
    new = [Field("where", "在哪里", "Where")]
    problem_types.change(actor=house["admin"], code=LOST, fields=new, photos=2, active=True)
    with pytest.raises(Invalid) as refused:
        reported(house, 2)
    assert refused.value.fields == {"field-where": "required", "file": "photos_missing"}
    row = ticket(db_session, number)
    assert row.category == LOST
    problem_types.change(actor=house["admin"], code=LOST, fields=new, photos=0, active=False)
    with pytest.raises(Invalid) as ended:
        reported(house, 3)
    assert ended.value.fields == {"type": "choose"}
    with pytest.raises(NotAllowed):
        problem_types.change(actor=house["ccs-manager"], code=LOST, fields=new, photos=0, active=True)
    for wrong in ([Field("", "x", "x")], [Field("a", "x", "x", "choice")], [Field("a", "x", "x", "colour")], new * 2):
        with pytest.raises(Invalid):
            problem_types.change(actor=house["admin"], code=LOST, fields=wrong, photos=0, active=True)


# --- the combined query ---


def found(session, house: Cast, who: str = "site", **asked) -> list[str]:
    session.rollback()
    return [line.number for line in problem_list.page(session, house[who], Asked(**asked)).lines]


def test_the_query_combines_waybill_courier_type_day_state_and_both_sites(house, db_session):
    one = reported(house, 1, courier="李师傅", now=NOON - timedelta(days=2))
    two = reported(house, 2, kind=SLIP)
    three = reported(house, 3, who="site-2", site="330106-01")
    answer(house, two)
    assert found(db_session, house) == [three, two, one]
    assert found(db_session, house, waybills=("YT0000000000002", "YT9999999999999")) == [two]
    assert found(db_session, house, courier="李师傅") == [one]
    assert found(db_session, house, type=SLIP) == [two]
    assert found(db_session, house, state="replied") == [two]
    assert found(db_session, house, state="to_handle") == [three, one]
    assert found(db_session, house, side=TO_US) == [three] and found(db_session, house, side=BY_US) == [two, one]
    assert found(db_session, house, since=NOON.date()) == [three, two]
    assert found(db_session, house, until=NOON.date() - timedelta(days=1)) == [one]
    assert found(db_session, house, "ccs", reporter="330108-01", site="330106-01") == [three]
    assert found(db_session, house, type=SLIP, state="open") == []


@pytest.mark.parametrize(
    ("who", "n"), [("site", 1), ("site-2", 1), ("lcs", 1), ("ccs", 1), ("site-3", 0), ("lcs-2", 0)]
)
def test_the_query_tells_of_the_own_scope_alone(house, db_session, who, n):
    reported(house)
    assert len(found(db_session, house, who)) == n
    assert len(problem_list.below(db_session, house[who], Asked(), 2**63 - 1, 10)) == n
    assert len(problem_list.numbers(db_session, house[who], Asked(), 10)) == n
    assert problem_list.count(db_session, house[who], Asked(), 2**63 - 1, 10) == n


def test_two_provinces_both_see_a_parcel_between_their_sites(house, db_session):
    number = reported(house, who="site", site="440305-01")
    for who in ("site", "site-3", "lcs", "lcs-2"):
        assert found(db_session, house, who) == [number]


def test_pages_follow_each_other_without_a_gap(house, db_session, monkeypatch):
    monkeypatch.setattr(problem_list, "PAGE", 2)
    numbers = [reported(house, n, now=NOON + timedelta(seconds=n // 2)) for n in range(5)]
    seen, after = [], ""
    for _ in range(3):
        page = problem_list.page(db_session, house["site"], Asked(after=after))
        seen += [line.number for line in page.lines]
        after = page.after
    assert (seen, after) == (numbers[::-1], "")
    for junk in ("x~y", "2026-11-18T04:00:00+00:00~" + "9" * 30, "0001-01-01~1"):
        assert problem_list.page(db_session, house["site"], Asked(after=junk)).lines


# --- the end, and arbitration where the two sites are not of one mind ---


def sent_back(house: Cast, number: str, who: str = "site") -> None:
    inquiries.send_back(actor=house[who], post=post(number), text="没有收到，照片不是这一件", now=LATER)


def courts(session, number: str) -> dict[str, list[int]]:
    return {
        name: ids for name, ids in ticket(session, number).cases.items() if name in ("hearing", "rejected", "ruled")
    }


def test_the_reporter_accepts_the_handling_and_that_closes_it(house, db_session):
    number = reported(house)
    answer(house, number)
    with pytest.raises(NotAllowed):
        inquiries.accept(actor=house["site-2"], post=post(number), text="", now=LATER)
    inquiries.accept(actor=house["site"], post=post(number), text="", now=LATER)
    row = ticket(db_session, number)
    assert (row.state, set(states(db_session, number).values())) == ("closed", {"closed"})
    assert db_session.scalars(select(WorkItem).where(WorkItem.ticket_id == row.id)).all() == []
    assert db_session.scalars(select(Clock).where(Clock.ticket_id == row.id, Clock.stopped_at.is_(None))).all() == []
    assert journal.verify(db_session, row.id) is None


def test_what_is_sent_back_is_worked_again_with_a_new_run_and_may_go_to_arbitration(house, db_session):
    number = reported(house)
    answer(house, number)
    with pytest.raises(NotAllowed):
        arbitration.arbitrate(actor=house["site"], post=post(number), party="", text="", now=LATER)
    sent_back(house, number)
    row = ticket(db_session, number)
    assert (row.state, row.queue) == ("in_progress", "returned")
    runs = select(Clock).where(Clock.ticket_id == row.id, Clock.kind == "resolve", Clock.stopped_at.is_(None))
    assert [clock.run for clock in db_session.scalars(runs)] == [2]
    assert courts(db_session, number) == {"rejected": [house.places["330106-01"]]}


@pytest.mark.parametrize("who", ["site", "site-2"])
def test_either_side_goes_to_the_province_and_from_there_to_headquarters_which_is_final(house, db_session, who):
    number, code = reported(house), "330106-01"
    answer(house, number)
    sent_back(house, number)
    answer(house, number)
    arbitration.arbitrate(actor=house[who], post=post(number), party=code, text="各执一词", now=LATER)
    assert courts(db_session, number) == {"hearing": [house.places["33"]]}
    shares = {"330106-01": 30, "330108-01": 70}
    arbitration.rule_on(actor=house["lcs"], post=post(number), shares=shares, text="到件未验", now=LATER)
    with pytest.raises(NotAllowed):  # it was ruled on: accept, or take it to headquarters
        sent_back(house, number)
    arbitration.arbitrate(actor=house[who], post=post(number), party=code, text="不服", now=LATER)
    assert courts(db_session, number)["hearing"] == [0]
    arbitration.rule_on(actor=house["ccs"], post=post(number), shares=shares, text="维持", now=LATER)
    with pytest.raises(NotAllowed):
        arbitration.arbitrate(actor=house[who], post=post(number), party=code, text="再诉", now=LATER)
    inquiries.accept(actor=house["site"], post=post(number), text="", now=LATER)
    assert ticket(db_session, number).state == "closed"


def test_between_two_provinces_headquarters_rules(house, db_session):
    number = reported(house, site="440305-01")
    answer(house, number, "site-3")
    sent_back(house, number)
    arbitration.arbitrate(actor=house["site"], post=post(number), party="", text="", now=LATER)
    assert courts(db_session, number) == {"hearing": [0]}


def test_accepting_after_all_ends_the_dispute(house, db_session):
    number = reported(house)
    answer(house, number)
    sent_back(house, number)
    answer(house, number)
    arbitration.arbitrate(actor=house["site"], post=post(number), party="", text="", now=LATER)
    inquiries.accept(actor=house["site"], post=post(number), text="", now=LATER)
    row = ticket(db_session, number)
    assert courts(db_session, number) == {}
    assert db_session.scalars(select(WorkItem).where(WorkItem.ticket_id == row.id)).all() == []


def test_silence_of_the_reporter_lets_the_handling_site_close(house, db_session):
    number = reported(house)
    answer(house, number)
    window = select(Clock).where(Clock.kind == "objection", Clock.stopped_at.is_(None))
    over = db_session.scalars(window).one().due_at
    sweep.run(db_session, over + timedelta(minutes=1))
    at = over + timedelta(minutes=2)
    replies.close(actor=house["site-2"], post=post(number), root_cause="hub", verified=True, now=at)
    assert ticket(db_session, number).state == "closed"


def test_the_bell_tells_the_other_side_of_each_step(house, db_session):
    def told(who: str) -> list[str]:
        db_session.rollback()
        rows = select(Notice.kind).where(Notice.user_id == house[who].user_id).order_by(Notice.id)
        return list(db_session.scalars(rows))

    number = reported(house)
    answer(house, number)
    sent_back(house, number)
    assert told("site") == ["answered"]
    assert told("site-2") == ["problem", "answer_returned"]
    assert told("site-3") == []

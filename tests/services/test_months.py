"""Closing a month: when it may be frozen, what is written, and that nothing changes it afterwards."""

from __future__ import annotations

import itertools
import json
import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from app.domain.errors import NotAllowed, NotFound
from app.domain.scoring_scheme import default_scheme
from app.models import Amendment, Event, FrozenCard, FrozenPeople, MonthClose, Penalty, ScoringScheme, Ticket, User
from app.services import (
    appeals,
    card_codes,
    journal,
    month_amendments,
    month_freeze,
    month_verify,
    months,
    person_cards,
    replies,
    scorecards,
    scoring_schemes,
    sweep,
    verdicts,
)
from app.services.transaction import write
from tests.cast import Cast, begin, beginning, post, push, tell
from tests.failing import Killed, dying
from tests.services import month_checks
from tests.services.ending_steps import FINE, answer, by_hand

MONTH = "2026-11"
AT = datetime(2026, 11, 18, 4, tzinfo=UTC)
FROZEN = datetime(2026, 12, 6, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def lived(database: Any) -> Cast:
    """A November with six answered complaints, one late, one rejected and upheld, one repeated, one closed."""
    return beginning("november", lambda: live(begin(), database))


def live(cast: Cast, database: Any) -> Cast:
    for n in range(6):
        number = push(cast, f"W{n}", waybill=f"YT100000000000{n}", now=AT + n * HOUR / 10)
        late = 30 * HOUR if n == 5 else HOUR / 4
        answer(cast, number, AT + n * HOUR / 10 + late)
    tell(cast, "REJECT", "W0", at=AT + 2 * HOUR, now=AT + 2 * HOUR)
    first = database.session.scalars(select(Ticket.number).order_by(Ticket.id)).first()
    ruling = appeals.RulingIn("upheld_return", "请重新联系客户")
    appeals.rule(actor=cast["ccs"], post=post(first), ruling=ruling, now=AT + 5 * HOUR)
    tell(cast, "REPEAT", "W1", at=AT + 6 * HOUR, now=AT + 6 * HOUR)
    second = by_hand(cast, now=AT)
    answer(cast, second, AT + HOUR / 5)
    verdicts.customer_accepts(actor=cast["site"], post=post(second), text="客户说可以", now=AT + HOUR)
    replies.close(actor=cast["site"], post=post(second), root_cause="courier", verified=True, now=AT + 2 * HOUR)
    while sweep.run(database.session, AT + 3 * DAY):
        pass
    return cast


def freeze(cast: Cast, now: datetime = FROZEN, month: str = MONTH, **more: Any) -> month_freeze.Frozen:
    return month_freeze.freeze(actor=cast["ccs-manager"], month=month, now=now, **more)


def stored(session: Any) -> list[tuple]:
    session.rollback()
    rows = select(FrozenCard.month, FrozenCard.code, FrozenCard.body, FrozenCard.digest).order_by(FrozenCard.code)
    heads = select(MonthClose.month, MonthClose.head, MonthClose.digest)
    people = select(FrozenPeople.code, FrozenPeople.body, FrozenPeople.digest).order_by(FrozenPeople.code)
    return [tuple(row) for statement in (rows, people, heads) for row in session.execute(statement)]


# --- when, and by whom ---


def test_a_month_is_frozen_from_the_sixth_by_the_head_of_headquarters_alone(lived: Cast) -> None:
    early = datetime(2026, 12, 5, 15, 59, 59, tzinfo=UTC)  # a second before midnight in Shanghai
    with pytest.raises(NotAllowed) as refused:
        freeze(lived, now=early)
    assert (refused.value.code, refused.value.detail) == ("too_early", {"at": early + timedelta(seconds=1)})
    for who in ("ccs", "lcs-manager", "site-manager", "admin"):
        with pytest.raises(NotAllowed) as refused:
            month_freeze.freeze(actor=lived[who], month=MONTH, now=FROZEN)
        assert refused.value.code == "not_allowed", who
    for month in ("2027-01", "2026-13", ""):
        with pytest.raises(NotFound):
            freeze(lived, month=month)
    assert freeze(lived, now=early + timedelta(seconds=1)).cards == 6


def test_a_month_is_frozen_once_and_in_order(lived: Cast, db_session: Any) -> None:
    with write() as session:
        session.add(MonthClose(month="2026-10", drafted_at=AT))
    with pytest.raises(NotAllowed) as refused:
        freeze(lived)
    assert (refused.value.code, refused.value.detail) == ("earlier_open", {"month": "2026-10"})
    freeze(lived, month="2026-10")
    freeze(lived)
    before = stored(db_session)
    with pytest.raises(NotAllowed) as refused:
        freeze(lived, now=FROZEN + DAY)
    assert refused.value.code == "already_frozen"
    with pytest.raises(NotAllowed) as refused:
        freeze(lived, month="2026-09")
    assert (refused.value.code, refused.value.detail) == ("later_frozen", {"month": MONTH})
    assert stored(db_session) == before


def test_a_later_fact_goes_to_the_open_month(lived: Cast, db_session: Any) -> None:
    assert months.open_month(db_session, AT) == MONTH
    freeze(lived)
    assert months.is_frozen(db_session, MONTH)
    assert (months.open_month(db_session, AT), months.open_month(db_session, FROZEN)) == ("2026-12", "2026-12")


# --- the same to the byte ---


def test_the_log_counts_as_the_rows_do(lived: Cast, db_session: Any) -> None:
    assert month_checks.differences(db_session, MONTH, FROZEN) == []
    site = scorecards.site_month(actor=lived["site-manager"], month=MONTH, organisation_code="330106-01", now=FROZEN)
    facts = site.facts
    assert (facts.tickets, facts.results, facts.upheld, facts.repeats, facts.resolve_due) == (7, 7, 1, 1, 9)
    assert site.causes == (("courier", 1),)


def test_a_frozen_month_verifies_and_every_meddling_is_named(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    assert month_verify.verify(month=MONTH).differences == ()
    card = {"month": MONTH, "code": "330106-01"}
    for statement, word in (
        (update(Event).where(Event.type == "result").values(type="note"), "results: frozen 7, the log says 0"),
        (update(FrozenCard).filter_by(**card).values(body=FrozenCard.body + " "), "digest"),
        (delete(FrozenCard).filter_by(**card), "missing"),
        (update(MonthClose).values(head=MonthClose.head + " "), "head"),
    ):
        db_session.rollback()
        with write() as session:
            kept = session.execute(select(Event.__table__)).mappings().all()
            cards = session.execute(select(FrozenCard.__table__)).mappings().all()
            head = session.scalar(select(MonthClose.head))
            session.execute(statement)
        found = month_verify.verify(month=MONTH).differences
        assert any(word in line for line in found), (word, found)
        with write() as session:
            session.execute(delete(FrozenCard))
            session.execute(delete(Event))
            session.execute(insert(Event), [dict(row) for row in kept])
            session.execute(insert(FrozenCard), [dict(row) for row in cards])
            session.execute(update(MonthClose).values(head=head))
    assert month_verify.verify(month=MONTH).differences == ()


def test_only_a_frozen_month_can_be_verified(lived: Cast) -> None:
    with pytest.raises(NotFound):
        month_verify.verify(month=MONTH)


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Asia/Tokyo"])
def test_neither_the_machines_zone_nor_the_order_of_rows_changes_a_byte(
    lived: Cast, db_session: Any, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    freeze(lived)
    wanted = stored(db_session)
    with write() as session:
        session.execute(delete(FrozenCard))
        session.execute(delete(FrozenPeople))
        session.execute(delete(MonthClose))
        _shuffle(session, Event)
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        freeze(lived)
        assert stored(db_session) == wanted
        assert month_verify.verify(month=MONTH).differences == ()
    finally:
        monkeypatch.undo()
        time.tzset()


def _shuffle(session: Any, model: Any) -> None:
    """The same rows in another order on the disk."""
    rows = [dict(row) for row in session.execute(select(model.__table__)).mappings()]
    random.Random(7).shuffle(rows)
    session.execute(delete(model))
    session.execute(insert(model), rows)


def test_a_later_version_of_the_scoring_changes_no_frozen_byte(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    wanted, before = stored(db_session), _score(lived)
    with write() as session:
        scoring_schemes.seed(session, FROZEN)
        plain = default_scheme(2).plain()
        plain["weights"] |= {"first_reply": 45, "result": 0}
        session.add(ScoringScheme(version=2, from_month="2026-01", body=plain, note="", stored_at=FROZEN))
    assert scoring_schemes.of_month(db_session, "2026-12").version == 2
    assert scoring_schemes.of_month(db_session, MONTH).version == 1
    assert _score(lived) == before and stored(db_session) == wanted
    assert month_verify.verify(month=MONTH).differences == ()


def _score(cast: Cast) -> int | None:
    card = scorecards.site_month(actor=cast["ccs"], month=MONTH, organisation_code="330106-01", now=FROZEN + DAY)
    return card.score.total_tenths


@pytest.mark.parametrize("step", ["begun", "counted", "made", "written"])
def test_killed_half_way_and_run_again_it_has_the_same_bytes(lived: Cast, db_session: Any, step: str) -> None:
    with pytest.raises(Killed), dying(f"freeze.{step}"):
        freeze(lived)
    assert stored(db_session) == [] and not months.is_frozen(db_session, MONTH)
    freeze(lived)
    wanted = stored(db_session)
    with write() as session:
        session.execute(delete(FrozenCard))
        session.execute(delete(FrozenPeople))
        session.execute(delete(MonthClose))
    freeze(lived)
    assert stored(db_session) == wanted


# --- afterwards ---


def test_a_frozen_card_is_served_as_it_was_and_later_changes_are_numbered_corrections(
    lived: Cast, db_session: Any
) -> None:
    freeze(lived)
    before = scorecards.site_month(actor=lived["lcs"], month=MONTH, organisation_code="330106-01", now=FROZEN)
    tell(lived, "CANCEL", "W2", at=FROZEN + HOUR, now=FROZEN + HOUR)
    later = FROZEN + DAY
    after = scorecards.site_month(actor=lived["lcs"], month=MONTH, organisation_code="330106-01", now=later)
    assert after == before and after.digest
    found = month_amendments.pending(db_session, "2026-12", later)
    assert {(one.code, one.name, one.before, one.now) for one in found} >= {("330106-01", "tickets", 7, 6)}
    freeze(lived, month="2026-12", now=datetime(2027, 1, 6, 2, tzinfo=UTC))
    numbers = db_session.scalars(select(Amendment.number).order_by(Amendment.number)).all()
    assert numbers == list(range(1, len(found) + 1))
    assert month_amendments.pending(db_session, "2027-01", datetime(2027, 1, 7, tzinfo=UTC)) == []
    for month in (MONTH, "2026-12"):
        assert month_verify.verify(month=month).differences == (), month


def test_a_late_reply_counts_in_one_month_and_never_in_both(lived: Cast, db_session: Any) -> None:
    number = push(lived, "W9", waybill="YT1000000000099", now=datetime(2026, 11, 30, 4, tzinfo=UTC))
    freeze(lived)
    answer(lived, number, FROZEN + timedelta(seconds=1), FINE)
    due = {
        month: scorecards.site_month(actor=lived["ccs"], month=month, organisation_code="330106-01", now=FROZEN + DAY)
        for month in (MONTH, "2026-12")
    }
    assert [card.facts.results for card in due.values()] == [7, 1]
    assert due[MONTH].facts.first_reply_due + due["2026-12"].facts.first_reply_due == 8
    assert month_amendments.pending(db_session, "2026-12", FROZEN + DAY) == []
    assert month_verify.verify(month=MONTH).differences == ()


def test_an_event_that_commits_after_the_freeze_with_an_older_id_is_not_in_it(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    row = db_session.scalars(select(Event).where(Event.type == "result").order_by(Event.id)).first()
    with write() as session:
        values = {c.name: getattr(row, c.name) for c in Event.__table__.c}
        newest = session.scalar(select(Event.id).order_by(Event.id.desc()).limit(1))
        session.execute(insert(Event).values(**values | {"id": newest - 1, "seq": 900}))
    assert month_verify.verify(month=MONTH).differences == ()


def test_the_freeze_settles_penalties_and_leaves_contested_ones_uncharged(lived: Cast, db_session: Any) -> None:
    site, number = lived.places["330106-01"], itertools.count()
    ticket_id = db_session.scalars(select(Ticket.id)).first()
    with write() as session:
        for state, fen in (("proposed", 2000), ("contested", 5000), ("waived", 700)):
            session.add(Penalty(
                rule="late", rule_version=1, ticket_id=ticket_id, occurrence=str(next(number)), organisation_id=site,
                month=MONTH, decided_at=AT, full_fen=fen, amount_fen=fen, points=3, state=state, event_ids=[],
                created_at=AT, settled_at=AT if state == "waived" else None,
            ))  # fmt: skip
    freeze(lived)
    body = json.loads(db_session.scalar(select(FrozenCard.body).where(FrozenCard.code == "330106-01")))
    wanted = {"proposed_fen": 0, "contested_fen": 0, "waived_fen": 700, "confirmed_fen": 2000, "points": 3}
    assert body["penalties"] == wanted
    carried = select(Penalty.amount_fen).where(Penalty.state == "contested", Penalty.month == "2026-12")
    assert list(db_session.scalars(carried)) == [5000]  # decided in the open month
    with write() as session:
        session.execute(
            update(Penalty).where(Penalty.state == "contested").values(state="waived", settled_at=FROZEN + DAY)
        )
    assert month_verify.verify(month=MONTH).differences == ()


def test_no_service_updates_or_deletes_what_is_frozen() -> None:
    from pathlib import Path

    import app

    for file in sorted(Path(app.__file__).parent.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for word in (
            "update(FrozenCard",
            "delete(FrozenCard",
            "update(FrozenPeople",
            "delete(FrozenPeople",
            "update(MonthClose",
            "delete(MonthClose",
        ):
            assert word not in text, file


def test_a_person_is_measured_on_what_the_person_answered(lived: Cast, db_session: Any) -> None:
    found = person_cards.people(actor=lived["site-manager"], month=MONTH, organisation_code="330106-01", now=FROZEN)
    by_account = {one.account: (one.facts, score) for one, score in found.lines}
    assert found.site.code == "330106-01" and set(by_account) == {"site", "site-manager"}
    facts = by_account["site"][0]
    assert (facts.results, facts.resolve_due, facts.resolve_in_time) == (7, 7, 6)
    assert by_account["site-manager"][1].total_tenths is None
    with pytest.raises(NotFound):
        person_cards.people(actor=lived["lcs-2"], month=MONTH, organisation_code="330106-01", now=FROZEN)


def sheets(session: Any) -> list[tuple[str, str, str]]:
    session.rollback()
    rows = select(FrozenPeople.code, FrozenPeople.body, FrozenPeople.digest).order_by(FrozenPeople.code)
    return [tuple(row) for row in session.execute(rows)]


def test_people_are_frozen_with_the_month_and_nothing_later_changes_them(lived: Cast, db_session: Any) -> None:
    asked = {"actor": lived["site-manager"], "month": MONTH, "organisation_code": "330106-01"}
    draft = person_cards.people(**asked, now=FROZEN - DAY)
    freeze(lived)
    before, kept = sheets(db_session), person_cards.people(**asked, now=FROZEN)
    assert kept.lines == draft.lines and kept.frozen_at == FROZEN and not draft.digest
    assert kept.digest in json.loads(db_session.scalars(select(MonthClose.head)).one())["people"].values()
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(name="另一个人"))
        session.execute(update(User).where(User.account == "site-manager").values(disabled_at=FROZEN))
    fifth = db_session.scalars(select(Ticket.number).order_by(Ticket.id)).all()[4]
    tell(lived, "REJECT", "W4", at=FROZEN, now=FROZEN)
    assert fifth and sheets(db_session) == before
    assert person_cards.people(**asked, now=FROZEN + DAY) == kept
    assert month_verify.verify(month=MONTH).differences == ()


def test_verify_names_the_person_whose_figure_was_changed(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    body = next(text for code, text, _digest in sheets(db_session) if code == "330106-01")
    assert '"resolve_in_time":6' in body
    with write() as session:
        changed = body.replace('"resolve_in_time":6', '"resolve_in_time":7')
        session.execute(update(FrozenPeople).where(FrozenPeople.code == "330106-01").values(body=changed))
    said = month_verify.verify(month=MONTH).differences
    assert said[0] == "330106-01: the sheet of its people does not have the digest that the month names"
    assert any(line.startswith("330106-01: site: facts: frozen") for line in said)


def test_the_code_on_the_sheet_of_the_people_leads_to_it(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    for code, _body, digest in sheets(db_session):
        found = card_codes.find(db_session, digest[:12].upper())
        assert found is not None and (found.kind, found.code, found.digest) == ("people", code, digest)
    card = db_session.scalars(select(FrozenCard.digest).limit(1)).one()
    other = card_codes.find(db_session, card[:12])
    assert other is not None and other.kind != "people" and card_codes.find(db_session, "0" * 12) is None


def test_a_month_frozen_before_people_were_is_still_verified(lived: Cast, db_session: Any) -> None:
    freeze(lived)
    row = db_session.scalars(select(MonthClose)).one()
    head = json.loads(row.head)
    del head["people"]
    with write() as session:
        text = journal.canonical(head)
        session.execute(delete(FrozenPeople))
        session.execute(update(MonthClose).values(head=text, digest=month_freeze.sha(text)))
    assert month_verify.verify(month=MONTH).differences == ()

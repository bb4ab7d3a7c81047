"""Rectification forms: asked for once by a frozen month or by hand, filled in by the site, decided, told of in time."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.rectifications import Policy
from app.models import Closure, FrozenCard, MonthClose, Notice, Rectification, RectificationEntry
from app.models.ids import new_id
from app.services import rectification_policy, rectification_view, rectification_work, rectifications
from app.services.rectifications import OrderIn
from app.services.transaction import write
from tests.cast import NOON, Cast

DAY = timedelta(days=1)
MADE = {"cause": "派件员没有联系", "measures": "每天晨会讲", "responsible": "张站长"}
ORDER = OrderIn("330106-01", "score", "连续下滑")


def frozen(cast: Cast, month: str, cards: dict[str, dict[str, Any]], at: datetime = NOON) -> None:
    with write() as session:
        session.add(MonthClose(month=month, frozen_at=at, digest="x"))
        for code, body in cards.items():
            whole = {"score": 950, "grade": "A", "categories": [], **body}
            session.add(FrozenCard(
                month=month, organisation_id=cast.places[code], kind="site", code=code, score=whole["score"],
                body=json.dumps(whole), digest="x",
            ))  # fmt: skip


def ordered(cast: Cast, who: str = "lcs", asked: OrderIn = ORDER, key: str = "", now: datetime = NOON) -> str:
    return rectifications.order(actor=cast[who], asked=asked, key=key, now=now)


def row(session: Any, number: str) -> Rectification:
    session.rollback()
    session.expire_all()
    return session.scalars(select(Rectification).where(Rectification.number == number)).one()


def told(session: Any, cast: Cast, who: str) -> list[str]:
    session.rollback()
    mine = select(Notice.kind).where(Notice.user_id == cast[who].user_id).order_by(Notice.id)
    return [kind for kind in session.scalars(mine) if kind.startswith("rectify")]


def fill(cast: Cast, number: str, revision: int = 2, who: str = "site-manager", now: datetime = NOON, **texts: str):
    rectifications.fill(actor=cast[who], number=number, revision=revision, texts={**MADE, **texts}, now=now)


def test_a_key_that_was_used_asks_for_nothing_else_and_tells_nobody_of_the_first(db_session: Any, cast: Cast) -> None:
    first = ordered(cast, key="k")
    assert ordered(cast, key="k") == first
    for who, other in (
        ("lcs", replace(ORDER, reason="另一个理由")), ("lcs", replace(ORDER, organisation="330108-01")),
        ("lcs-manager", ORDER), ("ccs", ORDER),
    ):  # fmt: skip
        with pytest.raises(Stale):
            ordered(cast, who, other, key="k")
    assert db_session.scalar(select(func.count()).select_from(Rectification)) == 1


def test_a_frozen_month_asks_once_those_that_cross_a_threshold(db_session: Any, cast: Cast) -> None:
    frozen(cast, "2026-09", {"330108-01": {"categories": [["LOST", 10]]}}, NOON - 40 * DAY)
    bad = {"score": 650, "grade": "D"}
    frozen(cast, "2026-10", {"330106-01": bad, "330108-01": {"categories": [["LOST", 12]]}, "440305-01": {}})
    assert rectification_work.run(db_session, NOON) == 2  # September was frozen too long ago
    assert rectification_work.run(db_session, NOON + DAY / 24) == 0
    rows = db_session.scalars(select(Rectification).order_by(Rectification.organisation_id)).all()
    assert [(one.month, one.state, one.grounds[0]["kind"], one.grounds[0]["category"]) for one in rows] == [
        ("2026-10", "asked", "grade", ""), ("2026-10", "asked", "category", "LOST"),
    ]  # fmt: skip
    assert rows[0].due_at == NOON + 5 * DAY  # Thursday, Friday, Monday
    assert told(db_session, cast, "site-manager") == ["rectify_asked"] and told(db_session, cast, "site") == []


def test_a_form_by_hand_is_asked_for_inside_the_own_area_and_once(db_session: Any, cast: Cast) -> None:
    number = ordered(cast, key="k1")
    assert ordered(cast, key="k1") == number and ordered(cast) != number
    assert db_session.scalar(select(func.count()).select_from(Rectification)) == 2
    with pytest.raises(Invalid) as wrong:
        ordered(cast, asked=OrderIn("440305-01", "nothing", " ", "KF991231-999999"))
    assert wrong.value.fields == {
        "organisation": "unknown_organisation", "kind": "required", "reason": "required", "ticket": "unknown_ticket",
    }  # fmt: skip
    for who in ("site-manager", "admin"):
        with pytest.raises(NotAllowed):
            ordered(cast, who)


def test_it_is_seen_by_the_managers_of_the_site_and_the_desks_above_alone(db_session: Any, cast: Cast) -> None:
    number = ordered(cast)
    seen = {who for who in cast.people if rectification_view.listed(db_session, cast[who], "", NOON)}
    assert seen == {"site-manager", "lcs", "lcs-manager", "ccs", "ccs-manager"}
    with pytest.raises(NotFound):
        rectification_view.show(db_session, cast["lcs-2"], number)


def test_the_days_on_which_the_site_is_closed_do_not_count(db_session: Any, cast: Cast) -> None:
    with write() as session:
        session.add(Closure(
            id=new_id(), organisation_id=cast.places["330106-01"], from_day=date(2026, 11, 19),
            until_day=date(2026, 11, 20), reason="holiday", created_at=NOON, created_by_id=cast["site"].user_id or 0,
        ))  # fmt: skip
    assert row(db_session, ordered(cast)).due_at == NOON + 7 * DAY  # Monday, Tuesday, Wednesday


def test_the_site_fills_in_and_the_province_sends_back_or_accepts(db_session: Any, cast: Cast) -> None:
    number = ordered(cast)
    with pytest.raises(Invalid) as wrong:
        fill(cast, number, cause=" ", responsible="x" * 61)
    assert wrong.value.fields == {"cause": "required", "responsible": "too_long"}
    for who, error in (("lcs", NotAllowed), ("site", NotFound), ("lcs-2", NotFound)):
        with pytest.raises(error):
            fill(cast, number, who=who)
    fill(cast, number)
    assert told(db_session, cast, "lcs") == ["rectify_filled"]
    with pytest.raises(Stale):
        fill(cast, number)
    with pytest.raises(NotAllowed, match="not_asked"):
        fill(cast, number, 3)

    def decide(who: str, revision: int, accept: bool, text: str = "", now: datetime = NOON + DAY) -> None:
        rectifications.decide(actor=cast[who], number=number, revision=revision, accept=accept, text=text, now=now)

    with pytest.raises(Invalid):
        decide("lcs", 3, False)
    decide("lcs", 3, False, "措施太笼统")
    back = row(db_session, number)
    assert (back.state, back.round, back.due_at, back.cause) == ("asked", 2, NOON + 6 * DAY, MADE["cause"])
    with pytest.raises(NotAllowed, match="not_filled"):
        decide("lcs", 4, True)
    fill(cast, number, 4, measures="每天抽查三票")
    with pytest.raises(NotAllowed):
        decide("site-manager", 5, True)
    decide("lcs-manager", 5, True)
    assert row(db_session, number).state == "accepted" and not row(db_session, number).was_late
    assert told(db_session, cast, "site-manager") == ["rectify_asked", "rectify_back", "rectify_done"]
    kinds = [one.kind for one, _name in rectification_view.show(db_session, cast["ccs"], number).entries]
    assert kinds == ["asked", "filled", "sent_back", "filled", "accepted"]


def test_it_is_reminded_of_once_a_stage_and_flagged_as_late(db_session: Any, cast: Cast) -> None:
    number = ordered(cast)
    due = row(db_session, number).due_at
    assert rectification_work.run(db_session, due - DAY - timedelta(seconds=1)) == 0
    assert [rectification_work.run(db_session, due - DAY) for _ in range(2)] == [1, 0]
    assert not row(db_session, number).was_late
    assert [rectification_work.run(db_session, due) for _ in range(2)] == [1, 0]
    assert row(db_session, number).was_late
    late = rectification_view.listed(db_session, cast["lcs"], "late", due + timedelta(seconds=1))
    assert [line.row.number for line in late] == [number]
    assert rectification_work.run(db_session, due + 10 * DAY) == 1  # the scheduler stood still: told once
    assert rectification_work.run(db_session, due + 20 * DAY) == 0
    assert told(db_session, cast, "site-manager") == ["rectify_asked", "rectify_due", "rectify_late", "rectify_late"]
    assert told(db_session, cast, "lcs") == ["rectify_late", "rectify_late"]
    fill(cast, number, row(db_session, number).revision, now=due + 21 * DAY)
    assert rectification_view.listed(db_session, cast["lcs"], "late", due + 22 * DAY) == []
    assert row(db_session, number).was_late and row(db_session, number).remind_at is None


def test_the_same_ground_again_within_the_months_is_reported(db_session: Any, cast: Cast) -> None:
    first, other = ordered(cast), ordered(cast, asked=OrderIn("330106-01", "category", "别的"))
    again = ordered(cast, now=NOON + 100 * DAY)
    assert row(db_session, again).repeat_of_id == row(db_session, first).id
    assert row(db_session, other).repeat_of_id is None
    long_after = ordered(cast, now=NOON + 400 * DAY)
    assert row(db_session, long_after).repeat_of_id is None
    found = rectification_view.listed(db_session, cast["ccs"], "again", NOON)
    assert [(line.row.number, line.number_before) for line in found] == [(again, first)]


def test_the_thresholds_are_versions(db_session: Any, cast: Cast) -> None:
    typed = {name: str(n) for name, n in Policy().numbers().items()}

    def store(who: str = "ccs-manager", seen: int = 1, note: str = "更严", **more: str) -> int:
        return rectification_policy.store(actor=cast[who], typed={**typed, **more}, note=note, seen=seen, now=NOON)

    for who in ("lcs-manager", "ccs", "site-manager"):
        with pytest.raises(NotAllowed):
            store(who)
    with pytest.raises(Invalid):
        store()
    assert store(score_below="96") == 2
    with pytest.raises(Stale):
        store(score_below="97")
    assert [one.policy.score_below for one in rectification_policy.versions(db_session)] == [96, 0]
    frozen(cast, "2026-10", {"330106-01": {}})
    assert rectification_work.run(db_session, NOON) == 1
    made = db_session.scalars(select(Rectification)).one()
    assert (made.policy_version, made.grounds[0]) == (2, {"kind": "score", "value": 950, "limit": 96, "category": ""})
    assert db_session.scalar(select(func.count()).select_from(RectificationEntry)) == 1


def test_a_form_that_raises_costs_no_other_its_reminder(db_session: Any, cast: Cast, monkeypatch: Any) -> None:
    numbers, real = [ordered(cast, key=key) for key in ("one", "two")], rectifications.note
    due = row(db_session, numbers[0]).due_at

    def odd(session: Any, form: Any, *given: Any) -> None:
        if form.number == numbers[0]:
            raise ValueError("odd")
        real(session, form, *given)

    monkeypatch.setattr(rectifications, "note", odd)
    db_session.rollback()
    assert [rectification_work.run(db_session, due) for _ in range(2)] == [1, 0]
    assert [row(db_session, number).was_late for number in numbers] == [False, True]

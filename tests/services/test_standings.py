"""Where sites stand in the month, kept for the board: what the cards say, renewed once, and frozen months as frozen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.models import Standing, Ticket
from app.services import board, month_freeze, scorecards, standings
from app.services.board import Stand
from tests.cast import NOON, Cast
from tests.services.audit_steps import MORNING, UNTRUE, answered, audit_of, draw, drawn, mark

EVENING = MORNING + timedelta(hours=12)
NEXT = datetime.fromisoformat("2026-12-01T04:00:00+00:00")
FROZEN = datetime.fromisoformat("2026-12-06T04:00:00+00:00")
SITE = "330106-01"


def stand(cast: Cast, session: Any, now: datetime = EVENING, code: str = SITE) -> Stand:
    session.rollback()
    return next(site.stand for site in board.of(session, cast.places["33"], now).sites if site.code == code)


def lived(cast: Cast, session: Any, n: int = 5) -> list[str]:
    """So many results, all audited, the first one untruthful."""
    numbers = [answered(cast, f"W{number}", text="已处理完毕") for number in range(n)]
    draw(session)
    for place, number in enumerate(numbers):
        audit = audit_of(session, number)
        mark(cast, audit, *((UNTRUE,) if place == 0 else ()))
    return numbers


def test_the_board_says_the_score_of_the_card_and_the_audits_of_the_month(cast: Cast, db_session: Any) -> None:
    lived(cast, db_session)
    assert stand(cast, db_session) == Stand("2026-11")
    assert standings.renew(EVENING) == 6  # three sites, two months
    card = scorecards.site_month(actor=cast["lcs"], month="2026-11", organisation_code=SITE, now=EVENING)
    assert card.score.total_tenths is not None and card.facts.audited == 5
    expected = Stand("2026-11", "2026-11", card.score.total_tenths, card.score.grade or "", 5, 4, 1)
    assert stand(cast, db_session) == expected
    assert stand(cast, db_session, code="330108-01") == Stand("2026-11")


def test_a_recheck_by_headquarters_is_no_audit_of_the_site(cast: Cast, db_session: Any) -> None:
    lived(cast, db_session)
    tomorrow = MORNING + timedelta(days=1)
    draw(db_session, tomorrow.date(), tomorrow)
    again = drawn(db_session, "recheck")
    by_id = {row.id: row.number for row in db_session.scalars(select(Ticket))}
    assert again
    for audit in again:
        first = audit_of(db_session, by_id[audit.ticket_id])
        mark(cast, audit, *((UNTRUE,) if first.mark == "untruthful" else ()), who="ccs", now=tomorrow)
    standings.renew(tomorrow)
    assert stand(cast, db_session, tomorrow).audited == 5
    assert stand(cast, db_session, tomorrow).untruthful == 1


def test_while_the_month_has_too_few_cases_the_last_score_stands_there(cast: Cast, db_session: Any) -> None:
    lived(cast, db_session)
    standings.renew(EVENING)
    before = stand(cast, db_session)
    standings.renew(NEXT)
    now = stand(cast, db_session, NEXT)
    assert (now.month, now.scored_in, now.audited) == ("2026-12", "2026-11", 0)
    card = scorecards.site_month(actor=cast["lcs"], month="2026-11", organisation_code=SITE, now=NEXT)
    assert card.score.total_tenths is not None and now.tenths == card.score.total_tenths
    assert before.grade


def test_what_is_fresh_is_left_alone_and_a_frozen_month_is_renewed_once_more(cast: Cast, db_session: Any) -> None:
    lived(cast, db_session)
    assert standings.renew(EVENING) == 6
    assert standings.renew(EVENING + timedelta(minutes=9)) == 0
    assert standings.renew(EVENING + timedelta(minutes=10)) == 6
    standings.renew(FROZEN - timedelta(minutes=1))
    month_freeze.freeze(actor=cast["ccs-manager"], month="2026-11", now=FROZEN)
    assert standings.renew(FROZEN) == 3  # the frozen one
    assert standings.renew(FROZEN + timedelta(minutes=11)) == 3  # the running one
    assert stand(cast, db_session, FROZEN).scored_in == "2026-11"


def test_months_that_no_board_shows_are_forgotten(cast: Cast, db_session: Any) -> None:
    standings.renew(NOON)
    standings.renew(NEXT)
    assert set(db_session.scalars(select(Standing.month))) == {"2026-11", "2026-12"}

"""The demo's ledger: what its stories cost, and what a site's manager contests of it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.calendars import month_of
from app.domain.errors import NotAllowed
from app.models import Penalty
from app.services import penalties, penalty_contests
from app.services.demo_stage import Play
from app.services.penalty_contests import ContestIn

CONTESTED = (
    ("system_fault", "当天下午系统打不开，恢复后我们马上回复了客户，附时限说明。"),
    ("not_ours", "包裹没有到过我们站点，最后一次扫描在转运中心。"),
)
LOOKS = 20


def place(session: Session, stage: Play, now: datetime) -> None:
    """Let the ledger look, and the site's manager contest; nothing where the stories cost the site nothing."""
    for _look in range(LOOKS):
        if penalties.run(session, now) == 0:
            break
    manager = stage.actors["site-manager"]
    mine = select(Penalty.id).where(
        Penalty.organisation_id == manager.organisation_id, Penalty.state == "proposed", Penalty.person_id == 0,
        Penalty.month == month_of(now), Penalty.ruled_by == "system",
    )  # fmt: skip
    ids = list(session.scalars(mine.order_by(Penalty.id).limit(len(CONTESTED))))
    session.rollback()
    for penalty_id, (reason, text) in zip(ids, CONTESTED, strict=False):
        try:
            penalty_contests.contest(actor=manager, penalty_id=penalty_id, asked=ContestIn(reason, text), now=now)
        except NotAllowed:  # a month that is over: nothing to contest in it
            continue

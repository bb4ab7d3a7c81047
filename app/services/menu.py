"""The numbers beside the entries of the menu: what waits for whoever looks. One statement, each number up to 100."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.publications import ARTICLE, CASE, RULE
from app.domain.roles import Actor
from app.services import alarms, penalty_contest_view, publication_view


def counts(session: Session, actor: Actor, now: datetime) -> dict[str, int]:
    """Numbers by the capability that opens the page: alarms that nobody has seen, contests before the actor's desk,
    typical cases, articles and rules that the person has not read."""
    wanted = {}
    if actor.can("alarms"):
        wanted["alarms"] = alarms.unseen(actor)
    if actor.can("penalty_decide"):
        wanted["penalties"] = penalty_contest_view.badge(actor)
    if actor.can("publications"):
        wanted["publications"] = publication_view.unread(actor, now, (CASE,))
        wanted["knowledge"] = publication_view.unread(actor, now, (ARTICLE, RULE))
    if not wanted:
        return {}
    return {name: int(n) for name, n in zip(wanted, session.execute(select(*wanted.values())).one(), strict=True)}

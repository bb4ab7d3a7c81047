"""The read side of a ticket's returns: what its panel shows. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from app.domain.roles import Actor
from app.models import Event, FreeText, Organisation, Ticket, Transfer, User
from app.models.together import Question, Step


@dataclass(frozen=True)
class Return:
    """One return with the sites, who raised it with which proof, and who decided it (empty: nobody, or by itself)."""

    transfer: Transfer
    from_site: Organisation
    to_site: Organisation | None
    raised_by: str
    decided_by: str
    proof: str


def _question() -> Question:
    from_site, to_site, raised, decided = (
        aliased(Organisation), aliased(Organisation), aliased(User), aliased(User),
    )  # fmt: skip
    statement: Any = (
        select(Transfer, from_site, to_site, raised.name, decided.name, FreeText.body)
        .join(from_site, from_site.id == Transfer.from_site_id)
        .outerjoin(to_site, to_site.id == Transfer.to_site_id)
        .join(raised, raised.id == Transfer.raised_by_id)
        .outerjoin(decided, decided.id == Transfer.decided_by_id)
        .outerjoin(Event, Event.id == Transfer.event_id)
        .outerjoin(FreeText, FreeText.id == Event.text_id)
        .where(Transfer.ticket_id == bindparam("ticket_id"))
        .order_by(Transfer.id.desc())
    )
    return Question(statement)


_RETURNS = _question()


def of_ticket(ticket: Ticket, actor: Actor) -> Step[list[Return]]:
    """The ticket's returns, the newest first; a ticket that never had one asks nothing."""
    if "transfer" not in (ticket.cases or {}):
        return []
    (rows,) = yield (_RETURNS(ticket_id=ticket.id),)
    return [
        Return(transfer, here, there, who, by or "", str((body or {}).get("text", "")))
        for transfer, here, there, who, by, body in rows
    ]

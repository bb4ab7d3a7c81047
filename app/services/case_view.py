"""The read side of responsible parties and evidence orders: what the panel and the court's page show. Select only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased

from app.domain import responsibility as rule
from app.domain.lifecycle import AT_HEADQUARTERS
from app.domain.roles import Actor
from app.models import Event, EvidenceOrder, FreeText, Organisation, PartyCase, Ticket
from app.models.together import Question, Step

# action -> states of the cases that it is about
ABOUT = {
    "urge_party": frozenset({rule.ASKED, rule.PRESUMED}),
    "remove_party": rule.MAY_LEAVE,
    "answer_as_party": frozenset({rule.ASKED, rule.PRESUMED}),
    "dispute": frozenset({rule.ASKED, rule.PRESUMED}),
    "agree_dispute": frozenset({rule.DISPUTED}),
    "reject_dispute": frozenset({rule.DISPUTED}),
    "arbitrate": frozenset({rule.REJECTED, rule.RULED}),
    "rule_dispute": frozenset({rule.ARBITRATION}),
}
OWN = frozenset({"answer_as_party", "dispute"})  # what a party does for itself


@dataclass(frozen=True)
class Side:
    """One responsible party, and whom its dispute names instead."""

    case: PartyCase
    organisation: Organisation
    named: Organisation | None


@dataclass(frozen=True)
class Wanted:
    """One evidence order with what it wants, still unmasked."""

    order: EvidenceOrder
    organisation: Organisation
    text: str


@dataclass(frozen=True)
class Overview:
    """All cases of a ticket in the order of their adding; removed parties are left out."""

    sides: tuple[Side, ...]
    orders: tuple[Wanted, ...]
    desk: Organisation | None = None  # the service desk that works the ticket where no site handles it

    @property
    def sharers(self) -> tuple[Organisation, ...]:
        """The parties that a ruling gives a share, without the handling site."""
        return tuple(side.organisation for side in self.sides if side.case.state not in rule.GONE)

    def about(self, action: str, actor: Actor) -> list[Side]:
        """The parties that an action can be about. A party speaks for itself; what CCS has ruled is final."""
        sides = [side for side in self.sides if side.case.state in ABOUT[action]]
        if action == "urge_party":
            return [side for side in sides if side.case.answered_at is None]
        if action == "arbitrate":
            sides = [side for side in sides if side.case.state != rule.RULED or side.case.court_id != AT_HEADQUARTERS]
        own = [side for side in sides if side.organisation.id == actor.organisation_id]
        return own or ([] if action in OWN else sides)

    def place(self, organisation_id: Any) -> Organisation | None:
        """The organisation with that id among those that a case is about."""
        known = [side.organisation for side in self.sides] + [side.named for side in self.sides if side.named]
        known += [wanted.organisation for wanted in self.orders]
        return next((place for place in known if place.id == organisation_id), None)


NOTHING = Overview((), ())


_NAMED = aliased(Organisation)
_SIDES = Question(
    select(PartyCase, Organisation, _NAMED)
    .join(Organisation, Organisation.id == PartyCase.organisation_id)
    .outerjoin(_NAMED, _NAMED.id == PartyCase.named_id)
    .where(PartyCase.ticket_id == bindparam("ticket_id"), PartyCase.state.not_in((rule.REMOVED, rule.DROPPED)))
    .order_by(PartyCase.added_at, PartyCase.id)
)
_ORDERS = Question(
    select(EvidenceOrder, Organisation, FreeText.body)
    .join(Organisation, Organisation.id == EvidenceOrder.organisation_id)
    .outerjoin(Event, Event.id == EvidenceOrder.event_id)  # it may lie in the archive
    .outerjoin(FreeText, FreeText.id == Event.text_id)
    .where(EvidenceOrder.ticket_id == bindparam("ticket_id"), EvidenceOrder.state != "dropped")
    .order_by(EvidenceOrder.due_at, EvidenceOrder.id)
)
_DESK = Question(select(Organisation).where(Organisation.id == bindparam("desk_id")))


def load(ticket: Ticket, actor: Actor) -> Step[Overview]:
    """The cases of a ticket; one that has none asks nothing."""
    if not {"parties", "ordered"} & (ticket.cases or {}).keys():
        return NOTHING
    desk_id = ticket.acting_id if ticket.handling_site_id is None else None
    sides, orders, desk = yield _SIDES(ticket_id=ticket.id), _ORDERS(ticket_id=ticket.id), _DESK(desk_id=desk_id)
    wanted = tuple(Wanted(order, place, str((body or {}).get("text", ""))) for order, place, body in orders)
    return Overview(tuple(Side(*side) for side in sides), wanted, next(iter(desk), None))

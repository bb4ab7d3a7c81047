"""Whose open work a list reads: the own desk's, that of one site as it sees it, or that of the sites one helps."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, exists, select, true, tuple_
from sqlalchemy.orm import aliased

from app.domain.roles import Actor
from app.models import Organisation, Party, SiteHelper, Ticket, WorkItem
from app.services.scope import work_scope

HELPED = "helped"


def within(actor: Actor, now: Any, *, site: Any = "", owner: str = "") -> list[ColumnElement[bool]]:
    """The conditions on `work_item`. `site` is the code of a site that a superior looks into; one outside the actor's
    area, or none at all, has no work. Raises NotFound for a role without a queue.
    """
    if given(site) and actor.desk in ("lcs", "ccs"):
        return [WorkItem.scope == _of_area(actor, site)]
    if owner == HELPED and actor.desk == "lcs":
        return [WorkItem.scope.in_(helped_by(actor, now)), ~_seen_already(actor, now)]
    return [WorkItem.scope == work_scope(actor)]


def party(actor: Actor, now: datetime, *, site: str = "", owner: str = "") -> list[ColumnElement[bool]]:
    """The same for a search, which finds ended tickets too: conditions on `ticket`, beside those of the scope."""
    places: list[Any] = []
    if site and actor.desk in ("lcs", "ccs"):
        places.append(Party.organisation_id == _of_area(actor, site))
    if owner == HELPED and actor.desk == "lcs":
        places.append(Party.organisation_id.in_(helped_by(actor, now)))
    return [exists().where(Party.ticket_id == Ticket.id, place) for place in places]


def helped_by(actor: Actor, now: Any) -> Any:
    """The sites whose helper the actor is now."""
    mine = (SiteHelper.helper_id == actor.user_id, SiteHelper.province_id == actor.province_id)
    return select(SiteHelper.site_id).where(*mine, SiteHelper.ended_at.is_(None), SiteHelper.until > now)


def _of_area(actor: Actor, code: Any) -> Any:
    area = Organisation.province_id == actor.province_id if actor.desk == "lcs" else true()
    return select(Organisation.id).where(Organisation.code == code, area).scalar_subquery()


def _seen_already(actor: Actor, now: Any) -> ColumnElement[bool]:
    """A ticket in which two of the sites are parties stands in the list once."""
    other = aliased(WorkItem)
    same = (other.ticket_id == WorkItem.ticket_id, other.scope < WorkItem.scope)
    return exists().where(*same, other.scope.in_(helped_by(actor, now)))


def given(value: Any) -> bool:
    """Whether a filter is set: a parameter, in a question that is kept, is."""
    return isinstance(value, ColumnElement) or bool(value)


def behind(after: str) -> dict[str, Any]:
    """The last row of a page, behind which the next one begins; `after` comes out of an address and may be anything."""
    try:
        at_text, id_text = after.split("~")
        at, ticket_id = datetime.fromisoformat(at_text), int(id_text)
    except ValueError:
        return {}
    if not storable(at) or abs(ticket_id) >= 2**63:
        return {}
    return {"after_at": at, "after_id": ticket_id}


def beyond(statement: Any, key: Any, *, falling: bool) -> Any:
    """The rows behind the one that `behind` names. They are compared as pairs, which an index begins at: with an OR
    PostgreSQL reads all pages before, too."""
    at, ticket_id = bindparam("after_at", type_=key.type), bindparam("after_id", type_=WorkItem.ticket_id.type)
    place, last = tuple_(key, WorkItem.ticket_id), tuple_(at, ticket_id)
    return statement.where(place < last if falling else place > last)


def storable(at: datetime) -> bool:
    """Whether an instant out of an address has a zone and lies in the years that UTC can name."""
    try:
        return at.tzinfo is not None and at.astimezone(UTC) is not None
    except OverflowError:
        return False

"""Learned addresses: which site a street belongs to, from granted returns, until somebody ends it (rulebook 3.2)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import Invalid, NotFound
from app.domain.roles import Actor
from app.domain.routing import street_of
from app.models import AddressRule, Organisation, Person, Ticket, User
from app.models.among import among
from app.models.dialect import for_update, lock_key
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services.transaction import write

PAGE = 100
LONGEST = 120  # characters of a prefix


def offered(session: Session, ticket: Ticket) -> str:
    """The street of the ticket's complainant that may be learned; empty where the address names none."""
    person = session.get(Person, ticket.id)
    return street_of(person.address)[:LONGEST] if person else ""


def learn(session: Session, ticket: Ticket, site: Organisation, actor: Actor, now: datetime) -> None:
    """From now on addresses in this street go to `site`; what was learned before of the same street ends.

    An LCS teaches streets of its own province's sites alone: nobody else's see that rule coming, and only their own
    province ends it. Raises Invalid (`learn`: no_street, too_broad when the text covers a site's whole area,
    another_province).
    """
    if actor.desk == "lcs" and site.province_id != actor.province_id:
        raise Invalid({"learn": "another_province"})
    prefix = offered(session, ticket)
    if not prefix:
        raise Invalid({"learn": "no_street"})
    covers = select(Organisation.id).where(Organisation.address_prefix.startswith(prefix, autoescape=True))
    if session.scalar(covers.limit(1)) is not None:
        raise Invalid({"learn": "too_broad"})
    lock_key(session, f"street:{prefix}")
    for old in session.scalars(select(AddressRule).where(AddressRule.prefix == prefix, AddressRule.ended_at.is_(None))):
        old.ended_at = now
    session.flush()
    session.add(AddressRule(
        id=new_id(), prefix=prefix, site_id=site.id, province_id=site.province_id, ticket_id=ticket.id,
        created_by_id=actor.user_id, created_at=now,
    ))  # fmt: skip


def site_of(session: Session, address: str) -> Organisation | None:
    """The site that the longest learned street at the beginning of this address belongs to."""
    return longest(ask(session, LEARNED(starts=starts(address)))[0])


LEARNED = Question(
    select(AddressRule.prefix, Organisation)
    .join(Organisation, Organisation.id == AddressRule.site_id)
    .where(among(AddressRule.prefix, "starts"), AddressRule.ended_at.is_(None))
)


def starts(address: str) -> list[str]:
    """All beginnings of an address that may have been learned."""
    text = "".join(address.split())
    return [text[:n] for n in range(1, min(len(text), LONGEST) + 1)]


def longest(found: list[Any]) -> Organisation | None:
    """Of the answer to LEARNED the site of the longest street."""
    return max(found, key=lambda row: len(row[0]), default=(None, None))[1]


def listed(
    session: Session, actor: Actor, after: int = 0, limit: int = PAGE
) -> list[tuple[AddressRule, Organisation, str, str]]:
    """The rules of the actor's province with site, ticket number and who made them; the newest first, a page at once.

    Select only; one row more than a page says that there is another.
    """
    site, person = aliased(Organisation), aliased(User)
    statement: Any = (
        select(AddressRule, site, Ticket.number, person.name)
        .join(site, site.id == AddressRule.site_id)
        .join(Ticket, Ticket.id == AddressRule.ticket_id)
        .join(person, person.id == AddressRule.created_by_id)
        .where(AddressRule.province_id == actor.province_id, AddressRule.ended_at.is_(None))
        .order_by(AddressRule.id.desc())
        .limit(limit + 1)
    )
    if after:
        statement = statement.where(AddressRule.id < after)
    return [(rule, place, number, who) for rule, place, number, who in session.execute(statement)]


def end(*, actor: Actor, rule_id: int, now: datetime) -> None:
    """End a rule of the actor's province; one that has ended stays as it is. Raises NotFound."""
    with write() as session:
        mine = select(AddressRule).where(AddressRule.id == rule_id, AddressRule.province_id == actor.province_id)
        rule = session.scalars(for_update(mine)).one_or_none()
        if rule is None or actor.province_id is None:
            raise NotFound("rule_not_found")
        rule.ended_at = rule.ended_at or now

"""How tests search, and what lies in the index."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from app.domain import search as rule
from app.domain.roles import Actor
from app.services import search
from app.services.queue import Filters
from app.services.search import Found
from tests.cast import NOON


def found(session: Any, actor: Actor, asked: str, **filters: str) -> Found:
    """A page of what the actor finds; no filter unless it is named."""
    session.rollback()
    wanted = Filters(**({"queue": ""} | filters))
    return search.find(session, actor, rule.parse(asked), wanted, NOON + timedelta(minutes=10))


def numbers(session: Any, actor: Actor, asked: str, **filters: str) -> list[str]:
    """The numbers of the tickets found, in their order."""
    return [hit.row.number for hit in found(session, actor, asked, **filters).hits]


def documents(session: Any) -> list[tuple[int, int, set[str], set[str]]]:
    """Every document: rank, ticket, scopes and tokens."""
    session.rollback()
    postgresql = session.get_bind().dialect.name == "postgresql"
    rank, terms = ("rank", "tsvector_to_array(terms)") if postgresql else ("rowid", "terms")
    rows = session.execute(text(f"SELECT {rank}, ticket_id, scopes, {terms} FROM search_document ORDER BY 1"))
    return [(place, ticket_id, _parts(scopes), _parts(words)) for place, ticket_id, scopes, words in rows]


def _parts(value: Any) -> set[str]:
    return {str(one) for one in (value if isinstance(value, list) else str(value).split())}

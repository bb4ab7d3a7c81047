"""The knowledge base and the rules in force: found by words, and an article made of an answered ticket.

Writing, versions and readings are those of every publication (`publications`, `publication_view`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from app.domain import kinds
from app.domain import publications as rule
from app.domain.case_masking import masked
from app.domain.errors import NotAllowed
from app.domain.publications import ARTICLE, RULE
from app.domain.roles import Actor
from app.models import Publication, PublicationVersion, ReadReceipt, Ticket
from app.models.dialect import lock_key
from app.services import archived_ticket, publication_view, publications, scope, typical_cases
from app.services.publication_view import PAGE, Line
from app.services.publications import PublicationIn
from app.services.transaction import write

KINDS = (ARTICLE, RULE)
MOST_WORDS = 5
TITLE = 60  # characters of a question that become the title


@dataclass(frozen=True)
class Asked:
    """What the page's address asks for."""

    kind: str = ARTICLE
    words: str = ""
    below: int | None = None


def found(session: Session, actor: Actor, asked: Asked, *, limit: int = PAGE) -> tuple[list[Line], int | None]:
    """Those of a kind in scope that have every word in title, text or keywords, the newest first, and the id from which
    the next page goes on."""
    statement = _columns(actor).where(Publication.kind == asked.kind, publication_view.visible_to(actor))
    for word in asked.words.split()[:MOST_WORDS]:
        statement = statement.where(_has(word))
    if asked.below is not None:
        statement = statement.where(Publication.id < asked.below)
    rows = session.execute(statement.order_by(Publication.id.desc()).limit(limit + 1)).all()
    lines = [Line(row, out, read is not None, _newer(row, out)) for row, out, read in rows[:limit]]
    return lines, lines[-1].row.id if len(rows) > limit else None


def _columns(actor: Actor) -> Select[Any]:
    mine = and_(ReadReceipt.version_id == PublicationVersion.id, ReadReceipt.user_id == actor.user_id)
    columns: tuple[Any, ...] = (Publication, PublicationVersion, ReadReceipt.read_at)
    statement: Select[Any] = select(*columns)
    statement = statement.outerjoin(PublicationVersion, PublicationVersion.id == Publication.current_id)
    return statement.outerjoin(ReadReceipt, mine)


def _has(word: str) -> ColumnElement[bool]:
    """In what is out; of a working copy that never was, in itself."""
    texts = (
        func.coalesce(PublicationVersion.title, Publication.title),
        func.coalesce(PublicationVersion.body, Publication.body),
        func.coalesce(PublicationVersion.extra["keywords"].as_string(), Publication.extra["keywords"].as_string(), ""),
    )
    return or_(*(func.lower(text).contains(word.lower(), autoescape=True) for text in texts))


def _newer(row: Publication, out: PublicationVersion | None) -> bool:
    return out is not None and (out.title, out.body, out.extra) != (row.title, row.body, row.extra)


def may_make(ticket: Ticket, actor: Actor) -> bool:
    """Whether this desk may make an article of the ticket: an inquiry that is answered."""
    return ticket.kind == kinds.INQUIRY and ticket.result_at is not None and rule.may_write(actor, ARTICLE)


def of_ticket(*, actor: Actor, number: str, now: datetime) -> int:
    """Make a working copy of an article out of an answered inquiry: question and last answer, masked. Its id; the one
    that is there already where somebody made one.

    Raises NotFound, NotAllowed ("not_answered").
    """
    with write() as session:
        lock_key(session, f"article:{number}")
        ticket = scope.load(session, actor, number)
        if not may_make(ticket, actor):
            raise NotAllowed("not_answered")
        known = select(Publication.id).where(
            Publication.ticket_id == ticket.id, Publication.kind == ARTICLE, Publication.ended_at.is_(None),
            publication_view.visible_to(actor),
        )  # fmt: skip
        before = session.scalar(known.limit(1))
        return before or publications.begin(
            session, actor, ARTICLE, _article(session, ticket), now, ticket_id=ticket.id
        )


def _article(session: Session, ticket: Ticket) -> PublicationIn:
    known = typical_cases.known_of(session, ticket)
    question = masked(_text(session, ticket, "received"), known)
    body = f"问：{question}\n\n答：{masked(_text(session, ticket, 'result'), known)}"
    return PublicationIn(question.splitlines()[0][:TITLE] if question else ticket.number, body[: rule.BODY_LIMIT])


def _text(session: Session, ticket: Ticket, kind: str) -> str:
    """The last words of that kind."""
    said = [body for event, body in archived_ticket.told(session, ticket) if event.type == kind and body]
    return str((said[-1] if said else {}).get("text", "")).strip()

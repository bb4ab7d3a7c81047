"""Keeps what a search reads: one document a ticket, in the transaction of the change.

`journal` calls `note` for every text, `routing` and `cases` call `admit` for every organisation that gets to see a
ticket; whoever deletes texts by policy calls `renew`. Telephone numbers in texts are masked before they get here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import search
from app.domain.masking import mask_text
from app.extensions import db
from app.models import Event, FreeText, Party, Person, Ticket, entries
from app.models import dialect_search as documents
from app.models.dialect import for_update
from app.models.dialect_search import Document
from app.models.in_one import Part
from app.services.transaction import at_end, begun, drop, kept, read_ahead, write

_EXTENSIONS = "documents"
BATCH = 100  # tickets a transaction: a portal at work does not wait for it
Scopes = Iterable[tuple[int, int | None]]  # organisation, province
Texts = Sequence[tuple[datetime, str, Any]]  # of entries: when, type, body


def note(session: Session, ticket: Ticket, kind: str, body: Mapping[str, Any], now: datetime) -> None:
    """Make a ticket findable by what an entry says, and the newest of all; one statement. The caller commits."""
    terms, rank = terms_of([(kind, body)]), search.rank(now, ticket.number)
    if begun(session, ticket.id):
        waiting = _waiting(session, ticket)
        waiting.terms.update(dict.fromkeys(terms))
        if ticket.search_rank is None or terms:
            waiting.rank = ticket.search_rank = rank
        return
    if ticket.search_rank is None and ticket.version:  # older than the index, and not yet in it
        renew(session, [ticket.id])
    if ticket.search_rank is None:
        documents.insert(session, [Document(ticket.id, rank, (), terms)])
    elif not terms:
        return
    elif not _put_off(session, ticket, rank, terms):
        documents.extend(session, ticket.search_rank, Document(ticket.id, rank, (), terms))
    ticket.search_rank = rank


Extensions = dict[int, Document]  # by ticket


def _put_off(session: Session, ticket: Ticket, rank: int, terms: Sequence[str]) -> bool:
    """Whether the document is extended with the rest of what is written: `extend_beside`, or the end of the write
    transaction."""
    gathered: Extensions | None = at_end(session, _EXTENSIONS, dict, _extend) if documents.by_itself(session) else None
    if gathered is None:
        return False
    before = gathered[ticket.id].terms if ticket.id in gathered else ()
    more = tuple(dict.fromkeys((*before, *terms)))[: documents.MOST_LEXEMES]
    gathered[ticket.id] = Document(ticket.id, rank, (), more)
    return True


def _extend(session: Session, gathered: Extensions) -> None:
    for document in gathered.values():
        documents.extend(session, document.rank, document)


def extend_beside(session: Session, ticket: Ticket) -> list[Part]:
    """What a stored ticket's document still has to be extended by, to be executed with its rows. PostgreSQL only."""
    gathered: Extensions = read_ahead(session, _EXTENSIONS) or {}
    document = gathered.pop(ticket.id, None)
    return [documents.extend_part(session, document)] if document else []


def admit(session: Session, ticket: Ticket, party: Party) -> None:
    """Let an organisation and its province find a ticket that they see from now on; one statement."""
    scopes = scopes_of([(party.organisation_id, party.province_id)])
    if begun(session, ticket.id):
        _waiting(session, ticket).scopes += scopes
    elif ticket.search_rank is not None:
        documents.admit(session, ticket.id, ticket.search_rank, scopes)


def tails(session: Session, ticket: Ticket, *, phone: str = "") -> None:
    """Make a ticket findable by the last four characters of its waybill and of a telephone. The caller commits."""
    terms = search.tails(ticket.waybill, phone)
    if begun(session, ticket.id):
        _waiting(session, ticket).terms.update(dict.fromkeys(terms))
    elif ticket.search_rank is not None and terms:
        documents.extend(session, ticket.search_rank, Document(ticket.id, ticket.search_rank, (), terms))


@dataclass
class _Waiting:
    """The document of a ticket that this transaction makes: written once, when the ticket is whole."""

    rank: int | None = None
    scopes: list[int] = field(default_factory=list)
    terms: dict[str, None] = field(default_factory=dict)


def _waiting(session: Session, ticket: Ticket) -> _Waiting:
    return kept(session, ("document", ticket.id), _Waiting)


def settle(session: Session, ticket: Ticket) -> None:
    """Write the document of a ticket that this transaction has made; one statement, or none for any other."""
    if document := _settled(session, ticket):
        documents.insert(session, [document])


def settle_beside(session: Session, ticket: Ticket) -> list[Part]:
    """The same, to be executed together with the rows of the ticket. PostgreSQL only."""
    document = _settled(session, ticket)
    return [documents.insert_part(session, document)] if document else []


def _settled(session: Session, ticket: Ticket) -> Document | None:
    waiting = _waiting(session, ticket) if begun(session, ticket.id) else _Waiting()
    drop(session, ("document", ticket.id))
    if waiting.rank is None:
        return None
    return Document(ticket.id, waiting.rank, waiting.scopes, tuple(waiting.terms)[: documents.MOST_LEXEMES])


def terms_of(entries: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[str, ...]:
    """The different tokens of entries (type, body): what their readers see of them."""
    found: dict[str, None] = {}
    for kind, body in entries:
        found.update(dict.fromkeys(search.tokens(mask_text(search.readable(kind, body)))))
    return tuple(found)[: documents.MOST_LEXEMES]


def scopes_of(parties: Scopes) -> list[int]:
    """The scopes of a ticket's parties (organisation, province), each once."""
    return sorted({scope for pair in parties for scope in pair if scope})


def renew(session: Session, ticket_ids: Sequence[int]) -> None:
    """Make the documents of tickets anew from what is there, four statements and one a ticket.

    To be called in the transaction that deletes a text, or it would still be found. The caller commits.
    """
    session.flush()
    tickets = list(session.scalars(for_update(select(Ticket).where(Ticket.id.in_(ticket_ids)).order_by(Ticket.id))))
    parties: dict[int, list[tuple[int, int | None]]] = {ticket.id: [] for ticket in tickets}
    admitted = select(Party.ticket_id, Party.organisation_id, Party.province_id)
    for ticket_id, organisation_id, province_id in session.execute(admitted.where(Party.ticket_id.in_(parties))):
        parties[ticket_id].append((organisation_id, province_id))
    texts: dict[int, list[Any]] = {ticket.id: [] for ticket in tickets}
    said = select(Event.ticket_id, Event.at, Event.type, FreeText.body).join(FreeText, FreeText.id == Event.text_id)
    for ticket_id, at, kind, body in session.execute(said.where(entries.of_tickets(texts)).order_by(Event.seq)):
        texts[ticket_id].append((at, kind, body))
    ends = select(Person.ticket_id, Person.phone_last4).where(Person.ticket_id.in_(texts))
    phones = {row.ticket_id: row.phone_last4 for row in session.execute(ends)}
    for one in tickets:  # all that was said is read
        (read_ahead(session, _EXTENSIONS) or {}).pop(one.id, None)
    documents.forget(session, [(one.id, one.search_rank) for one in tickets if one.search_rank is not None])
    made = [_document(one, parties[one.id], texts[one.id], phones.get(one.id, "")) for one in tickets]
    documents.insert(session, made)
    ranks = {document.ticket_id: document.rank for document in made}
    for ticket in tickets:
        ticket.search_rank = ranks[ticket.id]


def _document(ticket: Ticket, parties: Scopes, texts: Texts, phone: str) -> Document:
    silent = ticket.opened_at if ticket.archived_at is None else ticket.activity_at  # its words lie in the archive
    newest = max((at for at, _kind, _body in texts), default=silent)
    terms = (*search.tails(ticket.waybill, phone), *terms_of([(kind, body) for _at, kind, body in texts]))
    return Document(ticket.id, search.rank(newest, ticket.number), scopes_of(parties), terms)


def rebuild(*, told: Callable[[int, int], None] = lambda _done, _whole: None) -> int:
    """Make all documents anew, BATCH tickets a transaction, while the portal runs; how many. `told` hears how far."""
    whole, done, last = db.session().scalar(select(func.count()).select_from(Ticket)) or 0, 0, 0
    while True:
        ids = list(db.session().scalars(select(Ticket.id).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)))
        if not ids:
            return done
        with write() as session:
            renew(session, ids)
            session.flush()
            session.expunge_all()
        done, last = done + len(ids), ids[-1]
        told(done, whole)

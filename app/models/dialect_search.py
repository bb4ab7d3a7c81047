"""Where the engines differ in searching: one document a ticket, FTS5 on SQLite, a tsvector under GIN on PostgreSQL.

Both are called `search_document` and hold the same: the ticket, its place in the order of newest entries (`rank`, the
row's own number on SQLite, so that the index itself gives the newest first), the scopes that see it, and the tokens of
`domain.search`. The scopes only spare work: whoever reads joins the tickets that `scope.visible_to` allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Select,
    and_,
    bindparam,
    column,
    exists,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.orm import Session

from app.domain.search import Word
from app.models import in_one
from app.models.in_one import Part
from app.models.several import side_by_side

# A rank without its last bits is a bucket of time: of 70 minutes, and each span's four times as long as the one before.
# The index of words has every document's bucket of each span (migration 0033) and thus finds the newest first.
SPANS, FIRST_SPAN, SPAN_STEP = 7, 44, 2
BACK, AHEAD = 3, 2  # buckets before and after that of an instant
_BUCKETS = ", ".join(f"(search_document.rank >> {FIRST_SPAN + SPAN_STEP * n}) * 8 + {n}" for n in range(SPANS))
_BUCKETS = f"(ARRAY[{_BUCKETS}])"
MOST_LEXEMES = 10_000  # of a document; a tsvector ends at one megabyte, and a push must never fail for it
_SQLITE = {
    "insert": "INSERT INTO search_document (rowid, ticket_id, scopes, terms)"
    " VALUES (:rank, :ticket_id, :scopes, :terms)",
    "extend": "UPDATE search_document SET rowid = :rank, terms = terms || ' ' || :terms WHERE rowid = :old",
    "admit": "UPDATE search_document SET scopes = scopes || ' ' || :scopes WHERE rowid = :old",
    "forget": "DELETE FROM search_document WHERE rowid = :old",
}
_POSTGRESQL = {
    "insert": "INSERT INTO search_document (rank, ticket_id, scopes, terms)"
    " VALUES (:rank, :ticket_id, CAST(:scopes AS bigint[]), array_to_tsvector(CAST(:terms AS text[])))",
    "insert_many": "INSERT INTO search_document (rank, ticket_id, scopes, terms)"
    " SELECT one.rank, one.ticket_id, CAST(one.scopes AS bigint[]), array_to_tsvector(string_to_array(one.terms, ' '))"
    " FROM unnest(CAST(:rank AS bigint[]), CAST(:ticket_id AS bigint[]), CAST(:scopes AS text[]),"
    " CAST(:terms AS text[])) AS one(rank, ticket_id, scopes, terms)",
    "extend": "UPDATE search_document SET rank = :rank, terms = CASE WHEN length(terms) < :most"
    " THEN terms || array_to_tsvector(CAST(:terms AS text[])) ELSE terms END WHERE ticket_id = :ticket_id",
    "admit": "UPDATE search_document SET scopes = scopes || CAST(:scopes AS bigint[]) WHERE ticket_id = :ticket_id",
    "forget": "DELETE FROM search_document WHERE ticket_id = :ticket_id",
}


@dataclass(frozen=True)
class Document:
    """A ticket's document as it is written. `scopes` are the numbers of organisations and provinces."""

    ticket_id: int
    rank: int
    scopes: Sequence[int]
    terms: Sequence[str]


def insert(session: Session, documents: Iterable[Document]) -> None:
    """Add documents of tickets that have none. The caller commits."""
    rows = [_values(session, one, ticket_id=one.ticket_id, rank=one.rank) for one in documents]
    if len(rows) > 1 and _postgresql(session):
        for row in rows:
            row["scopes"] = f"{{{','.join(str(one) for one in row['scopes'])}}}"
            row["terms"] = " ".join(row["terms"])
        session.connection().execute(_said(session, "insert_many")[0], side_by_side(rows))
    elif rows:
        session.connection().execute(_said(session, "insert")[0], rows)


def insert_part(session: Session, one: Document) -> Part:
    """The same for one document, to be executed with other statements. PostgreSQL only."""
    values = _values(session, one, ticket_id=one.ticket_id, rank=one.rank)
    return in_one.part(_said(session, "insert")[0], session.get_bind().dialect, values)


def extend(session: Session, old_rank: int, more: Document) -> None:
    """Add tokens to a ticket's document and give it its new rank; scopes stay. The caller commits."""
    _execute(session, "extend", _longer(session, more, old_rank))


def by_itself(session: Session) -> bool:
    """Whether a document is found without its old rank, which is its number on SQLite."""
    return _postgresql(session)


def extend_part(session: Session, more: Document) -> Part:
    """The same, to be executed with other statements. PostgreSQL only."""
    return in_one.part(_said(session, "extend")[0], session.get_bind().dialect, _longer(session, more, more.rank))


def _longer(session: Session, more: Document, old_rank: int) -> dict[str, Any]:
    return _values(session, more, ticket_id=more.ticket_id, rank=more.rank, old=old_rank, most=MOST_LEXEMES)


def admit(session: Session, ticket_id: int, rank: int, scopes: Sequence[int]) -> None:
    """Let more scopes find a ticket. The caller commits."""
    document = Document(ticket_id, rank, scopes, ())
    _execute(session, "admit", _values(session, document, ticket_id=ticket_id, old=rank))


def forget(session: Session, tickets: Iterable[tuple[int, int]]) -> None:
    """Delete the documents of tickets (id, rank). The caller commits."""
    rows = [{"ticket_id": ticket_id, "old": rank} for ticket_id, rank in tickets]
    for row in rows:
        _execute(session, "forget", row)


def newest(session: Session, scope: int | None, words: Sequence[Word]) -> Select[Any]:
    """The documents (`ticket_id`, `rank`) with all the words that a scope may find; None is everybody's."""
    found = _table(session)
    return select(found.c.ticket_id, _rank(session).label("rank")).where(_has(session, scope, words))


def spans(session: Session) -> int:
    """How many spans of time the index of words knows: on PostgreSQL, where it gives no order by itself."""
    return SPANS if _postgresql(session) else 0


def lately(session: Session, scope: int | None, words: Sequence[Word], about: int, span: int) -> Select[Any]:
    """What `newest` finds in so short a time before the rank of an instant, read by the index of words alone and in
    order: `span` 0 reaches back four hours, each further one four times as far, and SPANS to the beginning.

    What clocks that go wrong wrote up to two hours after that instant is in it too. Who takes the first span that fills
    a page reads about as much for a rare word as for a frequent one, and as much in a large house as in a small one.
    """
    found = newest(session, scope, words)
    if span < SPANS:
        bucket = about >> FIRST_SPAN + SPAN_STEP * span
        wanted = ",".join(str(one * 8 + span) for one in range(bucket - BACK, bucket + AHEAD + 1))
        found = found.where(_condition(f"{_BUCKETS} && CAST(:asked AS bigint[])", f"{{{wanted}}}"))
    some: Any = found.cte(f"worded_{span}").prefix_with("MATERIALIZED", dialect="postgresql")
    listed: Select[Any] = select(some.c.ticket_id, some.c.rank)
    return listed.order_by(some.c.rank.desc())


def among(session: Session, ticket: Any, word: Word) -> ColumnElement[bool]:
    """The condition on `ticket` that its document has a word."""
    found = _table(session)
    own = found.c.ticket_id == ticket.id if _postgresql(session) else _rank(session) == ticket.search_rank
    return exists(select(1).select_from(found).where(own, _has(session, None, [word])).correlate(ticket))


def starts_with(session: Session, words: Any, beginning: str) -> ColumnElement[bool]:
    """Whether a text column starts with letters and digits, in a way that its index serves: PostgreSQL's LIKE is served
    only while the statement is planned anew for each beginning, which ends after some times."""
    if _postgresql(session):
        end = beginning[:-1] + chr(ord(beginning[-1]) + 1)
        return and_(words.op("~>=~")(beginning), words.op("~<~")(end))
    return and_(words >= beginning, words < f"{beginning}\U0010ffff")


def _has(session: Session, scope: int | None, words: Sequence[Word]) -> ColumnElement[bool]:
    if _postgresql(session):
        asked = " & ".join(_asked(word, "'{}'", "'{}':*", " & ", " | ") for word in words)
        said = _condition("search_document.terms @@ CAST(:asked AS tsquery)", asked)
        seen = _condition("search_document.scopes @> ARRAY[CAST(:asked AS bigint)]", scope)
        return said if scope is None else and_(said, seen)
    asked = " AND ".join(_asked(word, '"{}"', '"{}" *', " AND ", " OR ") for word in words)
    asked = f"terms : ({asked})" if scope is None else f'scopes : "{scope}" AND terms : ({asked})'
    return _condition("search_document MATCH :asked", asked)


def _asked(word: Word, whole: str, beginning: str, both: str, either: str) -> str:
    """One word in an engine's own language: all of its tokens and its beginning, or one of its tails."""
    needed = [whole.format(one) for one in word.tokens] + ([beginning.format(word.prefix)] if word.prefix else [])
    said = both.join(needed)
    return f"({either.join([f'({said})', *(whole.format(one) for one in word.tails)])})" if word.tails else f"({said})"


def _condition(said: str, asked: Any) -> ColumnElement[bool]:
    found: Any = text(said).bindparams(bindparam("asked", asked, unique=True))
    return found.self_group()


def _table(session: Session) -> Any:
    return table("search_document", column("ticket_id", BigInteger), column("rank", BigInteger))


def _rank(session: Session) -> ColumnElement[int]:
    name = "rank" if _postgresql(session) else "rowid"
    return literal_column(f"search_document.{name}", BigInteger)


def _values(session: Session, document: Document, **rest: int) -> dict[str, Any]:
    scopes: Any = list(document.scopes)
    terms: Any = list(document.terms)
    if not _postgresql(session):
        scopes, terms = " ".join(str(one) for one in scopes), " ".join(terms)
    return {"scopes": scopes, "terms": terms, **rest}


def _execute(session: Session, verb: str, values: dict[str, Any]) -> None:
    """Run one of the statements with those values that it names; what the session has not written yet stays so."""
    said, names = _said(session, verb)
    session.connection().execute(said, {name: values[name] for name in names})


def _said(session: Session, verb: str) -> tuple[Any, tuple[str, ...]]:
    return _made(verb, _postgresql(session))


@cache
def _made(verb: str, postgres: bool) -> tuple[Any, tuple[str, ...]]:
    """The statement and the names of its parameters."""
    said = text((_POSTGRESQL if postgres else _SQLITE)[verb])
    return said, tuple(said.compile().params)


def _postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"

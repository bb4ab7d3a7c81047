"""a search document for every ticket"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

from app.domain import search
from app.domain.masking import mask_text

revision = "0014_search"
down_revision = "0013_exempt"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BATCH = 500
TICKET = sa.table(
    "ticket", sa.column("id", BIG), sa.column("number"), sa.column("search_rank", BIG),
    sa.column("opened_at", sa.DateTime(timezone=True)),
)  # fmt: skip
EVENT = sa.table(
    "event", sa.column("ticket_id", BIG), sa.column("seq"), sa.column("type"), sa.column("text_id"),
    sa.column("at", sa.DateTime(timezone=True)),
)  # fmt: skip
TEXT = sa.table("free_text", sa.column("id"), sa.column("body", sa.JSON()))
PARTY = sa.table("ticket_party", sa.column("ticket_id"), sa.column("organisation_id"), sa.column("province_id"))
FTS = """CREATE VIRTUAL TABLE search_document
USING fts5(ticket_id UNINDEXED, scopes, terms, tokenize='ascii', detail=column, columnsize=0)"""


def upgrade() -> None:
    op.add_column("ticket", sa.Column("search_rank", BIG, nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        _on_postgresql()
    else:
        op.execute(FTS)
    for rows in _batches():
        _fill(rows)


def _on_postgresql() -> None:
    op.execute(
        "CREATE TABLE search_document (ticket_id bigint CONSTRAINT pk_search_document PRIMARY KEY"
        " CONSTRAINT fk_search_document_ticket_id REFERENCES ticket (id),"
        " rank bigint NOT NULL, scopes bigint[] NOT NULL, terms tsvector NOT NULL)"
    )
    op.execute("CREATE INDEX ix_search_document_terms ON search_document USING gin (scopes, terms)")
    op.execute("CREATE INDEX ix_search_document_rank ON search_document (rank)")
    op.drop_index("ix_ticket_waybill_reversed", "ticket")
    op.create_index(
        "ix_ticket_waybill_reversed", "ticket", ["waybill_reversed"],
        postgresql_ops={"waybill_reversed": "text_pattern_ops"},
    )  # fmt: skip


def _batches() -> Iterator[dict[int, tuple[str, datetime]]]:
    """The tickets that are there, a few hundred at a time: a network has millions."""
    last = 0
    while True:
        few = sa.select(TICKET.c.id, TICKET.c.number, TICKET.c.opened_at).where(TICKET.c.id > last)
        rows = op.get_bind().execute(few.order_by(TICKET.c.id).limit(BATCH)).all()
        if not rows:
            return
        yield {row.id: (row.number, _utc(row.opened_at)) for row in rows}
        last = rows[-1].id


def _fill(tickets: dict[int, tuple[str, datetime]]) -> None:
    bind, ids = op.get_bind(), list(tickets)
    scopes: dict[int, set[int]] = {one: set() for one in ids}
    for row in bind.execute(sa.select(PARTY).where(PARTY.c.ticket_id.in_(ids))):
        scopes[row.ticket_id] |= {scope for scope in (row.organisation_id, row.province_id) if scope}
    terms: dict[int, dict[str, None]] = {one: {} for one in ids}
    newest = {one: opened_at for one, (_number, opened_at) in tickets.items()}
    said = sa.select(EVENT, TEXT.c.body).join(TEXT, TEXT.c.id == EVENT.c.text_id).where(EVENT.c.ticket_id.in_(ids))
    for row in bind.execute(said.order_by(EVENT.c.seq)):
        body = row.body if isinstance(row.body, dict) else json.loads(row.body)
        terms[row.ticket_id] |= dict.fromkeys(search.tokens(mask_text(search.readable(row.type, body))))
        newest[row.ticket_id] = max(newest[row.ticket_id], _utc(row.at))
    ranks = {one: search.rank(newest[one], number) for one, (number, _opened_at) in tickets.items()}
    rows = [{"id": one, "rank": ranks[one], "scopes": scopes[one], "terms": list(terms[one])[:10_000]} for one in ids]
    _store(rows)
    bind.execute(sa.text("UPDATE ticket SET search_rank = :rank WHERE id = :id"), [
        {"rank": row["rank"], "id": row["id"]} for row in rows
    ])  # fmt: skip


def _store(rows: list[dict]) -> None:
    if op.get_bind().dialect.name == "postgresql":
        said = (
            "INSERT INTO search_document (ticket_id, rank, scopes, terms)"
            " VALUES (:id, :rank, CAST(:scopes AS bigint[]), array_to_tsvector(CAST(:terms AS text[])))"
        )
        values = [row | {"scopes": sorted(row["scopes"])} for row in rows]
    else:
        said = "INSERT INTO search_document (rowid, ticket_id, scopes, terms) VALUES (:rank, :id, :scopes, :terms)"
        values = [
            row | {"scopes": " ".join(map(str, sorted(row["scopes"]))), "terms": " ".join(row["terms"])} for row in rows
        ]
    op.get_bind().execute(sa.text(said), values)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_ticket_waybill_reversed", "ticket")
        op.create_index("ix_ticket_waybill_reversed", "ticket", ["waybill_reversed"])
    op.execute("DROP TABLE search_document")
    op.drop_column("ticket", "search_rank")

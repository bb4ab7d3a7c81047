"""a search document has the last four characters of its ticket's waybill and telephone among its words"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

revision = "0064_search_tails"
down_revision = "0063_flat_provinces"
branch_labels = None
depends_on = None

WAYBILL, PHONE = "№", "☎"
BATCH = 5000
POSTGRESQL = """UPDATE search_document AS d
SET terms = d.terms || array_to_tsvector(
    CASE WHEN right(t.waybill, 4) ~ '^[A-Za-z0-9]{4}$' THEN ARRAY['№' || lower(right(t.waybill, 4))]
    ELSE ARRAY[]::text[] END
    || CASE WHEN p.phone_last4 ~ '^[0-9]{4}$' THEN ARRAY['☎' || p.phone_last4] ELSE ARRAY[]::text[] END)
FROM ticket AS t LEFT JOIN ticket_person AS p ON p.ticket_id = t.id WHERE t.id = d.ticket_id"""
POSTGRESQL_BACK = """UPDATE search_document SET terms = ts_delete(
    terms, ARRAY(SELECT said FROM unnest(tsvector_to_array(terms)) AS said WHERE left(said, 1) IN ('№', '☎')))"""
SQLITE = """SELECT d.rowid, d.terms, t.waybill, coalesce(p.phone_last4, '') FROM search_document AS d
JOIN ticket AS t ON t.id = d.ticket_id LEFT JOIN ticket_person AS p ON p.ticket_id = t.id
WHERE d.rowid > :last ORDER BY d.rowid LIMIT :batch"""
FIRST = -(2**63)


def _tails(waybill: str, phone: str) -> list[str]:
    ends = ((WAYBILL, waybill[-4:].lower()), (PHONE, phone))
    return [sign + end for sign, end in ends if len(end) == 4 and end.isascii() and end.isalnum()]


def _with(terms: str, waybill: str, phone: str) -> str:
    return " ".join([*terms.split(), *_tails(waybill, phone)])


def _without(terms: str, _waybill: str, _phone: str) -> str:
    return " ".join(one for one in terms.split() if one[0] not in WAYBILL + PHONE)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL)
    else:
        _each(_with)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(POSTGRESQL_BACK)
    else:
        _each(_without)


def _each(changed: Callable[[str, str, str], str]) -> None:
    """Some thousand documents at a time: a network has millions."""
    last = FIRST
    while rows := op.get_bind().execute(sa.text(SQLITE), {"last": last, "batch": BATCH}).all():
        values = [{"at": at, "terms": changed(terms, waybill, phone)} for at, terms, waybill, phone in rows]
        op.get_bind().execute(sa.text("UPDATE search_document SET terms = :terms WHERE rowid = :at"), values)
        last = rows[-1][0]

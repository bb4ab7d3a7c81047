"""what a desk beside the ticket asked or answered lies in a queue of its own while others have to work on it"""

import sqlalchemy as sa
from alembic import op

revision = "0068_with_others"
down_revision = "0064_search_tails"
branch_labels = None
depends_on = None

BESIDE = """
UPDATE work_item SET queue = 'elsewhere'
WHERE turn = :no AND scope <> 0 AND queue NOT IN ('to_answer', 'to_rule', 'help') AND EXISTS (
    SELECT 1 FROM ticket WHERE ticket.id = work_item.ticket_id
    AND coalesce(ticket.handling_site_id, 0) <> work_item.scope AND coalesce(ticket.acting_id, 0) <> work_item.scope
    AND coalesce(ticket.province_id, 0) <> work_item.scope
    AND (ticket.reporter_id = work_item.scope
         OR work_item.scope NOT IN (SELECT id FROM organisation WHERE kind = 'province'))
)
"""
BACK = """
UPDATE work_item SET queue = (SELECT ticket.queue FROM ticket WHERE ticket.id = work_item.ticket_id)
WHERE queue = 'elsewhere'
"""
BY_STATE = "queue NOT IN ('all', 'todo', 'overdue', 'urged') AND scope = :scope"
GONE = f"DELETE FROM counter WHERE {BY_STATE}"
COUNT = f"""
INSERT INTO counter (scope, queue, n) SELECT scope, queue, count(*) FROM work_item WHERE {BY_STATE} GROUP BY scope, queue
"""


def upgrade() -> None:
    op.get_bind().execute(sa.text(BESIDE).bindparams(sa.bindparam("no", False, sa.Boolean())))
    recount(concerned())


def downgrade() -> None:
    scopes = concerned()
    op.execute(BACK)
    recount(scopes)


def concerned() -> list[int]:
    """The scopes that have such work."""
    return list(op.get_bind().scalars(sa.text("SELECT DISTINCT scope FROM work_item WHERE queue = 'elsewhere'")))


def recount(scopes: list[int]) -> None:
    """Their counters by state, from the work items."""
    for statement in (GONE, COUNT) if scopes else ():
        op.get_bind().execute(sa.text(statement), [{"scope": scope} for scope in scopes])

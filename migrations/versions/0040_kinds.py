"""kinds of tickets beside the complaint: their categories, who reported, what lists of one kind read"""

import sqlalchemy as sa
from alembic import op

revision = "0040_kinds"
down_revision = "0037_standing"
branch_labels = None
depends_on = None

OTHER_KINDS = "kind <> 'complaint'"
OF_TICKETS = {
    "ix_ticket_kind_opened": ["kind", "opened_at", "id"],
    "ix_ticket_kind_category": ["kind", "category", "opened_at", "id"],
    "ix_ticket_kind_site": ["handling_site_id", "kind", "opened_at", "id"],
    "ix_ticket_kind_province": ["province_id", "kind", "opened_at", "id"],
    "ix_ticket_kind_reporter": ["reporter_id", "kind", "opened_at", "id"],
}
OF_WORK = {
    "ix_work_item_kind": ["scope", "kind", "due_at", "ticket_id"],
    "ix_work_item_turn_kind": ["scope", "turn", "kind", "due_at", "ticket_id"],
    "ix_work_item_queue_kind": ["scope", "queue", "kind", "due_at", "ticket_id"],
    "ix_work_item_late_kind": ["scope", "overdue", "kind", "due_at", "ticket_id"],
}


def upgrade() -> None:
    for table in ("category", "work_item"):
        op.add_column(table, sa.Column("kind", sa.String(16), nullable=False, server_default="complaint"))
    with op.batch_alter_table("ticket") as batch:
        batch.add_column(sa.Column("reporter_id", sa.BigInteger(), nullable=True))
        batch.add_column(sa.Column("delivery_promise", sa.String(8), nullable=False, server_default=""))
        batch.create_foreign_key("fk_ticket_reporter", "organisation", ["reporter_id"], ["id"])
    for name, columns in OF_TICKETS.items():
        where = sa.text(OTHER_KINDS)
        op.create_index(name, "ticket", columns, sqlite_where=where, postgresql_where=where)
    for name, columns in OF_WORK.items():
        op.create_index(name, "work_item", columns)


def downgrade() -> None:
    for name in reversed(OF_WORK):
        op.drop_index(name, "work_item")
    for name in reversed(OF_TICKETS):
        op.drop_index(name, "ticket")
    with op.batch_alter_table("ticket") as batch:
        batch.drop_constraint("fk_ticket_reporter", type_="foreignkey")
        batch.drop_column("delivery_promise")
        batch.drop_column("reporter_id")
    with op.batch_alter_table("work_item") as batch:
        batch.drop_column("kind")
    with op.batch_alter_table("category") as batch:
        batch.drop_column("kind")

"""indexes for lists whose cost grew with the number of tickets: a category within a queue, what failed to leave"""

from alembic import op

revision = "0029_list_indexes"
down_revision = "0028_bell_and_views"
branch_labels = None
depends_on = None

MADE = (
    ("ix_work_item_queue_category", "work_item", ["scope", "queue", "category", "due_at", "ticket_id"]),
    ("ix_work_item_turn_category", "work_item", ["scope", "turn", "category", "due_at", "ticket_id"]),
    ("ix_work_item_late_category", "work_item", ["scope", "overdue", "category", "due_at", "ticket_id"]),
    ("ix_clock_due", "clock", ["due_at", "id"]),
    ("ix_alarm_at", "alarm", ["at", "id"]),
    ("ix_outbox_kind", "outbox", ["kind", "id"]),
    ("ix_outbox_state", "outbox", ["kind", "state", "id"]),
    ("ix_outbox_province", "outbox", ["province_id", "id"]),
    ("ix_outbox_province_state", "outbox", ["province_id", "kind", "state", "id"]),
)


def upgrade() -> None:
    op.drop_index("ix_outbox_province_id", "outbox")
    for name, table, columns in MADE:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in reversed(MADE):
        op.drop_index(name, table)
    op.create_index("ix_outbox_province_id", "outbox", ["province_id"])

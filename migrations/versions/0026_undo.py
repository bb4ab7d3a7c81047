"""how a ticket stood before a result that may be taken back"""

import sqlalchemy as sa
from alembic import op

revision = "0026_undo"
down_revision = "0025_drafts"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "result_undo",
        sa.Column("event_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("until", AT, nullable=False),
        sa.Column("undone_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_result_undo_ticket_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_result_undo_user_id")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_result_undo")),
    )
    op.create_index(op.f("ix_result_undo_ticket_id"), "result_undo", ["ticket_id"])
    op.create_index(op.f("ix_result_undo_until"), "result_undo", ["until"])


def downgrade() -> None:
    op.drop_table("result_undo")

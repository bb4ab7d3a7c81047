"""linked waybills, following tickets, answered orders"""

import sqlalchemy as sa
from alembic import op

revision = "0012_closing"
down_revision = "0011_help"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Until now the first answer that was taken stopped the platform clock of the whole ticket.
ANSWERED = """
UPDATE platform_order SET answered_at = (
    SELECT max(clock.stopped_at) FROM clock WHERE clock.ticket_id = platform_order.ticket_id
    AND clock.kind = 'platform' AND clock.state <> 'void'
)
"""


def upgrade() -> None:
    op.create_table(
        "waybill_link",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("waybill_a", sa.String(length=40), nullable=False),
        sa.Column("waybill_b", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["user_account.id"], name=op.f("fk_waybill_link_created_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waybill_link")),
        sa.UniqueConstraint("waybill_a", "waybill_b", name=op.f("uq_waybill_link_waybill_a_waybill_b")),
    )
    op.create_index(op.f("ix_waybill_link_waybill_b"), "waybill_link", ["waybill_b"])

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("previous_id", BIG, nullable=True))

    with op.batch_alter_table("platform_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(ANSWERED)


def downgrade() -> None:
    with op.batch_alter_table("platform_order", schema=None) as batch_op:
        batch_op.drop_column("answered_at")

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_column("previous_id")

    op.drop_table("waybill_link")

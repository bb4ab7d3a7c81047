"""attachments and customer links"""

import sqlalchemy as sa
from alembic import op

revision = "0004_attachments"
down_revision = "0003_sms_gateways"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WAITING, UNPOSTED = sa.text("next_try_at IS NOT NULL"), sa.text("event_id IS NULL")


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("uploaded_by_id", BIG, nullable=True),
        sa.Column("box", sa.String(length=12), nullable=False),
        sa.Column("store_name", sa.String(length=40), nullable=False),
        sa.Column("file_name", sa.String(length=100), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source_address", sa.Text(), nullable=False),
        sa.Column("error", sa.String(length=24), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_attachment_ticket_id")),
        sa.ForeignKeyConstraint(["uploaded_by_id"], ["user_account.id"], name=op.f("fk_attachment_uploaded_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sa.UniqueConstraint("store_name", name=op.f("uq_attachment_store_name")),
    )
    op.create_index(op.f("ix_attachment_ticket_id"), "attachment", ["ticket_id"])
    op.create_index(
        "ix_attachment_next_try", "attachment", ["next_try_at"], sqlite_where=WAITING, postgresql_where=WAITING
    )
    op.create_index(
        "ix_attachment_unposted", "attachment", ["created_at"], sqlite_where=UNPOSTED, postgresql_where=UNPOSTED
    )
    op.create_table(
        "customer_link",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(length=12), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_customer_link_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_link")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_customer_link_token_hash")),
    )
    op.create_index(op.f("ix_customer_link_ticket_id"), "customer_link", ["ticket_id"])
    op.create_index(op.f("ix_customer_link_event_id"), "customer_link", ["event_id"])


def downgrade() -> None:
    op.drop_table("customer_link")  # with its indexes, on both engines
    op.drop_table("attachment")

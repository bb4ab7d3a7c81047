"""drafts of replies, kept on the server"""

import sqlalchemy as sa
from alembic import op

revision = "0025_drafts"
down_revision = "0024_reply_templates"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "draft",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("box", sa.String(length=24), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ticket_version", sa.Integer(), nullable=False),
        sa.Column("saved_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_draft_ticket_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_draft_user_id")),
        sa.PrimaryKeyConstraint("user_id", "ticket_id", "box", name=op.f("pk_draft")),
    )
    op.create_index(op.f("ix_draft_saved_at"), "draft", ["saved_at"])


def downgrade() -> None:
    op.drop_table("draft")

"""who asked who saw a number, and the other people of a ticket by their number"""

import sqlalchemy as sa
from alembic import op

revision = "0057_phone_queries"
down_revision = "0056_retention"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "phone_query",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("phone_digest", sa.String(length=40), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_phone_query_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_phone_query")),
    )
    op.create_index(op.f("ix_phone_query_phone_digest"), "phone_query", ["phone_digest"])
    op.create_index("ix_ticket_contact_phone", "ticket_contact", ["phone"])


def downgrade() -> None:
    op.drop_index("ix_ticket_contact_phone", "ticket_contact")
    op.drop_table("phone_query")

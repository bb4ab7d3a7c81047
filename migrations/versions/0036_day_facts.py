"""facts of each day for the analysis pages, and the indexes by which their numbers lead to tickets"""

import sqlalchemy as sa
from alembic import op

revision = "0036_day_facts"
down_revision = "0035_rectifications"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "day_fact",
        sa.Column("scope_id", BIG, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("code", sa.String(length=100), nullable=False),
        sa.Column("n", BIG, nullable=False),
        sa.PrimaryKeyConstraint("scope_id", "kind", "day", "code", name=op.f("pk_day_fact")),
    )
    op.create_index("ix_day_fact_day", "day_fact", ["day"])
    op.create_table(
        "day_counted",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("counted_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_day_counted")),
    )
    op.create_index("ix_ticket_category_opened", "ticket", ["category", "opened_at", "id"])
    op.create_index("ix_ticket_province_opened", "ticket", ["province_id", "opened_at", "id"])


def downgrade() -> None:
    op.drop_index("ix_ticket_province_opened", "ticket")
    op.drop_index("ix_ticket_category_opened", "ticket")
    op.drop_table("day_counted")
    op.drop_table("day_fact")

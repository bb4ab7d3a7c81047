"""problem parcels: what a report of each type must have, and what their combined query reads"""

import sqlalchemy as sa
from alembic import op

revision = "0046_problem_parcels"
down_revision = "0045_trace_queries"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
INDEXES = {
    "ix_problem_row_opened": ["scope", "opened_at", "ticket_id"],
    "ix_problem_row_state": ["scope", "state", "opened_at", "ticket_id"],
    "ix_problem_row_category": ["scope", "category", "state", "opened_at", "ticket_id"],
    "ix_problem_row_courier": ["scope", "courier", "opened_at", "ticket_id"],
    "ix_problem_row_reporter": ["scope", "reporter_id", "opened_at", "ticket_id"],
    "ix_problem_row_site": ["scope", "site_id", "state", "opened_at", "ticket_id"],
    "ix_problem_row_ticket": ["ticket_id"],
}


def upgrade() -> None:
    op.create_table(
        "problem_type",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("fields", sa.JSON(), nullable=False),
        sa.Column("photos", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_problem_type")),
    )
    op.create_table(
        "problem_row",
        sa.Column("scope", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("courier", sa.String(length=60), server_default="", nullable=False),
        sa.Column("reporter_id", BIG, nullable=True),
        sa.Column("site_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_problem_row_ticket_id")),
        sa.PrimaryKeyConstraint("scope", "ticket_id", name=op.f("pk_problem_row")),
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "problem_row", columns)


def downgrade() -> None:
    op.drop_table("problem_row")
    op.drop_table("problem_type")

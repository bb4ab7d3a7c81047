"""when a carrier's own service was asked for the trace of a parcel"""

import sqlalchemy as sa
from alembic import op

revision = "0045_trace_queries"
down_revision = "0040_kinds"
branch_labels = None
depends_on = None

AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "trace_query",
        sa.Column("waybill", sa.String(length=40), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("again_at", AT, nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.PrimaryKeyConstraint("waybill", name=op.f("pk_trace_query")),
    )
    op.create_index(op.f("ix_trace_query_again_at"), "trace_query", ["again_at"])


def downgrade() -> None:
    op.drop_table("trace_query")

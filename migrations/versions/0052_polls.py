"""connections that are polled: how far each is read, what only its driver knows, and how often an answer came back"""

import sqlalchemy as sa
from alembic import op

revision = "0052_polls"
down_revision = "0046_problem_parcels"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ADDED = (
    ("platform_connection", "settings", sa.JSON(), "{}"),
    ("platform_connection", "message_map", sa.JSON(), "{}"),
    ("platform_connection", "field_map", sa.JSON(), "{}"),
    ("platform_connection", "risk_minutes", sa.Integer(), "120"),
    ("platform_order", "retreats", sa.Integer(), "0"),
)


def upgrade() -> None:
    for table, name, kind, default in ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=False, server_default=default))
    op.create_table(
        "platform_poll",
        sa.Column("connection_id", BIG, autoincrement=False, nullable=False),
        sa.Column("cursor_at", AT, nullable=False),
        sa.Column("window_from", AT),
        sa.Column("window_to", AT),
        sa.Column("page", sa.Integer()),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("lease_until", AT),
        sa.Column("next_try_at", AT, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.String(200), nullable=False),
        sa.Column("read_at", AT),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["platform_connection.id"], name=op.f("fk_platform_poll_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_platform_poll")),
    )


def downgrade() -> None:
    op.drop_table("platform_poll")
    for table, name, _kind, _default in reversed(ADDED):
        op.drop_column(table, name)

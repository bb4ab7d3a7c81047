"""the control room: what left the quarantine, who read a raw message, codes without a map, pushes that came again,
and answers at risk"""

import sqlalchemy as sa
from alembic import op

revision = "0053_control_room"
down_revision = "0052_polls"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
ADDED = (
    ("platform_connection", "changed_at", AT, None),
    ("platform_connection", "changed_by_id", BIG, None),
    ("inbox", "settled_at", AT, None),
    ("inbox", "settled_by_id", BIG, None),
    ("push_key", "copies", sa.Integer(), "0"),
    ("outbox", "risk_at", AT, None),
)
ASIDE, RISK = sa.text("state <> 'applied'"), sa.text("risk_at IS NOT NULL")


def upgrade() -> None:
    for table, name, kind, default in ADDED:
        op.add_column(table, sa.Column(name, kind, nullable=default is None, server_default=default))
    op.drop_index("ix_inbox_connection_id", "inbox")
    op.create_index("ix_inbox_connection", "inbox", ["connection_id", "id"])
    op.create_index("ix_inbox_aside", "inbox", ["state", "id"], sqlite_where=ASIDE, postgresql_where=ASIDE)
    op.create_index("ix_outbox_risk", "outbox", ["risk_at", "id"], sqlite_where=RISK, postgresql_where=RISK)
    op.create_index(
        "ix_outbox_province_risk", "outbox", ["province_id", "risk_at", "id"], sqlite_where=RISK, postgresql_where=RISK
    )
    op.create_table(
        "message_reveal",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("inbox_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name=op.f("fk_message_reveal_inbox_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_message_reveal_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message_reveal")),
    )
    op.create_index(op.f("ix_message_reveal_inbox_id"), "message_reveal", ["inbox_id"])
    op.create_table(
        "unmapped_code",
        sa.Column("connection_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["platform_connection.id"], name=op.f("fk_unmapped_code_connection_id")
        ),
        sa.PrimaryKeyConstraint("connection_id", "code", name=op.f("pk_unmapped_code")),
    )


def downgrade() -> None:
    op.drop_table("unmapped_code")
    op.drop_table("message_reveal")
    op.drop_index("ix_outbox_province_risk", "outbox")
    op.drop_index("ix_outbox_risk", "outbox")
    op.drop_index("ix_inbox_aside", "inbox")
    op.drop_index("ix_inbox_connection", "inbox")
    op.create_index("ix_inbox_connection_id", "inbox", ["connection_id"])
    for table, name, _kind, _default in reversed(ADDED):
        op.drop_column(table, name)

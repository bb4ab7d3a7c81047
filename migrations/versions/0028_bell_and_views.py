"""notices of the bell with its quiet sound, and saved views of the queue"""

import sqlalchemy as sa
from alembic import op

revision = "0028_bell_and_views"
down_revision = "0027_pins"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
UNREAD, DEFAULT = sa.text("read_at IS NULL"), sa.text("is_default")


def upgrade() -> None:
    op.create_table(
        "notice",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("read_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_notice_ticket_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_notice_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("user_id", "event_id", name=op.f("uq_notice_user_id_event_id")),
    )
    op.create_index("ix_notice_user", "notice", ["user_id", "id"])
    op.create_index("ix_notice_unread", "notice", ["user_id", "id"], sqlite_where=UNREAD, postgresql_where=UNREAD)
    op.create_index("ix_notice_at", "notice", ["at"])
    op.create_index("ix_notice_ticket_id", "notice", ["ticket_id"])
    op.create_table(
        "saved_view",
        sa.Column("id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("query", sa.String(length=200), nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "name", name=op.f("uq_saved_view_user_id_name")),
    )
    op.create_index(
        "ix_saved_view_default", "saved_view", ["user_id"], unique=True, sqlite_where=DEFAULT, postgresql_where=DEFAULT
    )
    # not in a batch: that would make the table anew, and SQLite drops none that rows point to
    op.add_column("user_account", sa.Column("sound", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("user_account", "sound")
    op.drop_table("saved_view")
    op.drop_table("notice")

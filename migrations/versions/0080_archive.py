"""the working rows of a ticket that ended long ago become one document in an archive"""

import sqlalchemy as sa
from alembic import op

revision = "0080_archive"
down_revision = "0078_inquiries_beside"
branch_labels = None
depends_on = None

TO_ARCHIVE = sa.text("archived_at IS NULL AND state IN ('closed', 'withdrawn')")
HELD = sa.text("ended_at IS NULL")
FULL = "tickets lie in the archive: bring them back first with `flask --app wsgi archive back --all`"
NAMED = "ix_ticket_to_archive"


def big():
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def instant():
    return sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("ticket", sa.Column("archived_at", instant(), nullable=True))
    op.create_index(
        NAMED, "ticket", ["activity_at", "id"], sqlite_where=TO_ARCHIVE, postgresql_where=TO_ARCHIVE
    )
    op.create_table(
        "archived_ticket",
        sa.Column("ticket_id", big(), sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("entry", big(), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("first_event_id", big(), nullable=False),
        sa.Column("last_event_id", big(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("texts", sa.LargeBinary(), nullable=True),
        sa.Column("texts_digest", sa.String(64), nullable=False),
    )
    op.create_index("ix_archived_ticket_first_event_id", "archived_ticket", ["first_event_id"])
    op.create_index("ix_archived_ticket_last_event_id", "archived_ticket", ["last_event_id"])
    op.create_table(
        "archive_entry",
        sa.Column("n", big(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", big(), nullable=False),
        sa.Column("what", sa.String(8), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
    )
    op.create_index("ix_archive_entry_ticket_id", "archive_entry", ["ticket_id"])
    op.create_table(
        "archive_hold",
        sa.Column("id", big(), primary_key=True, autoincrement=False),
        sa.Column("ticket_id", big(), sa.ForeignKey("ticket.id"), nullable=False),
        sa.Column("reason", sa.String(12), nullable=False),
        sa.Column("note", sa.String(80), nullable=False),
        sa.Column("set_at", instant(), nullable=False),
        sa.Column("ended_at", instant(), nullable=True),
    )
    op.create_index("ix_archive_hold_ticket_id", "archive_hold", ["ticket_id"])
    op.create_index(
        "ix_archive_hold_held", "archive_hold", ["ticket_id"], unique=True, sqlite_where=HELD, postgresql_where=HELD
    )


def downgrade() -> None:
    if op.get_bind().execute(sa.text("SELECT 1 FROM archived_ticket LIMIT 1")).scalar():
        raise RuntimeError(FULL)
    for table in ("archive_hold", "archive_entry", "archived_ticket"):
        op.drop_table(table)
    op.drop_index(NAMED, "ticket")
    op.drop_column("ticket", "archived_at")

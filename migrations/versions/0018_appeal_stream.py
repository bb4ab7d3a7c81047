"""who has which appeal before them, and indexes for what is open, ruled lately and ruled by whom"""

import sqlalchemy as sa
from alembic import op

revision = "0018_appeal_stream"
down_revision = "0016_corners"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
OPEN = sa.text("ruling = ''")
HELD = sa.text("holder_id IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "appeal_lease",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("holder_id", BIG, nullable=True),
        sa.Column("since", AT, nullable=True),
        sa.Column("until", AT, nullable=True),
        sa.Column("later_until", AT, nullable=True),
        sa.Column("why", sa.String(length=12), nullable=False, server_default=""),
        sa.ForeignKeyConstraint(["holder_id"], ["user_account.id"], name=op.f("fk_appeal_lease_holder_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_appeal_lease_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_appeal_lease")),
    )
    op.create_index("ix_appeal_lease_holder", "appeal_lease", ["holder_id"], sqlite_where=HELD, postgresql_where=HELD)
    op.create_index("ix_appeal_open", "appeal", ["ticket_id"], sqlite_where=OPEN, postgresql_where=OPEN)
    op.create_index("ix_appeal_ruled", "appeal", ["ruled_at"])
    op.create_index("ix_appeal_site_ruled", "appeal", ["site_id", "ruled_at"])
    op.create_index("ix_appeal_ruled_by", "appeal", ["ruled_by_id", "ruled_at"])


def downgrade() -> None:
    for name in ("ix_appeal_ruled_by", "ix_appeal_site_ruled", "ix_appeal_ruled", "ix_appeal_open"):
        op.drop_index(name, "appeal")
    op.drop_table("appeal_lease")

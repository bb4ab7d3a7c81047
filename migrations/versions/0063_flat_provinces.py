"""late runs and categories of a province and what one person marked are read from indexes of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0063_flat_provinces"
down_revision = "0062_courier_names"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LATE = sa.text(
    "(stopped_at > due_at OR breached_at IS NOT NULL OR NOT credited) AND NOT exempt"
    " AND state <> 'void' AND kind IN ('first_reply', 'resolve', 'close', 'party_reply')"
)
MARKED = sa.text("marked_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("clock", sa.Column("province_id", BIG, nullable=True))
    op.execute(
        "UPDATE clock SET province_id = (SELECT o.province_id FROM organisation AS o WHERE o.id = organisation_id)"
        " WHERE organisation_id IS NOT NULL"
    )
    op.create_index(
        "ix_clock_late_province", "clock", ["province_id", "due_at", "id"], postgresql_where=LATE, sqlite_where=LATE
    )
    op.create_index("ix_ticket_province_category", "ticket", ["province_id", "category", "opened_at", "id"])
    op.create_index(
        "ix_audit_marked_by", "audit", ["marked_by_id", "marked_at"], postgresql_where=MARKED, sqlite_where=MARKED
    )
    op.create_index(
        "ix_audit_province_mark", "audit", ["province_id", "mark", "id"], postgresql_where=MARKED, sqlite_where=MARKED
    )


def downgrade() -> None:
    op.drop_index("ix_audit_province_mark", "audit")
    op.drop_index("ix_audit_marked_by", "audit")
    op.drop_index("ix_ticket_province_category", "ticket")
    op.drop_index("ix_clock_late_province", "clock")
    op.drop_column("clock", "province_id")

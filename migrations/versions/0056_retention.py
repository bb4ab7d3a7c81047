"""when a ticket's personal data were deleted by policy, and an index of the ended ones that are still to be looked at"""

import sqlalchemy as sa
from alembic import op

revision = "0056_retention"
down_revision = "0055_second_factor"
branch_labels = None
depends_on = None

ENDED = "cleared_at IS NULL AND state IN ('closed', 'withdrawn')"


def upgrade() -> None:
    op.add_column("ticket", sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_ticket_to_clear", "ticket", ["activity_at"], sqlite_where=sa.text(ENDED), postgresql_where=sa.text(ENDED)
    )


def downgrade() -> None:
    op.drop_index("ix_ticket_to_clear", "ticket")
    op.drop_column("ticket", "cleared_at")

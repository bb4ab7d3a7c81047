"""indexes for the late runs that an exemption may be asked for: the network's and a site's, the latest first"""

import sqlalchemy as sa
from alembic import op

revision = "0030_late_runs"
down_revision = "0029_list_indexes"
branch_labels = None
depends_on = None

LATE = (
    "(stopped_at > due_at OR breached_at IS NOT NULL OR NOT credited) AND NOT exempt"
    " AND state <> 'void' AND kind IN ('first_reply', 'resolve', 'close', 'party_reply')"
)
MADE = (("ix_clock_late", ["due_at", "id"]), ("ix_clock_late_site", ["organisation_id", "due_at", "id"]))


def upgrade() -> None:
    for name, columns in MADE:
        op.create_index(name, "clock", columns, sqlite_where=sa.text(LATE), postgresql_where=sa.text(LATE))


def downgrade() -> None:
    for name, _columns in reversed(MADE):
        op.drop_index(name, "clock")

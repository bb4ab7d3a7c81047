"""the scans that still name a courier, by their time: names go by policy"""

import sqlalchemy as sa
from alembic import op

revision = "0062_courier_names"
down_revision = "0058_flat_lists"
branch_labels = None
depends_on = None


def upgrade() -> None:
    named = sa.text("courier <> ''")
    op.create_index("ix_scan_named", "scan", ["scanned_at"], postgresql_where=named, sqlite_where=named)


def downgrade() -> None:
    op.drop_index("ix_scan_named", "scan")

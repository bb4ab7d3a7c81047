"""a site's area is found by how its name ends: a country's sites all have one, and each new ticket looked at all"""

import sqlalchemy as sa
from alembic import op

revision = "0085_area_ends"
down_revision = "0084_submission_form"
branch_labels = None
depends_on = None

AREAS = sa.text("kind = 'site' AND address_prefix <> ''")
END = [sa.text("right(address_prefix, 3)")]


def upgrade() -> None:
    """On PostgreSQL alone: SQLite looks at each."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_organisation_area", "organisation", END, postgresql_where=AREAS)
        op.drop_index("ix_organisation_address", table_name="organisation")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_organisation_address", "organisation", ["address_prefix"], postgresql_where=AREAS)
        op.drop_index("ix_organisation_area", table_name="organisation")

"""what routing looks for among the organisations of each new ticket, sites by address and deputies, has its indexes"""

import sqlalchemy as sa
from alembic import op

revision = "0083_routing_indexes"
down_revision = "0082_version_parts"
branch_labels = None
depends_on = None

BY_ADDRESS = sa.text("kind = 'site' AND address_prefix <> ''")
DEPUTIES = sa.text("deputy_id IS NOT NULL")


def upgrade() -> None:
    """On PostgreSQL alone: with either of them SQLite plans the list of a site's late clocks the wrong way round."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_organisation_address", "organisation", ["address_prefix"], postgresql_where=BY_ADDRESS)
        op.create_index("ix_organisation_deputy", "organisation", ["deputy_id"], postgresql_where=DEPUTIES)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_organisation_deputy", table_name="organisation")
        op.drop_index("ix_organisation_address", table_name="organisation")

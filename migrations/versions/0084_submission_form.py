"""a form's one-time key says whose form it was used for, and with what in it"""

import sqlalchemy as sa
from alembic import op

revision = "0084_submission_form"
down_revision = "0083_routing_indexes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("submission", sa.Column("form", sa.String(length=64), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("submission", "form")

"""where each site stands in the month, kept for the province board"""

import sqlalchemy as sa
from alembic import op

from app.models.types import UtcDateTime

revision = "0037_standing"
down_revision = "0034_publications"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "standing",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer()),
        sa.Column("grade", sa.String(8), nullable=False),
        sa.Column("audited", sa.Integer(), nullable=False),
        sa.Column("audited_true", sa.Integer(), nullable=False),
        sa.Column("untruthful", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("month", "organisation_id"),
    )


def downgrade() -> None:
    op.drop_table("standing")

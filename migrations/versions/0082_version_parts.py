"""the number of a scope lies in parts, so that those who write at the same time seldom wait for each other's commit"""

import sqlalchemy as sa
from alembic import op

revision = "0082_version_parts"
down_revision = "0081_event_months"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scope_version_part",
        sa.Column("scope", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("part", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "part", name=op.f("pk_scope_version_part")),
    )


def downgrade() -> None:
    """The code of before knows one number a scope: it goes on from the sum."""
    op.execute(
        "INSERT INTO scope_version (scope, n) SELECT scope, sum(n) FROM scope_version_part WHERE true GROUP BY scope "
        "ON CONFLICT (scope) DO UPDATE SET n = scope_version.n + excluded.n"
    )
    op.drop_table("scope_version_part")

"""what administrators changed, and since when each of a connection's secrets counts"""

import sqlalchemy as sa
from alembic import op

revision = "0070_admin_log"
down_revision = "0069_password_links"
branch_labels = None
depends_on = None
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "admin_log",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_id", BIG, nullable=False),
        sa.Column("what", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["user_account.id"], name=op.f("fk_admin_log_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_admin_log")),
    )
    op.create_index("ix_admin_log_subject", "admin_log", ["subject", "id"])
    op.add_column("platform_connection", sa.Column("secrets_at", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    op.drop_column("platform_connection", "secrets_at")
    op.drop_index("ix_admin_log_subject", "admin_log")
    op.drop_table("admin_log")

"""exports of lists"""

import sqlalchemy as sa
from alembic import op

revision = "0015_exports"
down_revision = "0014_search"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
DUE = sa.text("next_try_at IS NOT NULL")
UNSWEPT = sa.text("swept_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "export",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("key", sa.String(length=96), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("list_key", sa.String(length=24), nullable=False),
        sa.Column("format", sa.String(length=4), nullable=False),
        sa.Column("locale", sa.String(length=8), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("asked_words", sa.String(length=300), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=24), nullable=False),
        sa.Column("about", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=False),
        sa.Column("below", BIG, nullable=False),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("spool", sa.String(length=32), nullable=False),
        sa.Column("store_name", sa.String(length=40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("lease_until", AT, nullable=True),
        sa.Column("next_try_at", AT, nullable=True),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("started_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("expires_at", AT, nullable=True),
        sa.Column("swept_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_export_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export")),
        sa.UniqueConstraint("key", name=op.f("uq_export_key")),
    )
    op.create_index("ix_export_user", "export", ["user_id", "id"])
    op.create_index("ix_export_due", "export", ["next_try_at"], sqlite_where=DUE, postgresql_where=DUE)
    op.create_index("ix_export_unswept", "export", ["id"], sqlite_where=UNSWEPT, postgresql_where=UNSWEPT)
    op.create_index("ix_export_expires", "export", ["expires_at"])
    op.create_table(
        "export_page",
        sa.Column("export_id", BIG, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_export_page_export_id")),
        sa.PrimaryKeyConstraint("export_id", "seq", name=op.f("pk_export_page")),
    )
    op.create_table(
        "export_log",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("export_id", BIG, nullable=False),
        sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("address", sa.String(length=45), nullable=False),
        sa.ForeignKeyConstraint(["export_id"], ["export.id"], name=op.f("fk_export_log_export_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_export_log_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_export_log")),
    )
    op.create_index(op.f("ix_export_log_export_id"), "export_log", ["export_id"])


def downgrade() -> None:
    op.drop_table("export_log")
    op.drop_table("export_page")
    op.drop_table("export")

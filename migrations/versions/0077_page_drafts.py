"""drafts of the forms that stand on no ticket, kept on the server"""

import sqlalchemy as sa
from alembic import op

revision = "0077_page_drafts"
down_revision = "0073_problem_types"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "page_draft",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_page_draft_user_id")),
        sa.PrimaryKeyConstraint("user_id", "name", name=op.f("pk_page_draft")),
    )
    op.create_index(op.f("ix_page_draft_saved_at"), "page_draft", ["saved_at"])


def downgrade() -> None:
    op.drop_table("page_draft")

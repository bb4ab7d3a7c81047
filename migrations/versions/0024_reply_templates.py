"""reply templates, and who used which last"""

import sqlalchemy as sa
from alembic import op

revision = "0024_reply_templates"
down_revision = "0023_board"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "reply_template",
        sa.Column("id", BIG, nullable=False),
        sa.Column("scope", sa.String(length=8), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("box", sa.String(length=12), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=40), nullable=True),
        sa.Column("edited_at", AT, nullable=False),
        sa.Column("edited_by_id", BIG, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["edited_by_id"], ["user_account.id"], name=op.f("fk_reply_template_edited_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_reply_template_organisation_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_reply_template_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reply_template")),
        sa.UniqueConstraint("seed", name=op.f("uq_reply_template_seed")),
    )
    op.create_index("ix_reply_template_owner", "reply_template", ["scope", "user_id", "organisation_id"])
    op.create_table(
        "template_use",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("template_id", BIG, nullable=False),
        sa.Column("used_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["template_id"], ["reply_template.id"], name=op.f("fk_template_use_template_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_template_use_user_id")),
        sa.PrimaryKeyConstraint("user_id", "template_id", name=op.f("pk_template_use")),
    )


def downgrade() -> None:
    op.drop_table("template_use")
    op.drop_table("reply_template")

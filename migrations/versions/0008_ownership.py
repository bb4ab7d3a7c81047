"""ownership, duty and learned addresses"""

import sqlalchemy as sa
from alembic import op

revision = "0008_ownership"
down_revision = "0007_duty"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNENDED = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "address_rule",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("prefix", sa.String(length=120), nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("created_by_id", BIG, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["user_account.id"], name=op.f("fk_address_rule_created_by_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_address_rule_province_id")),
        sa.ForeignKeyConstraint(["site_id"], ["organisation.id"], name=op.f("fk_address_rule_site_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_address_rule_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_address_rule")),
    )
    op.create_index(
        "ix_address_rule_live",
        "address_rule",
        ["prefix"],
        unique=True,
        sqlite_where=UNENDED,
        postgresql_where=UNENDED,
    )

    op.create_index(op.f("ix_address_rule_province_id"), "address_rule", ["province_id"])

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.add_column(sa.Column("auto_assign", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.add_column(sa.Column("off_duty_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("skills", sa.JSON(), nullable=False, server_default="[]"))

    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clock_id", BIG, nullable=True))
        batch_op.alter_column("reason", existing_type=sa.String(length=16), type_=sa.String(length=24))


def downgrade() -> None:
    op.execute("UPDATE transfer SET reason = substr(reason, 1, 16)")  # what would not fit any more
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.alter_column("reason", existing_type=sa.String(length=24), type_=sa.String(length=16))
        batch_op.drop_column("clock_id")

    with op.batch_alter_table("user_account", schema=None) as batch_op:
        batch_op.drop_column("skills")
        batch_op.drop_column("off_duty_at")

    with op.batch_alter_table("organisation", schema=None) as batch_op:
        batch_op.drop_column("auto_assign")

    op.drop_table("address_rule")

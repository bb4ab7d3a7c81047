"""PINs for the quick user switch, the browsers that it works in, and its log"""

import sqlalchemy as sa
from alembic import op

revision = "0027_pins"
down_revision = "0026_undo"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "pin",
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("pin_hash", sa.String(length=200), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("set_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_pin_user_id")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_pin")),
    )
    op.create_table(
        "device",
        sa.Column("id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("seen_at", AT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_device_token_hash")),
    )
    op.create_index(op.f("ix_device_seen_at"), "device", ["seen_at"])
    op.create_table(
        "device_user",
        sa.Column("device_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("password_at", AT, nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("blocked_until", AT, nullable=True),
        sa.ForeignKeyConstraint(["device_id"], ["device.id"], name=op.f("fk_device_user_device_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_device_user_user_id")),
        sa.PrimaryKeyConstraint("device_id", "user_id", name=op.f("pk_device_user")),
    )
    op.create_table(
        "switch_log",
        sa.Column("id", BIG, nullable=False),
        sa.Column("device_id", BIG, nullable=False),
        sa.Column("from_id", BIG, nullable=False),
        sa.Column("to_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.ForeignKeyConstraint(["from_id"], ["user_account.id"], name=op.f("fk_switch_log_from_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_switch_log_organisation_id")),
        sa.ForeignKeyConstraint(["to_id"], ["user_account.id"], name=op.f("fk_switch_log_to_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_switch_log")),
    )
    op.create_index("ix_switch_log_organisation_at", "switch_log", ["organisation_id", "at"])


def downgrade() -> None:
    for name in ("switch_log", "device_user", "device", "pin"):
        op.drop_table(name)

"""duty roster, couriers, group robots, messages that did not arrive"""

import sqlalchemy as sa
from alembic import op

revision = "0007_duty"
down_revision = "0006_calendars"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
OPEN = sa.text("settled_at IS NULL")


def upgrade() -> None:
    op.add_column("organisation", sa.Column("manager_phone", sa.String(length=20), nullable=False, server_default=""))
    op.add_column("reminder", sa.Column("rung", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "duty_shift",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("from_time", sa.String(length=5), nullable=False),
        sa.Column("until_time", sa.String(length=5), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by_id", BIG, nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["created_by_id"], ["user_account.id"], name=op.f("fk_duty_shift_created_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_duty_shift_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_shift")),
    )
    op.create_index(op.f("ix_duty_shift_organisation_id"), "duty_shift", ["organisation_id"])
    op.create_table(
        "courier",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_courier_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_courier")),
    )
    op.create_index(op.f("ix_courier_organisation_id"), "courier", ["organisation_id"])
    op.create_table(
        "robot",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("vendor", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("shown", sa.String(length=12), nullable=False),
        sa.Column("added_by_id", BIG, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["added_by_id"], ["user_account.id"], name=op.f("fk_robot_added_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_robot_organisation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_robot")),
    )
    op.create_index(op.f("ix_robot_organisation_id"), "robot", ["organisation_id"])
    op.create_table(
        "sms_fallback",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_sms_fallback_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_sms_fallback")),
    )
    op.create_index("ix_sms_fallback_open", "sms_fallback", ["look_at"], sqlite_where=OPEN, postgresql_where=OPEN)


def downgrade() -> None:
    op.drop_table("sms_fallback")  # with its index, on both engines
    op.drop_table("robot")
    op.drop_table("courier")
    op.drop_table("duty_shift")
    op.drop_column("reminder", "rung")
    op.drop_column("organisation", "manager_phone")

"""SMS gateways, approved texts, handovers, receipts, tests"""

import sqlalchemy as sa
from alembic import op

revision = "0003_sms_gateways"
down_revision = "0002_imported_history"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
NOW = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "sms_gateway",
        sa.Column("driver", sa.String(16), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.LargeBinary(), nullable=True),
        sa.Column("receipt_token", sa.String(64), nullable=False),
        sa.Column("updated_at", NOW, nullable=False),
        sa.Column("updated_by", BIG, nullable=True),
        sa.PrimaryKeyConstraint("driver", name=op.f("pk_sms_gateway")),
    )
    op.create_index(
        "uq_sms_gateway_active", "sms_gateway", ["active"], unique=True, sqlite_where=sa.text("active"),
        postgresql_where=sa.text("active"),
    )  # fmt: skip
    op.create_table(
        "sms_template",
        sa.Column("driver", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("updated_at", NOW, nullable=False),
        sa.Column("updated_by", BIG, nullable=True),
        sa.PrimaryKeyConstraint("driver", "purpose", name=op.f("pk_sms_template")),
    )
    op.create_table(
        "sms_handover",
        sa.Column("outbox_id", BIG, autoincrement=False, nullable=False),
        sa.Column("driver", sa.String(16), nullable=False),
        sa.Column("phone_digest", sa.String(40), nullable=False),
        sa.Column("at", NOW, nullable=False),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_sms_handover_outbox_id")),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_sms_handover")),
    )
    op.create_index("ix_sms_handover_phone", "sms_handover", ["phone_digest", "driver"])
    op.create_index("ix_sms_handover_at", "sms_handover", ["at"])
    _receipts_and_tests()
    _what_is_under_way()


def _receipts_and_tests() -> None:
    op.create_table(
        "sms_receipt",
        sa.Column("driver", sa.String(16), nullable=False),
        sa.Column("serial", sa.String(90), nullable=False),
        sa.Column("outbox_id", BIG, nullable=True),
        sa.Column("test_id", BIG, nullable=True),
        sa.Column("delivered", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("reported_at", NOW, nullable=True),
        sa.Column("received_at", NOW, nullable=False),
        sa.PrimaryKeyConstraint("driver", "serial", name=op.f("pk_sms_receipt")),
        sa.UniqueConstraint("outbox_id", name=op.f("uq_sms_receipt_outbox_id")),
        sa.UniqueConstraint("test_id", name=op.f("uq_sms_receipt_test_id")),
    )
    op.create_table(
        "sms_test",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("driver", sa.String(16), nullable=False),
        sa.Column("purpose", sa.String(24), nullable=False),
        sa.Column("phone_masked", sa.String(20), nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("at", NOW, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("code", sa.String(80), nullable=False),
        sa.Column("external_id", sa.String(90), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sms_test")),
    )
    op.create_index("ix_sms_test_at", "sms_test", ["at"])


def _what_is_under_way() -> None:
    """SMS that are in doubt at this moment went to the console, the only gateway there was: it is asked for them."""
    op.execute(
        "INSERT INTO sms_handover (outbox_id, driver, phone_digest, at) "
        "SELECT id, 'console', '', created_at FROM outbox WHERE kind = 'sms' AND state IN ('sending', 'unknown')"
    )


def downgrade() -> None:
    op.drop_table("sms_test")
    op.drop_table("sms_receipt")
    op.drop_table("sms_handover")
    op.drop_table("sms_template")
    op.drop_table("sms_gateway")

"""rectification forms, what was done with each, and the versions of their thresholds"""

import sqlalchemy as sa
from alembic import op

revision = "0035_rectifications"
down_revision = "0053_control_room"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
TOLD_LATER = sa.text("remind_at IS NOT NULL")


def _refs(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def upgrade() -> None:
    op.create_table(
        "rectification_policy",
        sa.Column("version", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("stored_at", AT, nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        *_refs("rectification_policy", stored_by_id="user_account"),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_rectification_policy")),
    )
    op.create_table(
        "rectification_month",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("looked_at", AT, nullable=False),
        sa.Column("made", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_rectification_month")),
    )
    _forms()
    op.create_table(
        "rectification_entry",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("rectification_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("user_id", BIG, nullable=True),
        sa.Column("body", sa.JSON(), nullable=False),
        *_refs("rectification_entry", rectification_id="rectification", user_id="user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification_entry")),
    )
    op.create_index(op.f("ix_rectification_entry_rectification_id"), "rectification_entry", ["rectification_id"])


def _forms() -> None:
    op.create_table(
        "rectification",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("grounds", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("repeat_of_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("responsible", sa.String(length=60), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("asked_by_id", BIG, nullable=True),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("was_late", sa.Boolean(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("remind_at", AT, nullable=True),
        sa.Column("filled_at", AT, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_refs(
            "rectification", organisation_id="organisation", province_id="organisation", ticket_id="ticket",
            asked_by_id="user_account",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rectification")),
        sa.UniqueConstraint("number", name=op.f("uq_rectification_number")),
        sa.UniqueConstraint("key", name=op.f("uq_rectification_key")),
    )  # fmt: skip
    op.create_index("ix_rectification_site", "rectification", ["organisation_id", "id"])
    op.create_index("ix_rectification_province", "rectification", ["province_id", "id"])
    op.create_index("ix_rectification_site_state", "rectification", ["organisation_id", "state"])
    op.create_index("ix_rectification_province_state", "rectification", ["province_id", "state"])
    op.create_index(
        "ix_rectification_remind", "rectification", ["remind_at"], sqlite_where=TOLD_LATER, postgresql_where=TOLD_LATER
    )


def downgrade() -> None:
    op.drop_table("rectification_entry")
    op.drop_table("rectification")
    op.drop_table("rectification_month")
    op.drop_table("rectification_policy")

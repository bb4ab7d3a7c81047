"""calendars with their former hours and days, and who stored a policy version"""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0006_calendars"
down_revision = "0005_cases"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)  # before any ticket, imported ones too
HOURS = [["08:00", "20:00"]]
SEEDS = (
    ("service", HOURS, False, "服务时间", "Service hours"),
    ("always", [["00:00", "00:00"]], False, "全天", "Round the clock"),
    ("working", HOURS, True, "工作日", "Working days"),
)


def upgrade() -> None:
    table = op.create_table(
        "calendar",
        sa.Column("name", sa.String(length=12), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("spans", sa.JSON(), nullable=False),
        sa.Column("working_days_only", sa.Boolean(), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("label_en", sa.String(length=60), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["stored_by_id"], ["user_account.id"], name=op.f("fk_calendar_stored_by_id")),
        sa.PrimaryKeyConstraint("name", "valid_from", name=op.f("pk_calendar")),
    )
    op.create_table(
        "calendar_day_before",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("working", sa.Boolean(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(
            ["stored_by_id"], ["user_account.id"], name=op.f("fk_calendar_day_before_stored_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_calendar_day_before")),
    )
    op.create_index("ix_calendar_day_before_until", "calendar_day_before", ["until"])
    op.create_table(
        "policy_version",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(["stored_by_id"], ["user_account.id"], name=op.f("fk_policy_version_stored_by_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policy_version")),
    )
    op.bulk_insert(
        table,
        [
            {
                "name": name,
                "valid_from": BEGINNING,
                "spans": spans,
                "working_days_only": working,
                "label": label,
                "label_en": label_en,
                "position": position,
                "stored_by_id": None,
            }
            for position, (name, spans, working, label, label_en) in enumerate(SEEDS)
        ],
    )


def downgrade() -> None:
    op.drop_table("policy_version")  # each with its indexes, on both engines
    op.drop_table("calendar_day_before")
    op.drop_table("calendar")

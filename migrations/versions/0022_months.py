"""versions of the scoring, delivered volumes, closed months with their cards, corrections and analyses"""

import sqlalchemy as sa
from alembic import op

revision = "0022_months"
down_revision = "0021_penalty_ledger"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
CASES = sa.text(
    "type IN ('result', 'repeat', 'party_disputed', 'intervened', 'acting_started', 'help_answered', 'site_urged')"
)


def upgrade() -> None:
    _schemes_and_volumes()
    _closed_months()
    _corrections_and_analyses()
    op.create_index("ix_ticket_opened", "ticket", ["opened_at"])
    op.create_index("ix_ticket_result", "ticket", ["result_at"])
    op.create_index("ix_clock_kind_due", "clock", ["kind", "due_at"])
    op.create_index("ix_event_case", "event", ["type", "at"], sqlite_where=CASES, postgresql_where=CASES)


def _schemes_and_volumes() -> None:
    op.create_table(
        "scoring_scheme",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("from_month", sa.String(length=7), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("stored_at", AT, nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["stored_by_id"], ["user_account.id"], name=op.f("fk_scoring_scheme_stored_by_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_scoring_scheme")),
    )
    op.create_table(
        "delivery_volume",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("delivered", BIG, nullable=False),
        sa.Column("imported_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_delivery_volume_organisation_id")
        ),
        sa.PrimaryKeyConstraint("month", "organisation_id", name=op.f("pk_delivery_volume")),
    )


def _closed_months() -> None:
    op.create_table(
        "month_close",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("drafted_at", AT, nullable=True),
        sa.Column("frozen_at", AT, nullable=True),
        sa.Column("frozen_by_id", BIG, nullable=True),
        sa.Column("scheme_version", sa.Integer(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["frozen_by_id"], ["user_account.id"], name=op.f("fk_month_close_frozen_by_id")),
        sa.PrimaryKeyConstraint("month", name=op.f("pk_month_close")),
    )
    op.create_table(
        "frozen_card",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_frozen_card_organisation_id")),
        sa.PrimaryKeyConstraint("month", "organisation_id", name=op.f("pk_frozen_card")),
    )
    op.create_index("ix_frozen_card_digest", "frozen_card", ["digest"])
    op.create_index("ix_frozen_card_province", "frozen_card", ["month", "province_id", "kind"])


def _corrections_and_analyses() -> None:
    op.create_table(
        "month_amendment",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("of_month", sa.String(length=7), nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("name", sa.String(length=24), nullable=False),
        sa.Column("before", BIG, nullable=False),
        sa.Column("now", BIG, nullable=False),
        sa.Column("found_at", AT, nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_month_amendment_organisation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_amendment")),
        sa.UniqueConstraint("month", "number", name=op.f("uq_month_amendment_month_number")),
    )
    op.create_index("ix_month_amendment_organisation_id", "month_amendment", ["organisation_id"])
    op.create_index("ix_month_amendment_of", "month_amendment", ["of_month", "organisation_id"])
    op.create_table(
        "month_analysis",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("province_id", BIG, nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("submitted_at", AT, nullable=True),
        sa.Column("written_at", AT, nullable=False),
        sa.Column("written_by_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_month_analysis_province_id")),
        sa.ForeignKeyConstraint(["written_by_id"], ["user_account.id"], name=op.f("fk_month_analysis_written_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_month_analysis")),
        sa.UniqueConstraint("month", "province_id", name=op.f("uq_month_analysis_month_province_id")),
    )


def downgrade() -> None:
    op.drop_index("ix_event_case", "event")
    op.drop_index("ix_clock_kind_due", "clock")
    op.drop_index("ix_ticket_result", "ticket")
    op.drop_index("ix_ticket_opened", "ticket")
    for name in (
        "month_analysis",
        "month_amendment",
        "frozen_card",
        "month_close",
        "delivery_volume",
        "scoring_scheme",
    ):
        op.drop_table(name)

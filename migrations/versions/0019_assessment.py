"""penalties, audits and ratings"""

import sqlalchemy as sa
from alembic import op

revision = "0019_assessment"
down_revision = "0018_appeal_stream"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
UNMARKED, MARKED = sa.text("marked_at IS NULL"), sa.text("marked_at IS NOT NULL")
RATED, REMIND = sa.text("rated_at IS NOT NULL"), sa.text("remind_at IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("result_event_id", BIG, nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("author_id", BIG, nullable=True),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("reason", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("mark", sa.String(length=10), nullable=False),
        sa.Column("marked_at", AT, nullable=True),
        sa.Column("marked_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["marked_by_id"], ["user_account.id"], name=op.f("fk_audit_marked_by_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_audit_province_id")),
        sa.ForeignKeyConstraint(["site_id"], ["organisation.id"], name=op.f("fk_audit_site_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_audit_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("result_event_id", "reason", name=op.f("uq_audit_result_event_id_reason")),
    )
    op.create_index(
        "ix_audit_open", "audit", ["province_id", "day", "id"], sqlite_where=UNMARKED, postgresql_where=UNMARKED
    )
    op.create_index(
        "ix_audit_site_marked", "audit", ["site_id", "marked_at"], sqlite_where=MARKED, postgresql_where=MARKED
    )
    op.create_index("ix_audit_ticket_id", "audit", ["ticket_id"])

    op.create_table(
        "penalty",
        sa.Column("id", BIG, nullable=False),
        sa.Column("rule", sa.String(length=24), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("occurrence", sa.String(length=40), nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("person_id", BIG, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("decided_at", AT, nullable=False),
        sa.Column("full_fen", BIG, nullable=False),
        sa.Column("amount_fen", BIG, nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("absorbed_by", sa.String(length=24), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("event_ids", sa.JSON(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("settled_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_penalty_organisation_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_penalty_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty")),
        sa.UniqueConstraint("rule", "ticket_id", "organisation_id", "person_id", "occurrence", name="uq_penalty_fact"),
    )
    op.create_index("ix_penalty_month", "penalty", ["month", "organisation_id", "state"])
    op.create_index("ix_penalty_organisation", "penalty", ["organisation_id", "id"])
    op.create_index("ix_penalty_ticket_id", "penalty", ["ticket_id"])

    op.create_table(
        "survey",
        sa.Column("id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("expires_at", AT, nullable=False),
        sa.Column("reminded_at", AT, nullable=True),
        sa.Column("remind_at", AT, nullable=True),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("text_id", BIG, nullable=True),
        sa.Column("rated_at", AT, nullable=True),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["organisation.id"], name=op.f("fk_survey_site_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_survey_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_survey_ticket_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_survey_token_hash")),
    )
    op.create_index("ix_survey_remind", "survey", ["remind_at"], sqlite_where=REMIND, postgresql_where=REMIND)
    op.create_index(
        "ix_survey_site_rated", "survey", ["site_id", "rated_at"], sqlite_where=RATED, postgresql_where=RATED
    )


def downgrade() -> None:
    for table in ("survey", "penalty", "audit"):
        op.drop_table(table)

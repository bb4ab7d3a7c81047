"""the audit's policy, draws, red flags and seals; call-backs over ratings; when a picture was taken"""

import sqlalchemy as sa
from alembic import op

revision = "0020_audit"
down_revision = "0019_assessment"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
MARKED, DUE = sa.text("marked_at IS NOT NULL"), sa.text("call_due_at IS NOT NULL")
RESULTS = sa.text("type IN ('result', 'withdrawn')")
FIRST = {
    "share_percent": 10, "minimum": 5, "cap": 10, "recheck_percent": 5, "same_text_most": 3, "quick_seconds": 20,
    "new_site_days": 90, "new_site_percent": 200, "offender_days": 90, "offender_percent": 200,
    "survey_remind_days": 3, "survey_open_days": 14, "call_score": 2, "call_after_days": 2, "call_again_hours": 4,
}  # fmt: skip


def upgrade() -> None:
    policy = op.create_table(
        "audit_policy",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("stored_at", AT, nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["stored_by_id"], ["user_account.id"], name=op.f("fk_audit_policy_stored_by_id")),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_audit_policy")),
    )
    begin = sa.func.datetime("2016-01-01") if op.get_bind().dialect.name == "sqlite" else sa.text("'2016-01-01+00'")
    op.execute(policy.insert().values(version=1, numbers=FIRST, note="", stored_at=begin))
    op.create_table(
        "audit_draw",
        sa.Column("job", sa.String(length=10), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("cut_at", AT, nullable=False),
        sa.Column("drawn_at", AT, nullable=False),
        sa.Column("inputs", sa.Integer(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("chosen", sa.Integer(), nullable=False),
        sa.Column("chosen_digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("job", "day", name=op.f("pk_audit_draw")),
    )
    op.create_table(
        "red_flag",
        sa.Column("result_event_id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["organisation.id"], name=op.f("fk_red_flag_site_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_red_flag_ticket_id")),
        sa.PrimaryKeyConstraint("result_event_id", name=op.f("pk_red_flag")),
    )
    op.create_index("ix_red_flag_ticket_id", "red_flag", ["ticket_id"])
    op.create_table(
        "survey_call",
        sa.Column("id", BIG, nullable=False),
        sa.Column("survey_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("at", AT, nullable=False),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("text_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["survey_id"], ["survey.id"], name=op.f("fk_survey_call_survey_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_survey_call_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_call")),
    )
    op.create_index("ix_survey_call_survey_id", "survey_call", ["survey_id"])
    _columns()
    op.create_index("ix_audit_marked", "audit", ["province_id", "id"], sqlite_where=MARKED, postgresql_where=MARKED)
    op.create_index("ix_audit_day", "audit", ["day", "site_id"])
    op.create_index("ix_attachment_sha256", "attachment", ["sha256"])
    op.create_index("ix_event_result", "event", ["at"], sqlite_where=RESULTS, postgresql_where=RESULTS)
    op.create_index("ix_survey_call_due", "survey", ["call_due_at", "id"], sqlite_where=DUE, postgresql_where=DUE)


def _columns() -> None:
    for column in (
        sa.Column("first_mark", sa.String(length=10), server_default="", nullable=False),
        sa.Column("mark_reason", sa.String(length=24), server_default="", nullable=False),
        sa.Column("text_id", BIG, nullable=True),
        sa.Column("event_id", BIG, nullable=True),
        sa.Column("revised_at", AT, nullable=True),
        sa.Column("revised_by_id", BIG, nullable=True),
        sa.Column("holder_id", BIG, nullable=True),
        sa.Column("held_until", AT, nullable=True),
    ):
        op.add_column("audit", column)
    op.add_column("survey", sa.Column("call_due_at", AT, nullable=True))
    op.add_column("survey", sa.Column("rated_by", sa.String(length=4), server_default="", nullable=False))
    op.add_column("survey", sa.Column("calls", sa.Integer(), server_default="0", nullable=False))
    op.add_column("attachment", sa.Column("taken_at", AT, nullable=True))


def downgrade() -> None:
    for name, table in (
        ("ix_survey_call_due", "survey"), ("ix_event_result", "event"), ("ix_attachment_sha256", "attachment"),
        ("ix_audit_day", "audit"), ("ix_audit_marked", "audit"),
    ):  # fmt: skip
        op.drop_index(name, table_name=table)
    op.drop_column("attachment", "taken_at")
    for name in ("calls", "rated_by", "call_due_at"):
        op.drop_column("survey", name)
    for name in ("held_until", "holder_id", "revised_by_id", "revised_at", "event_id", "text_id", "mark_reason"):
        op.drop_column("audit", name)
    op.drop_column("audit", "first_mark")
    for table in ("survey_call", "red_flag", "audit_draw", "audit_policy"):
        op.drop_table(table)

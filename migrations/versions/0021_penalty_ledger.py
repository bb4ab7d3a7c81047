"""the penalty ledger: rules by version, tickets to look at, contests"""

import sqlalchemy as sa
from alembic import op

revision = "0021_penalty_ledger"
down_revision = "0020_audit"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
OPEN = sa.text("state = 'open'")
LISTS = {
    "ix_penalty_month_list": ["month", "id"], "ix_penalty_site_list": ["organisation_id", "month", "id"],
    "ix_penalty_province_list": ["province_id", "month", "id"],
    "ix_penalty_sums": ["month", "state", "province_id", "organisation_id", "amount_fen", "points"],
}  # fmt: skip


def upgrade() -> None:
    with op.batch_alter_table("penalty") as batch:
        batch.alter_column(
            "occurrence", type_=sa.String(length=60), existing_type=sa.String(length=40), existing_nullable=False
        )
        batch.add_column(sa.Column("cause", sa.String(length=40), nullable=False, server_default=""))
        batch.add_column(sa.Column("province_id", BIG, nullable=True))
        batch.add_column(sa.Column("base_fen", BIG, nullable=False, server_default="0"))
        batch.add_column(sa.Column("room_fen", BIG, nullable=True))
        batch.add_column(sa.Column("reason", sa.String(length=24), nullable=False, server_default=""))
        batch.add_column(sa.Column("ruled_by", sa.String(length=20), nullable=False, server_default="system"))
        batch.add_column(sa.Column("corrects_id", BIG, nullable=True))
        batch.create_foreign_key(op.f("fk_penalty_province_id"), "organisation", ["province_id"], ["id"])
    for name, columns in LISTS.items():
        op.create_index(name, "penalty", columns)

    op.create_table(
        "penalty_rule",
        sa.Column("code", sa.String(length=24), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("effective_from", AT, nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("amount_fen", BIG, nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=False),
        sa.Column("denominator", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("liable", sa.String(length=20), nullable=False),
        sa.Column("absorbs", sa.JSON(), nullable=False),
        sa.Column("cap_group", sa.String(length=12), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("stored_by_id", BIG, nullable=True),
        sa.Column("stored_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["stored_by_id"], ["user_account.id"], name=op.f("fk_penalty_rule_stored_by_id")),
        sa.PrimaryKeyConstraint("code", "version", name=op.f("pk_penalty_rule")),
    )
    op.create_table(
        "penalty_due",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("try_at", AT, nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_penalty_due_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", name=op.f("pk_penalty_due")),
    )
    op.create_index("ix_penalty_due_try_at", "penalty_due", ["try_at"])
    op.create_table(
        "penalty_contest",
        sa.Column("id", BIG, nullable=False),
        sa.Column("penalty_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("incident_id", BIG, nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("court_id", BIG, nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("text_id", BIG, nullable=True),
        sa.Column("raised_by_id", BIG, nullable=False),
        sa.Column("raised_at", AT, nullable=False),
        sa.Column("due_at", AT, nullable=False),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decision_text_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user_account.id"], name=op.f("fk_penalty_contest_decided_by_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_penalty_contest_incident_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_penalty_contest_organisation_id")
        ),
        sa.ForeignKeyConstraint(["penalty_id"], ["penalty.id"], name=op.f("fk_penalty_contest_penalty_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_penalty_contest_province_id")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["user_account.id"], name=op.f("fk_penalty_contest_raised_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_penalty_contest_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_penalty_contest")),
        sa.UniqueConstraint("penalty_id", "step", name=op.f("uq_penalty_contest_penalty_id_step")),
    )
    op.create_index(
        "ix_penalty_contest_court",
        "penalty_contest",
        ["court_id", "due_at", "id"],
        sqlite_where=OPEN,
        postgresql_where=OPEN,
    )
    op.create_index(
        "ix_penalty_contest_open", "penalty_contest", ["due_at", "id"], sqlite_where=OPEN, postgresql_where=OPEN
    )
    op.create_index("ix_penalty_contest_site", "penalty_contest", ["organisation_id", "id"])
    op.create_index("ix_penalty_contest_ticket_id", "penalty_contest", ["ticket_id"])


def downgrade() -> None:
    for table in ("penalty_contest", "penalty_due", "penalty_rule"):
        op.drop_table(table)
    for name in LISTS:
        op.drop_index(name, table_name="penalty")
    op.execute("DELETE FROM penalty WHERE length(occurrence) > 40")
    with op.batch_alter_table("penalty") as batch:
        batch.drop_constraint(op.f("fk_penalty_province_id"), type_="foreignkey")
        for column in ("corrects_id", "ruled_by", "reason", "room_fen", "base_fen", "province_id", "cause"):
            batch.drop_column(column)
        batch.alter_column(
            "occurrence", type_=sa.String(length=40), existing_type=sa.String(length=60), existing_nullable=False
        )

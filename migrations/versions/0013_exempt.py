"""exemptions, incidents, emergency mode, customer accounts"""

import sqlalchemy as sa
from alembic import op

revision = "0013_exempt"
down_revision = "0012_closing"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
UNDONE = sa.text("done_at IS NULL")


def upgrade() -> None:
    _incidents()
    _emergencies()
    _customers()
    _exemptions()
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("malicious", sa.String(length=10), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("incident_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("emergency_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("standing_still", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("customer_account_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("tier", sa.String(length=16), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("customer_limits", sa.JSON(), nullable=False, server_default="{}"))
        batch_op.add_column(sa.Column("contact_roles", sa.String(length=60), nullable=False, server_default=""))
        batch_op.create_foreign_key(
            op.f("fk_ticket_customer_account_id"), "customer_account", ["customer_account_id"], ["id"]
        )
        batch_op.create_foreign_key(op.f("fk_ticket_emergency_id"), "emergency", ["emergency_id"], ["id"])
        batch_op.create_foreign_key(op.f("fk_ticket_incident_id"), "incident", ["incident_id"], ["id"])
        batch_op.create_index(op.f("ix_ticket_incident_id"), ["incident_id"])
    op.create_table(
        "ticket_contact",
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("phone", sa.String(length=40), nullable=False),
        sa.Column("address", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_ticket_contact_ticket_id")),
        sa.PrimaryKeyConstraint("ticket_id", "role", name=op.f("pk_ticket_contact")),
    )


def _incidents() -> None:
    op.create_table(
        "incident",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", sa.String(length=24), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("opened_at", AT, nullable=False),
        sa.Column("opened_by_id", BIG, nullable=False),
        sa.Column("closed_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["opened_by_id"], ["user_account.id"], name=op.f("fk_incident_opened_by_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_incident_province_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_incident")),
        sa.UniqueConstraint("number", name=op.f("uq_incident_number")),
    )
    op.create_index(op.f("ix_incident_province_id"), "incident", ["province_id"])


def _emergencies() -> None:
    op.create_table(
        "emergency",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("from_at", AT, nullable=False),
        sa.Column("until_at", AT, nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("pauses", sa.Boolean(), nullable=False),
        sa.Column("duty_list", sa.Text(), nullable=False),
        sa.Column("checklist", sa.JSON(), nullable=False),
        sa.Column("announced_by_id", BIG, nullable=False),
        sa.Column("announced_at", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["announced_by_id"], ["user_account.id"], name=op.f("fk_emergency_announced_by_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_emergency_province_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_emergency")),
    )
    op.create_index("ix_emergency_until", "emergency", ["until_at"])


def _customers() -> None:
    op.create_table(
        "customer_account",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("code", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("tier", sa.String(length=16), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", AT, nullable=False),
        sa.Column("changed_by_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["changed_by_id"], ["user_account.id"], name=op.f("fk_customer_account_changed_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_account")),
        sa.UniqueConstraint("code", name=op.f("uq_customer_account_code")),
    )
    op.create_table(
        "customer_match",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("account_id", BIG, nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("value", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["customer_account.id"], name=op.f("fk_customer_match_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer_match")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_customer_match_kind_value")),
    )
    op.create_index(op.f("ix_customer_match_account_id"), "customer_match", ["account_id"])


def _exemptions() -> None:
    op.create_table(
        "exemption",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("area_id", BIG, nullable=True),
        sa.Column("from_at", AT, nullable=False),
        sa.Column("until_at", AT, nullable=True),
        sa.Column("facts", sa.String(length=200), nullable=False),
        sa.Column("text_id", BIG, nullable=True),
        sa.Column("incident_id", BIG, nullable=True),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.Column("clocks", sa.Integer(), nullable=False),
        sa.Column("asked_by_id", BIG, nullable=False),
        sa.Column("asked_at", AT, nullable=False),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.Column("decided_at", AT, nullable=True),
        sa.Column("decision", sa.String(length=200), nullable=False),
        sa.Column("system_real", sa.Boolean(), nullable=True),
        sa.Column("system_confirmed_by_id", BIG, nullable=True),
        sa.Column("system_confirmed_at", AT, nullable=True),
        sa.Column("done_at", AT, nullable=True),
        sa.ForeignKeyConstraint(["asked_by_id"], ["user_account.id"], name=op.f("fk_exemption_asked_by_id")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user_account.id"], name=op.f("fk_exemption_decided_by_id")),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name=op.f("fk_exemption_incident_id")),
        sa.ForeignKeyConstraint(
            ["system_confirmed_by_id"], ["user_account.id"], name=op.f("fk_exemption_system_confirmed_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exemption")),
    )
    op.create_index("ix_exemption_state", "exemption", ["state", "id"])
    op.create_index("ix_exemption_undone", "exemption", ["id"], sqlite_where=UNDONE, postgresql_where=UNDONE)

    op.create_table(
        "exempted_clock",
        sa.Column("exemption_id", BIG, nullable=False),
        sa.Column("clock_id", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(["clock_id"], ["clock.id"], name=op.f("fk_exempted_clock_clock_id")),
        sa.ForeignKeyConstraint(["exemption_id"], ["exemption.id"], name=op.f("fk_exempted_clock_exemption_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_exempted_clock_organisation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_exempted_clock_ticket_id")),
        sa.PrimaryKeyConstraint("exemption_id", "clock_id", name=op.f("pk_exempted_clock")),
    )
    for column in ("clock_id", "organisation_id", "ticket_id"):
        op.create_index(op.f(f"ix_exempted_clock_{column}"), "exempted_clock", [column])


def downgrade() -> None:
    op.drop_table("ticket_contact")
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_index(op.f("ix_ticket_incident_id"))
        batch_op.drop_constraint(op.f("fk_ticket_incident_id"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_ticket_emergency_id"), type_="foreignkey")
        batch_op.drop_constraint(op.f("fk_ticket_customer_account_id"), type_="foreignkey")
        batch_op.drop_column("contact_roles")
        batch_op.drop_column("customer_limits")
        batch_op.drop_column("tier")
        batch_op.drop_column("customer_account_id")
        batch_op.drop_column("incident_id")
        batch_op.drop_column("standing_still")
        batch_op.drop_column("emergency_id")
        batch_op.drop_column("malicious")
    op.drop_table("exempted_clock")
    op.drop_table("exemption")
    op.drop_table("customer_match")
    op.drop_table("customer_account")
    op.drop_table("emergency")
    op.drop_table("incident")

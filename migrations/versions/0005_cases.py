"""ownership and cases"""

import sqlalchemy as sa
from alembic import op

revision = "0005_cases"
down_revision = "0004_attachments"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNENDED = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "evidence_order",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ordered_by_id", BIG, nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ordered_by_id"], ["user_account.id"], name=op.f("fk_evidence_order_ordered_by_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_evidence_order_organisation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_evidence_order_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_order")),
    )
    op.create_index(op.f("ix_evidence_order_ticket_id"), "evidence_order", ["ticket_id"])

    op.create_table(
        "party_case",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("hop", sa.Integer(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("added_by_id", BIG, nullable=True),
        sa.Column("urged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("urge_count", sa.Integer(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contest_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rejected_by_id", BIG, nullable=True),
        sa.Column("rejected_by_user_id", BIG, nullable=True),
        sa.Column("court_id", BIG, nullable=True),
        sa.Column("ruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ruled_by_id", BIG, nullable=True),
        sa.Column("share", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["added_by_id"], ["user_account.id"], name=op.f("fk_party_case_added_by_id")),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_party_case_organisation_id")),
        sa.ForeignKeyConstraint(["rejected_by_id"], ["organisation.id"], name=op.f("fk_party_case_rejected_by_id")),
        sa.ForeignKeyConstraint(
            ["rejected_by_user_id"], ["user_account.id"], name=op.f("fk_party_case_rejected_by_user_id")
        ),
        sa.ForeignKeyConstraint(["ruled_by_id"], ["user_account.id"], name=op.f("fk_party_case_ruled_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_party_case_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_party_case")),
        sa.UniqueConstraint("ticket_id", "organisation_id", name=op.f("uq_party_case_ticket_id_organisation_id")),
    )
    op.create_index("ix_party_case_organisation", "party_case", ["organisation_id", "state"])

    op.create_table(
        "pause",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("reason", sa.String(length=12), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_pause_ticket_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pause")),
    )
    op.create_index("ix_pause_ends", "pause", ["ends_at"], sqlite_where=UNENDED, postgresql_where=UNENDED)
    op.create_index(op.f("ix_pause_ticket_id"), "pause", ["ticket_id"])

    op.create_table(
        "transfer",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("from_site_id", BIG, nullable=False),
        sa.Column("to_site_id", BIG, nullable=True),
        sa.Column("reason", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("court_id", BIG, nullable=False),
        sa.Column("wrong", sa.Boolean(), nullable=False),
        sa.Column("event_id", BIG, nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by_id", BIG, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["decided_by_id"], ["user_account.id"], name=op.f("fk_transfer_decided_by_id")),
        sa.ForeignKeyConstraint(["from_site_id"], ["organisation.id"], name=op.f("fk_transfer_from_site_id")),
        sa.ForeignKeyConstraint(["raised_by_id"], ["user_account.id"], name=op.f("fk_transfer_raised_by_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_transfer_ticket_id")),
        sa.ForeignKeyConstraint(["to_site_id"], ["organisation.id"], name=op.f("fk_transfer_to_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
    )
    op.create_index(op.f("ix_transfer_ticket_id"), "transfer", ["ticket_id"])

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("credited", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.add_column(sa.Column("exempt", sa.Boolean(), nullable=False, server_default=sa.false()))

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("hops", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("acting_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("acting_counts", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("help_asked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("urged_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("waiting_until", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("cases", sa.JSON(), nullable=False, server_default="{}"))

    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.add_column(sa.Column("owner_id", BIG, nullable=True))
        batch_op.create_index("ix_work_item_owner", ["scope", "owner_id", "due_at", "ticket_id"])


def downgrade() -> None:
    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.drop_index("ix_work_item_owner")
        batch_op.drop_column("owner_id")

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_column("cases")
        batch_op.drop_column("waiting_until")
        batch_op.drop_column("urged_at")
        batch_op.drop_column("help_asked_at")
        batch_op.drop_column("acting_counts")
        batch_op.drop_column("acting_id")
        batch_op.drop_column("hops")

    with op.batch_alter_table("clock", schema=None) as batch_op:
        batch_op.drop_column("exempt")
        batch_op.drop_column("credited")
        batch_op.drop_column("paused_at")

    op.drop_table("transfer")
    op.drop_table("pause")
    op.drop_table("party_case")
    op.drop_table("evidence_order")

"""calls to customers, scripts, alarms, promises with clocks of their own"""

import sqlalchemy as sa
from alembic import op

revision = "0010_verify"
down_revision = "0009_parties"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
UNSEEN = sa.text("seen_at IS NULL")
# Promises that are open get the clock that breaks them; an id of ours is unique in the whole database.
CLOCKS = """
INSERT INTO clock (id, ticket_id, kind, run, organisation_id, minutes, calendar, started_at, due_at, state, stage,
                   next_stage_at, credited, exempt)
SELECT promise.id, promise.ticket_id, 'promise', row_number() OVER (PARTITION BY promise.ticket_id ORDER BY promise.id),
       ticket.handling_site_id, 0, 'always', coalesce(ticket.result_at, ticket.opened_at), promise.due_at, 'running', 0,
       promise.due_at, {true}, {false}
FROM promise JOIN ticket ON ticket.id = promise.ticket_id WHERE promise.state = 'open'
"""


def upgrade() -> None:
    op.create_table(
        "contact",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("event_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_contact_organisation_id")),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_contact_ticket_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_contact_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
    )
    op.create_index("ix_contact_ticket_started", "contact", ["ticket_id", "started_at"])
    op.create_table(
        "script",
        sa.Column("category", sa.String(length=24), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("edited_by_id", BIG, nullable=False),
        sa.ForeignKeyConstraint(["edited_by_id"], ["user_account.id"], name=op.f("fk_script_edited_by_id")),
        sa.PrimaryKeyConstraint("category", name=op.f("pk_script")),
    )
    op.create_table(
        "alarm",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("province_id", BIG, nullable=True),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by_id", BIG, nullable=True),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"], name=op.f("fk_alarm_organisation_id")),
        sa.ForeignKeyConstraint(["province_id"], ["organisation.id"], name=op.f("fk_alarm_province_id")),
        sa.ForeignKeyConstraint(["seen_by_id"], ["user_account.id"], name=op.f("fk_alarm_seen_by_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_alarm_user_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index("ix_alarm_user_at", "alarm", ["user_id", "at"])
    op.create_index("ix_alarm_unseen", "alarm", ["at"], sqlite_where=UNSEEN, postgresql_where=UNSEEN)

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("flags", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("category_wanted", sa.String(length=24), nullable=False, server_default=""))

    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.add_column(sa.Column("queue_before", sa.String(length=16), nullable=False, server_default="working"))

    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.add_column(sa.Column("made_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("clock_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("proof", sa.String(length=8), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_promise_clock_id"), ["clock_id"])

    postgres = op.get_bind().dialect.name == "postgresql"
    op.execute(CLOCKS.format(true="true" if postgres else "1", false="false" if postgres else "0"))
    op.execute("UPDATE promise SET clock_id = id WHERE state = 'open'")


def downgrade() -> None:
    op.execute("DELETE FROM reminder WHERE clock_id IN (SELECT id FROM clock WHERE kind IN ('promise', 'consent'))")
    op.execute("DELETE FROM clock WHERE kind IN ('promise', 'consent')")

    with op.batch_alter_table("promise", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_promise_clock_id"))
        batch_op.drop_column("proof")
        batch_op.drop_column("clock_id")
        batch_op.drop_column("made_at")

    with op.batch_alter_table("pause", schema=None) as batch_op:
        batch_op.drop_column("queue_before")

    op.drop_column("ticket", "category_wanted")  # not in a batch: a copy of the table would lose what refers to it
    op.drop_column("ticket", "flags")

    op.drop_table("alarm")
    op.drop_table("script")
    op.drop_table("contact")

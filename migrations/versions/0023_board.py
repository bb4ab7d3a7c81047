"""the province board: urged work items, who helps which site, tickets by hour, alarms by province"""

import sqlalchemy as sa
from alembic import op

revision = "0023_board"
down_revision = "0022_months"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)
NOT_ENDED, UNSEEN = sa.text("ended_at IS NULL"), sa.text("seen_at IS NULL")
# as app/domain/urging.py has it
URGED = """state IN ('open', 'in_progress', 'replied') AND (
    (state <> 'replied' AND urge_count > 0 AND result_at IS NULL)
    OR (urged_at IS NOT NULL AND (result_at IS NULL OR urged_at > result_at)))"""


def upgrade() -> None:
    op.add_column("work_item", sa.Column("urged", sa.Boolean(), nullable=False, server_default=sa.false()))
    _fill()
    op.create_index(
        "ix_work_item_urged", "work_item", ["scope", "due_at", "ticket_id"],
        sqlite_where=sa.text("urged = 1"), postgresql_where=sa.text("urged"),
    )  # fmt: skip
    op.create_index(
        "ix_alarm_unseen_province", "alarm", ["province_id", "kind", "at"], sqlite_where=UNSEEN, postgresql_where=UNSEEN
    )
    _helpers()
    op.create_table(
        "inflow",
        sa.Column("scope", BIG, nullable=False, autoincrement=False),
        sa.Column("hour", AT, nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "hour", name=op.f("pk_inflow")),
    )
    op.create_index("ix_inflow_hour", "inflow", ["hour"])


def _fill() -> None:
    yes = "1" if op.get_bind().dialect.name == "sqlite" else "true"
    sites = f"""ticket_id IN (SELECT id FROM ticket WHERE {URGED})
        AND scope IN (SELECT id FROM organisation WHERE kind NOT IN ('province', 'headquarters'))
        AND EXISTS (SELECT 1 FROM ticket t WHERE t.id = work_item.ticket_id
            AND work_item.scope IN (t.handling_site_id, t.acting_id))"""
    wide = f"""ticket_id IN (SELECT id FROM ticket WHERE {URGED})
        AND (scope = 0 OR scope IN (SELECT id FROM organisation WHERE kind = 'province'))"""
    for where in (sites, wide):
        op.execute(f"UPDATE work_item SET urged = {yes} WHERE {where}")
    op.execute("INSERT INTO counter (scope, queue, n) SELECT scope, 'urged', count(*) FROM work_item "
               f"WHERE urged = {yes} GROUP BY scope")  # fmt: skip


def _helpers() -> None:
    names = {"site_id": "organisation", "province_id": "organisation", "helper_id": "user_account",
             "named_by_id": "user_account", "ended_by_id": "user_account"}  # fmt: skip
    op.create_table(
        "site_helper",
        sa.Column("id", BIG, nullable=False),
        sa.Column("site_id", BIG, nullable=False),
        sa.Column("province_id", BIG, nullable=False),
        sa.Column("helper_id", BIG, nullable=False),
        sa.Column("named_at", AT, nullable=False),
        sa.Column("named_by_id", BIG, nullable=False),
        sa.Column("until", AT, nullable=False),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("ended_by_id", BIG, nullable=True),
        *(
            sa.ForeignKeyConstraint([column], [f"{table}.id"], name=op.f(f"fk_site_helper_{column}"))
            for column, table in names.items()
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site_helper")),
    )
    partial = {"sqlite_where": NOT_ENDED, "postgresql_where": NOT_ENDED}
    op.create_index("ix_site_helper_site", "site_helper", ["site_id"], unique=True, **partial)
    op.create_index("ix_site_helper_province", "site_helper", ["province_id"], **partial)
    op.create_index("ix_site_helper_helper", "site_helper", ["helper_id"], **partial)
    op.create_index("ix_site_helper_past", "site_helper", ["site_id", "id"])


def downgrade() -> None:
    op.drop_table("inflow")
    op.drop_table("site_helper")
    op.drop_index("ix_alarm_unseen_province", "alarm")
    op.execute("DELETE FROM counter WHERE queue = 'urged'")
    op.drop_index("ix_work_item_urged", "work_item")
    with op.batch_alter_table("work_item", schema=None) as batch_op:
        batch_op.drop_column("urged")

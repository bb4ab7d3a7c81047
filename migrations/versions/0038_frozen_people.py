"""the people of an organisation in a frozen month, as they were; whose answer stopped a clock; an index for
results that were taken back"""

import sqlalchemy as sa
from alembic import op

revision = "0038_frozen_people"
down_revision = "0036_day_facts"
branch_labels = None
depends_on = None

UNDONE = sa.text("type = 'result_undone'")
# until now only the entry written at the same instant told it
ANSWERED = """
UPDATE clock SET stopped_by_id = (
    SELECT max(event.actor_id) FROM event WHERE event.ticket_id = clock.ticket_id AND event.at = clock.stopped_at
    AND (event.type = 'result' OR (event.type = 'follow_up' AND clock.kind = 'first_reply'))
) WHERE stopped_at IS NOT NULL AND kind IN ('first_reply', 'resolve')
"""


def upgrade() -> None:
    op.create_table(
        "frozen_people",
        sa.Column("month", sa.String(7), nullable=False),
        sa.Column("organisation_id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(32), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["organisation_id"], ["organisation.id"]),
        sa.PrimaryKeyConstraint("month", "organisation_id"),
    )
    op.create_index("ix_frozen_people_digest", "frozen_people", ["digest"])
    op.add_column("clock", sa.Column("stopped_by_id", sa.BigInteger()))
    op.execute(ANSWERED)
    op.create_index("ix_event_undone", "event", ["ticket_id"], sqlite_where=UNDONE, postgresql_where=UNDONE)


def downgrade() -> None:
    op.drop_index("ix_event_undone", "event")
    op.drop_column("clock", "stopped_by_id")
    op.drop_index("ix_frozen_people_digest", "frozen_people")
    op.drop_table("frozen_people")

"""indexes from which a page of alarms, of a province's messages and of the appeal stream is read in its order"""

import sqlalchemy as sa
from alembic import op

revision = "0031_page_indexes"
down_revision = "0030_late_runs"
branch_labels = None
depends_on = None

APPEALED, PUT_OFF, OPEN = "state = 'appealed'", "later_until IS NOT NULL", "ruling = ''"
MADE = (
    ("ix_alarm_province", "alarm", ["province_id", "at", "id"], ""),
    ("ix_alarm_organisation", "alarm", ["organisation_id", "at", "id"], ""),
    ("ix_outbox_province_kind", "outbox", ["province_id", "kind", "id"], ""),
    ("ix_ticket_appealed", "ticket", ["next_due_at", "id"], APPEALED),
    ("ix_appeal_lease_later", "appeal_lease", ["later_until", "ticket_id"], PUT_OFF),
    ("ix_appeal_open_id", "appeal", ["id"], OPEN),
)
# An alarm of a province's own people belongs to that province, as its houses' do.
SET_PROVINCE = """UPDATE alarm SET province_id = organisation_id
WHERE organisation_id IN (SELECT id FROM organisation WHERE kind = 'province')"""


def upgrade() -> None:
    op.execute(SET_PROVINCE)
    op.drop_index("ix_outbox_province", "outbox")
    for name, table, columns, only in MADE:
        where = {f"{engine}_where": sa.text(only) for engine in ("sqlite", "postgresql") if only}
        op.create_index(name, table, columns, **where)


def downgrade() -> None:
    for name, table, _columns, _only in reversed(MADE):
        op.drop_index(name, table)
    op.create_index("ix_outbox_province", "outbox", ["province_id", "id"])

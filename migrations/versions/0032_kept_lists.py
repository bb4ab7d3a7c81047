"""which tickets of an incident a scope sees and how many, and who sees an exemption: kept for their lists"""

import sqlalchemy as sa
from alembic import op

revision = "0032_kept_lists"
down_revision = "0031_page_indexes"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEEN = """
INSERT INTO incident_ticket (ticket_id, scope, incident_id, answered, number)
SELECT t.id, s.scope, t.incident_id, t.state NOT IN ('open', 'in_progress'), t.number FROM ticket AS t JOIN (
  SELECT id AS ticket_id, 0 AS scope FROM ticket WHERE incident_id IS NOT NULL
  UNION SELECT ticket_id, province_id FROM ticket_party WHERE province_id IS NOT NULL
) AS s ON s.ticket_id = t.id WHERE t.incident_id IS NOT NULL"""
COUNTED = """
INSERT INTO incident_count (incident_id, scope, answered, n)
SELECT incident_id, scope, answered, count(*) FROM incident_ticket GROUP BY incident_id, scope, answered"""
ADMITTED = """
INSERT INTO exemption_scope (exemption_id, scope, state)
SELECT e.id, s.scope, e.state FROM exemption AS e JOIN (
  SELECT exemption_id, organisation_id AS scope FROM exempted_clock WHERE organisation_id IS NOT NULL
  UNION SELECT c.exemption_id, o.province_id FROM exempted_clock AS c
    JOIN organisation AS o ON o.id = c.organisation_id WHERE o.province_id IS NOT NULL
  UNION SELECT id, area_id FROM exemption WHERE area_id IS NOT NULL
) AS s ON s.exemption_id = e.id"""


def upgrade() -> None:
    op.create_table(
        "incident_ticket",
        sa.Column("ticket_id", BIG, sa.ForeignKey("ticket.id"), primary_key=True),
        sa.Column("scope", BIG, primary_key=True, autoincrement=False),
        sa.Column("incident_id", BIG, sa.ForeignKey("incident.id"), nullable=False),
        sa.Column("answered", sa.Boolean(), nullable=False),
        sa.Column("number", sa.String(24), nullable=False),
    )
    op.create_index("ix_incident_ticket_order", "incident_ticket", ["incident_id", "scope", "answered", "number"])
    op.create_table(
        "incident_count",
        sa.Column("incident_id", BIG, sa.ForeignKey("incident.id"), primary_key=True),
        sa.Column("scope", BIG, primary_key=True, autoincrement=False),
        sa.Column("answered", sa.Boolean(), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
    )
    op.create_table(
        "exemption_scope",
        sa.Column("exemption_id", BIG, sa.ForeignKey("exemption.id"), primary_key=True),
        sa.Column("scope", BIG, primary_key=True, autoincrement=False),
        sa.Column("state", sa.String(10), nullable=False),
    )
    op.create_index("ix_exemption_scope", "exemption_scope", ["scope", "exemption_id"])
    op.create_index("ix_exemption_scope_state", "exemption_scope", ["scope", "state", "exemption_id"])
    op.create_index("ix_exemption_reason", "exemption", ["reason", "id"])
    op.create_index("ix_exemption_reason_state", "exemption", ["reason", "state", "id"])
    op.drop_index("ix_incident_province_id", "incident")
    op.create_index("ix_incident_province", "incident", ["province_id", "id"])
    for statement in (SEEN, COUNTED, ADMITTED):
        op.execute(statement)


def downgrade() -> None:
    op.drop_index("ix_incident_province", "incident")
    op.create_index("ix_incident_province_id", "incident", ["province_id"])
    op.drop_index("ix_exemption_reason_state", "exemption")
    op.drop_index("ix_exemption_reason", "exemption")
    op.drop_table("exemption_scope")
    op.drop_table("incident_count")
    op.drop_table("incident_ticket")

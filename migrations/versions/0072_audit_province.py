"""an audit that waits belongs to the province under which the site had the ticket: it is the one that sees it"""

from alembic import op

revision = "0072_audit_province"
down_revision = "0071_switch_log_pages"
branch_labels = None
depends_on = None
THEN = """
SELECT ticket_party.province_id FROM ticket_party
WHERE ticket_party.ticket_id = audit.ticket_id AND ticket_party.organisation_id = audit.site_id
"""
HAD = """
EXISTS (SELECT 1 FROM ticket_party
    WHERE ticket_party.ticket_id = audit.ticket_id AND ticket_party.organisation_id = audit.site_id)
"""


def upgrade() -> None:
    op.execute(f"UPDATE audit SET province_id = ({THEN}) WHERE marked_at IS NULL AND {HAD}")


def downgrade() -> None:
    """Nothing to take back: both spell the same but for sites that have moved since."""

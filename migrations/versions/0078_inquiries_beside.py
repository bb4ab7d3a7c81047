"""a province beside an inquiry has nothing to do with it: questions of before lie where those of today do"""

from alembic import op

revision = "0078_inquiries_beside"
down_revision = "0077_page_drafts"
branch_labels = None
depends_on = None

# As `work.refresh` writes them since a province whose question it is not only knows of it. What is asked of the province
# itself has its turn and stays; counters are recounted by the scheduler.
BESIDE = """
UPDATE work_item SET queue = 'elsewhere', overdue = false, urged = false
WHERE kind = 'inquiry' AND NOT turn AND queue <> 'elsewhere'
AND scope IN (SELECT id FROM organisation WHERE kind = 'province')
AND EXISTS (SELECT 1 FROM ticket WHERE ticket.id = work_item.ticket_id
    AND COALESCE(ticket.province_id, 0) <> work_item.scope AND COALESCE(ticket.reporter_id, 0) <> work_item.scope)
"""


def upgrade() -> None:
    op.execute(BESIDE)


def downgrade() -> None:
    """Nothing to take back: the code of before reads both, and writes its own with a ticket's next entry."""

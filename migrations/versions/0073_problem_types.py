"""problem parcels of one type, whatever their state, lie in the order of their opening"""

from alembic import op

revision = "0073_problem_types"
down_revision = "0072_audit_province"
branch_labels = None
depends_on = None

NAME, COLUMNS = "ix_problem_row_type", ["scope", "category", "opened_at", "ticket_id"]


def upgrade() -> None:
    op.create_index(NAME, "problem_row", COLUMNS)


def downgrade() -> None:
    op.drop_index(NAME, "problem_row")

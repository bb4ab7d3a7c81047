"""group robots that sign their messages"""

import sqlalchemy as sa
from alembic import op

revision = "0014_robot_signed"
down_revision = "0013_exempt"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("robot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    with op.batch_alter_table("robot", schema=None) as batch_op:
        batch_op.drop_column("signed")

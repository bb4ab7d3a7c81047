"""group robots that sign their messages, alarms about a site"""

import sqlalchemy as sa
from alembic import op

revision = "0016_corners"
down_revision = "0015_exports"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("robot", schema=None) as batch_op:
        batch_op.add_column(sa.Column("signed", sa.Boolean(), nullable=False, server_default=sa.false()))
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.alter_column("user_id", existing_type=BIG, nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM alarm WHERE user_id IS NULL")
    with op.batch_alter_table("alarm", schema=None) as batch_op:
        batch_op.alter_column("user_id", existing_type=BIG, nullable=False)
    with op.batch_alter_table("robot", schema=None) as batch_op:
        batch_op.drop_column("signed")

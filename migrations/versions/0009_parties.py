"""whom a dispute names, and the clocks of rulings and evidence orders"""

import sqlalchemy as sa
from alembic import op

revision = "0009_parties"
down_revision = "0008_ownership"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CONTESTABLE = sa.text("contest_until IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("party_case", schema=None) as batch_op:
        batch_op.add_column(sa.Column("named_id", BIG, nullable=True))
        batch_op.add_column(sa.Column("ruling_clock_id", BIG, nullable=True))
        batch_op.create_foreign_key(op.f("fk_party_case_named_id"), "organisation", ["named_id"], ["id"])
        batch_op.create_index(
            "ix_party_case_contest", ["contest_until"], sqlite_where=CONTESTABLE, postgresql_where=CONTESTABLE
        )

    with op.batch_alter_table("evidence_order", schema=None) as batch_op:
        batch_op.add_column(sa.Column("clock_id", BIG, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("evidence_order", schema=None) as batch_op:
        batch_op.drop_column("clock_id")

    with op.batch_alter_table("party_case", schema=None) as batch_op:
        batch_op.drop_index("ix_party_case_contest")
        batch_op.drop_constraint(op.f("fk_party_case_named_id"), type_="foreignkey")
        batch_op.drop_column("ruling_clock_id")
        batch_op.drop_column("named_id")

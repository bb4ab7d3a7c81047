"""tickets that came from another system"""

import sqlalchemy as sa
from alembic import op


revision = "0002_imported_history"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "imported_file",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=25), nullable=False),
        sa.Column("mapping_digest", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=40), nullable=False),
        sa.Column("connection_id", BIG, nullable=False),
        sa.Column("first_number", BIG, nullable=False),
        sa.Column("numbers", sa.Integer(), nullable=False),
        sa.Column("fines", sa.Boolean(), nullable=False),
        sa.Column("reminds", sa.Boolean(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["connection_id"], ["platform_connection.id"], name=op.f("fk_imported_file_connection_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_file")),
        sa.UniqueConstraint("digest", "name", name=op.f("uq_imported_file_digest_name")),
    )
    op.create_table(
        "imported_ticket",
        sa.Column("file_id", BIG, nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("source_group", sa.String(length=120), nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("source_rows", sa.Integer(), nullable=False),
        sa.Column("reassignments", sa.Integer(), nullable=False),
        sa.Column("reopenings", sa.Integer(), nullable=False),
        sa.Column("sla", sa.Boolean(), nullable=True),
        sa.ForeignKeyConstraint(["file_id"], ["imported_file.id"], name=op.f("fk_imported_ticket_file_id")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_imported_ticket_organisation_id")
        ),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_imported_ticket_ticket_id")),
        sa.PrimaryKeyConstraint("file_id", "number", name=op.f("pk_imported_ticket")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_imported_ticket_ticket_id")),
    )


def downgrade() -> None:
    op.drop_table("imported_ticket")
    op.drop_table("imported_file")

"""what is published for everybody to read, its versions, and who has read which"""

import sqlalchemy as sa
from alembic import op

revision = "0034_publications"
down_revision = "0033_search_spans"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
AT = sa.DateTime(timezone=True)


def _refs(table: str, **columns: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in columns.items()
    ]


def upgrade() -> None:
    op.create_table(
        "publication",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("scope_id", BIG, nullable=True),
        sa.Column("ticket_id", BIG, nullable=True),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", AT, nullable=False),
        sa.Column("created_by_id", BIG, nullable=False),
        sa.Column("edited_at", AT, nullable=False),
        sa.Column("edited_by_id", BIG, nullable=False),
        sa.Column("current_id", BIG, nullable=True),
        sa.Column("published_at", AT, nullable=True),
        sa.Column("ended_at", AT, nullable=True),
        sa.Column("ended_by_id", BIG, nullable=True),
        *_refs(
            "publication", scope_id="organisation", ticket_id="ticket", created_by_id="user_account",
            edited_by_id="user_account", ended_by_id="user_account",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication")),
    )  # fmt: skip
    op.create_index(op.f("ix_publication_ticket_id"), "publication", ["ticket_id"])
    op.create_index("ix_publication_kind", "publication", ["kind", "id"])
    op.create_index("ix_publication_published", "publication", ["published_at"])
    _versions()
    op.create_table(
        "read_receipt",
        sa.Column("version_id", BIG, nullable=False),
        sa.Column("user_id", BIG, nullable=False),
        sa.Column("organisation_id", BIG, nullable=True),
        sa.Column("read_at", AT, nullable=False),
        *_refs(
            "read_receipt", version_id="publication_version", user_id="user_account", organisation_id="organisation"
        ),
        sa.PrimaryKeyConstraint("version_id", "user_id", name=op.f("pk_read_receipt")),
    )
    op.create_index("ix_read_receipt_organisation", "read_receipt", ["version_id", "organisation_id"])


def _versions() -> None:
    op.create_table(
        "publication_version",
        sa.Column("id", BIG, nullable=False, autoincrement=False),
        sa.Column("publication_id", BIG, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("extra", sa.JSON(), nullable=False),
        sa.Column("published_at", AT, nullable=False),
        sa.Column("author_id", BIG, nullable=False),
        *_refs("publication_version", publication_id="publication", author_id="user_account"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publication_version")),
        sa.UniqueConstraint("publication_id", "number", name=op.f("uq_publication_version_publication_id_number")),
    )


def downgrade() -> None:
    op.drop_table("read_receipt")
    op.drop_table("publication_version")
    op.drop_table("publication")

"""the index of words knows when a document was written last, so that the newest are found without reading the others"""

from alembic import op

revision = "0033_search_spans"
down_revision = "0032_kept_lists"
branch_labels = None
depends_on = None

# Buckets of time, each four times as long as the one before; the last three bits say which kind of bucket it is.
BUCKETS = """(ARRAY[(rank >> 44) * 8 + 0, (rank >> 46) * 8 + 1, (rank >> 48) * 8 + 2, (rank >> 50) * 8 + 3,
(rank >> 52) * 8 + 4, (rank >> 54) * 8 + 5, (rank >> 56) * 8 + 6])"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_search_document_terms")
        op.execute(f"CREATE INDEX ix_search_document_terms ON search_document USING gin (scopes, {BUCKETS}, terms)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP INDEX ix_search_document_terms")
        op.execute("CREATE INDEX ix_search_document_terms ON search_document USING gin (scopes, terms)")

"""lists that cost the same in any house: inquiries by scope, audits that wait, marked ones, entries by state"""

import sqlalchemy as sa
from alembic import op

revision = "0058_flat_lists"
down_revision = "0057_phone_queries"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
FIRST = "(CASE WHEN reason = 'sample' THEN 1 ELSE 0 END)"
MARKED = "marked_at IS NOT NULL"
OF_PROVINCE = "marked_at IS NULL AND reason <> 'recheck'"
OF_HEADQUARTERS = "marked_at IS NULL AND (reason = 'recheck' OR province_id IS NULL)"
OPEN = "marked_at IS NULL"
BACKFILL = """INSERT INTO inquiry_row (scope, ticket_id, opened_at)
SELECT p.scope, t.id, t.opened_at FROM ticket AS t JOIN (
    SELECT ticket_id, organisation_id AS scope FROM ticket_party
    UNION SELECT ticket_id, province_id AS scope FROM ticket_party WHERE province_id IS NOT NULL
) AS p ON p.ticket_id = t.id WHERE t.kind = 'inquiry'"""


def _partial(name: str, table: str, columns: list, where: str) -> None:
    op.create_index(name, table, columns, sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def upgrade() -> None:
    op.create_table(
        "inquiry_row",
        sa.Column("scope", BIG, nullable=False),
        sa.Column("ticket_id", BIG, nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["ticket_id"], ["ticket.id"], name=op.f("fk_inquiry_row_ticket_id")),
        sa.PrimaryKeyConstraint("scope", "ticket_id", name=op.f("pk_inquiry_row")),
    )
    op.create_index("ix_inquiry_row_opened", "inquiry_row", ["scope", "opened_at", "ticket_id"])
    op.create_index("ix_inquiry_row_ticket", "inquiry_row", ["ticket_id"])
    op.execute(BACKFILL)
    op.drop_index("ix_audit_open", "audit")
    _partial("ix_audit_waiting", "audit", ["province_id", sa.text(FIRST), "day", "id"], OF_PROVINCE)
    _partial("ix_audit_headquarters", "audit", [sa.text(FIRST), "day", "id"], OF_HEADQUARTERS)
    _partial("ix_audit_marked_id", "audit", ["id"], MARKED)
    _partial("ix_audit_site_id", "audit", ["site_id", "id"], MARKED)
    _partial("ix_audit_mark", "audit", ["mark", "id"], MARKED)
    op.create_index("ix_penalty_state_list", "penalty", ["month", "state", "id"])
    op.create_index("ix_penalty_contest_province", "penalty_contest", ["province_id", "id"])
    op.create_index("ix_organisation_kind", "organisation", ["kind", "code"])


def downgrade() -> None:
    op.drop_index("ix_organisation_kind", "organisation")
    op.drop_index("ix_penalty_contest_province", "penalty_contest")
    op.drop_index("ix_penalty_state_list", "penalty")
    for name in (
        "ix_audit_mark",
        "ix_audit_site_id",
        "ix_audit_marked_id",
        "ix_audit_headquarters",
        "ix_audit_waiting",
    ):
        op.drop_index(name, "audit")
    _partial("ix_audit_open", "audit", ["province_id", "day", "id"], OPEN)
    op.drop_table("inquiry_row")

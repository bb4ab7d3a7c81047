"""the log of switches keeps its province and is read page by page: by house, by province, and what was refused"""

import sqlalchemy as sa
from alembic import op

revision = "0071_switch_log_pages"
down_revision = "0070_admin_log"
branch_labels = None
depends_on = None
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFUSED = sa.text("outcome <> 'switched'")
PLACED = """
UPDATE switch_log SET province_id = (
    SELECT CASE WHEN organisation.kind = 'province' THEN organisation.id ELSE organisation.province_id END
    FROM organisation WHERE organisation.id = switch_log.organisation_id
)
"""


def upgrade() -> None:
    with op.batch_alter_table("switch_log") as table:
        table.add_column(sa.Column("province_id", BIG, nullable=True))
        table.create_foreign_key(op.f("fk_switch_log_province_id"), "organisation", ["province_id"], ["id"])
    op.execute(PLACED)
    op.drop_index("ix_switch_log_organisation_at", "switch_log")
    op.create_index("ix_switch_log_organisation", "switch_log", ["organisation_id", "id"])
    op.create_index("ix_switch_log_province", "switch_log", ["province_id", "id"])
    for name, columns in (("ix_switch_log_refused", ["id"]), ("ix_switch_log_refused_province", ["province_id", "id"])):
        op.create_index(name, "switch_log", columns, sqlite_where=REFUSED, postgresql_where=REFUSED)


def downgrade() -> None:
    for name in ("refused_province", "refused", "province", "organisation"):
        op.drop_index(f"ix_switch_log_{name}", "switch_log")
    op.create_index("ix_switch_log_organisation_at", "switch_log", ["organisation_id", "at"])
    with op.batch_alter_table("switch_log") as table:
        table.drop_constraint(op.f("fk_switch_log_province_id"), type_="foreignkey")
        table.drop_column("province_id")

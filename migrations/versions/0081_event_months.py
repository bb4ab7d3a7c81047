"""on PostgreSQL events lie in monthly partitions by their ids; what is there becomes the first of them, uncopied"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from alembic import op

revision = "0081_event_months"
down_revision = "0080_archive"
branch_labels = None
depends_on = None

BEFORE, REST = "event_before", "event_rest"
AHEAD = 3  # months
SHANGHAI = ZoneInfo("Asia/Shanghai")
EPOCH_MS = 1_704_067_200_000
KEYS = {
    "pk_event": "pk_event_before",
    "uq_event_ticket_id_seq": "uq_event_before_ticket_seq",
    "fk_event_ticket_id": "fk_event_before_ticket_id",
}
INDEXES = {
    "ix_event_result": "(at) WHERE type IN ('result', 'withdrawn')",
    "ix_event_case": (
        "(type, at) WHERE type IN ('result', 'repeat', 'party_disputed', 'intervened', 'acting_started',"
        " 'help_answered', 'site_urged')"
    ),
    "ix_event_undone": "(ticket_id) WHERE type = 'result_undone'",
}


def bound(year, month):
    """The smallest id of a Shanghai month; months beyond December count on."""
    begin = datetime(year + (month - 1) // 12, (month - 1) % 12 + 1, 1, tzinfo=SHANGHAI)
    return (int(begin.timestamp() * 1000) - EPOCH_MS) << 22


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    say = op.execute
    for old, new in KEYS.items():
        say(f"ALTER TABLE event RENAME CONSTRAINT {old} TO {new}")
    for name in INDEXES:
        say(f"ALTER INDEX {name} RENAME TO {name}_before")
    say(f"ALTER TABLE event RENAME TO {BEFORE}")
    say(f"CREATE TABLE event (LIKE {BEFORE} INCLUDING DEFAULTS) PARTITION BY RANGE (id)")
    say("ALTER TABLE event ADD CONSTRAINT pk_event PRIMARY KEY (id)")
    say("ALTER TABLE event ADD CONSTRAINT fk_event_ticket_id FOREIGN KEY (ticket_id) REFERENCES ticket (id)")
    for name, columns in INDEXES.items():
        say(f"CREATE INDEX {name} ON event {columns}")
    newest = connection.execute(sa.text(f"SELECT max(id) FROM {BEFORE}")).scalar() or 0  # noqa: S608 - our own name
    now, ahead = datetime.now(UTC).astimezone(SHANGHAI), 1
    while bound(now.year, now.month + ahead) <= newest:
        ahead += 1
    first = bound(now.year, now.month + ahead)
    say(f"ALTER TABLE event ATTACH PARTITION {BEFORE} FOR VALUES FROM (MINVALUE) TO ({first})")
    for n in range(ahead, ahead + AHEAD):
        low = now.month + n
        name = f"event_{now.year + (low - 1) // 12:04}_{(low - 1) % 12 + 1:02}"
        say(
            f"CREATE TABLE {name} PARTITION OF event FOR VALUES FROM ({bound(now.year, low)})"
            f" TO ({bound(now.year, low + 1)})"
        )
        say(f"CREATE UNIQUE INDEX {name}_ticket_seq ON {name} (ticket_id, seq)")
    say(f"CREATE TABLE {REST} PARTITION OF event DEFAULT")
    say(f"CREATE UNIQUE INDEX {REST}_ticket_seq ON {REST} (ticket_id, seq)")


def downgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name != "postgresql":
        return
    say = op.execute
    if connection.execute(sa.text(f"SELECT to_regclass('{BEFORE}')")).scalar():
        say(f"ALTER TABLE event DETACH PARTITION {BEFORE}")
    else:
        say(f"CREATE TABLE {BEFORE} (LIKE event INCLUDING DEFAULTS)")
        say(f"ALTER TABLE {BEFORE} ADD CONSTRAINT pk_event_before PRIMARY KEY (id)")
        say(f"ALTER TABLE {BEFORE} ADD CONSTRAINT uq_event_before_ticket_seq UNIQUE (ticket_id, seq)")
        say(f"ALTER TABLE {BEFORE} ADD CONSTRAINT fk_event_before_ticket_id"
            " FOREIGN KEY (ticket_id) REFERENCES ticket (id)")  # fmt: skip
        for name, columns in INDEXES.items():
            say(f"CREATE INDEX {name}_before ON {BEFORE} {columns}")
    names = ", ".join(column["name"] for column in sa.inspect(connection).get_columns("event"))
    say(f"INSERT INTO {BEFORE} ({names}) SELECT {names} FROM event")  # noqa: S608 - our own names
    say("DROP TABLE event")
    say(f"ALTER TABLE {BEFORE} RENAME TO event")
    for old, new in KEYS.items():
        say(f"ALTER TABLE event RENAME CONSTRAINT {new} TO {old}")
    for name in INDEXES:
        say(f"ALTER INDEX {name}_before RENAME TO {name}")

"""An old portal's database comes up to today with its rows, and back: migrations meet data, not only empty tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from tests.conftest import DATABASE_URL
from tests.databases import postgresql_schema

pytestmark = pytest.mark.thorough

OLD = "0004_attachments"  # the oldest that anybody runs
ROWS = (
    "INSERT INTO organisation (id, code, kind, name, name_en, address_prefix, duty_phone) VALUES (1, 'HQ', 'headquarters', '总部', 'HQ', '', '')",
    "INSERT INTO organisation (id, code, kind, name, name_en, parent_id, address_prefix, duty_phone) VALUES (2, '33', 'province', '浙江', 'ZJ', 1, '', '')",
    "INSERT INTO user_account (id, account, name, password_hash, role, organisation_id, locale, theme, density, epoch, demo)"
    " VALUES (5, 'somebody', '某人', '', 'lcs', 2, 'zh', 'auto', 'comfortable', 0, false)",
    "INSERT INTO session (token_hash, user_id, epoch, data, created_at, active_at)"
    " VALUES ('x', 5, 0, '{}', '2026-11-01 00:00:00', '2026-11-01 00:00:00')",
)  # fmt: skip


@pytest.fixture
def old_portal(tmp_path: Path, redis_url: str) -> Iterator[Flask]:
    """A portal whose database stands at the old revision, with an organisation, its superior and somebody signed in."""
    from flask_migrate import upgrade

    from app import create_app
    from app.config import Config
    from app.extensions import db

    def begin(url: str) -> Iterator[Flask]:
        portal = create_app(Config.for_tests(url, redis_url, tmp_path))
        with portal.app_context():
            upgrade(revision=OLD)
            with db.engine.connect() as connection, connection.begin():
                for row in ROWS:
                    connection.execute(text(row))
            yield portal
            db.session.remove()
            db.engine.dispose()

    if not DATABASE_URL:
        yield from begin(f"sqlite:///{tmp_path / 'old.sqlite3'}")
        return
    with postgresql_schema(DATABASE_URL) as url:
        yield from begin(url)


def people() -> Any:
    from app.extensions import db

    with db.engine.connect() as connection:
        return connection.execute(text("SELECT account, organisation_id FROM user_account")).all()


def test_a_database_with_rows_comes_up_to_today_and_goes_back(old_portal: Flask) -> None:
    from flask_migrate import downgrade, upgrade

    upgrade()
    assert people() == [("somebody", 2)]
    downgrade(revision=OLD)
    assert people() == [("somebody", 2)]
    upgrade()
    assert people() == [("somebody", 2)]


def kept() -> list[list[Any]]:
    """What is kept for the lists of incidents, exemptions and late runs, and the words that are searched."""
    from app.extensions import db

    tables = {
        "incident_ticket": "ticket_id, scope, incident_id, number, answered",
        "incident_count": "incident_id, scope, answered, n",
        "exemption_scope": "exemption_id, scope, state",
        "clock": "id, province_id",
    }
    with db.engine.connect() as connection:
        words = connection.execute(
            text("SELECT ticket_id, CAST(terms AS text) FROM search_document ORDER BY ticket_id")
        )
        return [[(row[0], *sorted(row[1].split())) for row in words]] + [
            [tuple(row) for row in connection.execute(text(f"SELECT {columns} FROM {table} ORDER BY {columns}"))]
            for table, columns in tables.items()
        ]


def test_what_is_kept_for_lists_is_made_from_the_tickets_that_are_there(old_portal: Flask) -> None:
    from flask_migrate import downgrade, upgrade

    from app.extensions import db
    from tests.tools import filling

    upgrade()
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text("DELETE FROM session"))
        connection.execute(text("DELETE FROM user_account"))
        connection.execute(text("DELETE FROM organisation WHERE parent_id IS NOT NULL"))
        connection.execute(text("DELETE FROM organisation"))
    filling.fill(db.session(), 400, provinces=2)
    db.session.remove()
    before = kept()
    assert all(before)
    downgrade(revision="0031_page_indexes")
    upgrade()
    assert kept() == before


def test_archived_tickets_stop_the_way_back_until_they_are_brought_back(
    old_portal: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    from flask_migrate import downgrade, upgrade

    from app.extensions import db

    upgrade()
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text(TICKET))
        connection.execute(text(DOCUMENT))
    with pytest.raises(SystemExit):
        downgrade(revision="0073_problem_types")
    assert "archive back --all" in caplog.text
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text("DELETE FROM archived_ticket"))
    downgrade(revision="0073_problem_types")
    upgrade()


TICKET = (
    "INSERT INTO ticket (id, number, kind, category, priority, channel, complainant_kind, state, queue, overdue, level,"
    " waybill, waybill_reversed, policy_version, repeat_count, urge_count, open_promises, customer_accepted,"
    " objection_over, root_cause, tray_reason, hops, acting_counts, cases, flags, category_wanted, version, last_hash,"
    " opened_at, received_at, activity_at, next_clock) VALUES (77, 'KF1', 'complaint', 'LOST', 'high', 'platform',"
    " 'consignee', 'closed', 'closed', false, 0, '', '', 1, 0, 0, 0, false, false, '', '', 0, false, '{}', '[]', '', 1, 'x',"
    " '2026-11-01 00:00:00', '2026-11-01 00:00:00', '2026-11-01 00:00:00', '')"
)
DOCUMENT = (
    "INSERT INTO archived_ticket (ticket_id, entry, events, first_event_id, last_event_id, document, digest, texts_digest)"
    " VALUES (77, 1, 1, 1, 1, '', 'x', 'x')"
)
ENTRY = (
    "INSERT INTO event (id, ticket_id, seq, type, at, actor_role, data, text_digest, hash)"
    " VALUES ({id}, 77, {seq}, 'note', '2026-11-01 00:00:00', 'system', '{{}}', '', 'h{seq}')"
)


@pytest.mark.postgresql_only  # SQLite keeps its one table
def test_events_go_into_their_months_and_back_with_every_row(old_portal: Flask) -> None:
    from flask_migrate import downgrade, upgrade

    from app.extensions import db
    from app.models.ids import new_id

    upgrade(revision="0080_archive")
    far = new_id() + (62 * 86_400_000 << 22)
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text(TICKET))
        for seq in (1, 2):
            connection.execute(text(ENTRY.format(id=new_id(), seq=seq)))
    upgrade()
    with db.engine.connect() as connection, connection.begin():
        connection.execute(text(ENTRY.format(id=far, seq=3)))
        connection.execute(text(ENTRY.format(id=far << 1, seq=4)))
        placed = dict(connection.execute(text("SELECT seq, tableoid::regclass::text FROM event")).all())
    assert placed[1] == placed[2] == "event_before" and placed[4] == "event_rest"
    assert placed[3].startswith("event_20")
    before = events()
    for _turn in range(2):
        downgrade(revision="0080_archive")
        assert events() == before and len(before) == 4
        with db.engine.connect() as connection:
            kind = connection.execute(text("SELECT relkind FROM pg_class WHERE oid = 'event'::regclass")).scalar()
        assert kind in ("r", b"r")
        upgrade()
        assert events() == before


def events() -> Any:
    from app.extensions import db

    with db.engine.connect() as connection:
        return connection.execute(text("SELECT * FROM event ORDER BY id")).all()

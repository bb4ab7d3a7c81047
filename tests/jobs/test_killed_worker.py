"""A worker process that is killed in the middle of a send: the next one neither doubles nor loses the SMS."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from signal import SIGKILL

import pytest
from sqlalchemy import select

from app.integrations.sms.console import ConsoleSms
from app.jobs import sends
from app.models import Outbox
from app.models.ids import new_id
from tests.cast import NOON, Cast, assemble
from tests.failing import kill


def reminder(session, cast: Cast) -> int:
    """A reminder that waits to be sent."""
    row = Outbox(
        id=new_id(), kind="sms", key="stage-1", lane="phone:13800000003", next_try_at=NOON, created_at=NOON,
        organisation_id=cast.places["330106-01"],
        payload={"phone": "13800000003", "template": "reminder", "variables": {"count": "1", "clock": "accept"}},
    )  # fmt: skip
    session.add(row)
    session.commit()
    return row.id


def wake(session) -> str:
    """Let time pass for the row: its lease and its pause are over. Its state."""
    session.rollback()
    row = session.scalars(select(Outbox)).one()
    long_ago = datetime.now(UTC) - timedelta(minutes=5)
    row.lease_until, row.next_try_at = row.lease_until and long_ago, row.next_try_at and long_ago
    session.commit()
    return row.state


@pytest.mark.parametrize("step", ["outbox.claimed", "outbox.sending", "outbox.sent"])
def test_a_killed_worker_process_leads_to_exactly_one_sms(app, database, db_session, tmp_path, step):
    row_id, known = reminder(db_session, assemble()), app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, data_dir=tmp_path, redis_url="")
    try:
        assert kill(lambda: sends.deliver_one(row_id), step) == -SIGKILL
        for _ in range(4):
            if wake(db_session) == "sent":
                break
            sends.deliver_one(row_id)
    finally:
        app.extensions["kuaifu"] = known
    assert len(list(ConsoleSms(tmp_path / "sms-gateway.jsonl").accepted())) == 1
    assert wake(db_session) == "sent"

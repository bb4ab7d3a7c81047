"""A portal with one of the fake gateways, for tests of what leaves by SMS."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.domain.sms_templates import PURPOSES
from app.jobs import gateways as jobs
from app.jobs import sends
from app.models import Outbox
from app.models.ids import new_id
from app.services import gateways, outbox, sms_receipts
from app.services.transaction import write
from tests.cast import NOON, Cast
from tests.integrations import fake_sms_gateway as fake

PHONE = "13800000003"
TOKEN = "t" * 32
VENDORS = ("tencent", "aliyun")
SECRETS = {
    "tencent": {"secret_id": fake.KEY_ID, "secret_key": fake.KEY_SECRET},
    "aliyun": {"key_id": fake.KEY_ID, "key_secret": fake.KEY_SECRET},
}
SOON = {"count": 4, "overdue": 0, "minutes": 12, "waybill_tail": "8821", "clock": "accept", "due_time": "14:30"}


@pytest.fixture(name="there")
def there_fixture() -> Iterator[fake.FakeGateway]:
    """Both gateways on this machine."""
    with fake.running() as gateway:
        yield gateway


class Portal:
    """A portal at a moment, with a gateway; `now` moves by hand."""

    def __init__(self, app, cast: Cast, there, session) -> None:
        self.app, self.cast, self.there, self.session, self.now = app, cast, there, session, NOON
        self.key = app.extensions["kuaifu"].secret_key

    def use(self, vendor: str, **more: str) -> None:
        """Set up a vendor with all its texts, and choose it."""
        settings = {
            "app_id": fake.APP_ID, "sign_name": fake.SIGN, "signatures": fake.SIGN, "endpoint": self.there.url,
            "receipts": "push", **more,
        }  # fmt: skip
        gateways.configure(
            actor=self.cast["admin"], driver=vendor, settings=settings, secrets=SECRETS[vendor], receipt_token=TOKEN,
            key=self.key, now=self.now,
        )  # fmt: skip
        for purpose in ("due_soon", "overdue", "test"):
            gateways.save_template(
                actor=self.cast["admin"], driver=vendor, purpose=purpose, code=f"T-{purpose}",
                text=PURPOSES[purpose].proposal, state="approved", now=self.now,
            )  # fmt: skip
        gateways.choose(actor=self.cast["admin"], driver=vendor, key=self.key, now=self.now)

    def reminder(self, n: int = 1, variables: dict | None = None) -> int:
        """A reminder that waits to be sent."""
        row = Outbox(
            id=new_id(), kind="sms", key=f"stage-{n}", lane=f"phone:{PHONE}", next_try_at=self.now, created_at=self.now,
            payload={"phone": PHONE, "template": "due_soon", "variables": variables or SOON},
        )  # fmt: skip
        self.session.add(row)
        self.session.commit()
        return row.id

    def deliver(self, row_id: int) -> str:
        return sends.deliver_one(row_id)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def turns(self, row_id: int, minutes: int) -> Outbox:
        """Let that many minutes pass, delivering whenever the row is due."""
        for _ in range(minutes):
            self.later(minutes=1)
            if row_id in outbox.due(self.session, self.now):
                self.session.rollback()
                self.deliver(row_id)
            self.session.rollback()
        return self.row(row_id)

    def row(self, row_id: int) -> Outbox:
        self.session.rollback()
        return self.session.get(Outbox, row_id, populate_existing=True)

    def forget_lease(self, row_id: int) -> None:
        """As after a long time: the lease of a killed worker is over."""
        with write() as session:
            session.get_one(Outbox, row_id).lease_until = None

    def push(self, vendor: str, body: bytes) -> sms_receipts.Taken:
        return sms_receipts.take(driver=vendor, reports=jobs.parse(vendor, body), key=self.key, now=self.now)


@pytest.fixture(name="portal")
def portal_fixture(app: Any, cast: Cast, there: fake.FakeGateway, db_session: Any, monkeypatch: Any) -> Portal:
    """A portal whose clock and the gateways' stand still until moved."""
    made = Portal(app, cast, there, db_session)
    monkeypatch.setattr(clock, "now", lambda: made.now)
    there.now = lambda: made.now
    return made


def quick(monkeypatch: Any) -> None:
    """Drivers that wait 0.3 s for an answer."""
    real = jobs.driver
    monkeypatch.setattr(jobs, "driver", lambda setup: replace(real(setup), timeout=(0.5, 0.3)))

"""The configured SMS gateway: builds its driver, hands messages over, asks for those in doubt, fetches receipts."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import import_module
from typing import Any

from flask import Flask, current_app
from sqlalchemy.orm import Session

from app import clock
from app.extensions import db
from app.integrations.sms import Pending, Receipt, SmsDriver, SmsError
from app.integrations.sms.console import ConsoleSms
from app.models import Outbox
from app.services import customer_link, gateways, sms_fallback, sms_receipts, sms_sends, sms_tests, surveys
from app.services.gateways import Setup
from app.services.outbox import Result
from app.services.sms_sends import Message

log = logging.getLogger(__name__)
PULL_EVERY = 60  # seconds
_pulling = threading.Lock()
WAIT_FOR_SETUP = 600  # seconds until the next try when an administrator has to do something first


@dataclass(frozen=True)
class SmsResult(Result):
    """A result with the seconds that a gateway wants us to wait at least, and whether it surely has no message."""

    pause: int = 0


def driver(setup: Setup) -> SmsDriver:
    """The driver of a set-up gateway. Raises SmsError("endpoint") for an address that is none."""
    has, secret = setup.settings, setup.secrets
    if setup.driver == "tencent":
        tencent = import_module("app.integrations.sms.tencent")
        built: SmsDriver = tencent.TencentSms(
            secret["secret_id"], secret["secret_key"], has["app_id"], has["sign_name"], clock=clock.now,
            endpoint=has.get("endpoint") or tencent.ENDPOINT, region=has.get("region") or tencent.REGION,
        )  # fmt: skip
        return built
    if setup.driver == "aliyun":
        aliyun = import_module("app.integrations.sms.aliyun")
        settle = timedelta(minutes=int(has.get("settle_minutes") or aliyun.SETTLE.total_seconds() // 60))
        built = aliyun.AliyunSms(
            secret["key_id"], secret["key_secret"], has["sign_name"], endpoint=has.get("endpoint") or aliyun.ENDPOINT,
            settle=settle, clock=clock.now,
        )  # fmt: skip
        return built
    return ConsoleSms(current_app.extensions["kuaifu"].data_dir / "sms-gateway.jsonl")


def parse(name: str, body: bytes) -> list[Receipt]:
    """The receipts in what a gateway pushed. Raises SmsError("bad_receipt")."""
    found: list[Receipt] = import_module(f"app.integrations.sms.{name}").parse_receipts(body)
    return found


def answer(name: str) -> dict[str, Any]:
    """What a gateway wants to hear when its receipts were taken."""
    return dict(import_module(f"app.integrations.sms.{name}").ANSWER)


def advice(code: str) -> str:
    """The word for the advice that belongs to an error code of any gateway; empty for our own codes."""
    for name in gateways.SECRETS:
        codes = import_module(f"app.integrations.sms.{name}_codes")
        if code in codes.VERDICTS or (code and codes.verdict(code) is not codes.OTHER):
            return str(codes.verdict(code).advice)
    return ""


# --- one row of the outbox ---


def prepare(session: Session, row: Outbox) -> Message | Result:
    """What the driver needs; notes in the same transaction which gateway gets the message.

    A customer's link that nobody wants any more is refused, unless it may be out already: then it is asked for.
    """
    now, key = clock.now(), current_app.extensions["kuaifu"].secret_key
    wanted = customer_link.complete(session, row, now) and surveys.complete(session, row, now, key)
    if not wanted and not sms_sends.in_doubt(session, row.id):
        return Result("refused", code="no_longer_wanted")
    return sms_sends.prepare(session, row, key, now)


def send(row: Outbox, message: Message) -> Result:
    """Hand a message over. Only what surely reached nobody may be tried again."""
    if message.fault:
        return SmsResult("refused", code=message.fault)
    if message.problem:
        return SmsResult("retry", code=message.problem, pause=WAIT_FOR_SETUP)
    if row.lease_until is not None and clock.now() >= row.lease_until:
        return SmsResult("unknown", code="lease_over")  # this worker slept; the row belongs to another
    try:
        sent = driver(message.setup).send(message.phone, message.template, message.values, message.out_id)
    except SmsError as error:
        return SmsResult(error.verdict.outcome, code=error.code, pause=error.verdict.pause)
    return SmsResult("sent", external_id=sent.external_id)


def query(row: Outbox, message: Message) -> Result:
    """Ask for a message in doubt where it went. Only when it is surely not there does it go back in line.

    It is not sent here: the next try notes anew when it was handed over, so that the next doubt waits as long again.
    The console forgets nothing and is never late, so there nothing has to wait.
    """
    if message.accepted:
        return SmsResult("sent")
    if clock.now() - message.at > sms_sends.GIVE_UP_ASKING:
        return SmsResult("refused", code="never_confirmed")
    if message.setup.problem:
        return SmsResult("unknown", code=message.setup.problem)
    try:
        found = driver(message.setup).query(message.out_id, message.phone, message.at, message.ours)
    except SmsError as error:
        return SmsResult("unknown", code=error.code)
    if found.state == "sent":
        return SmsResult("sent", external_id=found.external_id)
    if found.state == "not_found" and message.setup.driver == gateways.CONSOLE:
        return send(row, message)
    if found.state == "not_found":
        return SmsResult("retry", code="not_arrived")
    return SmsResult("unknown", code="asking")


def settle(session: Session, row: Outbox, result: Result, now: datetime) -> None:
    """After a try that surely arrived nowhere the row is free for any gateway, not before the pause is over.

    What has failed for good is noted, so that somebody else is told.
    """
    if row.state == "failed":
        sms_fallback.note(session, row, result.code, now)
    if result.state != "retry":
        return
    sms_sends.not_arrived(session, row.id)
    pause = result.pause if isinstance(result, SmsResult) else 0
    if row.next_try_at is not None:
        row.next_try_at = max(row.next_try_at, now + timedelta(seconds=pause))


# --- receipts and tests ---


def begin_pull() -> bool:
    """Fetch receipts in a thread beside the schedule, where a gateway is set to be asked; a slow one delays nothing."""
    if not pulled(db.session()) or not _pulling.acquire(blocking=False):
        return False
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    threading.Thread(target=_pull_beside, args=(app,), name="receipts", daemon=True).start()
    return True


def _pull_beside(app: Flask) -> None:
    try:
        with app.app_context():
            pull()
    except Exception:
        log.exception("sms receipts: not fetched")
    finally:
        _pulling.release()


def pull() -> int:
    """Fetch receipts from every gateway that is set to be asked, whichever sends now; the number of new ones."""
    key, new = current_app.extensions["kuaifu"].secret_key, 0
    for name in pulled(db.session()):
        now = clock.now()
        setup = gateways.setup(db.session(), name, key)
        awaited = [
            Pending(str(row_id), external_id, phone, at)
            for row_id, external_id, phone, at in sms_receipts.awaited(db.session(), name, now)
            if phone
        ]
        db.session.rollback()
        period = str(int(now.timestamp()) // PULL_EVERY)
        if setup.problem or not awaited or not sms_receipts.claim_pull(driver=name, period=period, now=now):
            continue
        try:
            found = driver(setup).receipts(awaited)
        except SmsError as error:
            log.warning("sms receipts: driver=%s code=%s", name, error.code)
            continue
        new += sms_receipts.take(driver=name, reports=found, key=key, now=clock.now()).new if found else 0
    return new


def pulled(session: Session) -> list[str]:
    """The gateways whose receipts have to be fetched."""
    found = [name for name, row in gateways.rows(session).items() if row.settings.get("receipts") == "pull"]
    session.rollback()
    return sorted(set(found) & set(gateways.SECRETS))


def send_test(*, test_id: int, setup: Setup, phone: str, template: str, values: dict[str, str]) -> SmsResult:
    """Send the test message that was logged under `test_id`, and write down what the gateway said."""
    try:
        sent = driver(setup).send(phone, template, values, f"test-{test_id}")
        result = SmsResult("sent", external_id=sent.external_id)
    except SmsError as error:
        result = SmsResult(error.verdict.outcome, code=error.code, text=error.verdict.advice)
    sms_tests.finish(test_id=test_id, state=result.state, code=result.code, external_id=result.external_id)
    return result

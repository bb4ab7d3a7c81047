"""Group robots of an organisation: how they are added, and what a reminder says in their group.

A message is an outbox row like an SMS: *sending* is committed before the request, and what may have arrived is never
sent again. It holds counts and the tail of a waybill, nothing personal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import duty as ladder
from app.domain import reminders as rule
from app.domain import robots as hooks
from app.domain import sms_templates
from app.domain.calendars import SHANGHAI
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Organisation, Outbox, Reminder, Robot
from app.models.dialect import for_update, insert_ignoring, lock_key
from app.models.ids import new_id
from app.services import sms_secrets
from app.services.sms_secrets import SecretsUnreadable
from app.services.transaction import write

TEMPLATE, TEST = "due_soon", "test"
KEYWORD = "快复"  # begins every message: DingTalk and Feishu can be set to let only such messages in
TOO_OLD = timedelta(hours=24)
LIMIT, PERIOD = 5, timedelta(minutes=10)
NAME_LENGTH, MOST = 60, 10


@dataclass(frozen=True)
class Message:
    """A message as the driver takes it. `fault` names why it must not go out."""

    vendor: str = ""
    token: str = field(default="", repr=False)
    text: str = ""
    secret: str = field(default="", repr=False)
    fault: str = ""


# --- adding and ending ---


def add(*, actor: Actor, name: str, address: str, key: str, now: datetime, secret: str = "") -> None:
    """Add a robot to the own organisation by its webhook address, with its signing secret where it has one.

    The same robot again changes nothing but its secret, where one is given. `key` is SECRET_KEY. Raises Invalid
    (`name`, `address`, `secret`), NotAllowed for all but managers.
    """
    _keeper(actor)
    hook = hooks.parse(address)
    wrong = {"name": "too_long" if name.strip() else "required"} if not 0 < len(name.strip()) <= NAME_LENGTH else {}
    if hook is None:
        wrong["address"] = "bad_webhook" if address.strip() else "required"
    secret = secret.strip()
    if fault := hooks.wrong_secret(hook, secret):
        wrong["secret"] = fault
    if wrong or hook is None:
        raise Invalid(wrong)
    with write() as session:
        session.scalars(for_update(select(Organisation.id).where(Organisation.id == actor.organisation_id))).one()
        known = of(session, actor.organisation_id)
        same = next((row for row in known if row.vendor == hook.vendor and _token(row, key) == hook.token), None)
        if same is not None:
            if secret:
                same.token, same.signed = _sealed(hook, secret, key), True
            return
        if len(known) >= MOST:
            raise Invalid({"address": "too_many_robots"})
        session.add(Robot(
            id=new_id(), organisation_id=actor.organisation_id, vendor=hook.vendor, name=name.strip(),
            token=_sealed(hook, secret, key), shown=hook.shown, signed=bool(secret), added_by_id=actor.user_id,
            added_at=now,
        ))  # fmt: skip


def end(*, actor: Actor, robot_id: int, now: datetime) -> None:
    """Take a robot away; what still waits for it does not go out. Raises NotFound for another organisation's."""
    _keeper(actor)
    with write() as session:
        _mine(session, actor, robot_id).ended_at = now


def test(*, actor: Actor, robot_id: int, submission_key: str, now: datetime) -> int | None:
    """Write a test message; its row's id, or None when the same form came before.

    Raises NotFound, and NotAllowed("too_many") after 5 of a robot within 10 minutes.
    """
    _keeper(actor)
    with write() as session:
        row = _mine(session, actor, robot_id)
        lock_key(session, f"robot:{row.id}")
        tests = select(func.count()).select_from(Outbox).where(Outbox.lane == f"robot:{row.id}")
        recent = tests.where(Outbox.key.startswith("robot-test:"), Outbox.created_at > now - PERIOD)
        if int(session.scalar(recent) or 0) >= LIMIT:
            raise NotAllowed("too_many")
        key = f"robot-test:{row.id}:{submission_key[:64] or new_id()}"
        values = {"time": now.astimezone(SHANGHAI).strftime("%H:%M")}
        return _write(session, row, key, {"template": TEST, "variables": values}, now)


def of(session: Session, organisation_id: int | None) -> list[Robot]:
    """The robots of an organisation that have not been taken away."""
    statement = select(Robot).where(Robot.organisation_id == organisation_id, Robot.ended_at.is_(None))
    return list(session.scalars(statement.order_by(Robot.added_at, Robot.id)))


def last_messages(session: Session, ids: Sequence[int]) -> dict[int, Outbox]:
    """The newest message to each robot."""
    lanes = [f"robot:{robot_id}" for robot_id in ids]
    newest = select(func.max(Outbox.id)).where(Outbox.lane.in_(lanes)).group_by(Outbox.lane)
    return {int(row.payload["robot_id"]): row for row in session.scalars(select(Outbox).where(Outbox.id.in_(newest)))}


# --- what goes out ---


def tell(session: Session, told: Sequence[tuple[Reminder, rule.Due]], now: datetime) -> None:
    """Write one message for each robot of the organisations that a bundle of reminders speaks to.

    Each group hears of its own organisation's tickets only. What went further because a phone could not be reached
    was in the group before.
    """
    bundles: dict[int, list[tuple[Reminder, rule.Due]]] = {}
    for reminder, due in told:
        if reminder.rung == ladder.DUTY:
            bundles.setdefault(reminder.organisation_id, []).append((reminder, due))
    known = select(Robot).where(Robot.organisation_id.in_(bundles), Robot.ended_at.is_(None)).order_by(Robot.id)
    for robot in session.scalars(known):
        pairs = bundles[robot.organisation_id]
        variables = rule.bundle_variables([due for _reminder, due in pairs], now)
        first = pairs[0][0]
        payload = {"template": TEMPLATE, "variables": variables}
        _write(session, robot, f"robot:{robot.id}:{first.clock_id}:{first.stage}", payload, now)


def message(session: Session, row: Outbox, key: str, now: datetime) -> Message:
    """What the driver needs for a row; `key` is SECRET_KEY."""
    robot = session.get(Robot, int(row.payload["robot_id"]))
    if robot is None or robot.ended_at is not None:
        return Message(fault="no_longer_wanted")
    if now - row.created_at > TOO_OLD:
        return Message(fault="too_old")
    try:
        secrets = sms_secrets.unseal(robot.token, key)
        said = text(row.payload["template"], row.payload["variables"])
        return Message(robot.vendor, secrets["token"], said, secrets.get("secret", ""))
    except SecretsUnreadable as error:
        return Message(fault=error.code)


def text(template: str, variables: Mapping[str, object]) -> str:
    """The words of a message: those of the SMS, with our name in front."""
    if template == TEST:
        return f"{KEYWORD}：群机器人测试，发送时间{variables['time']}，收到说明通道正常。"
    purpose = sms_templates.purpose_of(template, variables)
    said = sms_templates.filled(sms_templates.PURPOSES[purpose].proposal, sms_templates.values_of(purpose, variables))
    return f"{KEYWORD}：{said}"


def _write(session: Session, robot: Robot, key: str, payload: dict[str, Any], now: datetime) -> int | None:
    organisation = session.get_one(Organisation, robot.organisation_id)
    row_id = new_id()
    values = {
        "id": row_id, "kind": "robot", "key": key, "lane": f"robot:{robot.id}", "organisation_id": organisation.id,
        "province_id": organisation.province_id or organisation.id, "payload": {**payload, "robot_id": str(robot.id)},
        "state": "pending", "attempts": 0, "token": 0, "next_try_at": now, "created_at": now, "external_id": "",
        "error": "",
    }  # fmt: skip
    session.execute(insert_ignoring(session, Outbox).values(**values))
    return row_id if session.scalar(select(Outbox.id).where(Outbox.key == key)) == row_id else None


def _sealed(hook: hooks.Webhook, secret: str, key: str) -> bytes:
    return sms_secrets.seal({"token": hook.token} | ({"secret": secret} if secret else {}), key)


def _token(robot: Robot, key: str) -> str:
    return sms_secrets.unseal(robot.token, key)["token"]


def _keeper(actor: Actor) -> None:
    if not actor.can("robots"):
        raise NotAllowed("not_allowed")


def _mine(session: Session, actor: Actor, robot_id: int) -> Robot:
    mine = select(Robot).where(Robot.id == robot_id, Robot.organisation_id == actor.organisation_id)
    row = session.scalars(for_update(mine.where(Robot.ended_at.is_(None)))).one_or_none()
    if row is None:
        raise NotFound("robot_not_found")
    return row

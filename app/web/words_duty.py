"""Words for the duty roster, SMS to couriers, messages that did not arrive, and group robots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import g

from app.domain import duty as rule
from app.domain.robots import DINGTALK, FEISHU, WECOM
from app.models import Outbox, SmsReceipt
from app.services.duty import WHEN
from app.web import words
from app.web.context import translate as _
from app.web.language import table


@table
def weekdays() -> tuple[str, ...]:
    """Monday first."""
    return (
        _("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"),
    )  # fmt: skip


@table
def when() -> dict[str, str]:
    """On which days an entry holds."""
    days = {str(n): _("every %(weekday)s", weekday=name) for n, name in enumerate(weekdays())}
    return {
        "daily": _("every day"), "weekdays": _("Monday to Friday"), "weekend": _("Saturday and Sunday"), **days,
        "day": _("one day only"),
    }  # fmt: skip


def days(numbers: Sequence[int]) -> str:
    """Some weekdays: under one name where they have one, else one by one."""
    name = next((key for key, days in WHEN.items() if days == tuple(numbers)), "")
    return when()[name] if name else _(", ").join(weekdays()[n] for n in numbers)


@table
def kinds() -> dict[str, str]:
    """Who is told by SMS."""
    return {"courier": _("Courier"), "station": _("Station or former courier, without a login")}


@table
def vendors() -> dict[str, str]:
    """The makers of group robots."""
    return {DINGTALK: _("DingTalk"), WECOM: _("WeCom"), FEISHU: _("Feishu")}


@table
def requests() -> dict[str, str]:
    """What a courier is asked to do."""
    return {
        "to_door": _("Bring it to the door"), "redeliver": _("Deliver again"), "call": _("Call the customer"),
        "fetch_back": _("Fetch the parcel back"), "explain": _("Report what happened"),
    }  # fmt: skip


@table
def templates() -> dict[str, str]:
    """The approved texts for couriers."""
    return {"courier_delivery": _("What is to be done"), "courier_promise": _("The open promise to the customer")}


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why something is refused."""
    return {
        "bad_phone": _("A mobile number has 11 digits"),
        "bad_duty_phone": _("A mobile number of 11 digits, or a fixed line with its area code"),
        "bad_wall_time": _("A time is written HH:MM"),
        "unknown_courier": _("This courier is not in your site's list any more"),
        "no_open_promise": _("This ticket has no open promise"),
        "daily_cap": _("This number has had its ten SMS for today"),
        "bad_webhook": _("The whole webhook address of a DingTalk, WeCom or Feishu robot, beginning with https://"),
        "no_signing": _("WeCom robots know no signing secret; leave it empty"),
        "bad_signing_secret": _("The secret as the vendor shows it: letters and digits, without spaces"),
        "too_many_robots": _("Ten robots are enough; take one away first"),
        "too_many": _("Five tests within ten minutes are enough. Please wait."),
    }


@table
def message_errors() -> dict[str, str]:
    """Why a message to a robot did not go out."""
    return {
        "never_asked": _("It may have arrived; nobody can tell, so it is not sent again."),
        "lease_over": _("It may have arrived; nobody can tell, so it is not sent again."),
        "timeout": _("No answer came. It may have arrived, so it is not sent again."),
        "connection_lost": _("No answer came. It may have arrived, so it is not sent again."),
        "bad_answer": _("The answer could not be read. It may have arrived, so it is not sent again."),
        "unreachable": _("Could not be reached. It is tried again by itself."),
        "rate_limited": _("Too many messages in a minute. It is tried again by itself."),
        "no_longer_wanted": _("The robot was taken away."),
        "too_old": _("Older than a day: it is not sent any more."),
        "secrets": _("The stored address cannot be read because SECRET_KEY has changed. Add the robot again."),
    }


def message_error(code: str) -> str:
    """One reason in words; a vendor's own code with a hint."""
    if not code:
        return ""
    known = message_errors().get(code)
    return known or _("The robot refused it (%(code)s). Check keyword, signing secret and address there.", code=code)


def undelivered(data: dict[str, Any]) -> str:
    """Whom an SMS did not reach, and who is told instead."""
    if data.get("kind") == "courier":
        return _("the courier %(phone)s was not reached; please call", phone=data.get("to", ""))
    further = {
        rule.MANAGER: _("%(phone)s not reached; the manager is told", phone=data.get("to", "")),
        rule.PROVINCE: _("%(phone)s not reached; the province service is told", phone=data.get("to", "")),
    }
    return further.get(data.get("next", 0)) or _("%(phone)s not reached", phone=data.get("to", ""))


def sms_chip(row: Outbox, receipt: SmsReceipt | None) -> dict[str, Any]:
    """Where an SMS to a courier is: waiting, sent, delivered or failed."""
    labels = {"sent": _("Sent"), "failed": _("Failed"), "unknown": _("Asking the gateway")}
    label, tone = labels.get(row.state, _("Waiting")), {"sent": "info", "failed": "late"}.get(row.state, "soon")
    if receipt is not None:
        label, tone = (_("Delivered"), "good") if receipt.delivered else (_("Failed"), "late")
    return {"label": _("SMS: %(state)s", state=label), "tone": tone, "error": "", "resend_href": ""}


def courier_text(variables: dict[str, Any]) -> str:
    """An SMS to a courier as the outbox lists it."""
    asked = words.word(requests(), str(variables.get("request") or ""))
    promised = words.word(words.promises(), str(variables.get("promise") or ""))
    values = {"tail": variables.get("waybill_tail") or "—", "day": variables["day"], "time": variables["due_time"]}
    if promised:
        return _("Courier: …%(tail)s %(what)s promised by %(day)s %(time)s", what=promised, **values)
    return _("Courier: …%(tail)s %(what)s by %(day)s %(time)s", what=asked, **values)


def span(begins: Any, until: Any) -> str:
    """A part of a day as it is written on the wall."""
    from_text, until_text = g.fmt.full(begins)[11:16], g.fmt.full(until)[11:16]
    return f"{from_text}–{'24:00' if until_text == '00:00' else until_text}"

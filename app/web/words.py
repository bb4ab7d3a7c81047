"""Codes turned into people's words. The rules raise codes; only here they get a language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g

from app.web import vocabulary
from app.web.context import translate as _
from app.web.language import table


@table
def states() -> dict[str, str]:
    """The states of a ticket."""
    return {
        "open": _("To accept"),
        "in_progress": _("In progress"),
        "replied": _("Replied"),
        "appealed": _("Customer appeal"),
        "closed": _("Closed"),
        "withdrawn": _("Withdrawn"),
    }


@table
def clock_kinds() -> dict[str, str]:
    """What a clock waits for."""
    return {
        "accept": _("Accept"),
        "first_reply": _("First reply"),
        "resolve": _("Result"),
        "close": _("Close ticket"),
        "appeal": _("Appeal ruling"),
        "objection": _("Waiting for customer"),
        "platform": _("Platform deadline"),
        "legal": _("Legal deadline"),
    } | vocabulary.merged("clock_kinds")


@table
def queues() -> dict[str, str]:
    """The queues in the rail."""
    return {
        "todo": _("To do"),
        "overdue": _("All overdue"),  # whoever has the turn; the first band of a list is of that list alone
        "due_soon": _("Due within 30 min"),
        "returned": _("Returned for rework"),
        "to_accept": _("To accept"),
        "working": _("In progress"),
        "appealed": _("Customer appeals"),
        "replied": _("Replied"),
        "elsewhere": _("With others"),
        "tray": _("To be assigned"),
        "all": _("All open"),
    } | vocabulary.merged("queues")


@table
def contacts() -> dict[str, str]:
    """How a contact attempt ended."""
    return {
        "reached_accepts": _("Reached, accepts"),
        "reached_denies": _("Reached, denies complaining"),
        "no_answer": _("No answer"),
        "busy": _("Busy"),
        "number_off": _("Number off or expired"),
        "not_the_person": _("Not the person"),
    }


@table
def measures() -> dict[str, str]:
    """What was done about a complaint."""
    return {
        "redelivered": _("Redelivered to the door"),
        "found": _("Found and handed over"),
        "corrected": _("Record corrected"),
        "compensated": _("Compensated"),
        "explained": _("Explained and apologised"),
        "tracing": _("Tracing the parcel"),
    }


@table
def root_causes() -> dict[str, str]:
    """Why it happened; required on closing."""
    return {
        "courier": _("Courier did not follow the rules"),
        "site_sorting": _("Sorted wrongly at the site"),
        "station": _("Pick-up station"),
        "hub": _("Hub or line-haul"),
        "address": _("Address wrong or unclear"),
        "customer": _("Customer's own reason"),
        "weather": _("Weather or force majeure"),
        "system": _("System or data error"),
        "other": _("Other"),
    }


@table
def rulings() -> dict[str, str]:
    """The rulings on a customer's appeal."""
    return {
        "upheld_return": _("Upheld: back to the site"),
        "upheld_other_site": _("Upheld: to another site"),
        "upheld_compensate": _("Upheld: compensate and close"),
        "rejected_close": _("Not upheld: close"),
    }


@table
def promises() -> dict[str, str]:
    """What can be promised to a customer."""
    return {
        "redelivery": _("Redelivery"),
        "call_back": _("Call back"),
        "compensation": _("Compensation"),
    }


@table
def channels() -> dict[str, str]:
    """How a complaint came in."""
    return {
        "platform": _("Platform"),
        "telephone": _("Telephone"),
        "wechat": _("WeChat"),
        "alipay": _("Alipay"),
        "qq": _("QQ"),
        "web": _("Web site"),
        "email": _("E-mail"),
        "letter": _("Letter"),
        "regulator": _("Postal regulator (12305)"),
    }


@table
def complainants() -> dict[str, str]:
    """Who complains."""
    return {
        "consignee": _("Consignee"),
        "sender": _("Sender"),
        "merchant": _("Merchant"),
        "platform": _("Platform"),
        "regulator": _("Regulator"),
    }


@table
def tray_reasons() -> dict[str, str]:
    """Why a ticket could not be routed."""
    return {
        "site_closed": _("The site is closed"),
        "unknown_site": _("The platform named a site we do not know"),
        "no_match": _("No scan and no address names a site"),
        "several_match": _("Several sites match the address"),
        "platform_expired": _("The platform's time was over on arrival"),
    } | vocabulary.merged("tray_reasons")


@table
def scan_types() -> dict[str, str]:
    """Scans of a parcel."""
    return {
        "COLLECT": _("Collected"),
        "ARRIVE": _("Arrived"),
        "DEPART": _("Departed"),
        "DELIVER": _("Out for delivery"),
        "SIGN": _("Signed for"),
    } | vocabulary.merged("scan_types")


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why an action is refused."""
    return {
        "required": _("Please fill in"),
        "choose": _("Please choose"),
        "tick": _("Please tick"),
        "too_long": _("Too long"),
        "in_the_past": _("This time is already over"),
        "promise_too_far": _("At most 100 days ahead"),
        "news_too_far": _("At most 7 days ahead"),
        "bad_time": _("Please enter date and time"),
        "bad_waybill": _("A waybill has 8 to 20 letters and digits"),
        "unknown_site": _("There is no such site in your area"),
        "unknown_answer": _("The platform does not accept this answer"),
        "not_an_option": _("Please choose one of the listed values"),
        "not_a_number": _("Please enter a number"),
        "not_a_date": _("Please enter a date"),
        "invalid": _("Please check the marked fields"),
        "stale": _("Someone else acted on this ticket meanwhile. The newer entries are shown; your text is kept."),
        "sent_already": _("This form was sent before, with other words: those are stored. What you typed now is kept."),
        "not_allowed": _("This step is not possible in the ticket's present state"),
        "promise_not_open": _("This promise is settled already"),
        "no_appeal": _("There is no appeal to rule on"),
        "appeal_taken": _("A colleague has this appeal before them now. What you typed is kept."),
    } | vocabulary.merged("errors")


@table
def callback_states() -> dict[str, str]:
    """Where an answer is on its way out."""
    return {
        "pending": _("Waiting to be sent"),
        "claimed": _("Being sent"),
        "sending": _("Being sent"),
        "sent": _("Delivered"),
        "unknown": _("Asking the gateway"),
        "failed": _("Failed"),
        "withdrawn": _("Taken back"),
    }


@table
def sms_states() -> dict[str, str]:
    """Where a reminder is on its way to the phone."""
    return {**callback_states(), "sent": _("Sent")}


@table
def routing_rules() -> dict[str, str]:
    """Which organisation a connection's tickets go to (rulebook 3.1)."""
    return {"delivery": _("Delivering site"), "origin": _("Site of origin"), "last_scan": _("Site of the last scan")}


def refused(error: Any) -> str:
    """Why an action is refused, with the values that its words name."""
    return filled(word(errors(), getattr(error, "code", "invalid")), getattr(error, "detail", {}))


def filled(text: str, values: Mapping[str, object]) -> str:
    """A sentence with its values put in, instants in the reader's words."""
    if not values or "%(" not in text:
        return text
    return text % {name: g.fmt.time(value) if isinstance(value, datetime) else value for name, value in values.items()}


def word(table: dict[str, str], code: str) -> str:
    """The word for a code; an unknown code shows itself rather than nothing."""
    return table.get(code, code)


def shown_of() -> dict[str, str]:
    """Whose personal data somebody was shown in full."""
    return {
        "contact": _("the complainant"), "consignee": _("the consignee"), "sender": _("the sender"),
        "merchant": _("the merchant"), "platform": _("the platform's person"), "regulator": _("the officer"),
        "message": _("the platform's message as it came"),
    }  # fmt: skip

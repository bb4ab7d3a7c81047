"""Words for SMS gateways: what a code of a gateway, a remark on a text or a state means, and what to do about it."""

from __future__ import annotations

from app.domain.sms_content import Finding
from app.jobs import gateways
from app.models import Outbox, SmsReceipt
from app.web import words
from app.web.context import translate as _
from app.web.language import table


@table
def drivers() -> dict[str, str]:
    """The gateways."""
    return {"console": _("Console (nothing leaves the house)"), "tencent": _("Tencent Cloud"), "aliyun": _("Aliyun")}


@table
def purposes() -> dict[str, str]:
    """What an SMS text is for."""
    return {
        "due_soon": _("Reminder before the deadline"),
        "overdue": _("Reminder with overdue tickets"),
        "result_link": _("Result with a link for the customer"),
        "survey_link": _("Question after closing, with a link for the customer"),
        "courier_delivery": _("Request to the courier"),
        "courier_promise": _("Promise to the customer, told to the courier"),
        "site_urged": _("Urging by the superior"),
        "test": _("Test message"),
    }


@table
def template_states() -> dict[str, str]:
    """Where a text stands with the gateway."""
    return {
        "draft": _("Draft"), "submitted": _("Submitted for approval"), "approved": _("Approved"),
        "rejected": _("Rejected by the gateway"),
    }  # fmt: skip


@table
def receipt_ways() -> dict[str, str]:
    """How receipts come."""
    return {"push": _("The gateway sends them to us"), "pull": _("We fetch them every minute")}


@table
def advice() -> dict[str, str]:
    """What to do about a gateway's error, in plain words."""
    return {
        "signature": _("The gateway does not know this signature, or it is not approved. Check it in the console."),
        "template": _("The gateway does not know this template code, or it is not approved. Check it in the console."),
        "template_values": _("The values do not fit the approved text. Compare the text here with the approved one."),
        "long_value": _("A value is longer than the gateway allows. Ask it for longer variables."),
        "content_long": _("The message is too long. Shorten the text."),
        "link_in_value": _("The gateway refuses links in values. Put the address into the approved text."),
        "banned_words": _("The gateway found a word that may not be sent. Change the text and have it approved anew."),
        "blocked_phone": _("This number does not accept such messages. Use another number."),
        "phone": _("This is not a mobile number that the gateway can reach. Check the number."),
        "balance": _("The account has no credit or is suspended. Top it up at the gateway."),
        "app": _("The application number is wrong, or SMS is not opened for this account."),
        "permission": _("The key may not send SMS. Give it the permission at the gateway."),
        "ip_list": _("The gateway does not accept our network address. Add it to the allowed addresses there."),
        "key": _("The gateway does not accept the key. Enter both parts of the key again."),
        "clock": _("The clock of this server is wrong. Set it right; the gateway allows a few minutes."),
        "limit_seconds": _("Too many messages in a short time. It is tried again by itself."),
        "limit_hour": _("The gateway's limit for one hour is reached. It is tried again after an hour."),
        "limit_day": _("This number has had its messages for today. It is not tried again."),
        "limit_total": _("The daily limit of the whole account is reached. Raise it at the gateway."),
        "network": _("The gateway could not be reached. Check the network; it is tried again by itself."),
        "tls": _("The gateway's certificate is not valid. Check the address and the server's clock."),
        "timeout": _("No answer came. The message may have gone out, so it is not sent again but asked for."),
        "gateway_error": _("The gateway had an error. The message may have gone out, so it is asked for."),
        "bad_request": _("The gateway refused the request. Look the code up in its documentation."),
        "endpoint": _("The gateway's address is not valid: https, or http on this machine only."),
        "other": _("Unknown code. The message may have gone out, so it is asked for."),
        **_own_advice(),
    }


@table
def _own_advice() -> dict[str, str]:
    """What kept a message in the house, without any gateway's doing."""
    return {
        "not_set_up": _("The gateway is not set up completely. Enter the missing settings and keys."),
        "secrets": _("The stored keys cannot be read because SECRET_KEY has changed. Enter them again."),
        "no_template": _("There is no approved text for this purpose."),
        "too_old": _("Older than a day: it is not sent any more."),
        "no_longer_wanted": _("Not needed any more: answered, expired or without a mobile number."),
        "never_confirmed": _("Nobody confirmed it within three days. It was not sent again."),
        "asking": _("The gateway is being asked."),
        "not_arrived": _("It did not arrive at the gateway and is sent again."),
        "lease_over": _("Another process has taken over."),
        "io": _("The list of the console could not be written."),
    }


def explained(code: str, key: str) -> str:
    """The plain advice for an error: by its own code, else by the group that the code belongs to."""
    table = advice()
    return table.get(code) or table.get(key) or (table["other"] if code else "")


@table
def findings() -> dict[str, str]:
    """Remarks on a text; `%s` takes the spot."""
    return {
        "empty": _("The text is empty."),
        "no_signature": _("There is no signature yet: enter it in the settings."),
        "bad_signature": _("A signature has 2 to 12 letters, digits or Chinese characters: %s"),
        "unregistered_signature": _("This signature is not among the approved ones: %s"),
        "brackets": _("Brackets 【】 and [] are not allowed: the gateway adds the signature itself."),
        "odd_character": _("This character may arrive garbled: %s"),
        "control_character": _("The text holds a line break or an invisible character."),
        "bad_placeholder": _("A variable is written ${name}; a brace is left over."),
        "unknown_variable": _("There is no such variable for this purpose: %s"),
        "long_variable": _("Longer than new accounts allow; ask the gateway for longer variables: %s"),
        "repeated_variable": _("Used twice; give each place a variable of its own: %s"),
        "touching_variables": _("Two variables stand side by side; Tencent wants words between them."),
        "only_variables": _("Too little fixed text: it must tell what the message is about."),
        "link": _("This address is not among the approved ones: %s"),
        "variable_link": _("A host name must not hold a variable: %s"),
        "mobile_number": _("Personal mobile numbers are not allowed; use a landline, 400 or 95 number."),
        "address": _("This looks like somebody's address: %s"),
        "person": _("This looks like somebody's name: %s"),
        "banned_word": _("Carriers refuse this word: %s"),
        "too_long": _("Longer than 500 characters with signature and values: %s"),
        "parts": _("With the longest values it is billed as %s messages (70 characters each, longer ones 67)."),
    }


def finding(found: Finding) -> str:
    """One remark in words."""
    text = words.word(findings(), found.code)
    return text.replace("%s", found.detail)


@table
def errors() -> dict[str, str]:
    """What is wrong with a field of the gateway's page."""
    return {
        **words.errors(),
        "too_long": _("Too long"),
        "unregistered_signature": _("This signature is not in the list of approved ones"),
        "endpoint": _("A host name with https, or http on this machine only"),
        "not_a_host": _("Host names only, without https:// and path"),
        "weak_token": _("24 to 100 letters, digits, - and _; nobody may guess it"),
        "bad_code": _("Letters, digits, - and _ only"),
        "bad_phone": _("A mobile number has 11 digits"),
        "findings": _("The gateway would refuse this text; see the remarks. A draft can be saved."),
        "not_set_up": _("This gateway is not set up yet"),
        "no_template": _("This gateway has no approved texts for reminders yet"),
        "too_many": _("Five tests within ten minutes are enough. Please wait."),
    }


@table
def results() -> dict[str, str]:
    """How a test message ended."""
    return {
        "sent": _("The gateway accepted the message"), "refused": _("The gateway refused the message"),
        "retry": _("The message did not go out"), "unknown": _("Unknown whether the message went out"),
        "sending": _("Interrupted before an answer came"),
    }  # fmt: skip


def delivery(delivered: bool, code: str) -> str:
    """What the carrier reported."""
    return _("Arrived on the phone") if delivered else _("Not delivered (%(code)s)", code=code or "—")


def fate(row: Outbox, receipt: SmsReceipt | None) -> dict[str, str]:
    """What the SMS outbox shows beside a row's state: the carrier's report, or what stands in the way."""
    if receipt is not None:
        tone = "good" if receipt.delivered else "late"
        return {"delivery": delivery(receipt.delivered, receipt.code), "delivery_tone": tone, "advice": ""}
    code = row.error.split(":")[0]
    return {"delivery": "", "advice": explained(code, gateways.advice(code)) if row.state != "sent" else ""}

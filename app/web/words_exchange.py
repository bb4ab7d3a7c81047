"""The words of the interfaces: what a message is, what became of it, and why one cannot be read."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def states() -> dict[str, str]:
    """What became of a message."""
    return {
        "applied": _("Taken"),
        "waiting": _("Waits for its order"),
        "quarantined": _("In quarantine"),
        "conflict": _("Contradicts an earlier one"),
        "replayed": _("Out of the quarantine"),
    }


@table
def types() -> dict[str, str]:
    """The kinds of messages."""
    return {
        "WORK_ORDER_ISSUE": _("New order"),
        "WORK_ORDER_URGE": _("Urged"),
        "WORK_ORDER_REPEAT": _("Repeated complaint"),
        "WORK_ORDER_RETREAT": _("Answer sent back by the platform"),
        "WORK_ORDER_REJECT": _("Rejects the result"),
        "WORK_ORDER_SATISFIED": _("Satisfied"),
        "WORK_ORDER_CANCEL": _("Withdrawn by the platform"),
        "PARCEL_SCANS": _("Scans of parcels"),
        "TICKET": _("A row that was asked for"),
    }


@table
def drivers() -> dict[str, str]:
    """How a connection works."""
    return {"link": _("pushes to us"), "pdd": _("is asked by us"), "channel": _("asks us about parcels")}


@table
def faults() -> dict[str, str]:
    """Why a message could not be read; `%(field)s` is where."""
    return {
        "bad_field": _("The field %(field)s cannot be read"),
        "missing_field": _("The field %(field)s is missing"),
        "missing_work_order_code": _("The order's number is missing (work_order_code)"),
        "missing_event_time": _("The message has no time (event_time)"),
        "unknown_msg_type": _("The type of this message is in no map"),
        "bad_encoding": _("Not in the connection's charset"),
        "bad_json": _("Not readable as JSON"),
        "not_an_object": _("Not readable as JSON"),
        "xml_not_supported": _("XML, which nobody here reads yet"),
        "duplicate_key": _("A field stands twice in it"),
        "bad_number": _("It holds a number that is none, or too large"),
        "lone_surrogate": _("It holds characters that are none"),
        "nul": _("It holds characters that are none"),
        "too_deep": _("It is nested too deeply"),
        "not_taken": _("It was read, but could not be stored"),
        "same_key_other_body": _("The same message came with other content; both are kept"),
    }


def fault(error: str) -> str:
    """The words for an error of a message ("code:field"); empty for none, the code itself for an unknown one."""
    code, _colon, field = error.partition(":")
    if error.startswith("first body had"):
        return faults()["same_key_other_body"]
    words = faults().get(code, error)
    return words % {"field": field or "?"} if "%(field)s" in words else words


@table
def slips() -> dict[str, str]:
    """What would have to be mended for a signature to fit."""
    return {
        "space_for_plus": _("It fits once the spaces in the signature are plus signs again: it was not URL-encoded."),
        "surrounding_space": _("It fits without the spaces around it."),
        "trailing_newline": _("It fits with another line end: the text that was signed ends differently."),
        "other_charset": _("It fits in the other charset: the connection is set to the wrong one."),
        "other_spacing": _("It fits when the JSON is written anew: the sender signed another spelling than it sent."),
        "hex_for_base64": _("It fits as hexadecimal: the sender must use Base64 of the raw digest."),
        "letter_case": _("It fits in capital letters."),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a connection's maps."""
    return {
        "unknown_category": _("There is no such category of ours: %(line)s"),
        "unknown_type": _("There is no such type of ours: %(line)s"),
        "not_a_path": _("A field is written with letters, digits and dots: %(line)s"),
        "no_driver": _("Nobody here speaks this connection's protocol"),
        "not_a_line": _("Each line reads: theirs = ours. This one does not: %(line)s"),
    }

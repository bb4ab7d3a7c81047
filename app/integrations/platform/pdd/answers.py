"""Our answer in the platform's fields: who is liable, signed or not, compensation in fen, and calls (interfaces 1)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.integrations.platform.driver import Wire
from app.integrations.platform.errors import CallbackResult, PlatformError
from app.integrations.platform.pdd import gateway

NOTIFY = "pdd.logistics.ticket.notify"
RESULT, CALL = 1, 2  # reply_type
# The platform's words with their numbers; the default 0 is no choice of a clerk's.
DUTIES = {"消费者责任": 1, "商家责任": 2, "快递公司责任": 3, "其他": 4}
SIGN_STATES = {"未签收": 1, "已签收": 2}
NOT_COMPENSATED, COMPENSATED = 1, 2
RULED_DUTY = {"UPHELD": 3}  # what headquarters' ruling on an appeal says, which has no form
CALL_RESULTS = {"number_off": 1, "busy": 2, "no_answer": 3, "not_the_person": 4, "reached_denies": 5}


def _field(name: str, label: str, kind: str, options: Mapping[str, int] | None = None) -> dict[str, Any]:
    return {"field_name": name, "field_label": label, "field_type": kind, "require": True,
            "field_value": list(options or ())}  # fmt: skip


_ALWAYS = [_field("duty", "责任方", "select", DUTIES), _field("sign_state", "签收状态", "select", SIGN_STATES)]
# The platform sends no list of allowed answers; these two carry what its notification has fields for.
ALLOWED = [
    {"reply_value": "HANDLED", "reply_label": "已处理", "operate_type": "HANDLED", "reply_supplement": _ALWAYS},
    {"reply_value": "COMPENSATED", "reply_label": "已赔付", "operate_type": "COMPENSATED",
     "reply_supplement": [*_ALWAYS, _field("compensate_amount", "赔付金额（元）", "yuan")]},
]  # fmt: skip


def answer(payload: Mapping[str, Any], wire: Wire) -> CallbackResult:
    """Send a result or a call's outcome; the same payload always says the same.

    Raises PlatformError, bad_payload (permanent) where an amount is no amount or a code unknown.
    """
    fields = call_fields(payload, wire) if payload.get("call") else fields_of(payload, wire)
    try:
        said = gateway.call(wire, NOTIFY, fields)
    except PlatformError as error:
        if error.code.startswith("refused"):
            return CallbackResult(False, error.code.removeprefix("refused").strip(), error.text)
        raise
    done = said.get("is_success", said.get("success"))
    return CallbackResult(True) if str(done).lower() == "true" else CallbackResult(False, "", str(said)[:300])


def fields_of(payload: Mapping[str, Any], wire: Wire) -> dict[str, Any]:
    """The fields of a result (reply_type 1). Raises PlatformError("bad_payload")."""
    given = payload.get("extension") or {}
    fen = _fen(given.get("compensate_amount"))
    duty = _coded(DUTIES, given.get("duty")) or RULED_DUTY.get(str(payload.get("operate_type")), 0)
    return {
        "ticket_id": _ticket(payload), "reply_type": RESULT, "handle_result": payload.get("description", ""),
        "duty": duty, "sign_state": _coded(SIGN_STATES, given.get("sign_state")),
        "compensate_state": COMPENSATED if fen else NOT_COMPENSATED, "compensate_amount": fen,
        "express_dealer": payload.get("operator_name", ""),
        "express_dealer_contact": str(wire.options.get("dealer_contact", "")),
    }  # fmt: skip


def call_fields(payload: Mapping[str, Any], wire: Wire) -> dict[str, Any]:
    """The fields of an attempt to reach the complainant (reply_type 2). Raises PlatformError("bad_payload")."""
    call = payload["call"]
    if call.get("outcome") not in CALL_RESULTS:
        raise PlatformError("bad_payload", permanent=True)
    result = {
        "call_result": CALL_RESULTS[call["outcome"]], "call_timestamp": str(call["at_ms"]),
        "caller_name": payload.get("operator_name", ""),
        "caller_contract": str(wire.options.get("dealer_contact", "")),
    }  # fmt: skip
    return {
        "ticket_id": _ticket(payload), "reply_type": CALL,
        "reply_call_result": json.dumps(result, ensure_ascii=False, separators=(",", ":")),
    }  # fmt: skip


def _ticket(payload: Mapping[str, Any]) -> str:
    return str(payload["work_order_code"])


def _coded(codes: Mapping[str, int], word: Any) -> int:
    if not word:
        return 0
    if word not in codes:
        raise PlatformError("bad_payload", permanent=True)
    return codes[word]


def _fen(yuan: Any) -> int:
    """Yuan as typed in whole fen, exactly; nothing typed is nothing paid."""
    if yuan in (None, ""):
        return 0
    try:
        fen = Decimal(str(yuan).strip()) * 100
    except InvalidOperation:
        raise PlatformError("bad_payload", permanent=True) from None
    if not fen.is_finite() or fen < 0 or fen != fen.to_integral_value():
        raise PlatformError("bad_payload", permanent=True)
    return int(fen)

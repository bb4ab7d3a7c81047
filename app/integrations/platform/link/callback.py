"""Our answer on its way to the platform: one signed POST, every way to fail told apart (interfaces, section 1)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from app.integrations.platform import http
from app.integrations.platform.errors import CallbackResult, MessageError, PlatformError
from app.integrations.platform.link.envelope import signature
from app.integrations.platform.messages import SHANGHAI
from app.integrations.platform.strict_json import decode_body

__all__ = ["CallbackClient", "CallbackResult", "PlatformError", "body_of", "send_callback"]

MSG_TYPE = "WORK_ORDER_TASK_CALLBACK"
ORDER_TYPES: Mapping[str, int] = {"complaint": 0, "consult": 1}  # the callback's own numbers, not the push's
_REQUIRED = ("work_order_code", "operate_time")


@dataclass(frozen=True)
class CallbackClient:
    """Sends answers. `timeout` is (connect, read) in seconds; the whole answer has to arrive within the read time."""

    timeout: tuple[float, float] = (3, 10)
    provider_id: str = "kuaifu"

    def send_callback(
        self, endpoint: str, payload: Mapping[str, Any], secret: str, charset: str = "utf-8"
    ) -> CallbackResult:
        """POST one answer and read what the platform made of it.

        `payload` is as in `body_of`. The same payload always gives the same bytes, so that a repetition can be
        recognised. Redirects are not followed, proxies and .netrc of the environment are not used, nothing is logged.

        Raises PlatformError. Worth another try: timeout, dns, connection, tls, rate_limited, server_error, redirect,
        unauthorised, not_found, html_page, bad_answer, answer_too_large. Permanent: bad_payload, bad_endpoint,
        bad_request.
        """
        form = _form(payload, secret, charset, self.provider_id)
        return _result(http.post_form(endpoint, form, charset=charset, timeout=self.timeout), charset)


def send_callback(
    endpoint: str,
    payload: Mapping[str, Any],
    secret: str,
    charset: str = "utf-8",
    timeout: tuple[float, float] = (3, 10),
) -> CallbackResult:
    """`CallbackClient.send_callback` with the default sender; the same errors."""
    return CallbackClient(timeout).send_callback(endpoint, payload, secret, charset)


def body_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """The callback's JSON object.

    `payload`: work_order_code, operate_time (aware datetime, its ISO text, or the platform's own
    'YYYY-MM-DD HH:MM:SS' in Asia/Shanghai), and optionally task_id (an order that came without a task is answered
    without one), work_order_type ("complaint" or "consult"), operate_type, operator_name, description, extension
    (object), attachments (list).

    Raises PlatformError("bad_payload").
    """
    if any(not payload.get(name) for name in _REQUIRED):
        raise PlatformError("bad_payload", permanent=True)
    order_type = payload.get("work_order_type") or "complaint"
    if order_type not in ORDER_TYPES:
        raise PlatformError("bad_payload", permanent=True)
    return {
        "work_order_code": payload["work_order_code"],
        "work_order_type": ORDER_TYPES[order_type],
        "task_id": payload.get("task_id") or "",
        "operate_time": _operate_time(payload["operate_time"]),
        "operate_type": payload.get("operate_type", ""),
        "operator_name": payload.get("operator_name", ""),
        "description": payload.get("description", ""),
        "extension": payload.get("extension") or {},
        "attachments": payload.get("attachments") or [],
    }


def _operate_time(value: datetime | str) -> str:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        raise PlatformError("bad_payload", permanent=True) from None
    return (moment.astimezone(SHANGHAI) if moment.tzinfo else moment).strftime("%Y-%m-%d %H:%M:%S")


def _form(payload: Mapping[str, Any], secret: str, charset: str, provider_id: str) -> bytes:
    body = _encode(body_of(payload), charset)
    fields = {
        "logistics_interface": body,
        "data_digest": signature(body, secret),
        "msg_type": MSG_TYPE,
        "logistic_provider_id": provider_id,
        "msg_id": hashlib.sha256(body).hexdigest()[:32],
    }
    return urlencode(fields).encode("ascii")


def _encode(body: Mapping[str, Any], charset: str) -> bytes:
    """The body's bytes; what GBK cannot write goes out as JSON escapes, which every charset can."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode(charset)
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError):
        raise PlatformError("bad_payload", permanent=True) from None


def _result(answer: bytes, charset: str) -> CallbackResult:
    if answer.lstrip().startswith(b"<"):
        raise PlatformError("html_page")
    try:
        body = _decode_either(answer, charset)
    except MessageError:
        raise PlatformError("bad_answer") from None
    success = str(body.get("success", "")).lower()
    if success not in ("true", "false"):
        raise PlatformError("bad_answer")
    if success == "true":
        return CallbackResult(True)
    code = body.get("error_code") or body.get("errorCode") or ""
    message = body.get("error_msg") or body.get("errorMsg") or ""
    return CallbackResult(False, str(code)[:64], str(message)[:500])


def _decode_either(answer: bytes, charset: str) -> dict[str, Any]:
    """Some gateways answer in UTF-8 whatever the connection speaks; UTF-8 first, as GBK reads almost any bytes."""
    try:
        return decode_body(answer, "utf-8")
    except MessageError as error:
        if error.code != "bad_encoding" or charset == "utf-8":
            raise
        return decode_body(answer, charset)

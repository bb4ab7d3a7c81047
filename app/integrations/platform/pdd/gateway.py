"""The open platform's gateway: signed parameters out, one JSON answer in (interfaces, section 1)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from app.domain import outside_json
from app.integrations.platform import http
from app.integrations.platform.driver import Wire
from app.integrations.platform.errors import PlatformError

MAX_ANSWER = 8 * 1024 * 1024  # bytes: a page of a hundred tickets with their texts
_UNAUTHORISED = frozenset({"10000", "10001", "10016", "10018", "10019", "20004", "20005", "20031", "30001"})
_TOO_OFTEN = frozenset({"52101", "70031", "70032", "70033", "70034"})
_THEIR_FAULT = frozenset({"50001", "52001", "52002", "52102", "52103"})


def sign(fields: Mapping[str, str], secret: str) -> str:
    """Upper-case hex of the MD5 of secret, all names and values in the order of the names, and secret."""
    text = secret + "".join(f"{name}{fields[name]}" for name in sorted(fields)) + secret
    return hashlib.md5(text.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def signature(text: bytes, secret: str) -> str:
    """The signature of a form-urlencoded request; its own `sign` does not count."""
    pairs = dict(parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True))
    pairs.pop("sign", None)
    return sign(pairs, secret)


def call(wire: Wire, method: str, fields: Mapping[str, Any], *, limit: int = http.MAX_ANSWER) -> dict[str, Any]:
    """Call `method` and give the object inside its answer.

    Raises PlatformError as `http.post_form` does, and html_page, bad_answer, unauthorised, rate_limited, server_error;
    `refused` with the platform's code and words where it read the request and said no.
    """
    form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    form |= {
        "type": method, "client_id": str(wire.options.get("client_id", "")), "data_type": "JSON", "version": "V1",
        "access_token": str(wire.options.get("access_token", "")), "timestamp": str(int(time.time())),
    }  # fmt: skip
    form["sign"] = sign(form, wire.secrets[0] if wire.secrets else "")
    return _opened(http.post_form(wire.address, urlencode(form).encode("ascii"), limit=limit))


def _opened(answer: bytes) -> dict[str, Any]:
    if answer.lstrip().startswith(b"<"):
        raise PlatformError("html_page")
    try:
        body = outside_json.read(answer)
    except ValueError:
        raise PlatformError("bad_answer") from None
    if not isinstance(body, dict) or len(body) != 1:
        raise PlatformError("bad_answer")
    (name, inner), *_rest = body.items()
    if not isinstance(inner, dict):
        raise PlatformError("bad_answer")
    if name == "error_response":
        raise _error(inner)
    return inner


def _error(said: Mapping[str, Any]) -> PlatformError:
    code = str(said.get("error_code") or "")
    text = str(said.get("sub_msg") or said.get("error_msg") or "")[:300]
    if code in _UNAUTHORISED:
        return PlatformError("unauthorised", text=f"{code} {text}")
    if code in _TOO_OFTEN:
        return PlatformError("rate_limited", text=f"{code} {text}")
    if code in _THEIR_FAULT:
        return PlatformError("server_error", text=f"{code} {text}")
    return PlatformError(f"refused {str(said.get('sub_code') or code)[:40]}", permanent=True, text=text)

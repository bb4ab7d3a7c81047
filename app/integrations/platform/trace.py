"""Asks a carrier's own service for the traces of parcels: the same signed envelope as everything we send."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from app.domain.scans import ScanIn
from app.domain.waybills import normalise
from app.integrations.platform import http, parcel_scans
from app.integrations.platform.errors import MessageError, PlatformError
from app.integrations.platform.link.envelope import signature
from app.integrations.platform.strict_json import decode_body

__all__ = ["PlatformError", "TraceClient"]

MSG_TYPE = "PARCEL_TRACE_QUERY"
MAX_ANSWER = 512 * 1024  # bytes
CONNECT = 2.0  # seconds


@dataclass(frozen=True)
class TraceClient:
    """Speaks to one service. `timeout`: seconds within which the whole answer has to be here."""

    endpoint: str
    secret: str
    timeout: float = 3.0
    provider_id: str = "kuaifu"

    def fetch(self, waybills: Sequence[str]) -> list[ScanIn]:
        """The scans that the service knows of these parcels, in any order; those of others are left out.

        Raises PlatformError. Worth another try: what `http.post_form` says, html_page, bad_answer, and the service's
        own refusal as "refused". Permanent: bad_endpoint, bad_request.
        """
        timeout = (min(CONNECT, self.timeout), self.timeout)
        answer = http.post_form(self.endpoint, self._form(waybills), timeout=timeout, limit=MAX_ANSWER)
        asked = {normalise(waybill) for waybill in waybills}
        return [scan for scan in _read(answer) if normalise(scan.waybill) in asked]

    def _form(self, waybills: Sequence[str]) -> bytes:
        body = json.dumps({"mail_nos": list(waybills)}, separators=(",", ":")).encode()
        fields = {
            "logistics_interface": body, "data_digest": signature(body, self.secret), "msg_type": MSG_TYPE,
            "logistic_provider_id": self.provider_id, "msg_id": hashlib.sha256(body).hexdigest()[:32],
        }  # fmt: skip
        return urlencode(fields).encode("ascii")


def _read(answer: bytes) -> list[ScanIn]:
    if answer.lstrip().startswith(b"<"):
        raise PlatformError("html_page")
    try:
        body = decode_body(answer)
        if str(body.get("success", "")).lower() == "false":
            raise PlatformError("refused")
        return parcel_scans.read(body)
    except MessageError:
        raise PlatformError("bad_answer") from None

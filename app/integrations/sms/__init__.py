"""SMS gateways: one protocol, one error type; each driver speaks to one gateway (interfaces, section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

QueryState = Literal["sent", "not_found", "unknown"]


@dataclass(frozen=True)
class Sent:
    """The gateway accepted the message under its own id."""

    external_id: str


class SmsError(Exception):
    """The gateway did not accept the message, or nobody knows whether it did (code "timeout"): then ask, never resend.

    Permanent: the same message will be refused again.
    """

    def __init__(self, code: str, *, permanent: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.permanent = permanent


class SmsDriver(Protocol):
    """What every gateway can do for us."""

    def send(self, phone: str, template: str, variables: Mapping[str, str], out_id: str) -> Sent:
        """Hand one message to the gateway under our `out_id`. Not idempotent. Raises SmsError."""

    def query(self, out_id: str) -> QueryState:
        """Whether the gateway has accepted a message with that `out_id`; "unknown" when it cannot say now."""

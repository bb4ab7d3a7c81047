"""SMS gateways: one protocol, one error type; each driver speaks to one gateway (interfaces, section 2)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from app.domain import outside_json

QueryState = Literal["sent", "not_found", "unknown"]
Outcome = Literal["refused", "retry", "unknown"]


@dataclass(frozen=True)
class Sent:
    """The gateway accepted the message under its own id."""

    external_id: str


@dataclass(frozen=True)
class Found:
    """What the gateway says about a message in doubt; `external_id` where it names one.

    not_found: it surely has not arrived there, so that it may be sent again.
    """

    state: QueryState
    external_id: str = ""


@dataclass(frozen=True)
class Receipt:
    """What became of a message: `serial` is the gateway's id, `code` its reason, `at` the time of the report (UTC).

    `out_id` is our own id where the gateway gives it back.
    """

    serial: str
    phone: str
    delivered: bool
    code: str = ""
    at: datetime | None = None
    out_id: str = ""


@dataclass(frozen=True)
class Pending:
    """A message whose receipt is still awaited; `at` is when it was handed over (UTC)."""

    out_id: str
    external_id: str
    phone: str
    at: datetime


@dataclass(frozen=True)
class Verdict:
    """What a gateway's error code means. `advice` names the plain text; `pause` is seconds before another try.

    refused: never again. retry: it surely did not go out, later it may. unknown: perhaps it did: ask, never resend.
    """

    outcome: Outcome
    advice: str
    pause: int = 0


class SmsError(Exception):
    """The gateway did not accept the message, or nobody knows whether it did (code "timeout"): then ask, never resend.

    Permanent: the same message will be refused again. `verdict` says more where the gateway gave a code.
    """

    def __init__(self, code: str, *, permanent: bool = False, verdict: Verdict | None = None) -> None:
        super().__init__(code)
        self.code = outside_json.line(code, 200)  # the gateway's own word, which goes into rows and logs
        self.verdict = verdict or Verdict("refused" if permanent else "unknown", "other")
        self.permanent = self.verdict.outcome == "refused"


class SmsDriver(Protocol):
    """What every gateway can do for us."""

    def send(self, phone: str, template: str, variables: Mapping[str, str], out_id: str) -> Sent:
        """Hand one message to the gateway under our `out_id`. Not idempotent. Raises SmsError.

        template: the approved code; variables: in the order of the approved text.
        """

    def query(self, out_id: str, phone: str = "", at: datetime | None = None, ours: Collection[str] = ()) -> Found:
        """Whether the gateway has accepted a message with that `out_id`; "unknown" when it cannot say now.

        phone, at: where it went and when it was first handed over; ours: the gateway's ids that belong to other
        messages of this phone, for gateways that can only be asked by phone and time.
        """

    def receipts(self, awaited: Sequence[Pending]) -> list[Receipt]:
        """Receipts that can be fetched now, for the `awaited` messages or all there are. Raises SmsError."""

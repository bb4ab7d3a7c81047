"""The two ways in which talking to a platform fails: its message to us, and our answer to it."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain import outside_json


class MessageError(Exception):
    """A pushed message that cannot be taken. `code` says why, `field` where; no value of the message is kept here.

    Permanent: the same bytes will fail again.
    """

    def __init__(self, code: str, field: str = "", *, permanent: bool = True) -> None:
        super().__init__(f"{code}:{field}" if field else code)
        self.code = code
        self.field = field
        self.permanent = permanent


class PlatformError(Exception):
    """An answer that the platform did not take note of. Not permanent: worth another try later.

    `retry_after` is the platform's own wish in seconds, where it sent one; `text` its own words.
    """

    def __init__(
        self, code: str, *, permanent: bool = False, retry_after: int | None = None, text: str = ""
    ) -> None:  # fmt: skip
        super().__init__(code)
        self.code = outside_json.line(code, 200)
        self.permanent = permanent
        self.retry_after = retry_after
        self.text = outside_json.line(text, 500)


@dataclass(frozen=True)
class CallbackResult:
    """What the platform said. Not ok: it read the answer and refused it, with its own code and words."""

    ok: bool
    error_code: str = ""
    error_msg: str = ""

"""The errors the rules raise. They carry codes and fields, never a sentence: the web turns codes into words."""

from __future__ import annotations

from collections.abc import Mapping


class DomainError(Exception):
    """Something the rulebook does not allow. `code` names the reason, `detail` its values."""

    def __init__(self, code: str, **detail: object) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class NotFound(DomainError):
    """The object does not exist or lies outside the actor's scope; both look the same from outside."""


class NotAllowed(DomainError):
    """The action is not open to this actor in this state."""


class Stale(DomainError):
    """Somebody else acted since the page was shown; `detail["version"]` is the current one."""


class Invalid(DomainError):
    """One or more fields are wrong. `fields` maps a field's name to an error code, `detail` has their values."""

    def __init__(self, fields: Mapping[str, str], **detail: object) -> None:
        super().__init__("invalid", **detail)
        self.fields = dict(fields)

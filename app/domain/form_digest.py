"""What stands for all that somebody typed into a form: two posts of one form are the same where this is."""

from __future__ import annotations

import hashlib
from typing import Any

from app.domain.canonical import canonical

# what belongs to the post or to the page that it was sent from, and changes when the same form is sent again
OF_THE_POST = frozenset({
    "csrf_token", "version", "submission_key", "draft", "draft_version", "template", "attachment", "file", "box",
    "confirmed", "next", "stay", "back", "from", "seen",
})  # fmt: skip


def digest(said: object) -> str:
    """The SHA-256 in hex of plain values; how lines end and how wide a gap is says nothing."""
    return hashlib.sha256(canonical(_even(said)).encode()).hexdigest()


def _even(value: Any) -> Any:
    if isinstance(value, str):
        return " ".join(value.split())
    if isinstance(value, dict):
        return {name: _even(one) for name, one in value.items()}
    return [_even(one) for one in value] if isinstance(value, (list, tuple)) else value

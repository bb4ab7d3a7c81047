"""Drafts of replies: what is kept of a form, how much, and for how long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

KEPT = timedelta(days=7)
BOXES = ("result", "follow_up", "note", "ruling")  # the reply boxes that hold more than a choice
MOST_FIELDS, MOST_CHARACTERS = 60, 8000
# what belongs to the post and not to what somebody typed
NOT_TYPED = frozenset({
    "csrf_token", "version", "submission_key", "draft", "draft_version", "template", "attachment", "file", "box",
    "confirmed", "next", "stay", "back",
})  # fmt: skip


def typed(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What of a form is worth keeping: each field that was filled in, once."""
    return {name[:60]: value for name, value in fields if name not in NOT_TYPED and value.strip()}


def fresh(saved_at: datetime, now: datetime) -> bool:
    """Whether a draft is still offered."""
    return now - saved_at < KEPT


def fits(values: Mapping[str, str]) -> bool:
    """Whether a draft is as small as a form's can be; anything else was not typed by hand."""
    return len(values) <= MOST_FIELDS and sum(len(value) for value in values.values()) <= MOST_CHARACTERS


def same(one: Mapping[str, str], other: Mapping[str, str]) -> bool:
    """Whether two drafts say the same; line ends differ between a browser's ways to send a form."""
    return _plain(one) == _plain(other)


def _plain(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value.replace("\r\n", "\n").strip() for name, value in values.items()}

"""What happens in the demo's stories between several desks: returns, responsible parties, help."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from app.services import disputes, helping, parties, transfers
from app.services.demo_stage import Play
from app.services.demo_stories import Story, words
from app.services.desk import Post
from app.services.disputes import DisputeIn
from app.services.transfers import ReturnIn

MOST_PARTIES = 2  # (D) of the rulebook


def _give_up(stage: Play, story: Story, post: Post, site_code: Any, at: datetime) -> None:
    asked = ReturnIn("outside_area", words("give_up"), site_code or "")
    transfers.give_up(actor=stage.clerk(story), post=post, asked=asked, now=at)


def _ask_party(stage: Play, story: Story, post: Post, code: Any, at: datetime) -> None:
    parties.add(actor=stage.clerk(story), post=post, code=code, text=words("ask_party"), most=MOST_PARTIES, now=at)


def _dispute(stage: Play, _story: Story, post: Post, account: Any, at: datetime) -> None:
    why = DisputeIn("not_our_scan", words("dispute"))
    disputes.dispute(actor=stage.actors[account], post=post, why=why, now=at)


def _ask_help(stage: Play, story: Story, post: Post, _rest: Any, at: datetime) -> None:
    helping.ask_help(actor=stage.clerk(story), post=post, text=words("ask_help"), now=at)


VERBS: dict[str, Callable[[Play, Story, Post, Any, datetime], None]] = {
    "give_up": _give_up, "ask_party": _ask_party, "dispute": _dispute, "ask_help": _ask_help,
}  # fmt: skip

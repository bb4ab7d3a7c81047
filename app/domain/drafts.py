"""Drafts of what is worded on a ticket: which forms have one, what is kept of them, how much, and for how long."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

KEPT = timedelta(days=7)
BOXES = ("result", "settle", "follow_up", "note", "ruling")  # that hold more than a choice
SHEETS = (
    "return", "transfer", "promise", "hand_over", "give_back", "wait", "correct_category", "consent_category", "told",
    "customer_accepts", "customer_rejects", "withdraw", "link_waybill", "intervene", "ask_exemption", "ask_help",
    "recall_help", "answer_help", "act_for", "stop_acting", "urge_site", "raise_priority", "to_complaint",
    "accept_answer", "return_answer", "pass_up", "customer_unhappy", "recall_report", "add_party", "remove_party",
    "answer_as_party", "dispute", "agree_dispute", "reject_dispute", "arbitrate", "rule_dispute", "order_evidence",
    "deliver_evidence",
)  # fmt: skip
AUDIT, CONTEST, DECISION = "audit", "contest", "decide"  # forms about one thing of a ticket, named with its id
_OF_ONE = re.compile(rf"({AUDIT}|{CONTEST}|{DECISION})-([0-9a-f]{{1,16}})")
# forms on pages of their own, before there is a ticket or beside all tickets, and what one must be able to do there
PAGES = {
    "new-complaint": "new_ticket", "new-expedite": "new_ticket", "new-inquiry": "new_ticket", "ask": "new_ticket",
    "hand": "penalty_enter", "several": "penalty_contest", "order": "rectify_order",
}  # fmt: skip
REPLY, FILL, RECHECK = "reply", "fill", "recheck"  # to an incident's tickets; of a rectification form, named by number
_OF_PAGE = re.compile(rf"({REPLY}|{FILL}|{RECHECK})-([A-Z]{{2,3}}\d{{6}}-\d{{6,12}})")
_CAN = {REPLY: "incidents", FILL: "rectify", RECHECK: "rectify_order"}
TICKS = {"several": "penalty", REPLY: "ticket"}  # boxes of a list: which of them are ticked is kept, too
MOST_FIELDS, MOST_CHARACTERS = 60, 8000
# what belongs to the post and not to what somebody typed
NOT_TYPED = frozenset({
    "csrf_token", "version", "submission_key", "draft", "draft_version", "template", "attachment", "file", "box",
    "confirmed", "next", "stay", "back", "from", "contest", "month", "incident", "revision", "seen", "remove",
    "verdict",
})  # fmt: skip


def of_one(kind: str, row_id: int) -> str:
    """The name of the form about one audit (AUDIT) or one penalty (CONTEST, DECISION on its contest)."""
    return f"{kind}-{row_id:x}"


def split(box: str) -> tuple[str, int]:
    """The kind and id of such a form; the name itself and 0 for any other."""
    found = _OF_ONE.fullmatch(box)
    return (found[1], int(found[2], 16)) if found else (box, 0)


def page(kind: str, number: str) -> str:
    """The name of a form on the page of an incident (REPLY) or a rectification form (FILL, RECHECK)."""
    return f"{kind}-{number}"


def page_parts(name: str) -> tuple[str, str]:
    """The kind and number of such a form; the name itself and no number for any other."""
    found = _OF_PAGE.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def needs(name: str) -> str:
    """What whoever keeps a draft of a page's form must be able to do; empty where no page has that form."""
    return PAGES.get(name, "") or _CAN.get(page_parts(name)[0] if page_parts(name)[1] else "", "")


def keeps(box: str) -> bool:
    """Whether a form of that name has a draft."""
    return box in BOXES or box in SHEETS or _OF_ONE.fullmatch(box) is not None


def typed(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """What of a form is worth keeping: each field that was filled in, once; of a list every box that is ticked."""
    found: dict[str, str] = {}
    for name, value in fields:
        if name in NOT_TYPED or not value.strip():
            continue
        found[name[:60]] = f"{found[name]} {value}" if name in found and name in TICKS.values() else value
    return found


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

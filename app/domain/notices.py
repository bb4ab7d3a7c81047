"""What the bell tells: one table from the kind of an entry to the notice and to whom it goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OWNER = "owner"  # whoever owns the ticket, and nobody where nobody does
DESK = "desk"  # the owner, else the people of the handling site
NAMED = "named"  # the people of the organisation that the entry names
PERSON = "person"  # the one person that the entry names
EVERY_SIDE = "every_side"  # the desk, and the people of every organisation that the entry gives a share
MOST_TOLD = 20  # people of one organisation that one entry tells
SHOWN = 99  # unread notices are counted no further
KEPT_DAYS = 60


@dataclass(frozen=True)
class Telling:
    """`notice` is the code of what is said, `whom` one of the five above."""

    notice: str
    whom: str


TOLD: dict[str, Telling] = {
    "handed_over": Telling("assigned", OWNER),
    "auto_assigned": Telling("assigned", OWNER),
    "callback_refused": Telling("refused", DESK),
    "repeat": Telling("repeated", DESK),
    "sent_back": Telling("sent_back", DESK),
    "reject": Telling("rejected", DESK),
    "customer_rejects": Telling("rejected", DESK),
    "promise_broken": Telling("promise_broken", DESK),
    "help_answered": Telling("helped", DESK),
    "acting_started": Telling("acted_for", DESK),
    "site_urged": Telling("urged", DESK),
    "ruling": Telling("ruled", DESK),
    "return_refused": Telling("return_refused", DESK),
    "party_disputed": Telling("disputed", DESK),
    "party_added": Telling("asked", NAMED),
    "party_urged": Telling("urged", NAMED),
    "evidence_ordered": Telling("evidence", NAMED),
    "dispute_agreed": Telling("dispute_ruled", NAMED),
    "dispute_rejected": Telling("dispute_refused", NAMED),
    "dispute_ruled": Telling("dispute_ruled", EVERY_SIDE),
    "answer_given": Telling("answered", NAMED),
    "answer_returned": Telling("answer_returned", OWNER),
    "report_recalled": Telling("recalled", OWNER),
    "problem_reported": Telling("problem", DESK),
    "penalty_ruled": Telling("contest_ruled", PERSON),
}
EXPORTED, NOT_EXPORTED = "exported", "not_exported"  # no entry of a ticket: the file is there, or will not come
RECTIFY = frozenset(  # of a rectification form's entry, see services/rectification_notices
    {"rectify_asked", "rectify_due", "rectify_late", "rectify_filled", "rectify_back", "rectify_done"}
)
KINDS = frozenset({one.notice for one in TOLD.values()}) | {EXPORTED, NOT_EXPORTED} | RECTIFY


def organisations(telling: Telling, data: Mapping[str, Any]) -> list[int]:
    """The organisations that the entry names for this notice, each once; `data` is the entry's."""
    if telling.whom == NAMED:
        return [data["organisation_id"]] if data.get("organisation_id") else []
    if telling.whom == EVERY_SIDE:
        return list(dict.fromkeys(share[0] for share in data.get("shares", ())))
    return []

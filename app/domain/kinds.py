"""The kinds of tickets (rulebook 2) and what each is spared. All share one table of actions, one machinery."""

from __future__ import annotations

COMPLAINT, EXPEDITE, PROBLEM, CLAIM, INQUIRY = "complaint", "expedite", "problem", "claim", "inquiry"
KINDS = (COMPLAINT, EXPEDITE, PROBLEM, CLAIM, INQUIRY)

SCORED = frozenset({COMPLAINT})  # on scorecards, in the audits' sample, asked about by survey
LEGAL = frozenset({COMPLAINT})  # with the clock of the law
COUNTS_UP = frozenset({COMPLAINT, EXPEDITE})  # the same parcel again is the same ticket (rulebook 3.12)
VERIFIED = frozenset({COMPLAINT})  # a result needs the customer reached, or the attempts (rulebook 3.8)
BY_HAND = (COMPLAINT, EXPEDITE, INQUIRY)  # what comes from outside the house
UNCHARGED = frozenset({INQUIRY})  # answered and never penalised (rulebook 2)
# where a ticket goes whose category is none of its kind's
OTHERWISE = {COMPLAINT: "OTHER", EXPEDITE: "PARCEL_QUERY", INQUIRY: "CONSULT", PROBLEM: "PROBLEM_OTHER"}


def otherwise(kind: str) -> str:
    """The category of a ticket that names none of its kind."""
    return OTHERWISE.get(kind, "OTHER")

"""What looks wrong about a result before anybody has read it (rulebook 3.13 "red flags")."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

SAME_TEXT, NO_SCAN, PHOTO_REUSED = "same_text", "no_delivery_scan", "photo_reused"
PHOTO_OLD, TOO_QUICK, SIGNER = "photo_old", "too_quick", "signer_contradicts"
OWN_NUMBER = "own_number"
FLAGS = (SAME_TEXT, NO_SCAN, PHOTO_REUSED, PHOTO_OLD, TOO_QUICK, SIGNER, OWN_NUMBER)
DELIVERED = frozenset({"redelivered", "found"})  # measures that put the parcel into somebody's hands
ARRIVED = frozenset({"DELIVER", "SIGN"})
_SIGNERS = (
    ("station", re.compile("驿站|代收点|便利店|超市|小店|自提点|门店")),
    ("locker", re.compile("柜|丰巢")),
    ("proxy", re.compile("门卫|前台|保安|物业|邻居|同事|家人|家属|父|母|妻|夫|代签|代收|他人|别人")),
    ("self", re.compile("本人|自己|客户签收|收件人")),
)


@dataclass(frozen=True)
class ScanFact:
    """One scan of the parcel."""

    kind: str
    at: datetime
    note: str = ""


@dataclass(frozen=True)
class ResultFacts:
    """A result and what is known about it. Instants are UTC; `begun_at` is when its writer claimed the ticket or, where
    somebody else did, when the site got it; `taken` are the instants of its pictures' cameras.

    `same_text`: how often the site used this text on that day; `reused`: a picture of it lies on another ticket;
    `own_number`: the complainant's telephone is one of the site's own.
    """

    at: datetime
    received_at: datetime
    begun_at: datetime | None = None
    measure: str = ""
    signed_by: str = ""
    complainant: str = ""
    same_text: int = 1
    reused: bool = False
    taken: Sequence[datetime] = ()
    scans: Sequence[ScanFact] = ()
    own_number: bool = False


def of(facts: ResultFacts, *, same_text_most: int, quick_seconds: int) -> tuple[str, ...]:
    """The flags of one result, in the order of FLAGS. `quick_seconds` 0 asks nothing of the time."""
    begun = facts.begun_at
    quick = begun is not None and facts.at - begun < timedelta(seconds=quick_seconds)
    raised = {
        SAME_TEXT: facts.same_text > same_text_most,
        NO_SCAN: facts.measure in DELIVERED and not _arrived_since(facts),
        PHOTO_REUSED: facts.reused,
        PHOTO_OLD: any(taken < born for taken in facts.taken for born in _born(facts)),
        TOO_QUICK: quick,
        SIGNER: _contradicts(facts),
        OWN_NUMBER: facts.own_number,
    }
    return tuple(flag for flag in FLAGS if raised[flag])


def spelled(text: str) -> str:
    """A text without what changes from ticket to ticket: blanks, digits and masked digits do not make it another."""
    return re.sub(r"[\s\d*＊xX]+", "", text)


def signer(words: str) -> str:
    """Who signed, as a kind: self, proxy, station, locker; empty where the words do not say."""
    return next((kind for kind, pattern in _SIGNERS if pattern.search(words)), "")


def _arrived_since(facts: ResultFacts) -> bool:
    return any(scan.kind in ARRIVED and facts.received_at < scan.at <= facts.at for scan in facts.scans)


def _born(facts: ResultFacts) -> list[datetime]:
    """When the parcel began to exist for us: its first scan; nothing where no scan is known."""
    known = [scan.at for scan in facts.scans]
    return [min(known)] if known else []


def _contradicts(facts: ResultFacts) -> bool:
    """The result names another kind of signer than the last signing scan before it does."""
    signed = [scan for scan in facts.scans if scan.kind == "SIGN" and scan.at <= facts.at]
    if not signed or not facts.signed_by.strip():
        return False
    said = "self" if facts.signed_by.strip() == facts.complainant.strip() else signer(facts.signed_by)
    traced = signer(max(signed, key=lambda scan: scan.at).note)
    return bool(said and traced and said != traced)

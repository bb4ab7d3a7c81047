"""Responsible parties in the model: asked, answering, disputing, before a court (rulebook 3.10)."""

from __future__ import annotations

from app.services import arbitration, disputes, parties
from app.services.disputes import DisputeIn
from tests.services.life_acts import NOT_WITHDRAWN
from tests.services.life_model import CCS, GONE, Case, Life, Who
from tests.services.life_passing import presume
from tests.services.life_scene import Scene, Verb
from tests.services.life_time import MINUTE, next_working_day

SITES = ("330106-01", "330108-01", "440305-01")
MOST = 2


def _there(life: Life) -> list[Case]:
    return [case for case in life.cases.values() if case.state not in GONE]


def _sites(_life: Life, _who: Who) -> tuple[str, ...]:
    return SITES


def _named(life: Life, _who: Who) -> tuple[str, ...]:
    return tuple(life.cases) or SITES[1:]


def _own_or_named(life: Life, who: Who) -> tuple[str, ...]:
    """A party speaks for itself alone."""
    return (who.org,) if who.org in life.cases else _named(life, who)


def _state(s: Scene, org: str = "") -> str:
    case = s.life.cases.get(org or s.arg)
    return case.state if case else ""


def _works(s: Scene) -> bool:
    return s.works and s.life.state in NOT_WITHDRAWN


def _may_add(s: Scene) -> bool:
    known = s.arg == s.life.site or _state(s) not in ("", "removed", "dropped")
    room = len(_there(s.life)) < MOST
    return s.works and s.life.state in ("in_progress", "replied") and s.life.first_replied and not known and room


def _add(s: Scene) -> None:
    s.life.spoke.add(s.who.name)
    s.life.cases[s.arg] = Case(s.arg)
    s.life.seen.add(s.arg)
    s.life.live.add(s.arg)
    s.life.runs.void(("close",), s.now)
    s.life.runs.start("party_reply", s.now, org=s.arg)
    s.life.rehear(s.now)


def _remove(s: Scene) -> None:
    s.life.spoke.add(s.who.name)
    case = s.life.cases[s.arg]
    case.state, case.contest_until = "removed", None
    s.life.live.discard(s.arg)
    s.life.runs.void(("party_reply",), s.now, s.arg)
    s.life.start_close(s.now)


def _owes(s: Scene, org: str) -> bool:
    return bool(s.life.runs.going(("party_reply",), org)) and _state(s, org) in ("asked", "presumed")


def _may_urge(s: Scene) -> bool:
    lately = bool(s.life.cases.get(s.arg)) and any(s.now < at + 30 * MINUTE for at in s.life.cases[s.arg].urged)
    return _works(s) and _owes(s, s.arg) and not lately


def _urge(s: Scene) -> None:
    s.life.spoke.add(s.who.name)
    s.life.cases[s.arg].urged.append(s.now)


def _is_party(s: Scene) -> bool:
    return s.who.desk == "site" and s.life.state in NOT_WITHDRAWN and _state(s, s.who.org) not in ("", *GONE)


def _heard(s: Scene) -> Case:
    """The party speaks, after its due perhaps before anybody has looked."""
    case = s.life.cases[s.who.org]
    s.life.spoke.add(s.who.name)
    run = next(iter(s.life.runs.going(("party_reply",), case.org)), None)
    if run is not None and case.state == "asked" and run.due < s.now:
        presume(s.life, case, run)
    return case


def _answer(s: Scene) -> None:
    case = _heard(s)
    case.state = "answered" if case.state == "asked" else case.state
    s.life.runs.stop(("party_reply",), s.now, case.org)
    s.life.start_close(s.now)


def _may_dispute(s: Scene) -> bool:
    case = s.life.cases.get(s.who.org)
    if case is None or not _is_party(s):
        return False
    contests = case.state == "presumed" and case.contest_until is not None and s.now <= case.contest_until
    return contests or (case.state == "asked" and _in_time_to_contest(s, case))


def _in_time_to_contest(s: Scene, case: Case) -> bool:
    run = next(iter(s.life.runs.going(("party_reply",), case.org)), None)
    return run is None or s.now <= run.due or s.now <= next_working_day(run.due)


def _dispute(s: Scene) -> None:
    case = _heard(s)
    case.state, case.contest_until = "disputed", None
    s.life.runs.stop(("party_reply",), s.now, case.org)
    case.ruling = s.life.runs.start("ruling", s.now, org=s.life.assessed)
    s.life.start_close(s.now)


def _decide(s: Scene, state: str) -> None:
    s.life.spoke.add(s.who.name)
    case = s.life.cases[s.arg]
    case.state = state
    if state == "rejected":
        case.rejected_by = s.who.org
    if case.ruling is not None:
        s.life.runs.end(case.ruling, s.now)
    case.ruling = None
    s.life.start_close(s.now)


def _may_arbitrate(s: Scene) -> bool:
    case = s.life.cases.get(s.arg)
    side = s.works or (s.who.desk == "site" and s.who.org == s.arg)
    open_to = case is not None and (case.state == "rejected" or (case.state == "ruled" and case.court != CCS))
    return side and s.life.state in NOT_WITHDRAWN and open_to


def _arbitrate(s: Scene) -> None:
    s.life.spoke.add(s.who.name)
    case = s.life.cases[s.arg]
    s.life.to_court(case, CCS if case.state == "ruled" else s.life.court, s.now)
    s.life.rehear(s.now)
    s.life.start_close(s.now)


def _may_rule(s: Scene) -> bool:
    """The court, not whoever spoke for a side, and not before everybody was heard."""
    before = [case for case in s.life.cases.values() if case.state == "arbitration"]
    sits = any(case.court == s.who.org for case in before)
    own = s.who.name in s.life.spoke | s.life.hands or any(case.ruled_by == s.who.name for case in before)
    waits = any(case.state in ("asked", "disputed") or case.contest_until for case in _there(s.life))
    return sits and s.life.state in NOT_WITHDRAWN and not own and not waits


def _rule(s: Scene) -> None:
    for case in _there(s.life):
        if case.ruling is not None:
            s.life.runs.end(case.ruling, s.now)
        case.state, case.court, case.ruling, case.ruled_by = "ruled", s.who.org, None, s.who.name
    s.life.start_close(s.now)


def _shares(s: Scene) -> dict[str, int | None]:
    """The handling site bears it all."""
    return {s.life.assessed or "": 100, **{case.org: 0 for case in _there(s.life)}}


VERBS = {
    "add_party": Verb(
        _may_add, _add, lambda s, real: parties.add(**real, code=s.arg, text="请说明", most=MOST), _sites),
    "remove_party": Verb(
        lambda s: _works(s) and _state(s) in ("asked", "answered", "presumed"), _remove,
        lambda s, real: parties.remove(**real, party=s.arg, text="与贵方无关"), _named),
    "urge_party": Verb(_may_urge, _urge, lambda s, real: parties.urge(**real, party=s.arg), _named),
    "answer_as_party": Verb(
        lambda s: _is_party(s) and _owes(s, s.who.org), _answer, lambda s, real: parties.answer(**real, text="有底单")),
    "dispute": Verb(
        _may_dispute, _dispute,
        lambda s, real: disputes.dispute(**real, why=DisputeIn("not_our_scan", "不是我方扫描"))),
    "agree_dispute": Verb(
        lambda s: _works(s) and _state(s) == "disputed", lambda s: _decide(s, "not_liable"),
        lambda s, real: disputes.agree(**real, party=s.arg, add_named=False, text="", most=MOST), _named),
    "reject_dispute": Verb(
        lambda s: _works(s) and _state(s) == "disputed", lambda s: _decide(s, "rejected"),
        lambda s, real: disputes.reject(**real, party=s.arg, text="有贵方签收扫描"), _named),
    "arbitrate": Verb(
        _may_arbitrate, _arbitrate, lambda s, real: arbitration.arbitrate(**real, party=s.arg, text="请裁定"), _own_or_named),
    "rule_dispute": Verb(
        _may_rule, _rule, lambda s, real: arbitration.rule_on(**real, shares=_shares(s), text="依据扫描")),
}  # fmt: skip

"""What the service desks and headquarters do in the model: help, chase, decide (rulebook 3.2, 3.11; 4, `appeal`)."""

from __future__ import annotations

from app.services import acting, appeals, closing, helping, replies, routing, superior, transfers
from tests.services import life_says as says
from tests.services.life_acts import BEFORE_THE_END, NOT_WITHDRAWN, help_waits
from tests.services.life_model import AT_WORK, PROVINCE, Life, Who
from tests.services.life_scene import Scene, Verb
from tests.services.life_time import HOUR, MINUTE

SITES = ("330106-01", "330108-01", "440305-01")
MOST_HOPS = 2


def _sites(_life: Life, _who: Who) -> tuple[str, ...]:
    return SITES


def _may_note(s: Scene) -> bool:
    case = s.life.cases.get(s.who.org)
    party = case is not None and case.state not in ("removed", "dropped") and s.who.desk == "site"
    return (s.works or s.superior or party) and s.life.state in NOT_WITHDRAWN


def _not_of_a_party(life: Life, who: Who) -> tuple[None, ...]:
    """Left out: the service desk of another province, which may write while a party of its own is in."""
    return () if who.desk == "lcs" and who.province != life.province else (None,)


# --- not ours ---


def _may_return(s: Scene) -> bool:
    return s.handles and s.life.state in AT_WORK and s.life.transfer is None


def _return(s: Scene) -> None:
    s.life.transfer = s.life.province
    if s.life.hops >= MOST_HOPS:
        _keep(s)
    else:
        s.life.transfer_run = s.life.runs.start("ruling", s.now, limit="transfer", org=s.life.transfer)


def _rules_on_return(s: Scene) -> bool:
    """The service desk of the province in which it was raised, or CCS."""
    sits = s.who.desk == "ccs" or (s.who.desk == "lcs" and s.who.org == s.life.transfer)
    return s.life.transfer is not None and sits and s.who.name not in s.life.hands


def _lose(s: Scene) -> None:
    """The losing site's clocks are void; its waiting is nobody's any more."""
    assert s.life.site is not None
    s.life.runs.void_all_of(s.life.site, s.now)
    s.life.waiting = None


def _decided(s: Scene) -> None:
    s.life.transfer = None
    if s.life.transfer_run is not None and not s.life.transfer_run.ended:
        s.life.runs.end(s.life.transfer_run, s.now)
    s.life.transfer_run = None


def _grant(s: Scene) -> None:
    s.life.hops += 1
    _lose(s)
    s.life.to_site(s.arg, s.now)
    _decided(s)


def _keep(s: Scene) -> None:
    _lose(s)
    s.life.to_desk(s.life.transfer or "", s.now)
    _decided(s)


# --- help and intervention ---


def _act_for(s: Scene) -> None:
    s.life.acting, s.life.acting_counts = s.life.province, s.life.help_at is not None


def _stop_acting(s: Scene) -> None:
    s.life.acting, s.life.acting_counts, s.life.help_at = None, False, None


def _answer_help(s: Scene) -> None:
    s.life.help_at = None


def _may_urge(s: Scene) -> bool:
    lately = s.life.urged_at is not None and s.now < s.life.urged_at + 30 * MINUTE
    return s.superior and s.life.state in BEFORE_THE_END and s.life.site is not None and not lately


def _urge(s: Scene) -> None:
    s.life.urged_at = s.now


def _may_intervene(s: Scene) -> bool:
    """From close due + 4 h, after one logged urge, not with an open help request (3.11)."""
    run = next(iter(s.life.runs.going(("close",))), None)
    if run is None or s.life.state != "replied" or not s.superior or s.life.help_at is not None:
        return False
    return s.now >= run.due + 4 * HOUR and s.life.urged_at is not None and s.life.urged_at >= run.started


def _intervene(s: Scene) -> None:
    s.life.state, s.life.closed_at = "closed", s.now
    s.life.runs.stop(("close", "objection", "delivery", "legal"), s.now)


def _raise(s: Scene) -> None:
    s.life.priority = "urgent"
    says.shorten(s.life, s.now)


# --- the tray ---


def _may_assign(s: Scene) -> bool:
    own = s.who.desk == "ccs" or PROVINCE[s.arg] == s.who.province
    return s.superior and own and s.life.state == "open" and s.life.site is None


def _assign(s: Scene) -> None:
    s.life.runs.void(("accept", "first_reply", "resolve", "close"), s.now)
    s.life.to_site(s.arg, s.now)


# --- appeals ---


def _may_rule(s: Scene) -> bool:
    """Nobody rules on what they wrote or acted in, nor on what the customer rejects of their own ruling (3.13)."""
    own = s.who.name in (*s.life.hands, s.life.ruled_by)
    return s.who.desk == "ccs" and s.life.state == "appealed" and not own


def _ruled(s: Scene, verdict: str) -> None:
    s.life.runs.stop(("appeal",), s.now)
    s.life.ruled_by = s.who.name
    for order in s.orders:
        order.say(verdict, -1)
        order.rejects = False


def _ruled_return(s: Scene) -> None:
    _ruled(s, "UPHELD")
    s.life.rework(s.now)


def _ruled_other(s: Scene) -> None:
    _ruled(s, "UPHELD")
    s.life.to_site(s.arg, s.now)


def _ruled_end(s: Scene, verdict: str) -> None:
    _ruled(s, verdict)
    s.life.broken = False
    if s.life.open_promises:  # no close while one is open (3.7): the site keeps it first
        s.life.state, s.life.objection_over = "replied", True
        return
    s.life.state, s.life.closed_at = "closed", s.now
    s.life.runs.stop(("legal", "close", "objection"), s.now)


def _ruling(name: str, real: dict, site: str = "") -> object:
    return appeals.rule(**real, ruling=appeals.RulingIn(name, "经核实", site))


def _on_return(decision: str, real: dict, site: str = "") -> object:
    return transfers.rule(**real, ruling=transfers.RulingIn(decision, "经核实", site))


VERBS = {
    "note": Verb(
        _may_note, lambda s: None, lambda s, real: replies.note(**real, text="看一下"), _not_of_a_party, guarded=False),
    "return": Verb(
        _may_return, _return,
        lambda s, real: transfers.give_up(**real, asked=transfers.ReturnIn("outside_area", "不在派送范围"))),
    "grant_return": Verb(
        lambda s: _rules_on_return(s) and s.arg != s.life.site, _grant,
        lambda s, real: _on_return("grant", real, s.arg), _sites),
    "keep_at_lcs": Verb(_rules_on_return, _keep, lambda s, real: _on_return("keep", real)),
    "refuse_return": Verb(_rules_on_return, _decided, lambda s, real: _on_return("refuse", real)),
    "answer_help": Verb(
        lambda s: s.superior and s.life.state in BEFORE_THE_END and help_waits(s), _answer_help,
        lambda s, real: helping.answer_help(**real, text="先看出库记录")),
    "act_for": Verb(
        lambda s: s.is_lcs and s.life.state in BEFORE_THE_END and s.life.acting is None and s.life.site is not None,
        _act_for, lambda s, real: acting.act_for(**real)),
    "stop_acting": Verb(
        lambda s: s.who.org == s.life.acting and s.life.state in NOT_WITHDRAWN and s.life.site is not None,
        _stop_acting, lambda s, real: acting.stop_acting(**real)),
    "urge_site": Verb(_may_urge, _urge, lambda s, real: superior.urge_site(**real)),
    "intervene": Verb(
        _may_intervene, _intervene, lambda s, real: closing.intervene(**real, root_cause="other", text="站点未完结")),
    "raise_priority": Verb(
        lambda s: s.superior and s.life.state in AT_WORK and s.life.priority != "urgent", _raise,
        lambda s, real: superior.raise_priority(**real, priority="urgent", text="客户今天要")),
    "assign_site": Verb(_may_assign, _assign, lambda s, real: routing.assign(**real, site_code=s.arg), _sites),
    "rule_return": Verb(lambda s: _may_rule(s) and not s.life.in_tray, _ruled_return, lambda s, real: _ruling("upheld_return", real)),
    "rule_other_site": Verb(
        lambda s: _may_rule(s) and s.arg != s.life.site, _ruled_other,
        lambda s, real: _ruling("upheld_other_site", real, s.arg), _sites),
    "rule_compensate": Verb(
        _may_rule, lambda s: _ruled_end(s, "UPHELD"), lambda s, real: _ruling("upheld_compensate", real)),
    "rule_rejected": Verb(
        _may_rule, lambda s: _ruled_end(s, "REJECTED"), lambda s, real: _ruling("rejected_close", real)),
}  # fmt: skip

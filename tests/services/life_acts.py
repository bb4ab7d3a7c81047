"""What people do with a ticket: who may (by the rulebook), what comes of it in the model, and the real service.

The site's verbs and those of whoever acts for it; those of the service desks stand in `life_desks`, responsible
parties in `life_parties`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.domain.pictures import Picture
from app.extensions import db
from app.models import Promise as PromiseRow
from app.models import Ticket
from app.services import attachments, closing, contacts, helping, ownership, promises, replies, verdicts, waiting
from app.services.closing import WithdrawalIn
from app.services.promises import PromiseIn
from app.services.replies import ResultIn
from tests.services import life_says as says
from tests.services.life_model import AT_WORK, LIVE, Life, Promise, Who
from tests.services.life_scene import Scene, Verb
from tests.services.life_time import HOUR, MINUTE, same_day, tried_enough

BEFORE_THE_END = ("open", "in_progress", "replied")
NOT_WITHDRAWN = (*LIVE, "closed")


def own(s: Scene) -> None:
    """Whoever works it has it from now on; CCS leaves it with its site."""
    if s.works:
        s.life.owner = s.life.owner or s.who.name


def tried(s: Scene, *, reached: bool) -> None:
    s.life.attempts.append((s.now, reached))
    if reached:
        s.life.talks.append((s.now, s.who.org))


def round_attempts(life: Life) -> list[tuple[datetime, bool]]:
    return [one for one in life.attempts if one[0] >= (life.round_since or life.opened)]


def enough(s: Scene, now: datetime | None = None) -> bool:
    made = [at for at, _reached in round_attempts(s.life)]
    return tried_enough([*made, now] if now else made)


def was_reached(s: Scene) -> bool:
    return any(reached for _at, reached in round_attempts(s.life))


# --- ownership ---


def _may_own(s: Scene, states: Iterable[str]) -> bool:
    return s.works and s.life.state in states and s.life.owner in (None, s.who.name)


def _claim(s: Scene) -> None:
    s.life.state, s.life.owner = "in_progress", s.who.name
    s.life.stop_by(s.who, ("accept",), s.now)


def _set_owner(s: Scene) -> None:
    s.life.owner = s.who.name


def _give_back(s: Scene) -> None:
    s.life.owner = None


# --- replies ---


def _first_reply(s: Scene) -> None:
    s.life.contact_ends_waiting(s.now)
    s.life.stop_by(s.who, ("accept", "first_reply"), s.now)
    s.life.first_replied = True


def _follow_up(s: Scene) -> None:
    own(s)
    s.life.state = "in_progress" if s.life.state == "open" else s.life.state
    tried(s, reached=False)
    s.life.spoke.add(s.who.name)
    _first_reply(s)


def _result(s: Scene, *, outcome: str = "reached") -> None:
    own(s)
    if outcome:
        tried(s, reached=outcome == "reached")
    life = s.life
    life.spoke.add(s.who.name)
    _first_reply(s)
    life.state = "replied"
    life.stop_by(s.who, ("resolve",), s.now)
    life.accepted = life.objection_over = life.broken = False
    life.answered, life.result_at, life.result_no = True, s.now, life.result_no + 1
    life.ruled_by = ""
    for order in s.orders:
        order.say("REPLY", life.result_no)
        order.rejects = False
    life.runs.start("delivery", s.now, org=life.assessed)


def _result_and_promise(s: Scene) -> None:
    _result(s)
    _promise(s)


def _may_result(s: Scene) -> bool:
    return s.speaks and s.life.state in AT_WORK


def _say(text: str = "已重新派送", outcome: str = "reached_accepts", **more: Any) -> Any:
    return lambda s, real: replies.result(**real, answer=ResultIn(text, outcome, **more(s) if callable(more) else more))


def _with_promise(s: Scene, real: dict[str, Any]) -> Any:
    promised = PromiseIn("redelivery", s.now + PROMISED)
    return replies.result(**real, answer=ResultIn("今天送到", "reached_accepts", promises=[promised]))


# --- calls and waiting ---


def _call(outcome: str) -> Callable[[Scene, dict[str, Any]], Any]:
    def call(s: Scene, real: dict[str, Any]) -> Any:
        started = contacts.start(**real)
        return contacts.end(**real, contact_id=started.contact_id, outcome=outcome, answers={})

    return call


def _may_call(s: Scene) -> bool:
    return s.speaks and s.life.state in BEFORE_THE_END


def _reached(s: Scene) -> None:
    tried(s, reached=True)
    s.life.contact_ends_waiting(s.now)


def _may_wait(s: Scene) -> bool:
    free = s.life.waiting is None and s.life.round_no not in s.life.waited
    return s.works and s.life.state == "in_progress" and free and not was_reached(s) and enough(s)


def _wait(s: Scene) -> None:
    s.life.waiting = s.now + 24 * HOUR
    s.life.waited.add(s.life.round_no)
    s.life.runs.pause(s.now)


# --- promises ---

PROMISED, PROMISED_ANEW = 5 * HOUR + 11 * MINUTE, 7 * HOUR + 13 * MINUTE


def _promise(s: Scene, after: Any = PROMISED, what: str = "redelivery") -> None:
    run = s.life.runs.start("promise", s.now, due=s.now + after, org=s.life.assessed)
    s.life.promises.append(Promise(s.now, s.now + after, run, what))
    s.life.runs.void(("close",), s.now)


def _open_promises(life: Life, _who: Who) -> list[int]:
    return [place for place, promise in enumerate(life.promises) if promise.state == "open"]


def _promise_id(s: Scene) -> int:
    """The row of the promise at that place."""
    session = db.session()
    rows = select(PromiseRow.id).join(Ticket, Ticket.id == PromiseRow.ticket_id).where(Ticket.number == s.life.number)
    return list(session.scalars(rows.order_by(PromiseRow.id)))[s.arg]


def _spoken_since(s: Scene) -> list[datetime]:
    made = s.life.promises[s.arg].made
    return [at for at, reached in s.life.attempts if reached and at > made]


def _may_promise(s: Scene) -> bool:
    return s.works and s.life.state in LIVE


def _still_open(s: Scene) -> bool:
    """What is past its due is broken, also before anybody has looked."""
    return _may_promise(s) and s.now <= s.life.promises[s.arg].due


def _keep(s: Scene) -> None:
    promise = s.life.promises[s.arg]
    promise.state = "kept"
    s.life.runs.end(promise.run, s.now, credited=s.life.credits(s.who, promise.run))
    s.life.start_close(s.now)


def _renegotiate(s: Scene) -> None:
    old = s.life.promises[s.arg]
    old.state, old.run.ended, old.run.stopped = "renegotiated", "void", s.now
    _promise(s, PROMISED_ANEW, old.what)


# --- the end ---


def _told(s: Scene) -> None:
    tried(s, reached=True)
    s.life.start_objection(s.now)


def _said(s: Scene, effect: Callable[[Life, datetime], bool]) -> None:
    """On a call, which counts like any other."""
    tried(s, reached=True)
    effect(s.life, s.now)


def _closes(s: Scene) -> bool:
    """Who works it; what no site ever had, the desk in whose tray it lies."""
    return s.works or (s.superior and s.life.in_tray)


def _close(s: Scene) -> None:
    s.life.state, s.life.closed_at = "closed", s.now
    s.life.stop_by(s.who, ("close",), s.now)
    s.life.runs.stop(("objection", "delivery", "legal"), s.now)


def _may_withdraw(s: Scene) -> bool:
    wanted = any(order.wants_answer for order in s.orders)
    return (s.works or s.superior) and s.life.state in LIVE and not wanted


def _withdraw(s: Scene, real: dict[str, Any]) -> Any:
    """With a picture as its proof; whoever may not withdraw has none to show."""
    if not s.proof and _may_withdraw(s):
        place = attachments.begin(
            actor=real["actor"], number=s.life.number, box="withdraw", file_name="a.jpg", now=s.now
        )
        attachments.ready(attachment_id=place.id, picture=Picture(b"x", b"t", 1, 1, "0" * 64))
        s.proof.append(place.id)
    return closing.withdraw(**real, withdrawal=WithdrawalIn("by_phone", "客户撤销", s.proof or [1]))


def _help(s: Scene) -> None:
    s.life.help_at = s.now
    s.life.acting_counts = s.life.acting_counts or s.life.acting is not None


def _recall(s: Scene) -> None:
    s.life.help_at = None


def help_waits(s: Scene) -> bool:
    return s.life.help_at is not None and (s.life.acting is None or s.life.acting != s.life.province)


def _in(*states: str) -> Callable[[Scene], bool]:
    return lambda s: s.works and s.life.state in states


VERBS: dict[str, Verb] = {
    "claim": Verb(lambda s: _may_own(s, ("open",)), _claim, lambda s, real: replies.claim(**real)),
    "take": Verb(lambda s: _in("in_progress", "replied")(s) and s.life.owner is None, _set_owner,
                 lambda s, real: ownership.take(**real)),
    "give_back": Verb(
        lambda s: _in(*BEFORE_THE_END)(s) and s.life.owner is not None
        and (s.who.manager or s.life.owner == s.who.name),
        _give_back, lambda s, real: ownership.give_back(**real, note="")),
    "take_over": Verb(
        lambda s: _in(*BEFORE_THE_END)(s) and s.life.owner != s.who.name and (s.who.manager or s.life.owner is None),
        _set_owner, lambda s, real: ownership.hand_over(**real, to_id=real["actor"].user_id, note="我来处理")),
    "follow_up": Verb(
        lambda s: s.speaks and s.life.state in BEFORE_THE_END, _follow_up,
        lambda s, real: replies.follow_up(**real, text="已联系客户", contact_outcome="no_answer",
                                          next_update_at=s.now + HOUR)),
    "result": Verb(_may_result, _result, _say()),
    "result_promise": Verb(_may_result, _result_and_promise, _with_promise),
    "result_unreached": Verb(lambda s: _may_result(s) and (was_reached(s) or enough(s, s.now)),
                             lambda s: _result(s, outcome="no_answer"), _say(outcome="no_answer")),
    "result_no_number": Verb(_may_result, lambda s: _result(s, outcome=""),
                             _say(outcome="", no_contact_code="no_number")),
    "call_reached": Verb(_may_call, _reached, _call("reached_denies"), guarded=False),
    "call_in_vain": Verb(_may_call, lambda s: tried(s, reached=False), _call("no_answer"), guarded=False),
    "wait": Verb(_may_wait, _wait, lambda s, real: waiting.wait(**real)),
    "resume": Verb(lambda s: s.works and s.life.waiting is not None,
                   lambda s: s.life.contact_ends_waiting(s.now), lambda s, real: waiting.resume(**real)),
    "promise": Verb(_may_promise, lambda s: _promise(s, what="call_back"),
                    lambda s, real: promises.make(**real, promise=PromiseIn("call_back", s.now + PROMISED))),
    "keep": Verb(
        lambda s: _still_open(s) and bool(_spoken_since(s)), _keep,
        lambda s, real: promises.keep(**real, promise_id=_promise_id(s), proof="call"), _open_promises),
    "renegotiate": Verb(
        lambda s: _still_open(s) and any(same_day(at, s.now) for at in _spoken_since(s)), _renegotiate,
        lambda s, real: promises.renegotiate(**real, promise_id=_promise_id(s), due_at=s.now + PROMISED_ANEW, text="改期"),
        _open_promises),
    "close": Verb(
        lambda s: _closes(s) and s.life.state == "replied" and s.life.settled and not s.life.open_promises, _close,
        lambda s, real: replies.close(**real, root_cause="courier", verified=True)),
    "told": Verb(lambda s: _in("replied")(s) and not s.life.settled, _told,
                 lambda s, real: verdicts.told(**real, outcome="told", text="已告知结果")),
    "customer_accepts": Verb(
        lambda s: _in("replied")(s) and not s.life.settled, lambda s: _said(s, says.satisfied),
        lambda s, real: verdicts.customer_accepts(**real, text="客户认可")),
    "customer_rejects": Verb(
        lambda s: (s.works or s.who.desk == "ccs") and s.life.state in ("replied", "closed") and s.life.answered,
        lambda s: _said(s, says.rejected),
        lambda s, real: verdicts.customer_rejects(**real, text="客户不认可")),
    "withdraw": Verb(
        _may_withdraw, lambda s: says.withdrawn(s.life, s.now) and None,
        _withdraw),
    "ask_help": Verb(lambda s: s.handles and s.life.state in BEFORE_THE_END and s.life.help_at is None, _help,
                     lambda s, real: helping.ask_help(**real, text="请协助")),
    "recall_help": Verb(lambda s: s.handles and s.life.state in BEFORE_THE_END and help_waits(s), _recall,
                        lambda s, real: helping.recall_help(**real)),
}  # fmt: skip

"""What must hold after each step: the rows say what the model says, and nothing is lost, doubled or seen by strangers."""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import (
    Appeal,
    Clock,
    Counter,
    Event,
    Inbox,
    Outbox,
    Party,
    PartyCase,
    PlatformOrder,
    Promise,
    Ticket,
    Transfer,
    WorkItem,
)
from app.services import journal, scope
from tests.cast import Cast
from tests.services import life_ledger
from tests.services.life_model import LIVE, PEOPLE, PROVINCE, Life
from tests.services.life_platform import Order
from tests.services.life_time import HOUR

ROWS = (Ticket, Clock, WorkItem, Counter, Promise, Party, PartyCase, Transfer, Appeal, Outbox, PlatformOrder, Inbox)
SITES = ("330106-01", "330108-01", "440305-01")


def everything(session: Session) -> list[Any]:
    """All that a refused act must leave alone; of events and texts their number is enough."""
    session.rollback()
    rows = [sorted(map(tuple, session.execute(select(table.__table__))), key=repr) for table in ROWS]
    return [*rows, session.scalar(select(func.count()).select_from(Event))]


class Checks:
    """Compares the database with the model; names of organisations on both sides."""

    def __init__(self, session: Session, cast: Cast) -> None:
        self.session, self.cast = session, cast
        self.code_of: dict[int | None, str | None] = {number: code for code, number in cast.places.items()}
        self.code_of[None] = None
        self.user_of: dict[int | None, str | None] = {actor.user_id: name for name, actor in cast.people.items()}
        self.user_of[None] = None

    def all(self, lives: Iterable[Life], orders: Iterable[Order], *, swept_at: datetime, now: datetime) -> None:
        """Everything about every ticket; `swept_at` is when time was last looked at."""
        self.session.rollback()
        life_ledger.keep(self.session, now)
        lives = list(lives)
        rows = {row.number: row for row in self.session.scalars(select(Ticket))}
        assert sorted(rows) == sorted(life.number for life in lives), "one ticket for each complaint"
        for life in lives:
            row = rows[life.number]
            self._row(row, life)
            self._clocks(row, life)
            self._promises(row, life)
            self._chain(row)
            self._places(row, life)
            assert row.overdue == bool(life.runs.overdue()), f"{life}: overdue {row.overdue}"
            between = level(life, swept_at), level(life, now)
            assert between[0] <= row.level <= between[1], f"{life}: level {row.level}, wanted {between}"
            life.level = row.level
        self._orders(lives, list(orders))
        self._counters()
        self._nobody_is_stuck(lives)

    def _row(self, row: Ticket, life: Life) -> None:
        found = {
            "state": row.state, "site": self.code_of[row.handling_site_id], "owner": self.user_of[row.owner_id],
            "hops": row.hops, "repeats": row.repeat_count, "urges": row.urge_count, "priority": row.priority,
            "accepted": row.customer_accepted, "objection_over": row.objection_over, "waiting": row.waiting_until,
            "acting": self.code_of[row.acting_id], "help_at": row.help_asked_at, "closed_at": row.closed_at,
            "first_replied": row.first_reply_at is not None, "province": self.code_of[row.province_id],
            "broken": "promise_broken" in (row.flags or []), "result_at": row.result_at,
            "standing_still": row.standing_still,
        }  # fmt: skip
        wanted = {name: getattr(life, name) for name in found}
        assert found == wanted, difference(found, wanted)

    def _clocks(self, row: Ticket, life: Life) -> None:
        statement = select(Clock).where(Clock.ticket_id == row.id)
        found = {
            (c.kind, c.run): (c.state, c.due_at, c.stopped_at is not None, self.code_of[c.organisation_id])
            for c in self.session.scalars(statement)
        }
        wanted = {(r.kind, r.number): (r.state, r.due, bool(r.ended), r.org) for r in life.runs}
        assert found == wanted, difference(found, wanted)
        stops = Tally(
            (event.data["kind"], event.data["run"])
            for event in self.session.scalars(
                select(Event).where(Event.ticket_id == row.id, Event.type == "clock_stopped")
            )
        )
        resumed = {("legal", 1)}  # the law's clock goes on when a closed ticket is open again
        assert not [run for run, times in stops.items() if times > 1 and run not in resumed], "stopped once"

    def _promises(self, row: Ticket, life: Life) -> None:
        statement = select(Promise).where(Promise.ticket_id == row.id).order_by(Promise.id)
        assert [p.state for p in self.session.scalars(statement)] == [p.state for p in life.promises]
        assert row.open_promises == len(life.open_promises)
        cases = select(PartyCase).where(PartyCase.ticket_id == row.id)
        found = {self.code_of[case.organisation_id]: case.state for case in self.session.scalars(cases)}
        assert found == {case.org: case.state for case in life.cases.values()}

    def _chain(self, row: Ticket) -> None:
        assert journal.verify(self.session, row.id) is None
        assert row.version == self.session.scalar(select(func.count()).where(Event.ticket_id == row.id))

    def _places(self, row: Ticket, life: Life) -> None:
        """Who sees it, and in whose work it lies."""
        for name in PEOPLE:
            mine = select(Ticket.id).where(Ticket.id == row.id, scope.visible_to(self.cast[name]))
            assert (self.session.scalar(mine) is not None) == sees(life, name), (name, life.number)
        items = {i.scope: i for i in self.session.scalars(select(WorkItem).where(WorkItem.ticket_id == row.id))}
        places = {0 if number == 0 else self.code_of[number] for number in items}
        assert places == work_of(life), (life.number, life.state)
        for number, item in items.items():
            assert (item.state, item.owner_id) == (row.state, row.owner_id)
            if life.state in LIVE and number and self.code_of[number] == life.site:
                assert item.turn == (has_its_turn(life) or answers(life)), (life, item.queue)
            elif life.state in LIVE and self.code_of.get(number, "") in (life.acting, life.in_tray and number == 0):
                assert item.turn >= has_its_turn(life), (life, item.queue)

    def _orders(self, lives: list[Life], orders: list[Order]) -> None:
        """Every acknowledged message has exactly one ticket, every answer one row for each order."""
        rows = {order.code: order for order in self.session.scalars(select(PlatformOrder))}
        number_of = {row.id: row.number for row in self.session.scalars(select(Ticket))}
        known = [order for order in orders if order.life is not None]
        assert {code: number_of[row.ticket_id] for code, row in rows.items()} == {
            order.code: order.life.number for order in known if order.life
        }
        callbacks = select(Outbox).where(Outbox.kind == "callback").order_by(Outbox.id)
        code_of = {row.id: row.code for row in rows.values()}
        found = Tally(
            (number_of[row.ticket_id or 0], code_of[row.payload["order_id"]], row.payload["operate_type"])
            for row in self.session.scalars(callbacks)
        )
        assert found == Tally((life.number, *said) for life in lives for said in life.callbacks)
        states = Tally((i.order_code, i.state) for i in self.session.scalars(select(Inbox)) if i.event_key)
        wanted = Tally({(o.code, "applied"): len(o.messages) for o in orders if o.messages})
        wanted.update({(o.code, "waiting"): len(o.waiting) for o in orders if o.waiting})
        assert states == wanted

    def _counters(self) -> None:
        """The sites' badges equal a recount of the work."""
        mine = {self.cast.places[code] for code in SITES}
        counted: Tally[tuple[int, str]] = Tally()
        for item in self.session.scalars(select(WorkItem).where(WorkItem.scope.in_(mine))):
            counted.update([(item.scope, item.queue), (item.scope, "all")])
            counted.update([(item.scope, "todo")] * item.turn + [(item.scope, "overdue")] * item.overdue)
            counted.update([(item.scope, "urged")] * item.urged)
        rows = self.session.scalars(select(Counter).where(Counter.scope.in_(mine), Counter.n != 0))
        assert {(row.scope, row.queue): row.n for row in rows} == counted

    def _nobody_is_stuck(self, lives: list[Life]) -> None:
        """A ticket lies with somebody who can go on with it (3.1: nothing is dropped)."""
        for life in lives:
            if life.state == "in_progress":
                assert not life.in_tray, f"{life} with nobody"


def difference(found: dict, wanted: dict) -> str:
    """What differs, in a line each."""
    keys = sorted(key for key in found.keys() | wanted.keys() if found.get(key) != wanted.get(key))
    return "\n" + "\n".join(f"{key}: found {found.get(key)}, wanted {wanted.get(key)}" for key in keys)


def level(life: Life, swept_at: datetime) -> int:
    """Who the ticket was handed up to when time was last looked at, as far as it is not settled since (rulebook 4)."""
    run = life.transfer_run if life.transfer else None
    court_is_late = run is not None and run.seen_late and swept_at >= run.due + 4 * HOUR
    return max(life.runs.level(swept_at), int(life.broken), 2 if court_is_late else 0)


def sees(life: Life, name: str) -> bool:
    """A site sees what it was ever a party of, an LCS what its province was, CCS all."""
    who = PEOPLE[name]
    if who.desk == "ccs":
        return True
    if who.desk == "site":
        return who.org in life.seen
    return who.org in {PROVINCE[org] for org in life.seen}


def work_of(life: Life) -> set[Any]:
    """In whose lists it lies: everybody's who is in it, after the end those that owe an answer or a ruling."""
    desks = {0, *life.live, *(PROVINCE[org] for org in life.live)} - {None}
    if life.state in LIVE:
        return desks
    owed = {0 if run.org == "HQ" else run.org for run in life.runs.going(("party_reply", "ruling"))}
    return desks & owed


def has_its_turn(life: Life) -> bool:
    """Whether whoever works it has something to do."""
    at_work = life.state in ("open", "in_progress") and life.waiting is None
    return at_work or (life.state == "replied" and life.settled and not life.open_promises)


def answers(life: Life) -> bool:
    """Whether the handling site has to decide on a dispute."""
    return any(run.org == life.site for run in life.runs.going(("ruling",)))

"""A complaint's life, played at random by several people, a platform and the clock, against a model of the rulebook.

A few short plays run with the suite, always the same ones; long ones by hand: `LIFE_EXAMPLES=500 LIFE_STEPS=60 python -m pytest tests/services/test_lifecycle_machine.py --hypothesis-seed=N`.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import PlatformOrder, Ticket
from app.services import emergencies, emergency_pauses, intake, sweep
from app.services.emergencies import AnnounceIn
from app.services.intake import Conflict
from tests.cast import NOON, assemble, post, push, tell
from tests.conftest import DATABASE_URL
from tests.failing import Killed, dying
from tests.services import life_acts, life_desks, life_parties, life_passing, life_storms, month_checks
from tests.services import life_platform as platform
from tests.services import life_says as says
from tests.services.life_checks import Checks, everything
from tests.services.life_gateway import deliver
from tests.services.life_model import PEOPLE, Life
from tests.services.life_month import CLOSES, Books
from tests.services.life_platform import CODES, MESSAGES, RANK, WAYBILL_OF, WAYBILLS, Order
from tests.services.life_scene import Scene
from tests.services.life_storms import Storm
from tests.services.life_time import MINUTE

pytestmark = pytest.mark.thorough

HANDS = {
    "claim", "follow_up", "result", "result_promise", "result_unreached", "result_no_number", "call_reached",
    "call_in_vain", "promise", "keep", "renegotiate", "told", "customer_accepts", "close", "intervene", "return",
    "act_for",
}  # fmt: skip
VERBS = {**life_acts.VERBS, **life_desks.VERBS, **life_parties.VERBS}
REFUSED = (NotAllowed, NotFound, Invalid)
MOST_STORMS = 3  # of one play: life is mostly fair weather
STEPS = (1, 7, 25, 45, 121, 240, 600, 1441, 2881, 6 * 1440, 11 * 1440)  # minutes


class Portal(RuleBasedStateMachine):
    """The real portal and the model side by side."""

    app: Flask

    def __init__(self) -> None:
        super().__init__()
        self.context = self.app.app_context()
        self.context.push()
        from app.extensions import db

        self.session = db.session()
        self.cast = assemble()
        self.checks = Checks(self.session, self.cast)
        self.now, self.swept_at, self.keys = NOON, NOON, 0
        self.lives: list[Life] = []
        self.storms: list[Storm] = []
        self.orders = {code: Order(code) for code in CODES}
        self.books = Books(self.session, self.cast)

    def teardown(self) -> None:
        """The life that was lived counts the same in the rows and in the log; a closed month stays as it was."""
        try:
            self.books.settle(self.now)
            for month in ("2026-11", "2026-12"):
                if f"{self.now:%Y-%m}" >= month:
                    assert month_checks.differences(self.session, month, self.now) == []
        finally:
            self._leave()

    def _leave(self) -> None:
        self.context.pop()
        self.app.extensions["test_cleaner"].clean()

    def _tick(self) -> None:
        """Nothing happens in the same second as anything else."""
        self.now += timedelta(seconds=1)

    # --- complaints ---

    def _arrive(self, number: str, waybill: str, category: str, site: str = "330106-01", late: bool = False) -> Life:
        """A complaint in the model: a red entry on the parcel's ticket, or a new one."""
        life = platform.on_waybill(self.lives, waybill, self.now)
        if life is not None:
            assert number == life.number, "the same parcel is the same ticket"
            says.repeat(life, self.now)
            return life
        assert number not in [life.number for life in self.lives]
        life = Life(number, waybill, "urgent" if category == "LOST" else "high", self.now, category)
        self.lives.append(life)
        life.storms = self.storms
        if site in life_desks.SITES and not late:
            life.to_site(site, self.now)
        return life

    @initialize(category=st.sampled_from(["FALSE_SIGN", "LOST"]), expires=st.sampled_from([None, 6]))
    def first(self, category: str, expires: int | None) -> None:
        self.push("W1", category, "330106-01", expires)

    @rule(
        code=st.sampled_from(CODES), category=st.sampled_from(["FALSE_SIGN", "LOST"]),
        site=st.sampled_from(["330106-01", "330106-01", "440305-01", "999999-99"]),
        expires=st.sampled_from([None, 6, 50, -1]),
    )  # fmt: skip
    def push(self, code: str, category: str, site: str, expires: int | None) -> None:
        """A work order of the platform; its earlier messages are waiting for it. Again, it changes nothing."""
        self._tick()
        order, due = self.orders[code], timedelta(hours=expires) if expires else None
        if order.life is not None:
            self._again(code)
            return
        number = push(
            self.cast, code, now=self.now, waybill=WAYBILL_OF[code], category=category, site=site, expires=due
        )
        order.expires = self.now + due if due else None
        order.life = self._arrive(number, WAYBILL_OF[code], category, site, late=expires == -1)
        platform.follow_deadline(order.life, [*self.orders.values()], self.now)
        order.life.moved(self.now)
        waiting, order.waiting = sorted(order.waiting), []
        for message in waiting:
            platform.apply(order, message, [*self.orders.values()], self.now)

    def _again(self, code: str) -> None:
        before = everything(self.session)
        number = push(self.cast, code, now=self.now, waybill=WAYBILL_OF[code])
        assert number == (self.orders[code].life or Life("", "", "", NOON)).number
        assert everything(self.session) == before
        with pytest.raises(Conflict):
            push(self.cast, code, now=self.now, waybill=WAYBILL_OF[code], text="另一段文字")

    @rule(code=st.sampled_from(CODES), kind=st.sampled_from(MESSAGES), ago=st.sampled_from([0, 0, 0, 3, 90, 1500]))
    def message(self, code: str, kind: str, ago: int) -> None:
        """A later message of the platform, perhaps one that others have overtaken, or before its order."""
        self._tick()
        order, at = self.orders[code], self.now - ago * MINUTE
        self.keys += 1
        key = f"k{self.keys:04d}"
        message = (at, RANK.index(kind), key)
        with (
            suppress(Killed),
            dying(nth=1 + self.keys % 5),
        ):  # the web process dies, or not: the platform sends it again
            tell(self.cast, kind, code, at=at, now=self.now, key=key)
        for _twice in range(2):
            tell(self.cast, kind, code, at=at, now=self.now, key=key)
        if order.life is None:
            order.waiting.append(message)
        elif platform.begins_anew(order, message, self.now):
            self._follow_on(order, message)
        else:
            platform.apply(order, message, [*self.orders.values()], self.now)

    def _follow_on(self, order: Order, message: platform.Message) -> None:
        """After the re-open window: a new ticket, and the order goes with it."""
        assert order.life is not None
        row = select(Ticket.number).join(PlatformOrder, PlatformOrder.ticket_id == Ticket.id)
        number = self.session.scalar(row.where(PlatformOrder.code == order.code)) or ""
        old, order.life = order.life, None
        order.life = self._arrive(number, old.waybill, old.category, old.site or "")
        order.messages.append(message)
        order.expires, order.answered, order.verdict, order.rejects = None, False, "", False
        order.life.moved(self.now)

    @rule(waybill=st.sampled_from(WAYBILLS))
    def telephone(self, waybill: str) -> None:
        """A complaint by telephone."""
        self._tick()
        self.keys += 1
        complaint = intake.ComplaintIn(
            text="快递放驿站没有通知", category="FALSE_SIGN", waybill=waybill, channel="telephone", name="王小明",
            phone="13812345678", address="", site_code="330106-01",
        )  # fmt: skip
        for _twice in range(2):
            number = intake.manual(actor=self.cast["site"], complaint=complaint, key=f"m{self.keys}", now=self.now)
        life = self._arrive(number, waybill, "FALSE_SIGN")
        life.by_hand = True
        life.moved(self.now)

    # --- people ---

    def _scenes(self, *, allowed: bool) -> list[tuple[str, Scene]]:
        return [
            (name, scene)
            for life in self.lives
            for who in PEOPLE.values()
            for name, verb in VERBS.items()
            for arg in verb.args(life, who)
            if verb.may(scene := Scene(life, who, self.now, arg, self._orders_of(life))) == allowed
        ]

    def _orders_of(self, life: Life) -> tuple[Order, ...]:
        return tuple(order for order in self.orders.values() if order.life is life and order.wants_answer)

    def _draw(self, data: Any, *, allowed: bool) -> tuple[str, Scene] | None:
        """One verb, then one scene in which it is allowed (or not)."""
        self._tick()
        scenes = self._scenes(allowed=allowed)
        if not scenes:
            return None
        verb = data.draw(st.sampled_from(sorted({name for name, _scene in scenes})), label="verb")
        by_label = {scene.label: scene for name, scene in scenes if name == verb}
        return verb, by_label[data.draw(st.sampled_from(sorted(by_label)), label="scene")]

    def _real(self, scene: Scene, version: int | None = None, key: str = "") -> dict[str, Any]:
        return {"actor": self.cast[scene.who.name], "post": post(scene.life.number, key, version), "now": self.now}

    def _act(self, name: str, scene: Scene) -> None:
        """Done once, whatever the double click."""
        self.keys += 1
        real = self._real(scene, key=f"a{self.keys}")
        verb = VERBS[name]
        if verb.guarded:
            with suppress(Killed), dying(nth=1 + self.keys % 5):  # somewhere on its way, or not at all
                verb.call(scene, real)
            self.session.rollback()
            verb.call(scene, real)
        else:
            verb.call(scene, real)
        if verb.guarded:
            done = everything(self.session)
            assert verb.call(scene, real).repeated
            assert everything(self.session) == done
        verb.do(scene)
        if name in HANDS:
            scene.life.hands.add(scene.who.name)
        scene.life.moved(self.now)

    @rule(data=st.data())
    def act(self, data: Any) -> None:
        """Somebody does something that the rulebook allows."""
        if (drawn := self._draw(data, allowed=True)) is not None:
            self._act(*drawn)

    @rule(data=st.data())
    def act_again(self, data: Any) -> None:
        """The same: life is mostly people."""
        self.act(data)

    @rule(data=st.data())
    def forbidden(self, data: Any) -> None:
        """Somebody tries what the rulebook forbids: refused, and nothing has changed."""
        if (drawn := self._draw(data, allowed=False)) is None:
            return
        before = everything(self.session)
        with pytest.raises(REFUSED):
            VERBS[drawn[0]].call(drawn[1], self._real(drawn[1]))
        assert everything(self.session) == before

    @rule(data=st.data())
    def stale(self, data: Any) -> None:
        """Somebody else was faster: refused, and nothing has changed."""
        drawn = self._draw(data, allowed=True)
        if drawn is None or not VERBS[drawn[0]].guarded or drawn[1].life.state == "withdrawn":
            return
        scene = drawn[1]
        other = "ccs" if scene.who.name != "ccs" else "site-manager" if scene.life.site == "330106-01" else ""
        if not other:
            return
        self.session.rollback()
        version = self.session.scalar(select(Ticket.version).where(Ticket.number == scene.life.number))
        life_desks.VERBS["note"].call(scene, {**self._real(scene), "actor": self.cast[other]})
        before = everything(self.session)
        with pytest.raises(Stale):
            VERBS[drawn[0]].call(scene, self._real(scene, version))
        assert everything(self.session) == before

    # --- time and gateways ---

    @rule(minutes=st.sampled_from(STEPS), looks=st.booleans())
    def time_passes(self, minutes: int, looks: bool) -> None:
        """Minutes to days; the sweep comes by, or it does not."""
        late_in_december = self.now > NOON + timedelta(days=30)
        self.now += timedelta(minutes=min(minutes, 600) if late_in_december else minutes, seconds=7)
        if looks:
            self.sweep()

    @rule(area=st.sampled_from(["33", "33", "44", ""]), hours=st.sampled_from([1, 3, 9, 30]))
    def storm(self, area: str, hours: int) -> None:
        """An emergency begins: the site clocks of its place stand still."""
        if len(self.storms) >= MOST_STORMS:
            return
        self._tick()
        until = self.now + timedelta(hours=hours)
        period = AnnounceIn(name="台风", area=area, from_at=self.now, until_at=until, pauses=True)
        number = emergencies.announce(actor=self.cast["ccs-manager"], period=period, now=self.now)
        self.storms.append(Storm(area or None, self.now, until, number))
        self._look_at_the_weather()

    @precondition(lambda self: any(storm.ends > self.now for storm in self.storms))
    @rule(data=st.data())
    def storm_ends_early(self, data: Any) -> None:
        """Headquarters ends an emergency before its time."""
        self._tick()
        going = {storm.number: storm for storm in self.storms if storm.ends > self.now}
        if not going:
            return
        storm = list(going.values())[data.draw(st.integers(0, len(going) - 1), label="storm")]
        emergencies.end(actor=self.cast["ccs-manager"], emergency_id=storm.number, now=self.now)
        storm.ends = self.now
        for life in self.lives:
            life_storms.ended(life, storm, self.now)
        self._look_at_the_weather()

    def _look_at_the_weather(self) -> None:
        emergency_pauses.run(self.session, self.now)
        for life in self.lives:
            life_storms.look(life, self.now)

    @rule(hours=st.sampled_from([-26, -2, -1]))
    def a_clock_goes_wrong(self, hours: int) -> None:
        """A sweeper whose clock is behind comes by: what was not due then is not touched."""
        before, at = everything(self.session), self.now + timedelta(hours=hours)
        came_late = any(order.expires is not None and order.expires <= at for order in self.orders.values())
        if at < self.swept_at and not came_late:
            assert not sweep.run(self.session, at)
            assert everything(self.session) == before

    @precondition(lambda self: self.keys > 2 and self.books.kept is None)
    @rule(days=st.sampled_from([0, 1, 9]), looks=st.booleans())
    def the_month_is_closed(self, days: int, looks: bool) -> None:
        """Headquarters freezes November in the midst of everything; the sweep has come by before, or not."""
        self.now = max(self.now, CLOSES + timedelta(days=days)) + timedelta(seconds=1)
        if looks:
            self.sweep()
        self.keys += 1
        self.books.close(self.now, 1 + self.keys % 9)

    def sweep(self) -> None:
        self._look_at_the_weather()
        for _ in range(60):
            if not sweep.run(self.session, self.now):
                break
        assert not sweep.run(self.session, self.now), "the sweep never ends"
        for life in self.lives:
            life_passing.sweep(life, self.now)
            life.moved(self.now)
        self.swept_at = self.now

    @precondition(lambda self: any(order.unsent for order in self.orders.values()))
    @rule(data=st.data(), taken=st.sampled_from([True, True, True, False]))
    def answer_arrives(self, data: Any, taken: bool) -> None:
        """The oldest answer of an order leaves; the platform takes or refuses it."""
        self._tick()
        unsent = [code for code, order in self.orders.items() if order.unsent]
        nth = data.draw(st.sampled_from([0, 0, 0, 1, 4, 5, 9, 10, 14]), label="dies at")
        order = self.orders[data.draw(st.sampled_from(unsent), label="order")]
        deliver(self.session, order.code, taken, self.now, nth)
        if taken:
            platform.answer_taken(order, [*self.orders.values()], self.now)
        else:
            platform.answer_refused(order, self.now)

    @invariant()
    def rows_say_what_the_rulebook_says(self) -> None:
        self.checks.all(self.lives, self.orders.values(), swept_at=self.swept_at, now=self.now)
        self.books.same(self.now)


def test_a_complaints_life_follows_the_rulebook(app: Flask, database: Any) -> None:
    examples = int(os.environ.get("LIFE_EXAMPLES", "0"))
    shrink = [Phase.shrink] if os.environ.get("LIFE_SHRINK", "1") == "1" else []
    run_state_machine_as_test(
        type("Life", (Portal,), {"app": app}),
        settings=settings(
            max_examples=examples
            or (5 if DATABASE_URL else 10),  # the same plays, and the same rules, as in the first round
            stateful_step_count=int(os.environ.get("LIFE_STEPS", "30")),
            derandomize=not examples,
            deadline=None,
            database=None,
            phases=[Phase.generate, *shrink],
            suppress_health_check=list(HealthCheck),
            report_multiple_bugs=False,
            print_blob=False,
        ),
    )

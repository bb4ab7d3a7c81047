"""A seed is a plan: the same faults at the same times, each kind in every long run."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chaos.drills import DRILLS
from chaos.messages import Orders
from chaos.plan import COMMON, OF_ENGINE, PROGRAMS, WEBS, WORKERS, Fault, faults
from chaos.stage import Wish
from tests.cast import NOON


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_the_same_seed_gives_the_same_plan_and_another_seed_another(engine):
    assert faults(7, 600, engine) == faults(7, 600, engine)
    assert faults(7, 600, engine) != faults(8, 600, engine)


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_ten_minutes_hold_every_kind_of_fault_and_a_kill_of_every_program(engine):
    planned = faults(1, 600, engine)
    assert {fault.kind for fault in planned} == {card[0] for card in COMMON + OF_ENGINE[engine]}
    assert {fault.target for fault in planned if fault.kind == "kill"} == set(PROGRAMS)
    assert {fault.target for fault in planned if fault.kind == "kill child"} == set(WEBS)
    gaps = [after.at - before.at for before, after in pairwise(planned)]
    assert max(gaps) < 5


def test_a_foreign_database_server_is_never_restarted():
    planned = faults(1, 600, "postgresql", own_database=False)
    assert planned
    assert not [fault for fault in planned if fault.target == "database"]


def test_a_seed_says_the_same_and_everything_that_a_platform_can_say():
    def said(seed: int) -> list[tuple[str, str, bytes]]:
        orders = Orders(seed, ("330106-01", "330108-01"))
        return [(one.msg_type, one.code, one.body) for _n in range(300) for one in orders.next(NOON)]

    assert said(3) == said(3)
    assert said(3) != said(4)
    kinds = {kind for kind, _code, _body in said(3)}
    assert kinds == {f"WORK_ORDER_{name}" for name in ("ISSUE", "URGE", "REPEAT", "REJECT", "SATISFIED", "CANCEL")}
    codes = [code for kind, code, _body in said(3) if kind == "WORK_ORDER_ISSUE"]
    assert len(codes) == len(set(codes))


# --- drills: one promise at its full figure ---


def drilled(name: str, **wished: object) -> tuple[Wish, list[Fault]]:
    wish = DRILLS[name].suited(Wish(**{"seed": 1, "seconds": 120.0, "engine": "sqlite", **wished}))
    return wish, DRILLS[name].faults(wish)


def test_the_web_is_killed_every_five_seconds_until_so_many_pushes_are_acknowledged():
    wish, planned = drilled("acknowledged", pushes=100_000)
    assert (wish.pushes, wish.speed, wish.programs, wish.agents) == (100_000, 1, WEBS, False)
    assert {(fault.kind, fault.target) for fault in planned} == {("kill", web) for web in WEBS}
    assert {after.at - before.at for before, after in pairwise(planned)} == {5.0}
    assert planned[-1].at > 100_000 / wish.rate  # the kills do not end before the pushes


def test_a_worker_is_killed_at_two_hundred_instants_none_like_another():
    wish, planned = drilled("workers", kills=200)
    assert len(planned) == 200 and planned[-1].at < wish.seconds
    assert {(fault.kind, fault.target) for fault in planned} == {("kill", worker) for worker in WORKERS}
    assert len({round(after.at - before.at, 3) for before, after in pairwise(planned)}) > 100


@pytest.mark.parametrize(("name", "kind"), [("redis", "redis killed"), ("database", "database locked")])
def test_redis_and_the_database_are_away_for_ten_minutes_of_the_portals_time(name, kind):
    wish, planned = drilled(name)
    assert [(fault.kind, fault.seconds * wish.speed) for fault in planned] == [(kind, 600.0)]
    assert planned[0].at + planned[0].seconds < wish.seconds


def test_a_deployment_stops_and_starts_every_program_again_and_again():
    _wish, planned = drilled("deploy")
    assert {fault.kind for fault in planned} == {"stop"}
    assert [fault.target for fault in planned[:6]] == list(PROGRAMS) and len(planned) >= 2 * len(PROGRAMS)


def test_a_burst_is_ten_thousand_pushes_in_a_minute():
    wish, planned = drilled("burst", pushes=10_000)
    assert planned == [] and wish.rate * 60 == pytest.approx(10_000) and wish.pushes == 10_000

"""A seed is a plan: the same faults at the same times, each kind in every long run."""

from __future__ import annotations

from itertools import pairwise

import pytest

from chaos.messages import Orders
from chaos.plan import COMMON, OF_ENGINE, PROGRAMS, WEBS, faults
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

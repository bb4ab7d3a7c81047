"""Costs come from the figures checked in or from a bench; the plan names what is full first; wishes are checked."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from capacity.costs import OPERATIONS, Cost, NoFigures, checked_in, of_bench
from capacity.plan import DAYS, needs, steps
from capacity.wishes import Wish

ROOT = Path(__file__).resolve().parent.parent.parent


def simulate(**env):
    return subprocess.run(
        [sys.executable, "-m", "capacity"], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )


def test_the_figures_checked_in_have_every_operation():
    assert set(checked_in()) == set(OPERATIONS)
    assert all(cost.own > 0 and cost.database > 0 for cost in checked_in().values())


def test_a_bench_takes_the_place_of_the_figures_and_keeps_their_proportion():
    rows = [
        {"operation": "push", "size": 10_000, "ours": 100.0, "unit": "requests/s"},
        {"operation": "sweep", "size": 1_000_000, "ours": 40.0, "unit": "s"},
        {"operation": "search", "size": 10_000, "ours": 9.0, "unit": "ms p95"},
    ]
    known = dict.fromkeys(OPERATIONS, Cost(3, 1))
    found = of_bench(rows, known, 2)
    assert (found["push"], found["sweep"], found["poll"]) == (Cost(15, 5), Cost(1.5, 0.5), Cost(3, 1))


def test_a_small_bench_whose_sweep_has_fewer_clocks_says_nothing_about_one():
    rows = [{"operation": "sweep", "size": 10_000, "ours": 40.0, "unit": "s"}]
    with pytest.raises(NoFigures):
        of_bench(rows, checked_in(), 2)


def test_ten_times_the_tickets_need_ten_times_the_cores():
    small, big = (needs(Wish(daily=n, online=n // 100), checked_in()) for n in (10_000, 100_000))
    assert big == pytest.approx({name: 10 * cores for name, cores in small.items()})


def test_the_plan_has_three_sizes_and_each_part_is_full_at_its_figure():
    wish = Wish()
    for one in steps(wish, checked_in()):
        assert list(one.full.values()) == sorted(one.full.values())
        for name, n in one.full.items():
            used = needs(Wish(daily=n, online=wish.online * n // wish.daily), checked_in())
            total = sum(used.values()) if name == "the one machine" else used[name]
            cores = 1 if name == "scheduler" else wish.cores if name == "the one machine" else one.there[name]
            assert total / cores == pytest.approx(wish.fill / 100, rel=0.02)
    assert [one.daily for one in steps(wish, checked_in())] == list(DAYS)


@pytest.mark.parametrize(
    "env",
    [{"DAILY": "many"}, {"DAILY": "0"}, {"OPENS": "20", "CLOSES": "8"}, {"FIRST_MINUTES": "25"}, {"BENCH": "/nowhere"}],
)
def test_a_wish_that_makes_no_sense_is_one_plain_line(env):
    run = simulate(**env)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1)


def test_the_command_tells_every_hour_and_the_plan(tmp_path):
    told = simulate(DAILY="500", SITES="20", STAFF="20", ONLINE="10", HOURS="24").stdout.splitlines()
    assert len(told) == 1 + 24 + 2
    bench = tmp_path / "bench.json"
    bench.write_text(json.dumps([{"operation": "push", "size": 1, "ours": 1.0, "unit": "requests/s"}]))
    plans = [simulate(PLAN="1").stdout, simulate(PLAN="1", BENCH=str(bench)).stdout]
    assert plans[0] != plans[1]
    assert [plan.count("\n") for plan in plans] == [5, 5]


def test_the_plan_in_the_docs_is_what_the_command_prints():
    plan = simulate(PLAN="1").stdout.strip()
    assert plan in (ROOT / "docs" / "capacity.md").read_text()


def test_the_simulation_needs_nothing_but_the_standard_library():
    for file in (ROOT / "capacity").glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [n.name for n in getattr(node, "names", [])]
            if isinstance(node, ast.Import | ast.ImportFrom):
                tops = {name.split(".")[0] for name in names}
                assert tops <= set(sys.stdlib_module_names) | {"capacity"}, (file, tops)

"""The bench beside other systems: who is asked for, what the table and the file say, and that nothing is left running."""

from __future__ import annotations

import os
import time

import pytest

from bench.peers import measure, run
from bench.peers.places import SAID, WORD, PeerPlace
from bench.peers.processes import Missing, bounded
from bench.peers.rt import RequestTracker
from bench.peers.table import ROWS, Measured, lines, plain, times
from bench.peers.wanted import PEERS, wanted

ADMIN = "postgresql+psycopg://bench:s%40y@127.0.0.1:6432/postgres"


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ("", ()), ("0", ()), ("1", PEERS), ("all", PEERS), ("rt", ("rt",)),
        ("roundup, RT roundup", ("roundup", "rt")),
    ],
)  # fmt: skip
def test_peers_are_named_each_once_in_the_order_in_which_they_are_given(given, names):
    assert wanted(given) == names


def test_a_peer_that_nobody_knows_is_refused_by_its_name():
    with pytest.raises(ValueError, match="zammad"):
        wanted("rt zammad")


def test_each_name_that_can_be_asked_for_has_its_module():
    assert tuple(run.KINDS) == PEERS


def test_times_say_how_many_times_as_fast_we_are_for_rates_and_for_durations():
    assert times(100.0, 25.0, "requests/s") == 4.0
    assert times(20.0, 900.0, "ms") == 45.0
    assert times(20.0, 10.0, "ms") == 0.5
    assert times(20.0, 0.0, "requests/s") == 0.0


def test_the_file_has_what_both_have_and_the_table_a_dash_where_somebody_has_nothing():
    ours = {("search", "ms"): 20.0, ("escalate", "tickets/s"): 400.0}
    peer = Measured("roundup", "1", {("search", "ms"): 460.0, ("reply", "ms"): 125.0})
    assert plain(ours, [peer], {"size": 1000, "engine": "postgresql"}) == [
        {"operation": "search", "size": 1000, "engine": "postgresql", "peer": "roundup", "ours": 20.0, "theirs": 460.0,
         "unit": "ms", "times": 23.0}
    ]  # fmt: skip
    told = {line[:24].strip(): line[24:].split() for line in lines(ours, [peer])}
    assert len(told) == len(ROWS) + 1
    assert told["search       ms"] == ["20.0", "460", "(23.0x)"]
    assert told["escalate     tickets/s"] == ["400", "–"]
    assert told["reply        ms"] == ["–", "125"]


def test_the_settings_of_a_peer_get_the_server_of_the_bench_and_a_database_of_their_own():
    there = PeerPlace("django-helpdesk", 1000, ADMIN).environment()
    assert (there["PGHOST"], there["PGPORT"], there["PGUSER"], there["PGPASSWORD"]) == (
        "127.0.0.1",
        "6432",
        "bench",
        "s@y",
    )
    assert there["PGDATABASE"] == "kuaifu_bench_peer_django_helpdesk_1000_run"


@pytest.mark.parametrize(("size", "due"), [(1_000, 200), (100_000, 20_000), (1_000_000, 20_000)])
def test_an_escalation_has_up_to_twenty_thousand_open_tickets_and_replies_go_to_open_ones(size, due):
    peer = RequestTracker(size, ADMIN)
    assert peer.due == due
    assert {peer.open_ticket(n) for n in range(3 * size)} == set(range(peer.first_open, size))


def test_the_word_that_is_searched_stands_in_every_eighth_ticket():
    assert [WORD in RequestTracker.title(3 * n) for n in range(16)].count(True) == 2
    assert len(SAID) == 8


def test_a_measure_ends_in_time_but_never_without_a_figure():
    works = measure.forever(())
    assert len(list(measure._bounded(works, 40, time.perf_counter() - 1))) == 1
    assert len(list(measure._bounded(works, 40, time.perf_counter() + 60))) == 40


def test_a_program_that_is_stopped_leaves_no_child_behind(tmp_path):
    script = f"sleep 60 & echo $! > {tmp_path}/child; wait"
    took, ended = bounded(["sh", "-c", script], env={}, cwd=tmp_path, log=tmp_path / "log", seconds=0.5)
    assert not ended and took < 30
    child = int((tmp_path / "child").read_text())
    end = time.monotonic() + 10
    while time.monotonic() < end and os.path.exists(f"/proc/{child}") and _alive(child):
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_peer_that_cannot_be_had_is_named_in_a_line_and_the_rest_goes_on(monkeypatch, capsys):
    def gone(_self):
        raise Missing("only root can install it\nand more")

    def there(self):
        self.measured.version = "1"
        return self.measured

    monkeypatch.setattr(run.KINDS["rt"], "measure", gone)
    monkeypatch.setattr(run.KINDS["roundup"], "measure", there)
    assert [one.name for one in run.measured(("rt", "roundup"), 1000, ADMIN)] == ["roundup"]
    assert capsys.readouterr().err == "rt: not measured: only root can install it\n"

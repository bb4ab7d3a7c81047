"""Several hosts: the plan of their faults, where each program stands, and what a run that was killed leaves behind."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from chaos import __main__, leftovers, network, sentinels
from chaos.drills import DRILLS
from chaos.felt import faults_felt
from chaos.hosts import HOSTS, OUTSIDE, Hosts, host_of
from chaos.plan import PROGRAMS, Fault
from chaos.stage import Wish
from launcher import soak

NOBODY = 2**22 + 1  # above the largest number that a process has


def planned(seconds: float) -> tuple[Wish, list[Fault]]:
    wish = DRILLS["hosts"].suited(Wish(1, seconds, "postgresql"))
    return wish, DRILLS["hosts"].faults(wish)


def test_each_host_is_cut_off_and_back_before_the_next_fault_and_the_redis_master_goes_twice():
    wish, faults = planned(480.0)
    cut = [fault.target for fault in faults if fault.kind == "host cut"]
    assert set(cut) == {"web-1", "web-2", "worker-1", "worker-2", "db-1", "db-2"}
    assert [fault.kind for fault in faults].count("redis master killed") == 2
    ends = [fault.at + fault.seconds for fault in faults]
    assert all(end < after.at for end, after in zip(ends, faults[1:], strict=False)) and ends[-1] < wish.seconds
    assert planned(480.0) == planned(480.0)


def test_a_minute_has_each_kind_of_fault_once_and_the_primary_is_away_for_seconds_only():
    _wish, faults = planned(10.0)
    assert len(faults) == 6 and {fault.kind for fault in faults} == {
        "host cut", "redis master killed", "redis master cut"
    }  # fmt: skip
    assert [fault.seconds for fault in faults if fault.target == "db-1"] == [min(fault.seconds for fault in faults)]


def test_every_program_has_its_host_and_whichever_is_cut_off_most_of_the_sentinels_are_left():
    assert {name: host_of(name) for name in PROGRAMS} == {
        "web-1": "web-1", "web-2": "web-2", "worker-1": "worker-1", "worker-2": "worker-2", "scheduler-1": "worker-1",
        "scheduler-2": "worker-2",
    }  # fmt: skip
    assert {host_of(name) for name in ("platform", "gateway", "agents", "clock")} == {OUTSIDE}
    for cut in HOSTS:
        left = [name for name in sentinels.SENTINELS if host_of(name) != cut]
        assert len(left) >= sentinels.QUORUM > len(sentinels.SENTINELS) / 2


def test_what_is_left_behind_is_known_by_a_number_that_no_run_has():
    mine, gone = leftovers.named("web-1"), f"{leftovers.PREFIX}-{NOBODY}-web-1"
    others = ["kuaifu-web-1", "prod", f"{leftovers.PREFIX}-x-web-1", f"x-{gone}"]
    assert leftovers.stale([mine, gone, *others]) == [gone]
    another = f"{leftovers.PREFIX}-1-web-1"  # a number that somebody else has now
    assert leftovers.stale([another]) == [another]
    assert leftovers.named("x").startswith(f"{leftovers.PREFIX}-{os.getpid()}-")


def test_the_hosts_of_a_run_that_was_killed_are_removed_and_no_others(monkeypatch, tmp_path):
    for name in (gone := f"{leftovers.PREFIX}-{NOBODY}-db-1", leftovers.named("db-1"), "somebody"):
        (tmp_path / name).touch()
    removed: list[str] = []
    monkeypatch.setattr(network, "FOLDER", tmp_path)
    monkeypatch.setattr(network, "remove", removed.append)
    assert network.clear_stale() == removed == [gone]
    monkeypatch.setattr(network, "FOLDER", tmp_path / "nowhere")
    assert network.clear_stale() == []


@pytest.mark.parametrize(("user", "program", "words"), [(1000, "/sbin/ip", "only root"), (0, None, "iproute2")])
def test_where_no_hosts_can_be_made_the_run_says_why_in_one_line_and_ends_with_2(
    monkeypatch, capsys, tmp_path, user, program, words
):
    monkeypatch.setattr("chaos.run.FOLDER", tmp_path)
    monkeypatch.setattr(network.os, "getuid", lambda: user)
    monkeypatch.setattr(network.shutil, "which", lambda _name: program)
    monkeypatch.setattr(sys, "argv", ["chaos", "--drill", "hosts"])
    assert __main__.main() == 2
    said = capsys.readouterr().err.strip()
    assert words in said and said.count("\n") == 0


def test_a_drill_of_hosts_is_about_postgresql_and_one_of_the_measures(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["chaos", "--drill", "hosts"])
    assert [wish.engine for wish in __main__.wishes()] == ["postgresql"] and "hosts" in soak.measures()
    monkeypatch.setattr(sys, "argv", ["chaos", "--drill", "hosts", "--engine", "sqlite"])
    with pytest.raises(SystemExit):
        __main__.wishes()


def test_the_environment_of_a_host_has_a_disk_of_its_own_and_the_common_store(monkeypatch, tmp_path):
    class Database:
        def __init__(self, host: str, _within: list[str]) -> None:
            self.url = f"postgresql://{host}"

    monkeypatch.setattr("chaos.hosts.Server", Database)
    hosts = Hosts(tmp_path)
    one, other = hosts.env("web-1", {"A": "b"}), hosts.env("worker-2", {})
    assert one["DATA_DIR"] != other["DATA_DIR"] and Path(one["DATA_DIR"]).is_dir() and one["A"] == "b"
    assert all(one[name] == other[name] for name in ("STORE", "SECRET_KEY", "READ_DATABASE_URL"))
    assert one["READ_DATABASE_URL"].endswith(hosts.network.ip("db-2"))
    assert hosts.command("exports-2", ["true"])[:4] == ["ip", "netns", "exec", leftovers.named("worker-2")]


# --- faults that nobody felt ---


def cut(target: str, kind: str = "host cut") -> list[dict]:
    return [{"what": what, "kind": kind, "target": target, "at": at} for what, at in (("begin", 10.0), ("end", 20.0))]


def pushed(host: str, seconds: float, at: float = 15.0) -> dict:
    address = f"http://10.89.0.{HOSTS[host]}:8000/platform/link/demo"
    return {"what": "push", "at": at, "to": address, "status": 200, "seconds": seconds}


@pytest.mark.parametrize(
    ("faults", "pushes", "wrong"),
    [
        (cut("web-1"), [pushed("web-1", 8.0)], 0),
        (cut("web-1"), [pushed("web-2", 8.0)], 1),
        (cut("web-1"), [pushed("web-1", 0.1)], 1),
        (cut("db-2"), [], 0),
        (cut("redis", "redis master killed"), [], 0),
        (cut("redis", "redis master killed") + cut("redis", "redis master cut"), [], 1),
    ],
)
def test_a_cut_that_nobody_felt_is_named(tmp_path, faults, pushes, wrong):
    (tmp_path / "web-1.log").write_text("WARNING app.services.reading: read replica: not used (OperationalError)\n")
    (tmp_path / "sentinel-1.log").write_text("# +switch-master kuaifu 10.89.0.41 6379 10.89.0.42 6379\n")
    assert len(faults_felt(faults, pushes, tmp_path, tmp_path).differences) == wrong


def test_a_replica_that_nobody_missed_is_named(tmp_path):
    assert len(faults_felt(cut("db-2"), [], tmp_path, tmp_path).differences) == 1

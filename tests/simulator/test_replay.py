"""The replay against a stand-in portal: every step of the plan arrives, in order, at its moment."""

import gzip
import json
from datetime import UTC, datetime

import pytest

from simulator import expected, replay
from simulator.people import Person
from simulator.replay import Clock
from tests.simulator import stub_portal

LOG = """number,incident_state,sys_updated_at,opened_at,category,priority,assignment_group
INC1,New,1/3/2016 09:00,1/3/2016 09:00,Category 1,3 - Moderate,?
INC1,Active,1/3/2016 09:20,1/3/2016 09:00,Category 1,3 - Moderate,Group 1
INC1,Resolved,1/3/2016 11:00,1/3/2016 09:00,Category 1,3 - Moderate,Group 1
INC1,Active,1/3/2016 12:00,1/3/2016 09:00,Category 1,3 - Moderate,Group 1
INC1,Resolved,1/3/2016 13:00,1/3/2016 09:00,Category 1,3 - Moderate,Group 1
INC1,Closed,6/3/2016 13:00,1/3/2016 09:00,Category 1,3 - Moderate,Group 1
INC2,Resolved,1/3/2016 09:30,1/3/2016 09:10,Category 2,1 - Critical,Group 2
INC2,Closed,6/3/2016 13:00,1/3/2016 09:10,Category 2,1 - Critical,Group 2
"""


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress(LOG.encode()))
    return path


@pytest.fixture
def portal(tmp_path):
    made = stub_portal.StubPortal(tmp_path / "clock")
    yield made
    made.stop()


@pytest.fixture
def run(portal, tmp_path, log, monkeypatch):
    monkeypatch.setattr(replay, "LAST_STEPS", replay.LAST_STEPS[:1])
    sites = ("330106-01", "330108-01")

    def start(**options):
        settings = replay.Settings(
            2, portal.address, tmp_path / "clock", tmp_path / "out", listen="127.0.0.1:0", sites=sites, settle=0,
            log=log, **options,
        )  # fmt: skip
        driver = replay.Replay(settings)
        portal.callback_url = f"http://127.0.0.1:{driver.receiver.port}/callback"
        made = expected.planned(2, sites, log)
        driver.run(made)
        return replay.report.finish(driver, made, 1.0)

    return start


def test_every_step_is_done_and_the_callbacks_are_counted(run, portal, tmp_path, capsys):
    portal.refusals = 1
    assert run() == 0
    assert [(account, path.rsplit("/", 1)[1]) for account, path, _fields in portal.posts] == [
        ("clerk-330106-01", "follow-up"), ("clerk-330108-01", "result"), ("clerk-330106-01", "result"),
        ("ccs", "ruling"), ("clerk-330106-01", "result"), ("clerk-330106-01", "close"), ("clerk-330108-01", "close"),
    ]  # fmt: skip
    assert portal.pushes.count("WORK_ORDER_ISSUE") == 2
    assert [kind for kind in portal.pushes if kind.endswith(("REJECT", "SATISFIED"))] == [
        "WORK_ORDER_REJECT", "WORK_ORDER_SATISFIED", "WORK_ORDER_SATISFIED",
    ]  # fmt: skip
    facts = json.loads((tmp_path / "out" / "facts.json").read_text())
    assert facts["orders"]["RP1"] == {"results": 2, "rulings": 1, "rejects": 1}
    assert "late results expected" in capsys.readouterr().out


def test_a_stale_page_is_read_again(run, portal):
    portal.conflicts = 2
    assert run() == 0


def test_a_step_that_fails_is_reported_and_fails_the_replay(run, portal, tmp_path):
    portal.conflicts = 3
    assert run() == 1
    assert "follow_up" in (tmp_path / "out" / "errors.jsonl").read_text()


def test_the_portals_facts_are_held_against_the_log(run, tmp_path, log):
    rows = expected.compute(expected.planned(2, ("330106-01", "330108-01"), log), expected.load_policy())["sites"]
    (tmp_path / "facts.json").write_text(json.dumps(rows))
    assert run(portal_facts=f"cat {tmp_path / 'facts.json'}") == 0
    (tmp_path / "facts.json").write_text(json.dumps([rows[0] | {"resolve_in_time": 9}, *rows[1:]]))
    assert run(portal_facts=f"cat {tmp_path / 'facts.json'}") == 1
    assert "resolve_in_time" in (tmp_path / "out" / "differences.txt").read_text()


def test_people_sign_in_again_after_a_pause(portal, tmp_path):
    clerk = Person(portal.address, "clerk-330106-01")
    clerk.get("/tickets/KF-1", datetime(2016, 3, 1, 9, 0, tzinfo=UTC))
    clerk.get("/tickets/KF-1", datetime(2016, 3, 1, 9, 20, tzinfo=UTC))
    assert clerk.sign_ins == 1
    portal.sessions.clear()
    clerk.get("/tickets/KF-1", datetime(2016, 3, 1, 9, 30, tzinfo=UTC))
    clerk.get("/tickets/KF-1", datetime(2016, 3, 1, 21, 0, tzinfo=UTC))
    assert clerk.sign_ins == 3


def test_the_clock_never_goes_back(tmp_path):
    clock = Clock(tmp_path / "clock")
    clock.set(datetime(2016, 3, 1, 9, 0, tzinfo=UTC))
    clock.set(datetime(2016, 3, 1, 8, 0, tzinfo=UTC))
    assert (tmp_path / "clock").read_text() == "2016-03-01T09:00:00+00:00\n"


def test_the_first_instant_is_before_the_first_opening(tmp_path, log):
    where = ["--clock-file", str(tmp_path / "c"), "--log", str(log), "--set-clock-only"]
    assert replay.main(where) == 0
    assert datetime.fromisoformat((tmp_path / "c").read_text().strip()) == datetime(2016, 3, 1, 0, 0, tzinfo=UTC)

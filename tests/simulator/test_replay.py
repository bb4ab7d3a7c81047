"""The replay against a stand-in portal: every step of the plan arrives, in order, at its moment."""

import gzip
import json
import threading
from datetime import UTC, datetime

import pytest

from simulator import expected, replay
from simulator.people import Office, Person
from simulator.plan import Plan
from simulator.watch import Clock, Watch
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
            2, portal.address, tmp_path / "clock", tmp_path / "out", listen="127.0.0.1:0", sites=sites, settle=1,
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
    posts = [(account, path.rsplit("/", 1)[1]) for account, path, _fields in portal.posts]
    assert posts[:5] == [
        ("clerk-330106-01", "follow-up"), ("clerk-330108-01", "result"), ("clerk-330106-01", "result"),
        ("ccs", "ruling"), ("clerk-330106-01", "result"),
    ]  # fmt: skip
    assert set(posts[5:]) == {("clerk-330106-01", "close"), ("clerk-330108-01", "close")}  # at the same instant
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


def test_flags_on_other_tickets_than_the_log_demands_are_a_difference(run, tmp_path, log):
    made = expected.planned(2, ("330106-01", "330108-01"), log)
    wanted = expected.compute(made, expected.load_policy())
    flags = {"RP1": {"first_reply": 0, "resolve": 0}, "RP2": {}}
    (tmp_path / "facts.json").write_text(json.dumps(wanted | {"flags": flags}))
    assert run(portal_facts=f"cat {tmp_path / 'facts.json'}") == 0
    (tmp_path / "facts.json").write_text(json.dumps(wanted | {"flags": {"RP2": {"resolve": 1}}}))
    assert run(portal_facts=f"cat {tmp_path / 'facts.json'}") == 1
    assert (tmp_path / "out" / "differences.txt").read_text() == "order RP2 late_results: expected 0, found 1\n"


def test_a_connection_that_was_given_up_is_opened_anew(run, portal):
    portal.hang_ups = 1
    assert run() == 0


def test_a_scheduler_that_never_comes_fails_the_replay(run, portal, capsys):
    portal.scheduler = "stale"
    assert run() == 1
    assert "stops without a sweep" in capsys.readouterr().out


def test_a_portal_that_does_not_say_how_much_waits_is_not_taken_for_idle():
    assert Watch("http://127.0.0.1:9").waiting(0.1) == 1
    assert Watch("http://127.0.0.1:9").waiting(0.1, left=3) == 4


def test_steps_of_one_instant_go_on_side_by_side(portal, tmp_path, log):
    driver = replay.Replay(replay.Settings(2, portal.address, tmp_path / "clock", tmp_path / "out", log=log,
                                           listen="127.0.0.1:0"))  # fmt: skip
    together = threading.Barrier(2, timeout=5)
    driver.does["meet"] = lambda _one, _at: together.wait()
    at = datetime(2016, 3, 1, tzinfo=UTC)
    plans = [Plan(f"RP{n}", "330106-01", "LOST", 1, "", ((at, "meet"),)) for n in (1, 2)]
    driver.run(plans)
    assert driver.counts["meet"] == 2


def test_a_page_opened_ahead_is_used_and_an_outdated_one_is_read_again(portal):
    portal.orders["RP1"] = {}
    office = Office(portal.address)
    office.open("330106-01", "RP1", by_ccs=False)
    clerk = office.clerk("330106-01")
    asked = portal.pages
    office.close("330106-01", "RP1")
    assert portal.pages == asked
    clerk.opened["KF-RP1"] = clerk.get("/tickets?q=RP1")  # a page without the form
    office.close("330106-01", "RP1")
    assert [path for _account, path, _fields in portal.posts] == ["/tickets/KF-RP1/close"] * 2


def test_people_sign_in_when_they_are_not(portal):
    clerk = Person(portal.address, "clerk-330106-01")
    clerk.get("/tickets/KF-1")
    clerk.get("/tickets/KF-1")
    assert clerk.sign_ins == 1
    portal.sessions.clear()
    clerk.get("/tickets/KF-1")
    assert clerk.sign_ins == 2


def test_the_clock_never_goes_back(tmp_path):
    clock = Clock(tmp_path / "clock")
    clock.set(datetime(2016, 3, 1, 9, 0, tzinfo=UTC))
    clock.set(datetime(2016, 3, 1, 8, 0, tzinfo=UTC))
    assert (tmp_path / "clock").read_text() == "2016-03-01T09:00:00+00:00\n"


def test_the_first_instant_is_before_the_first_opening(tmp_path, log):
    where = ["--clock-file", str(tmp_path / "c"), "--log", str(log), "--set-clock-only"]
    assert replay.main(where) == 0
    assert datetime.fromisoformat((tmp_path / "c").read_text().strip()) == datetime(2016, 3, 1, 0, 0, tzinfo=UTC)

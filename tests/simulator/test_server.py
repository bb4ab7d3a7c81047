"""The simulator as a whole: what it pushes, how it answers in each mood, and what its customers do next."""

import socket
import struct
import time

import pytest
import requests

from simulator import protocol
from simulator.__main__ import settings_from
from simulator.protocol import encode, form
from simulator.server import Settings, Simulator
from tests.simulator import stub_portal


@pytest.fixture
def portal(tmp_path):
    made = stub_portal.StubPortal(tmp_path / "clock")
    yield made
    made.stop()


@pytest.fixture
def simulator(portal):
    quiet = {
        "rate": 0,
        "urge": 0,
        "duplicate": 0,
        "reorder": 0,
        "pause": (0, 0),
        "reject": 0,
        "repeat": 0,
        "satisfied": 0,
    }
    made = Simulator(Settings(portal=portal.address, listen="127.0.0.1:0", strict=True, **quiet))
    made.generator.odd = 0
    made.start()
    yield made
    made.stop()


def until(condition):
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def pushed(simulator, portal, **wish):
    complaint = simulator.issue(wish)
    until(lambda: simulator.ledger.orders[complaint.code].acknowledged)
    return portal.orders[complaint.code]


def answer(simulator, order, *, when="2026-11-23 10:00:00", secret="demo-secret"):
    reply = order["work_order_task"]["structural_replys"][0]
    message = {
        "work_order_code": order["work_order_code"], "work_order_type": 0,
        "task_id": order["work_order_task"]["task_id"], "operate_time": when, "operate_type": reply["operate_type"],
        "operator_name": "西湖站", "description": "已处理",
        "extension": {item["field_name"]: "1" for item in reply["reply_supplement"]},
    }  # fmt: skip
    return requests.post(at(simulator, "callback"), data=form(encode(message), "CALLBACK", secret), timeout=5)


def at(simulator, page):
    return f"http://127.0.0.1:{simulator.receiver.port}/{page}"


def tell(simulator, **wish):
    return requests.post(at(simulator, "control"), json=wish, timeout=5)


def test_the_scans_come_before_the_complaint(simulator, portal):
    order = pushed(simulator, portal, category="FALSE_SIGN", site="330108-01", priority=3)
    assert portal.pushes == [protocol.SCANS, protocol.ISSUE]
    assert (order["category_code"], order["priority"], order["extension"]["site_code"]) == (
        "FALSE_SIGN",
        3,
        "330108-01",
    )


def test_a_refused_push_is_sent_again(simulator, portal):
    portal.refusals = 1
    pushed(simulator, portal)
    assert simulator.ledger.counts["refused"] == 1


@pytest.mark.parametrize(
    ("chance", "kind"), [("reject", protocol.REJECT), ("repeat", protocol.REPEAT), ("satisfied", protocol.SATISFIED)]
)
def test_customers_react_to_an_answer_once(simulator, portal, chance, kind):
    order = pushed(simulator, portal)
    assert tell(simulator, **{chance: 1}).json()[chance] == 1
    assert answer(simulator, order).json() == {"success": True, "error_code": "", "error_msg": ""}
    until(lambda: kind in portal.pushes)
    assert answer(simulator, order).json()["error_code"] == "DUPLICATE"
    assert portal.pushes.count(kind) == 1


def test_a_wrong_signature_is_refused_and_counted(simulator, portal):
    order = pushed(simulator, portal)
    assert answer(simulator, order, secret="no").json()["error_code"] == "BAD_SIGNATURE"
    assert requests.get(at(simulator, "state"), timeout=5).json()["counts"]["bad_signatures"] == 1


@pytest.mark.parametrize(
    ("mood", "status", "stored"),
    [
        ("failing", 500, 0),
        ("html", 200, 0),
        ("429", 429, 0),
        ("refuse", 200, 0),
        ("lost", 500, 1),
        ("duplicate", 200, 1),
    ],
)
def test_moods_last_as_long_as_told(simulator, portal, mood, status, stored):
    order = pushed(simulator, portal)
    assert tell(simulator, behaviour=mood, count=1).status_code == 200
    assert answer(simulator, order).status_code == status
    results = simulator.ledger.orders[order["work_order_code"]].results
    assert len(results) == stored
    assert answer(simulator, order).json()["success"] is True
    assert len(results) == 1


def test_control_pushes_sends_and_refuses_nonsense(simulator, portal):
    code = tell(simulator, push={"category": "LOST"}).json()["pushed"]
    until(lambda: code in portal.orders)
    tell(simulator, send={"order": code, "type": "CANCEL"})
    until(lambda: protocol.CANCEL in portal.pushes)
    assert tell(simulator, behaviour="nonsense").status_code == 400
    assert tell(simulator, send={"order": code, "type": "NONSENSE"}).status_code == 400


def test_a_caller_who_hangs_up_in_the_middle_is_no_fault_to_print(simulator, portal, capfd):
    rude = socket.create_connection(("127.0.0.1", simulator.receiver.port))
    rude.sendall(b"POST /callback HTTP/1.1\r\nContent-Length: 100\r\n")
    time.sleep(0.05)
    rude.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    rude.close()  # a reset, not an orderly end
    assert requests.get(f"http://127.0.0.1:{simulator.receiver.port}/", timeout=5).status_code < 500
    time.sleep(0.1)
    assert "Traceback" not in capfd.readouterr().err


def test_it_waits_for_a_portal_that_is_not_up(portal):
    waiting = Simulator(Settings(portal="http://127.0.0.1:9", listen="127.0.0.1:0"))
    waiting.start()
    try:
        complaint = waiting.issue()
        until(lambda: waiting.ledger.counts["refused"] >= 1)
        waiting.pusher.link.address = f"{portal.address}/platform/link/demo"
        until(lambda: waiting.ledger.orders[complaint.code].acknowledged)
    finally:
        waiting.stop()


def test_the_command_line():
    chosen = settings_from(["--rate", "5", "--pause", "1", "2", "--sites", "330106-01,330108-01", "--strict"])
    assert (chosen.rate, chosen.pause, chosen.sites, chosen.strict) == (
        5.0,
        (1.0, 2.0),
        ("330106-01", "330108-01"),
        True,
    )

"""The oracle agrees with logs that fit together, and names each single thing that does not."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from chaos.evidence import Logs
from chaos.lines import Line
from chaos.oracle import compare

NOW = datetime(2026, 3, 10, 4, tzinfo=UTC)
EARLIER, LATER = "2026-03-10T03:00:00+00:00", "2026-03-10T05:00:00+00:00"
ANSWER = {"work_order_code": "A", "task_id": "TA", "operate_time": "2026-03-10 11:00:00", "operate_type": "OP"}
SECOND = {**ANSWER, "operate_time": "2026-03-10 11:30:00"}


def push(kind: str = "ISSUE", code: str = "A", event: str = "", success: bool = True) -> Line:
    return {"what": "push", "type": f"WORK_ORDER_{kind}", "code": code, "event": event, "sha": code + event,
            "success": success}  # fmt: skip


def stored(kind: str = "ISSUE", code: str = "A", event: str = "", state: str = "applied") -> list[Line]:
    key = {"msg_type": f"WORK_ORDER_{kind}", "order_code": code, "event_key": event, "sha256": code + event}
    return [{"what": "push_key", "copies": 0, **key}, {"what": "inbox", "state": state, **key}]


def outbox(number: int, kind: str, state: str, payload: Line, **more: object) -> Line:
    lane = "order:1" if kind == "callback" else "phone:138"
    row = {"what": "outbox", "id": number, "kind": kind, "lane": lane, "ticket_id": 10, "state": state, "attempts": 1,
           "next_try_at": None, "error": "", "payload": payload}  # fmt: skip
    return {**row, **more}


def callback(number: int, message: Line, text_id: int) -> Line:
    payload = {"order_id": 1, "text_id": text_id} | {n: message[n] for n in ("operate_time", "operate_type")}
    return outbox(number, "callback", "sent", payload)


def clock(**more: object) -> Line:
    row = {"what": "clock", "id": 30, "ticket_id": 10, "kind": "resolve", "run": 1, "state": "breached",
           "due_at": EARLIER, "stopped_at": None, "breached_at": EARLIER, "next_stage_at": LATER}  # fmt: skip
    return {**row, **more}


def reply(mark: str, outcome: str) -> list[Line]:
    one = {"verb": "result", "number": "KF1", "mark": mark, "account": "clerk"}
    return [{"what": "form", "key": f"key-{mark}", **one}, {"what": "said", "outcome": outcome, **one}]


def text(number: int, mark: str) -> Line:
    return {"what": "text", "id": number, "body": {"text": f"您好〔{mark}〕"}, "type": "result", "ticket_id": 10}


def taken(message: Line) -> Line:
    return {"what": "callback", "took": True, "error": "", "message": message}


def told() -> dict[str, list[Line]]:
    """Logs of a small run in which everything went well."""
    sms = {"phone": "138"}
    return {
        "platform": [push(), push(), push("URGE", "A", "E1"), push("URGE", "B", "E2"), taken(ANSWER), taken(SECOND)],
        "gateway": [{"what": "accepted", "out_id": "51", "phone": "138", "serial": "1"}],
        "agents": [*reply("m1", "yes"), *reply("m2", "yes"), *reply("m3", "no"),
                   {"what": "ordered", "key": "k1", "yes": True}, {"what": "file", "export": "71", "bytes": 9},
                   {"what": "page", "path": "/analysis", "status": 200}],
        "printed": [{"month": "2026-11", "organisation_id": 3, "proposed_fen": 5000, "contested_fen": 0,
                     "waived_fen": 0, "confirmed_fen": 0}],
        "database": [
            {"what": "ticket", "id": 10, "number": "KF1", "state": "replied", "overdue": True},
            {"what": "platform_order", "id": 1, "code": "A", "ticket_id": 10, "verdict": ""},
            {"what": "entries", "ticket_id": 10, "type": "received", "n": 1},
            {"what": "entries", "ticket_id": 10, "type": "order_linked", "n": 1},
            *stored(), *stored("URGE", "A", "E1"), *stored("URGE", "B", "E2", "waiting"),
            callback(41, ANSWER, 61), callback(42, SECOND, 62), outbox(51, "sms", "sent", sms),
            {"what": "reminder", "clock_id": 30, "stage": "breach", "phone": "138", "outbox_id": 51, "dropped": ""},
            {"what": "breach", "told_at": "2026-03-10T03:29:00+00:00", "data": {"due_at": EARLIER}},
            clock(), text(61, "m1"), text(62, "m2"),
            {"what": "export", "id": 71, "key": "3:k1:d1", "state": "done"},
            {"what": "submission", "key": "key-m1"}, {"what": "submission", "key": "key-m2"},
            {"what": "penalty", "rule": "result_late", "ticket_id": 10, "organisation_id": 3, "person_id": 0,
             "occurrence": "1", "full_fen": 5000, "amount_fen": 5000, "month": "2026-11", "state": "proposed"},
            {"what": "work_item", "scope": 3, "queue": "replied", "turn": True, "overdue": True, "urged": False, "n": 1},
            *({"what": "counter", "scope": 3, "queue": one, "n": 1} for one in ("replied", "all", "todo", "overdue")),
        ],
    }  # fmt: skip


def differences(logs: dict[str, list[Line]]) -> dict[str, list[str]]:
    said = (logs[name] for name in ("platform", "gateway", "agents", "database"))
    found = compare(Logs(*said, NOW, logs["printed"], speed=30.0))
    return {one.name: one.differences for one in found if one.differences}


def rows(logs: dict[str, list[Line]], what: str) -> list[Line]:
    return [line for line in logs["database"] if line["what"] == what]


def without(logs: dict[str, list[Line]], what: str) -> None:
    logs["database"] = [line for line in logs["database"] if line["what"] != what]


def change(what: str, place: int = 0, **values: object) -> Callable[[dict[str, list[Line]]], None]:
    return lambda logs: rows(logs, what)[place].update(values)


def add(log: str, *lines: Line) -> Callable[[dict[str, list[Line]]], None]:
    return lambda logs: logs[log].extend(lines)


def swap(logs: dict[str, list[Line]]) -> None:
    logs["platform"][-2:] = reversed(logs["platform"][-2:])


FAULTS: dict[str, tuple[Callable[[dict[str, list[Line]]], None], str]] = {
    "a lost ticket": (add("platform", push(code="C")), "acknowledged orders"),
    "a doubled ticket": (add("database", {"what": "platform_order", "id": 2, "code": "A", "ticket_id": 10,
                                          "verdict": ""}), "acknowledged orders"),
    "a ticket that nobody pushed": (add("database", {"what": "ticket", "id": 11, "number": "KF2", "state": "open",
                                                     "overdue": False}), "acknowledged orders"),
    "a ticket that was begun twice": (change("entries", n=2), "acknowledged orders"),
    "a lost message": (add("platform", push("URGE", "A", "E9")), "acknowledged messages"),
    "a message stored twice": (add("database", stored("URGE", "A", "E1")[1]), "acknowledged messages"),
    "a message with another body": (change("push_key", sha256="x"), "acknowledged messages"),
    "a message that was never applied": (change("inbox", 1, state="waiting"), "acknowledged messages"),
    "an intent without a next try": (change("outbox", state="pending"), "intents"),
    "an intent that failed without a reason": (change("outbox", state="failed"), "intents"),
    "an intent in no known state": (change("outbox", state="gone"), "intents"),
    "a lost reply": (change("text", body={"text": ""}), "replies of the agents"),
    "a doubled reply": (add("database", text(63, "m1")), "replies of the agents"),
    "a refused reply that is stored": (add("database", text(63, "m3")), "replies of the agents"),
    "a reply that nobody wrote": (add("database", text(63, "m9")), "replies of the agents"),
    "a reply without its key": (lambda logs: without(logs, "submission"), "replies of the agents"),
    "a result without a callback": (change("outbox", payload={"order_id": 1, "text_id": 99, **ANSWER}), "results"),
    "a callback that never arrived": (add("database", callback(43, {**ANSWER, "operate_time": "x"}, 61)), "callbacks"),
    "a callback that was never meant": (add("platform", taken({**ANSWER, "operate_time": "x"})), "callbacks"),
    "callbacks out of order": (swap, "callbacks"),
    "a callback that came in two shapes": (add("platform", taken({**ANSWER, "task_id": "TB"})), "callbacks"),
    "a callback that the platform calls wrong": (add("platform", {"what": "callback", "took": False, "message": ANSWER,
                                                                  "error": "BAD_TYPE"}), "callbacks"),
    "a doubled SMS": (lambda logs: logs["gateway"].append(copy.copy(logs["gateway"][0])), "SMS"),
    "an SMS that nobody meant": (add("gateway", {"what": "accepted", "out_id": "77", "phone": "1"}), "SMS"),
    "an SMS that never left": (lambda logs: logs["gateway"].clear(), "SMS"),
    "an SMS that would go out again": (change("outbox", 2, state="pending", next_try_at=LATER), "SMS"),
    "an SMS to another phone": (change("outbox", 2, payload={"phone": "139"}), "SMS"),
    "a doubled penalty": (lambda logs: logs["database"].extend(rows(logs, "penalty")), "penalties"),
    "a penalty above its price": (change("penalty", amount_fen=5001), "penalties"),
    "a total that the ledger does not add up to": (lambda logs: logs["printed"][0].update(proposed_fen=4999), "ledger"),
    "a total that is printed under another state": (change("penalty", state="waived"), "ledger"),
    "a total that nobody prints": (lambda logs: logs["printed"].clear(), "ledger"),
    "a late reply that is not charged": (add("database", clock(id=31, kind="first_reply")), "late first replies"),
    "a ticket beyond its cap": (change("penalty", amount_fen=15001, full_fen=15001), "late first replies"),
    "a flag that came after a minute": (change("breach", told_at="2026-03-10T03:31:00+00:00"), "late clocks, flagged within"),
    "a late clock without its flag": (change("clock", breached_at=None), "late clocks"),
    "a late ticket that is not overdue": (change("ticket", overdue=False), "late clocks"),
    "a stage that nobody looked at": (change("clock", next_stage_at=EARLIER), "late clocks"),
    "a counter that is wrong": (change("counter", n=2), "kept counters"),
    "a forged signature": (add("gateway", {"what": "forged", "path": "/"}), "signatures"),
    "a receipt that nobody took": (add("gateway", {"what": "receipt", "out_id": "51", "taken": False}), "signatures"),
    "a list that was acknowledged and is not there": (lambda logs: without(logs, "export"), "pages of the reader"),
    "a list that was given up": (change("export", state="failed"), "pages of the reader"),
    "a list that nobody could take": (add("database", {"what": "export", "id": 72, "key": "3:k2:d2", "state": "done"}),
                                      "pages of the reader"),
    "a page that was not shown": (add("agents", {"what": "page", "path": "/analysis", "status": 500}),
                                  "pages of the reader"),
    "two entries with one number": (add("database", {"what": "event_key", "ticket_id": 10, "seq": 3, "n": 2}),
                                    "signatures"),
}  # fmt: skip


def test_logs_that_fit_together_differ_in_nothing():
    assert differences(told()) == {}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_oracle_names(fault):
    plant, check = FAULTS[fault]
    logs = copy.deepcopy(told())
    plant(logs)
    found = differences(logs)
    assert found, "the oracle saw nothing"
    assert any(name.startswith(check) for name in found), found

"""Callbacks: what the platform checks, stores once, and remembers over a restart."""

import pytest

from simulator.complaints import replies_for
from simulator.ledger import Ledger, check, supplements


def callback(**changes):
    message = {
        "work_order_code": "LP1", "work_order_type": 0, "task_id": "TLP1", "operate_time": "2026-11-23 09:00:00",
        "operate_type": "OP_REDELIVER", "operator_name": "西湖站", "description": "已重新派送",
        "extension": {"signer": "王芳"}, "attachments": [],
    }  # fmt: skip
    return message | changes


@pytest.fixture
def ledger(tmp_path):
    made = Ledger(tmp_path / "log.jsonl", strict=True)
    made.add("LP1", "TLP1", replies_for("FALSE_SIGN"))
    return made


def test_a_good_answer_is_stored_once(ledger):
    assert ledger.take(callback()).kind == "result"
    again = ledger.take(callback())
    assert (again.kind, again.reply["success"]) == ("duplicate", True)
    assert ledger.orders["LP1"].results == ["2026-11-23 09:00:00"]
    assert ledger.orders["LP1"].duplicates == 1


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"description": " "}, "MISSING_FIELD"),
        ({"work_order_type": 2}, "BAD_TYPE"),
        ({"work_order_type": None}, "BAD_TYPE"),
        ({"operate_time": "2026-11-23T09:00:00"}, "BAD_TIME"),
        ({"task_id": "other"}, "UNKNOWN_TASK"),
        ({"work_order_code": "LP9"}, "UNKNOWN_ORDER"),
        ({"operate_type": "REDELIVER"}, "BAD_OPERATE_TYPE"),
        ({"operate_type": "UPHELD"}, "BAD_OPERATE_TYPE"),
        ({"extension": {}}, "MISSING_SUPPLEMENT"),
        ({"description": "长" * 2001}, "TOO_LONG"),
    ],
)
def test_a_bad_answer_is_refused_with_its_reason(ledger, changes, code):
    taken = ledger.take(callback(**changes))
    assert (taken.kind, taken.reply["success"], taken.reply["error_code"]) == ("refused", False, code)


def test_a_ruling_is_told_apart_from_an_answer(ledger):
    ledger.take(callback())
    ruling = callback(operate_type="UPHELD", operate_time="2026-11-23 10:00:00", extension={})
    assert ledger.take(ruling).kind == "ruling"
    assert (len(ledger.orders["LP1"].results), len(ledger.orders["LP1"].rulings)) == (1, 1)


def test_an_unknown_order_is_taken_unless_strict():
    message = callback(work_order_code="OLD", task_id="T-OLD", operate_type="ANY")
    assert check(message, None, strict=False) is None
    relaxed = Ledger()
    assert relaxed.take(message).kind == "result"
    assert relaxed.counts["unknown_orders"] == 1


@pytest.mark.parametrize("changes", [{"work_order_type": 1}, {"task_id": ""}])
def test_an_order_of_another_platform_may_be_a_consultation_or_have_no_task(changes):
    assert Ledger().take(callback(work_order_code="OTHER", **changes)).kind == "result"


def test_a_restart_knows_its_orders(ledger, tmp_path):
    ledger.pushed("LP1", "WORK_ORDER_ISSUE", success=True)
    ledger.take(callback())
    with (tmp_path / "log.jsonl").open("a") as log:
        log.write('{"what": "or')
    again = Ledger(tmp_path / "log.jsonl", strict=True)
    assert again.orders["LP1"].acknowledged
    assert again.take(callback()).kind == "duplicate"
    assert again.take(callback(operate_time="2026-11-24 09:00:00")).kind == "result"


def test_supplements_may_come_as_text():
    assert supplements('{"signer": "王"}') == {"signer": "王"}
    assert supplements("nonsense") == {}
    assert supplements(None) == {}

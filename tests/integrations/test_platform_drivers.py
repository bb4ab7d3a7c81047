"""A connection is a folder and a row: what is found there, what maps do, and what the second platform reads and says."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.integrations import platform as package
from app.integrations.platform import driver, mapping, signature_check
from app.integrations.platform.driver import Wire
from app.integrations.platform.errors import CallbackResult, MessageError, PlatformError
from app.integrations.platform.pdd import answers, gateway, tickets
from simulator import pdd as theirs
from tests.integrations.loopback import platform, reply

NEW_FOLDER = """
from app.integrations.platform.driver import Driver
DRIVER = Driver(read=lambda kind, body, wire: [], answer=lambda payload, wire: None, signature=lambda text, secret: "")
"""


def row(**changed: Any) -> bytes:
    known = {
        "ticket_id": 900001, "type_id": 101, "title": "没收到", "created_at": 1763438400, "updated_at": 1763438400,
        "source": 0, "urgent_type": 0, "status": 0, "retreat_count": 0, "waybill_no": "", "receive_name": "王小明",
    }  # fmt: skip
    return json.dumps({**known, **changed}).encode()


def read(**changed: Any) -> list[Any]:
    return driver.of("pdd").read("TICKET", row(**changed), Wire())


def test_a_new_folder_is_a_new_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "third").mkdir()
    (tmp_path / "third" / "__init__.py").write_text(NEW_FOLDER)
    monkeypatch.setattr(package, "__path__", [*package.__path__, str(tmp_path)])
    assert driver.names() == ("link", "pdd", "third")
    assert driver.of("third").read("X", b"", Wire()) == []
    with pytest.raises(KeyError):
        driver.of("../third")


def test_a_row_says_that_its_order_exists_and_what_was_done_to_it() -> None:
    (only,) = read()
    assert (only.msg_type, only.issue.work_order_code, only.issue.mail_no) == ("WORK_ORDER_ISSUE", "900001", "")
    assert only.issue.task_expire_time == datetime(2025, 11, 20, 4, 0, tzinfo=UTC)
    kinds = [
        one.msg_type for one in read(updated_at=1763442000, urgent_type=1, retreat_count=2, status=3, handle_result="x")
    ]
    assert kinds == ["WORK_ORDER_ISSUE", "WORK_ORDER_URGE", "WORK_ORDER_RETREAT", "WORK_ORDER_SATISFIED"]
    back = read(updated_at=1763442000, retreat_count=2)[1].later
    assert (back.event_id, back.round, back.task_expire_time) == (
        "retreat-2",
        3,
        datetime(2025, 11, 19, 5, 0, tzinfo=UTC),
    )
    assert read(status=3)[-1].msg_type == "WORK_ORDER_CANCEL"
    assert read(source=1)[0].issue.customer_type == "seller"


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"ticket_id": None}, "work_order_code"), ({"updated_at": None, "status": 3}, "updated_at"),
     ({"created_at": "soon"}, "created_at"), ({"retreat_count": "-1"}, "retreat_count"), ({"type_id": [1]}, "category_code")],
)  # fmt: skip
def test_a_row_that_cannot_be_read_names_the_field(changed: dict[str, Any], field: str) -> None:
    with pytest.raises(MessageError) as caught:
        read(**changed)
    assert caught.value.field == field


def test_both_sides_sign_alike() -> None:
    fields = {"type": "x", "client_id": "c", "b": "二", "a": "1"}
    assert gateway.sign(fields, "s") == theirs.sign({**fields, "sign": "no part of it"}, "s")
    assert gateway.signature(b"b=%E4%BA%8C&a=1&type=x&client_id=c&sign=zz", "s") == gateway.sign(fields, "s")


@pytest.mark.parametrize(("yuan", "fen"), [("12.50", 1250), ("0.01", 1), ("", 0), (None, 0), ("1000", 100_000)])
def test_yuan_are_fen_exactly(yuan: str | None, fen: int) -> None:
    said = answers.fields_of({"work_order_code": "1", "extension": {"compensate_amount": yuan}}, Wire())
    assert (said["compensate_amount"], said["compensate_state"]) == (fen, 2 if fen else 1)


@pytest.mark.parametrize(
    "extension", [{"compensate_amount": "1.005"}, {"compensate_amount": "NaN"}, {"duty": "nobody"}]
)
def test_what_is_no_amount_and_no_duty_is_not_sent(extension: dict[str, str]) -> None:
    with pytest.raises(PlatformError) as caught:
        answers.fields_of({"work_order_code": "1", "extension": extension}, Wire())
    assert (caught.value.code, caught.value.permanent) == ("bad_payload", True)


@pytest.mark.parametrize(
    ("outcome", "code"),
    [("number_off", 1), ("busy", 2), ("no_answer", 3), ("not_the_person", 4), ("reached_denies", 5)],
)
def test_a_calls_outcome_has_the_platforms_number(outcome: str, code: int) -> None:
    call = {"outcome": outcome, "at_ms": 1763438400000}
    said = answers.call_fields({"work_order_code": "1", "call": call, "operator_name": "站"}, Wire())
    assert said["reply_type"] == 2
    assert json.loads(said["reply_call_result"])["call_result"] == code


def answer_to(body: Any) -> CallbackResult:
    with platform() as there:
        there.answer = reply(200, body)
        return answers.answer({"work_order_code": "1", "description": "x"}, Wire(address=there.url, secrets=("s",)))


def test_the_platforms_no_comes_back_in_its_words() -> None:
    assert answer_to({"logistics_ticket_notify_response": {"is_success": True}}) == CallbackResult(True)
    no = {
        "error_response": {
            "error_code": 50000,
            "error_msg": "业务服务错误",
            "sub_code": "7001",
            "sub_msg": "工单已完结",
        }
    }
    assert answer_to(no) == CallbackResult(False, "7001", "工单已完结")


@pytest.mark.parametrize(("code", "name"), [(20004, "unauthorised"), (70031, "rate_limited"), (52102, "server_error")])
def test_what_passes_is_tried_again(code: int, name: str) -> None:
    with pytest.raises(PlatformError) as caught:
        answer_to({"error_response": {"error_code": code, "error_msg": "x"}})
    assert (caught.value.code, caught.value.permanent) == (name, False)


@pytest.mark.parametrize(
    "body", [[], {}, {"a": 1}, {"a": {}, "b": {}}, {"logistics_ticket_get_response": {"total_count": "x"}}]
)
def test_a_page_that_is_none_is_no_page(body: Any) -> None:
    now = datetime(2026, 11, 18, tzinfo=UTC)
    with platform() as there:
        there.answer = reply(200, json.dumps(body).encode())
        with pytest.raises(PlatformError) as caught:
            tickets.page(Wire(address=there.url, secrets=("s",)), now, now, 1, 100)
    assert caught.value.code == "bad_answer"


def test_maps_put_fields_in_their_place_and_leave_the_message_alone() -> None:
    body = {"order": {"id": "W1"}, "keep": 1, "bad": "x", "task": {"until": "soon", "id": 7}}
    made = mapping.apply(body, {"work_order_code": "order.id", "task.until": "", "a.b": "keep", "n": "no.such"})
    assert made == {**body, "work_order_code": "W1", "task": {"id": 7}, "a": {"b": 1}}
    assert "work_order_code" not in body and body["task"] == {"until": "soon", "id": 7}


def test_a_pushed_messages_type_goes_through_its_map() -> None:
    body = json.dumps({"work_order_code": "W1", "event_time": "2026-11-18 12:00:00"}).encode()
    with pytest.raises(MessageError, match="unknown_msg_type"):
        driver.of("link").read("REMIND", body, Wire())
    (found,) = driver.of("link").read("REMIND", body, Wire(message_map={"REMIND": "WORK_ORDER_URGE"}))
    assert found.msg_type == "WORK_ORDER_URGE"


def test_the_usual_slips_of_a_signature_are_found() -> None:
    sign = driver.of("link").signature
    right = sign(b"hello+", "k")
    assert signature_check.check(sign, "hello+", right, ["", "k"], "utf-8") == signature_check.Verdict(1, "")
    spaced = next(text for text in map(str, range(99)) if "+" in sign(text.encode(), "k"))
    given = sign(spaced.encode(), "k").replace("+", " ")
    assert signature_check.check(sign, spaced, given, ["k"], "utf-8").slip == "space_for_plus"
    assert signature_check.check(sign, "hello+", "nothing", ["k"], "utf-8").secret is None

"""The canonical messages: each field of the interface, its type, its limit."""

import contextlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.answers import parse_answers
from app.domain.platform_messages import RANK
from app.integrations.platform.errors import MessageError
from app.integrations.platform.messages import MSG_TYPES, follow_up, issue

REPLYS = [{"reply_value": "A", "reply_label": "已联系", "operate_type": "1", "reply_supplement": []}]
ISSUE = {
    "work_order_code": "WO-1",
    "work_order_type": 2,
    "category_code": "FALSE_SIGN",
    "category": "虚假签收",
    "scenario_code": "S1",
    "priority": 3,
    "description": "没收到却显示签收",
    "biz_order_code": 123456789012345678,
    "customer_type": "buyer",
    "customer_name": "王小明",
    "start_time": "2026-11-22 12:00:00",
    "expire_time": "2026-11-23T12:00:00+08:00",
    "status": "1",
    "attachments": [{"url": "https://example.com/a.jpg"}],
    "goods_infos": [{"name": "鞋"}],
    "extension": {
        "mail_no": "yt 1234567890123",
        "site_code": "330106-01",
        "receiver_name": "王小明",
        "receiver_phone": "13812345678",
        "receiver_address": "杭州市西湖区文三路478号",
        "more": {"kept": True},
    },
    "work_order_task": {
        "task_id": "T-1",
        "task_start_time": "2026-11-22 12:00:00",
        "task_expire_time": "2026-11-22 16:00:00",
        "task_status": "0",
        "description": "请联系",
        "structural_replys": REPLYS,
    },
}
FOLLOW_UP = {
    "work_order_code": "WO-1", "task_id": "T-2", "event_id": "E-1", "event_time": "2026-11-22 13:00:00",
    "description": "再次投诉", "extension": {"a": 1},
}  # fmt: skip


def error_of(call, body):
    with pytest.raises(MessageError) as caught:
        call(body)
    return caught.value.code, caught.value.field


def test_a_full_issue_comes_through_field_by_field():
    message = issue(ISSUE)
    assert (message.work_order_code, message.work_order_type, message.priority) == ("WO-1", "complaint", 3)
    assert (message.category_code, message.category, message.scenario_code) == ("FALSE_SIGN", "虚假签收", "S1")
    assert (message.description, message.biz_order_code) == ("没收到却显示签收", "123456789012345678")
    assert (message.customer_type, message.customer_name, message.status) == ("buyer", "王小明", "1")
    assert message.start_time == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert message.expire_time == datetime(2026, 11, 23, 4, tzinfo=UTC)
    assert (message.mail_no, message.site_code) == ("yt 1234567890123", "330106-01")
    assert (message.receiver_name, message.receiver_phone) == ("王小明", "13812345678")
    assert message.receiver_address == "杭州市西湖区文三路478号"
    assert (message.task_id, message.task_status, message.task_description) == ("T-1", "0", "请联系")
    assert message.task_start_time == datetime(2026, 11, 22, 4, tzinfo=UTC)
    assert message.task_expire_time == datetime(2026, 11, 22, 8, tzinfo=UTC)
    assert message.structural_replys == REPLYS
    assert parse_answers(message.structural_replys)[0].label == "已联系"
    assert message.attachments == ISSUE["attachments"] and message.goods_infos == ISSUE["goods_infos"]
    assert message.extension == ISSUE["extension"]


def test_the_code_alone_is_enough():
    message = issue({"work_order_code": "WO-2"})
    assert (message.work_order_type, message.priority, message.description) == ("complaint", None, "")
    assert (message.start_time, message.task_expire_time, message.structural_replys) == (None, None, [])
    assert issue(ISSUE | {"work_order_task": None, "extension": None}).mail_no == ""


@pytest.mark.parametrize(
    ("raw", "meant"),
    [(1, "consult"), ("1", "consult"), (2, "complaint"), (0, "complaint"), (9, "complaint"), (None, "complaint")],
)
def test_the_pushs_own_order_types_are_mapped(raw, meant):
    assert issue(ISSUE | {"work_order_type": raw}).work_order_type == meant


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (0, 0),
        ("2", 2),
        (3, 3),
        (2.0, 2),
        (7, None),
        (-1, None),
        (1.5, None),
        ("high", None),
        ("", None),
        (True, None),
        ([2], None),
    ],
)
def test_an_unknown_priority_is_none(raw, meant):
    assert issue(ISSUE | {"priority": raw}).priority == meant


@pytest.mark.parametrize("body", [{}, {"work_order_code": None}, {"work_order_code": "  "}])
@pytest.mark.parametrize("call", [issue, follow_up])
def test_a_message_without_its_order_is_refused(call, body):
    body = FOLLOW_UP | {"work_order_code": None} | body
    assert error_of(call, body) == ("missing_work_order_code", "work_order_code")


@pytest.mark.parametrize(
    "changed",
    [
        {"work_order_code": "x" * 65},
        {"work_order_code": {}},
        {"work_order_type": [2]},
        {"category_code": True},
        {"description": ["a"]},
        {"customer_name": {}},
        {"start_time": "yesterday"},
        {"expire_time": "0001-01-01 00:00:00"},
        {"expire_time": "9999-12-31T23:59:59-23:00"},
        {"extension": [1]},
        {"extension": "not json"},
        {"work_order_task": [1]},
    ],
)
def test_a_wrong_type_is_named(changed):
    assert error_of(issue, ISSUE | changed) == ("bad_field", next(iter(changed)))


@pytest.mark.parametrize(
    "changed", [{"task_id": "x" * 65}, {"task_id": []}, {"task_expire_time": "soon"}, {"structural_replys": "A"}]
)
def test_a_wrong_type_in_the_task_is_named(changed):
    body = ISSUE | {"work_order_task": ISSUE["work_order_task"] | changed}
    assert error_of(issue, body) == ("bad_field", next(iter(changed)))


def test_long_texts_are_kept_long_and_labels_cut():
    message = issue(ISSUE | {"description": "长" * 30_000, "category": "c" * 900})
    assert len(message.description) == 20_000
    assert len(message.category) == 200


def test_wrapped_lists_and_objects_are_read():
    body = ISSUE | {
        "extension": '{"mail_no": "773123456789"}',
        "attachments": {"attachment": ["https://example.com/a"]},
        "work_order_task": {"structural_replys": {"structural_reply": REPLYS}},
    }
    wrapped = {"structural_replys": json.dumps(REPLYS)}
    assert issue(body | {"work_order_task": wrapped}).structural_replys == REPLYS
    assert error_of(issue, body | {"work_order_task": {"structural_replys": "[1,"}}) == (
        "bad_field",
        "structural_replys",
    )
    message = issue(body)
    assert message.mail_no == "773123456789"
    assert message.attachments == ["https://example.com/a"]
    assert message.structural_replys == REPLYS


@pytest.mark.parametrize("name", ["attachments", "goods_infos"])
@pytest.mark.parametrize("odd", ["a", "", {}, {"a": 1, "b": 2}, 7])
def test_a_complaint_is_not_refused_for_its_goods_or_pictures(name, odd):
    assert getattr(issue(ISSUE | {name: odd}), name) == []


def test_empty_objects_and_lists_are_empty_however_they_are_written():
    task = {"task_id": "T-1", "structural_replys": ""}
    message = issue(ISSUE | {"extension": [], "work_order_task": task})
    assert (message.extension, message.task_id, message.structural_replys) == ({}, "T-1", [])
    assert issue(ISSUE | {"work_order_task": []}).task_id == ""


@pytest.mark.parametrize(
    "spelling",
    ["2026-11-22 13:5:0", "2026/11/22 13:05:00", "2026-11-22 13:05", "20261122130500", "1795323900", 1795323900000],
)
def test_a_time_is_read_however_it_is_spelled(spelling):
    assert issue(ISSUE | {"start_time": spelling}).start_time == datetime(2026, 11, 22, 5, 5, tzinfo=UTC)


def test_midnight_may_end_a_day_and_a_zero_date_is_none():
    message = issue(ISSUE | {"start_time": "2026-11-22 24:00:00", "expire_time": "0000-00-00 00:00:00"})
    assert (message.start_time, message.expire_time) == (datetime(2026, 11, 22, 16, tzinfo=UTC), None)


@pytest.mark.parametrize("text", ["2026-11-22 13:00:00", "2026-11-22T05:00:00Z", "2026-11-22T13:00:00+08:00"])
def test_times_are_shanghais_unless_they_say_otherwise(text):
    moment = follow_up(FOLLOW_UP | {"event_time": text}).event_time
    assert moment == datetime(2026, 11, 22, 5, tzinfo=UTC)
    assert moment.utcoffset() == timedelta(0)


def test_a_follow_up_comes_through_field_by_field():
    message = follow_up(FOLLOW_UP)
    assert (message.work_order_code, message.task_id, message.event_id) == ("WO-1", "T-2", "E-1")
    assert (message.description, message.extension) == ("再次投诉", {"a": 1})
    assert follow_up(FOLLOW_UP | {"event_id": None}).event_id == ""


def test_a_follow_up_without_a_time_has_no_place_in_the_order():
    assert error_of(follow_up, FOLLOW_UP | {"event_time": ""}) == ("missing_event_time", "event_time")


def test_every_wire_name_has_a_rank():
    assert set(MSG_TYPES.values()) == set(RANK) - {"RETREAT"}  # which only a platform that is polled tells
    assert MSG_TYPES["WORK_ORDER_ISSUE"] == "ISSUE"


_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from([*ISSUE, *FOLLOW_UP]), _ANY))
def test_no_body_raises_anything_but_a_message_error(body):
    for call in (issue, follow_up):
        with contextlib.suppress(MessageError):
            call(ISSUE | FOLLOW_UP | body)

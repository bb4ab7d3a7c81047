"""A platform's message shows its shape and no person."""

from __future__ import annotations

import json

from app.domain.message_masking import masked

MESSAGE = {
    "work_order_code": "LP1", "customer_name": "王小明", "description": "请打 13812345678",
    "extension": {"receiver_phone": 13812345678, "receiver_address": "杭州市文三路1号", "receive_contact": "0571-88881234"},
    "goods_infos": [{"goods_name": "手机壳", "quantity": 2}], "work_order_task": {"task_id": "T1", "done": True, "x": None},
}  # fmt: skip


def test_the_people_are_hidden_and_the_rest_stays() -> None:
    said = masked(MESSAGE)
    text = json.dumps(said, ensure_ascii=False)
    assert not any(secret in text for secret in ("请打", "小明", "13812345678", "1号", "88881234"))
    assert said["work_order_code"] == "LP1" and said["goods_infos"] == MESSAGE["goods_infos"]
    assert said["work_order_task"] == MESSAGE["work_order_task"]


def test_the_given_message_is_left_alone() -> None:
    before = json.dumps(MESSAGE)
    masked(MESSAGE)
    assert json.dumps(MESSAGE) == before


def test_a_list_of_numbers_under_a_telling_name_is_hidden_too() -> None:
    assert masked({"phones": ["13812345678", "13912345678"]}) == {"phones": ["138******78", "139******78"]}

"""A platform's message shows its shape and no person."""

from __future__ import annotations

import json
import time

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


def test_a_field_without_end_is_hidden_and_costs_no_time() -> None:
    begun = time.monotonic()
    said = masked({"receiver_phone": ",1" * 200_000, "mail_no": "1 " * 200_000, "code": "A" * 1000})
    assert said == {"receiver_phone": "***", "mail_no": "***", "code": "A" * 1000}
    assert time.monotonic() - begun < 1


def test_the_given_message_is_left_alone() -> None:
    before = json.dumps(MESSAGE)
    masked(MESSAGE)
    assert json.dumps(MESSAGE) == before


def test_a_list_of_numbers_under_a_telling_name_is_hidden_too() -> None:
    assert masked({"phones": ["13812345678", "13912345678"]}) == {"phones": ["138******78", "139******78"]}


PEOPLE = {
    "consignee": "欧阳测漏", "buyerName": "欧阳测漏", "receiver": "欧阳测漏", "idcard": "330106199001011234", "id_no": "33010619900101123X",
    "wechat_id": "wxid_ouyang", "email": "ouyang@test.cn", "plate": "浙A12345", "who": ["欧阳测漏"], "amount_of": {"x": "欧阳测漏"},
    "attachments": ["https://img.example.com/欧阳测漏.jpg?sig=SECRET", "file:///欧阳测漏"], "phone": 13987654321.0, "card": 330106199001,
    "buyer_user_id": "U-4711", "openId": "oX1", "dial": 13987654321,
}  # fmt: skip


def test_a_field_that_nobody_knows_is_hidden_rather_than_shown() -> None:
    text = json.dumps(masked({"extension": PEOPLE, "goods_infos": [PEOPLE]}), ensure_ascii=False)
    told = ("欧阳", "3301061990", "wxid", "ouyang", "12345", "SECRET", "13987654321", "U-4711", "oX1")
    assert [one for one in told if one in text] == []
    assert masked(PEOPLE)["attachments"] == ["https://img.example.com/***", "***"]


def test_codes_kinds_times_and_counts_stay_whatever_their_case() -> None:
    plain = {
        "mail_no": "YT8800000269246", "orderNo": "A-1", "task_status": "处理中", "category": "虚假签收", "siteCode": "330106-01",
        "reply_label": "已核实", "start_time": "2026-11-29 10:00:00", "round": 2, "weight": 1.5, "goods_name": "手机壳",
    }  # fmt: skip
    assert masked(plain) == plain

"""The generator: the same seed tells the same stories, and each is a message that a platform could send."""

import json
import re
from datetime import UTC, datetime

from simulator.complaint_texts import CATEGORY_NAMES, TEXTS, WEIGHTS
from simulator.complaints import Generator

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def made(seed, n=200, **options):
    generator = Generator(seed, **options)
    return [generator.complaint(NOW) for _ in range(n)]


def test_the_seed_decides():
    assert made(7, 20) == made(7, 20)
    assert made(7, 20) != made(8, 20)


def test_every_category_has_texts_and_a_weight():
    assert CATEGORY_NAMES.keys() == TEXTS.keys() == WEIGHTS.keys()


def test_each_is_a_whole_message():
    for complaint in made(1):
        body = json.loads(json.dumps(complaint.body))
        assert body["work_order_code"] == complaint.code
        assert body["work_order_type"] == 2
        assert "{" not in body["description"]
        assert re.fullmatch(r"[A-Z0-9-]{8,20}", body["extension"]["mail_no"])
        assert body["work_order_task"]["task_expire_time"] > body["work_order_task"]["task_start_time"]
        assert complaint.replies and all(reply["operate_type"] for reply in complaint.replies)


def test_scans_run_forward_and_end_before_the_complaint():
    for complaint in made(2):
        times = [scan["scan_time"] for scan in complaint.scans]
        assert times == sorted(times)
        assert all(at < complaint.body["start_time"] for at in times)
        assert {scan["mail_no"] for scan in complaint.scans} <= {complaint.body["extension"]["mail_no"]}


def test_a_false_sign_has_a_sign_scan_and_a_lost_parcel_none():
    generator = Generator(3, odd=0)
    signed = generator.complaint(NOW, category="FALSE_SIGN", site="330108-01")
    assert [scan["site_code"] for scan in signed.scans if scan["scan_type"] == "SIGN"] == ["330108-01"]
    lost = generator.complaint(NOW, category="LOST")
    assert not {"SIGN", "DELIVER"} & {scan["scan_type"] for scan in lost.scans}


def test_addresses_are_of_the_site():
    generator = Generator(4, odd=0)
    assert generator.address("330106-01").startswith("浙江省杭州市西湖区")
    assert generator.address("440305-01").startswith("广东省深圳市南山区")
    assert generator.address("110101-01").startswith("北京市东城区")


def test_the_first_site_gets_the_most():
    sites = [complaint.body["extension"]["site_code"] for complaint in made(5, 400)]
    assert max(set(sites), key=sites.count) == "330106-01"
    assert "999999-99" in sites


def test_a_site_that_was_wished_for_is_never_an_unknown_one():
    generator = Generator(5, odd=1)
    drawn = generator.complaint(datetime(2026, 11, 18, 12, 0), site="330106-01")
    assert drawn.body["extension"]["site_code"] == "330106-01" and drawn.scans

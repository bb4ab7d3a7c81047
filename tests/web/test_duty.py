"""The duty page and the courier's box through the browser: masked, in scope, and what was typed stays."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select

from app.integrations.robots import RobotClient
from app.jobs import robots as jobs
from app.models import Courier, DutyShift, Organisation, Outbox, Robot
from app.services import duty
from tests.integrations import fake_robots as fake
from tests.web.stage import Stage

TOKEN = "0123456789abcdef0123456789ABCDEF"
SECRET = "SECa0123456789abcdef0123456789abcdef"
ADDRESS = f"https://oapi.dingtalk.com/robot/send?access_token={TOKEN}"
ENTRY = {"name": "张三", "phone": "13911110001", "when": "daily", "from_time": "08:00", "until_time": "20:00"}


def post(stage: Stage, who: str, path: str, **data: str) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def rows(stage: Stage, table: Any) -> list[Any]:
    with stage.session() as session:
        return list(session.scalars(select(table).order_by(table.id)))


def test_who_is_entered_stands_in_the_week_with_a_masked_number(stage: Stage) -> None:
    answer = post(stage, "site-manager", "/duty/entries", **ENTRY)
    assert (answer.status_code, answer.location.split("?")[0]) == (303, "/duty")
    for who in ("site", "site-manager"):
        page = stage.browsers[who].get("/duty").text
        assert "张三" in page and "139******01" in page and "13911110001" not in page
    assert "张三" not in stage.browsers["site-2"].get("/duty").text
    assert "张三" in stage.browsers["lcs"].get("/duty?site=330106-01&week=2026-11-23").text
    assert [stage.browsers[who].get("/duty?site=330106-01").status_code for who in ("lcs-2", "ccs", "site-2")] == [
        404
    ] * 3


def test_what_was_typed_stays_beside_what_is_wrong_with_it(stage: Stage) -> None:
    before = len(rows(stage, DutyShift))
    answer = post(stage, "lcs", "/duty/entries", **{**ENTRY, "phone": "12", "name": "李四", "site": "330108-01"})
    assert answer.status_code == 422
    assert 'value="李四"' in answer.text and 'id="entry-phone-error"' in answer.text
    assert 'name="site" value="330108-01"' in answer.text, "the next try is for the same site"
    assert (
        post(stage, "lcs", "/duty/entries", **{**ENTRY, "day": "x", "when": "day", "from_time": "8"}).status_code == 422
    )
    assert len(rows(stage, DutyShift)) == before


@pytest.mark.parametrize("week", ["0001-01-01", "9999-12-31", "x", "2026-02-30", ""])
def test_an_odd_week_in_the_address_is_this_week(stage: Stage, week: str) -> None:
    assert stage.browsers["site"].get(f"/duty?week={week}").status_code == 200


def test_the_managers_number_is_kept_for_the_chosen_site(stage: Stage) -> None:
    assert post(stage, "lcs", "/duty/manager", site="330108-01", manager_phone="0571-87654321").status_code == 303
    assert post(stage, "lcs", "/duty/manager", site="440305-01", manager_phone="0571-87654321").status_code == 404
    for wrong in ("5", ""):
        assert post(stage, "lcs", "/duty/manager", site="330108-01", manager_phone=wrong).status_code == 422
    kept = {row.code: row.manager_phone for row in rows(stage, Organisation) if row.manager_phone}
    assert kept == {"330108-01": "057187654321"}
    assert post(stage, "lcs", "/duty/manager", site="330108-01", remove="1").status_code == 303
    assert not [row for row in rows(stage, Organisation) if row.manager_phone]


def test_the_courier_of_the_last_delivery_is_offered_and_a_typed_number_goes_before_the_list(stage: Stage) -> None:
    own = f"/tickets/{stage.numbers['own']}"
    with stage.app.app_context():
        duty.add_courier(actor=stage.cast["site-manager"], name="courier", phone="13911110005", kind="courier")
        from tests import cast

        fresh = cast.push(stage.cast, "COURIER", waybill="YT1111222233335")
    known = str(rows(stage, Courier)[-1].id)
    page = stage.browsers["site"].get(f"/tickets/{fresh}").text
    assert 'id="box-courier_sms"' in page and "139******05" in page and "13911110005" not in page
    assert 'id="box-courier_sms"' not in stage.browsers["lcs"].get(f"/tickets/{fresh}").text
    assert post(stage, "site", f"{own}/courier-sms").status_code == 422  # answered and appealed meanwhile: still named
    typed = {"template": "courier_delivery", "request": "call", "due_at": "2026-11-25T10:00", "courier_id": known}
    assert post(stage, "site", f"/tickets/{fresh}/courier-sms", **typed).status_code == 303
    assert (
        post(stage, "site", f"/tickets/{fresh}/courier-sms", **typed, name="别人", phone="13911110006").status_code
        == 303
    )
    told = [row.payload["phone"] for row in rows(stage, Outbox) if row.key.startswith("courier_sms")]
    assert told == ["13911110005", "13911110006"]
    thread = stage.browsers["site"].get(f"/tickets/{fresh}").text
    assert "139******06" in thread and "别人" in thread and "联系客户" in thread and "13911110006" not in thread
    assert "139******06" in stage.browsers["ccs"].get("/sms-outbox").text


def test_a_refused_sms_keeps_what_was_typed(stage: Stage) -> None:
    with stage.app.app_context():
        from tests import cast

        fresh = cast.push(stage.cast, "KEPT")
    answer = post(
        stage,
        "site",
        f"/tickets/{fresh}/courier-sms",
        template="courier_delivery",
        name="李四",
        phone="12",
        request="call",
    )
    assert answer.status_code == 422
    assert 'value="李四"' in answer.text and 'id="courier_sms-phone-error"' in answer.text
    assert re.search(r'id="tab-courier_sms" checked|checked[^>]*id="tab-courier_sms"', answer.text)


def test_a_robot_is_added_tested_and_taken_away_and_its_address_never_comes_back(
    stage: Stage, monkeypatch: Any
) -> None:
    with fake.running() as there:
        monkeypatch.setattr(jobs, "client", lambda: RobotClient(there.url))
        refused = post(stage, "site-manager", "/duty/robots", name="群", address="https://example.com/robot")
        assert refused.status_code == 422 and "example.com" not in refused.text
        wrong = post(stage, "site-manager", "/duty/robots", name="群", address=ADDRESS, secret="a b c d e f g h")
        assert wrong.status_code == 422 and 'id="robot-secret-error"' in wrong.text and "a b c d" not in wrong.text
        there.secret = SECRET
        new = {"name": "站点群", "address": ADDRESS, "secret": SECRET}
        assert post(stage, "site-manager", "/duty/robots", **new).status_code == 303
        robot = rows(stage, Robot)[0].id
        for _ in range(2):
            assert post(stage, "site-manager", f"/duty/robots/{robot}/test", submission_key="once").status_code == 303
        page = stage.browsers["site-manager"].get("/duty").text
        assert len(there.texts) == 1 and "chip good" in page and "…CDEF" in page and TOKEN not in page
        assert re.search(">(signed|已加签)<", page) and SECRET not in page
        for n in range(4):
            post(stage, "site-manager", f"/duty/robots/{robot}/test", submission_key=f"more {n}")
        answer = post(stage, "site-manager", f"/duty/robots/{robot}/test", submission_key="too many")
        assert (answer.status_code, answer.headers["Retry-After"], len(there.texts)) == (429, "600", 5)
        for who in ("lcs-manager", "ccs-manager"):
            assert post(stage, who, f"/duty/robots/{robot}/end").status_code == 404
        assert "站点群" not in stage.browsers["site"].get("/duty").text
        assert post(stage, "site-manager", f"/duty/robots/{robot}/end").status_code == 303
        assert "站点群" not in stage.browsers["site-manager"].get("/duty").text

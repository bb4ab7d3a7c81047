"""The ledger over HTTP: who sees which money, the explanation, contesting and deciding without scripting."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from app.models import Penalty, PenaltyContest, PenaltyRule
from app.services import penalties, sweep
from tests import cast
from tests.web.stage import NOW, Stage

SEES = {"site-manager": True, "lcs": True, "lcs-manager": True, "ccs": True, "ccs-manager": True, "lcs-2": False}


@pytest.fixture(scope="module")
def late(stage: Stage) -> str:
    """A ticket of the first site whose first reply is late, with its entry; its number."""
    with stage.session() as session:
        number = cast.push(stage.cast, "LATE", waybill="YT7777888899990")
        while sweep.run(session, NOW):
            pass
        penalties.run(session, NOW)
    return number


def entry(stage: Stage, number: str = "") -> int:
    with stage.session() as session:
        ids = session.scalars(select(Penalty.id).where(Penalty.rule == "first_reply_late").order_by(Penalty.id))
        return next(iter(ids))


def send(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={"csrf_token": stage.csrf, **data})


def test_the_list_the_entry_and_the_panel_are_for_those_in_scope_and_never_for_a_clerk(stage: Stage, late: str) -> None:
    path = f"/penalties/{entry(stage)}"
    for who, may in SEES.items():
        listed = stage.browsers[who].get("/penalties")
        assert listed.status_code == 200
        assert (late in listed.text) == may, who
        assert stage.browsers[who].get(path).status_code == (200 if may else 404), who
    clerk = stage.browsers["site"]
    assert clerk.get("/penalties").status_code == clerk.get(path).status_code == 403
    page = clerk.get(f"/tickets/{late}").text
    assert "penalties" not in page and "扣罚" not in page
    assert path in stage.browsers["site-manager"].get(f"/tickets/{late}").text


def test_an_entry_is_explained_line_by_line_to_the_second(stage: Stage, late: str) -> None:
    page = stage.browsers["site-manager"].get(f"/penalties/{entry(stage)}").text
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for said in (
        "规则金额 20.00",
        "单票封顶 150.00",
        "扣罚金额 20.00",
        "2026-11-18 12:30:00",
        "第 1 版",
        "与存储的应完成时间一致",
    ):
        assert said in text, said
    assert "cdn" not in page and " style=" not in page


def test_the_filters_stand_in_the_address_and_odd_ones_are_no_error(stage: Stage, late: str) -> None:
    manager = stage.browsers["lcs"]
    assert (
        late in manager.get("/penalties?month=2026-11&state=proposed&rule=first_reply_late&organisation=330106-01").text
    )
    assert late not in manager.get("/penalties?month=2026-11&state=waived").text
    assert late in manager.get("/penalties?month=2026-11&state=nothing&rule=%27&before=x").text
    for month in ("2026-13", "abc", "2027-01"):
        assert manager.get(f"/penalties?month={month}").status_code == 404
    assert manager.get("/penalties?month=2026-10").status_code == 200


def test_a_contest_goes_its_way_without_scripting(stage: Stage, late: str) -> None:
    path = f"/penalties/{entry(stage)}"
    empty = send(stage, "site-manager", f"{path}/contest", reason="customer", text=" ")
    assert empty.status_code == 422 and "selected" in empty.text
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    done = send(stage, "site-manager", f"{path}/contest", reason="customer", text="客户电话 13812345678 关机",
                file=(picture, "p.png", "image/png"))  # fmt: skip
    assert (done.status_code, done.location.split("?")[0]) == (303, path)
    assert send(stage, "site-manager", f"{path}/contest", reason="customer", text="又一次").status_code == 409
    page = stage.browsers["lcs"].get("/penalties/contests").text
    assert late in page and "13812345678" not in page and "客户原因" in page
    assert stage.browsers["lcs-2"].get("/penalties/contests").text.count(late) == 0
    with stage.session() as session:
        key = session.scalars(select(PenaltyContest.id)).one()
    decide = "/penalties/contests/decide"
    assert send(stage, "lcs", decide, contest=key, verdict="refuse").status_code == 422
    assert send(stage, "lcs-2", decide, contest=key, verdict="refuse", decision="x").status_code == 404
    assert send(stage, "lcs", decide, contest=key, verdict="refuse", decision="有通话记录").status_code == 303
    assert send(stage, "lcs", decide, contest=key, verdict="grant", decision="改").status_code == 409
    page = stage.browsers["site-manager"].get(path).text
    assert "有通话记录" in page and "终局申诉" in page
    thread = stage.browsers["site"].get(f"/tickets/{late}").text
    assert "有通话记录" not in thread and "关机" not in thread


def test_several_are_contested_at_once_and_each_answer_is_told(stage: Stage, late: str) -> None:
    path, other = "/penalties/contest-several", entry(stage)
    assert send(stage, "site-manager", path, reason="not_ours", text="一批").status_code == 422
    done = send(stage, "site-manager", path, reason="not_ours", text="一批", penalty=["1", str(other)])
    assert done.status_code == 200 and "成功 1 条" in done.text
    with stage.session() as session:
        assert session.get_one(Penalty, other).state == "contested"


def test_a_rule_is_tried_on_a_month_by_those_who_do_not_store_it(stage: Stage, late: str) -> None:
    path = "/admin/penalty-rules/first_reply_late"
    drafted = {"amount": "99.50", "effective_from": "2026-12-01T00:00", "seen": "1", "month": "2026-11", "note": "试"}
    for who, status in (("ccs-manager", 403), ("admin", 303)):
        tried = send(stage, who, path, **drafted, do="preview")
        assert tried.status_code == 200 and "99.50" in tried.text, who
        assert late not in tried.text
        assert send(stage, who, path, **drafted, do="store").status_code == status
    assert send(stage, "admin", path, **drafted, do="store").status_code == 422  # not after the newest version
    assert "99.50" in stage.browsers["ccs-manager"].get("/admin/penalty-rules").text
    wrong = send(stage, "admin", path, amount="1.234", effective_from="2026-01-01T00:00", do="preview")
    assert wrong.status_code == 422 and 'value="1.234"' in wrong.text


def test_who_bears_a_rule_its_cap_and_what_it_stands_for_are_drafted_and_stored(stage: Stage, late: str) -> None:
    path = "/admin/penalty-rules/intervention"
    page = stage.browsers["admin"].get(path).text
    assert 'name="absorbs" type="checkbox" value="close_late"' in page and "吸收同一时效的下列扣罚" in page
    drafted = {"amount": "50.00", "effective_from": "2026-12-01T00:00", "seen": "1", "month": "2026-11"}
    chosen = {"liable": "manager", "cap_group": "none", "absorbs": ["close_late", "result_late"]}
    wrong = send(stage, "admin", path, **drafted, liable="department", cap_group="week", absorbs=["loss"], do="preview")
    assert wrong.status_code == 422 and wrong.text.count("请从列表中选择") == 3 and 'value="50.00"' in wrong.text
    tried = send(stage, "admin", path, **drafted, **chosen, do="preview")
    assert tried.status_code == 200 and "负责人个人" in tried.text.split('id="preview"')[1]
    assert send(stage, "admin", path, **drafted, **chosen, do="store").status_code == 303
    with stage.session() as session:
        row = session.get_one(PenaltyRule, ("intervention", 2))
        kept = (row.kind, row.liable, row.cap_group, row.absorbs)
    assert kept == ("per_person", "manager", "", ["close_late", "result_late"])


def test_a_fact_by_hand_keeps_what_was_typed_and_needs_its_proof(stage: Stage, late: str) -> None:
    typed = {"rule": "loss", "ticket": late, "organisation": "330106-01", "base": "333.35", "text": "未按要求送货"}
    bare = send(stage, "lcs", "/penalties/enter", **typed)
    assert bare.status_code == 422 and "未按要求送货" in bare.text and 'value="333.35"' in bare.text
    foreign = send(stage, "lcs-2", "/penalties/enter", **typed)
    assert foreign.status_code == 422 and "未按要求送货" in foreign.text
    picture = BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    picture.seek(0)
    done = send(stage, "lcs", "/penalties/enter", **typed, file=(picture, "p.png", "image/png"))
    assert done.status_code == 303
    with stage.session() as session:
        penalties.run(session, NOW)
        rows = session.scalars(select(Penalty).where(Penalty.rule == "loss").order_by(Penalty.id))
        assert [(row.amount_fen, row.points) for row in rows] == [(10_001, 0), (0, 5)]

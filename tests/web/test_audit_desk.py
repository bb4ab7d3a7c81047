"""The audit desk over HTTP: by plain forms alone, blind to who wrote, auto-next, and closed to everybody else."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app import clock
from app.models import Audit, User
from app.services.audits import Verdict
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast
from tests.services.audit_steps import DAY, MORNING, answered, audit_of, draw, drawn, mark
from tests.web.door import door
from tests.web.test_queries import cost

AUTHOR = "陈晓燕"
UNTRUE = Verdict("untruthful", "not_called", "请重新联系")


@pytest.fixture
def company(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company in the morning after; forms need no token here."""
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    made = cast.begin()
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(name=AUTHOR))
    return made


@pytest.fixture
def portal(app: Any, company: Cast) -> Any:
    """Signs a person in without the cost of a password."""
    return door(app, company, MORNING)


@pytest.fixture
def numbers(company: Cast, db_session: Any) -> list[str]:
    """Two rejected results of the first site, drawn, and one of the other province."""
    made = []
    for n, who in enumerate(("site", "site", "site-3")):
        text = f"我是{AUTHOR}，已处理，客户电话 13812345678" + "。" * n
        number = answered(company, f"W{n}", who=who, text=text, signed_by="门卫", courier="王师傅")
        cast.tell(company, "REJECT", f"W{n}", now=NOON + timedelta(hours=1))
        made.append(number)
    draw(db_session)
    return made


def follow(client: Any, answer: Any) -> Any:
    assert answer.status_code == 303, answer.status_code
    return client.get(answer.location)


def test_one_reply_after_another_is_marked_by_plain_forms(company, portal, numbers, db_session) -> None:
    lcs = portal("lcs")
    page = follow(lcs, lcs.post("/audit/next"))
    first = re.search(r'action="/audit/(\d+)/mark"', page.text)
    assert first is not None
    page = follow(lcs, lcs.post(f"/audit/{first[1]}/mark", data={"mark": "true"}))
    second = re.search(r'action="/audit/(\d+)/mark"', page.text)
    assert second is not None and second[1] != first[1] and "属实" in page.text
    form = {"mark": "untruthful", "reason_untruthful": "not_called", "reason_incomplete": "no_proof"}
    end = lcs.post(f"/audit/{second[1]}/mark", data=form)
    assert end.location == "/audit?what=untruthful"
    assert sorted((one.mark, one.mark_reason) for one in drawn(db_session)) == [
        ("", ""), ("true", ""), ("untruthful", "not_called"),
    ]  # fmt: skip


def test_a_mark_without_its_reason_keeps_what_was_typed(company, portal, numbers, db_session) -> None:
    lcs = portal("lcs")
    page = follow(lcs, lcs.post("/audit/next"))
    found = re.search(r'action="(/audit/\d+/mark)"', page.text)
    assert found is not None
    wrong = lcs.post(found[1], data={"mark": "incomplete", "text": "照片看不清"})
    assert wrong.status_code == 422 and "照片看不清" in wrong.text and 'id="reason-error"' in wrong.text
    assert re.search(r'value="incomplete"[^>]* checked', wrong.text)


def test_the_page_tells_nobody_who_wrote_it(company, portal, numbers, db_session) -> None:
    page = portal("lcs").get(f"/audit/{audit_of(db_session, numbers[0]).id}").text
    assert "我是＊＊，已处理" in page
    for hidden in (AUTHOR, "王师傅", "13812345678", numbers[0], "site-manager"):
        assert hidden not in page.split('<main id="main"')[1], hidden
    assert "门卫" in page and "投诉 W0" in page


def test_a_colleague_sees_that_somebody_has_it_and_cannot_mark_it(company, portal, numbers, db_session) -> None:
    lcs, boss = portal("lcs"), portal("lcs-manager")
    page = follow(lcs, lcs.post("/audit/next"))
    mine = re.search(r'action="/audit/(\d+)/mark"', page.text)
    assert mine is not None
    other = follow(boss, boss.post("/audit/next"))
    assert f'action="/audit/{mine[1]}/mark"' not in other.text
    shown = boss.get(f"/audit/{mine[1]}")
    assert shown.status_code == 200 and "/mark" not in shown.text
    assert boss.post(f"/audit/{mine[1]}/take").status_code == 409
    assert boss.post(f"/audit/{mine[1]}/mark", data={"mark": "true"}).status_code == 409
    assert lcs.post(f"/audit/{mine[1]}/keep").status_code == 204


def test_a_mark_that_comes_again_with_other_words_is_told_so_and_the_words_are_shown(
    company, portal, numbers, db_session
) -> None:
    lcs = portal("lcs")
    first = lcs.post("/audit/next").location.rsplit("/", 1)[1]
    assert lcs.post(f"/audit/{first}/mark", data={"mark": "true", "text": "看过了"}).status_code == 303
    assert lcs.post(f"/audit/{first}/mark", data={"mark": "true", "text": "看过了"}).status_code == 303
    answer = lcs.post(f"/audit/{first}/mark", data={"mark": "true", "text": "改过的话"})
    assert answer.status_code == 409 and "已用不同的文字提交" in answer.text and "改过的话" in answer.text


def test_skipping_takes_another_one_and_giving_back_frees_it(company, portal, numbers, db_session) -> None:
    lcs = portal("lcs")
    first = lcs.post("/audit/next").location
    second = lcs.post(f"{first}/skip").location
    assert second != first and lcs.post("/audit/back").location == "/audit"
    assert portal("lcs-manager").post(f"{second}/take").location == second


@pytest.mark.parametrize(("who", "status"), [("lcs-2", 404), ("ccs", 404), ("site", 403), ("admin", 403)])
def test_other_desks_get_no_word_of_it(company, portal, numbers, db_session, who: str, status: int) -> None:
    audit_id = audit_of(db_session, numbers[0]).id
    client = portal(who)
    assert client.get(f"/audit/{audit_id}").status_code == status
    assert client.post(f"/audit/{audit_id}/mark", data={"mark": "true"}).status_code == status
    assert client.post(f"/audit/{audit_id}/take").status_code == status


def test_the_site_reads_mark_and_reason_and_not_why_or_by_whom(company, portal, numbers, db_session) -> None:
    mark(company, audit_of(db_session, numbers[0]), UNTRUE)
    listed, ticket = portal("site").get("/audits").text, portal("site").get(f"/tickets/{numbers[0]}").text
    for page in (listed, ticket):
        assert "回复不实" in page and "未联系客户" in page and "请重新联系" in page
        assert "客户不认可" not in page.split('<main id="main"')[1] or page is ticket
        assert ">lcs<" not in page
    assert numbers[0] in listed and numbers[1] not in listed
    assert numbers[0] not in portal("lcs-2").get("/audits").text


def test_headquarters_gives_the_second_opinion_on_its_own_page(company, portal, numbers, db_session) -> None:
    audit = audit_of(db_session, numbers[0])
    mark(company, audit, UNTRUE)
    ccs, audit_id = portal("ccs"), audit.id
    assert "回复不实" in ccs.get(f"/audits/{audit_id}").text
    assert ccs.post(f"/audits/{audit_id}", data={"mark": ""}).status_code == 422
    assert (
        ccs.post(f"/audits/{audit_id}", data={"mark": "untruthful", "reason_untruthful": "not_done"}).status_code == 422
    )
    assert ccs.post(f"/audits/{audit_id}", data={"mark": "true", "text": "录音证实已联系"}).status_code == 303
    assert (
        ccs.post(f"/audits/{audit_id}", data={"mark": "incomplete", "reason_incomplete": "no_proof"}).status_code == 409
    )
    assert "原结论：回复不实" in portal("site").get("/audits").text
    assert "50.0 %" in portal("lcs").get("/audit/agreement?month=2026-11").text
    assert portal("lcs").get("/audit/agreement?month=2026-13").status_code == 404


def test_a_policy_is_changed_by_a_new_version_only(company, portal, db_session) -> None:
    boss = portal("ccs-manager")
    page = boss.get("/audit/policy").text
    form = dict(re.findall(r'name="(\w+)" [^>]*value="(\d+)"', page))
    assert form["share_percent"] == "10"
    assert boss.post("/audit/policy", data=form | {"note": "无变化"}).status_code == 422
    wrong = boss.post("/audit/policy", data=form | {"note": "加严", "cap": "1"})
    assert wrong.status_code == 422 and 'id="cap-error"' in wrong.text
    assert boss.post("/audit/policy", data=form | {"note": "加严", "cap": "20"}).status_code == 303
    stale = boss.post("/audit/policy", data=form | {"note": "又改", "cap": "30"})
    assert stale.status_code == 409 and "又改" in stale.text
    assert "10 → 20" in portal("admin").get("/audit/policy").text


@pytest.mark.both_engines  # counts statements
def test_the_desk_costs_the_same_however_many_results_wait(company, portal, database, db_session) -> None:
    costs = []
    for day, (start, end) in enumerate(((0, 2), (2, 6))):
        at = NOON + timedelta(days=day)
        for n in range(start, end):
            answered(company, f"W{n}", now=at)
            cast.tell(company, "REJECT", f"W{n}", at=at + timedelta(hours=1), now=at + timedelta(hours=1))
        draw(db_session, DAY + timedelta(days=day), MORNING)
        lcs = portal("lcs")
        wanted = db_session.scalars(select(Audit.id).order_by(Audit.id)).first()
        db_session.rollback()
        costs.append([cost(database, lcs, path) for path in ("/audit", f"/audit/{wanted}", "/audits")])
    assert costs[0] == costs[1]
    assert [n for n, most in zip(costs[0], (10, 32, 8), strict=True) if n > most] == []

"""The call on the page: one press shows the number and the script, one more the outcome; all without scripting."""

from __future__ import annotations

import re
from typing import Any

from sqlalchemy import select

from app.models import Connection, Contact, Promise, Ticket
from app.models.ids import new_id
from app.services.transaction import write
from tests import cast
from tests.services.ending_steps import push_from
from tests.services.test_many_orders import DEMO_ANSWERS, OTHER_ANSWERS
from tests.web.stage import Stage


def post(stage: Stage, path: str, who: str = "site", **fields: str) -> Any:
    return stage.browsers[who].post(path, data={"csrf_token": stage.csrf, **fields})


def fresh(stage: Stage, code: str) -> str:
    with stage.app.app_context():
        return f"/tickets/{cast.push(stage.cast, code, category='FALSE_SIGN')}"


def value(stage: Stage, statement: Any) -> Any:
    with stage.session() as session:
        return session.scalars(statement).one()


def test_a_call_goes_from_the_number_to_the_filled_result(stage: Stage) -> None:
    own = fresh(stage, "CALL")
    page = post(stage, f"{own}/call").text
    assert 'href="tel:13812345678"' in page and "data-since=" in page
    assert page.count('name="outcome"') == 6 and 'name="answer-signer"' in page
    again = stage.browsers["site"].get(own).text
    assert "tel:13812345678" not in again and 'id="call"' in again  # a look costs another entry on record
    contact = re.search(r'name="contact" value="(\d+)"', page)
    known = {"contact": contact[1] if contact else "", "answer-signer": "门卫张师傅", "answer-signed_self": "否"}
    missing = post(stage, f"{own}/contact", **known)
    assert missing.status_code == 422 and "门卫张师傅" in missing.text
    assert post(stage, f"{own}/contact", outcome="reached_accepts", **known).status_code == 303
    page = stage.browsers["site"].get(own).text
    assert 'id="call"' not in page
    assert re.search(r'name="finding_signed_by"[^>]*value="门卫张师傅"', page)
    assert "tel:" not in stage.browsers["lcs"].get(own).text


def test_a_call_that_is_on_is_seen_by_whoever_calls_alone(stage: Stage) -> None:
    own = fresh(stage, "ON")
    post(stage, f"{own}/call")
    assert 'id="call"' in stage.browsers["site"].get(own).text
    assert 'id="call"' not in stage.browsers["site-manager"].get(own).text


def test_a_result_that_is_too_early_says_how_many_calls_are_missing(stage: Stage) -> None:
    own = fresh(stage, "EARLY")
    answer = post(stage, f"{own}/result", text="未联系上", contact_outcome="busy", confirmed="1")
    assert answer.status_code == 422 and "未联系上" in answer.text
    assert re.search(r'id="result-contact_outcome-error">[^<]*3[^<]*\d\d:\d\d', answer.text)
    refused = post(stage, f"{own}/wait")
    assert refused.status_code == 409


def test_the_wrong_promise_keeps_what_was_typed_and_a_right_one_is_listed(stage: Stage) -> None:
    own = fresh(stage, "PROMISE")
    bad = post(stage, f"{own}/promises", promise_what="call_back", promise_who="李师傅")
    assert bad.status_code == 422 and 'value="李师傅"' in bad.text
    good = {"promise_what": "call_back", "promise_due_at": "2026-11-25T10:00", "promise_who": "李师傅"}
    assert post(stage, f"{own}/promises", **good).status_code == 303
    page = stage.browsers["site"].get(own).text
    assert "李师傅" in page and "do=kept" in page
    assert "do=kept" not in stage.browsers["lcs"].get(own).text
    known = value(stage, select(Promise.id).order_by(Promise.id.desc()).limit(1))
    for do in ("kept", "anew"):
        sheet = stage.browsers["site"].get(f"{own}?sheet=promise&promise={known}&do={do}").text
        assert f"{own}/promises/{known}/{do}" in sheet
    unproven = post(stage, f"{own}/promises/{known}/kept", proof="call")
    assert unproven.status_code == 422 and 'id="sheet-proof-error"' in unproven.text


def test_a_doubtful_complaint_offers_another_category(stage: Stage) -> None:
    own = fresh(stage, "DOUBT")
    assert "sheet=correct_category" in stage.browsers["site"].get(own).text
    sheet = stage.browsers["site"].get(f"{own}?sheet=correct_category").text
    assert re.search(r'<option value="LOST"', sheet)
    assert post(stage, f"{own}/category", category="LOST", text="客户确认包裹丢失").status_code == 303
    assert value(stage, select(Ticket.category).where(Ticket.number == own.split("/")[-1])) == "LOST"


def test_the_administrator_edits_a_script_and_a_call_asks_it(stage: Stage) -> None:
    path, fields = "/admin/scripts/FALSE_SIGN", {"0-label": "谁签的", "0-kind": "choice", "0-target": "signed_by"}
    bad = post(stage, path, "admin", **fields)
    assert bad.status_code == 422 and 'id="0-options-error"' in bad.text and "谁签的" in bad.text
    assert post(stage, path, "admin", **fields | {"0-options": "本人，门卫"}).status_code == 303
    page = post(stage, f"{fresh(stage, 'ASK')}/call").text
    assert '<option value="门卫"' in page and page.count("answer-") == 3  # the label's, the field's id and its name
    assert post(stage, path, "admin", standard="1").status_code == 303
    assert "answer-signer" in post(stage, f"{fresh(stage, 'ASK2')}/call").text
    assert value(stage, select(Contact.id).limit(1))


def test_the_superiors_menu_tells_of_an_alarm_until_somebody_has_looked_into_it(stage: Stage) -> None:
    own = fresh(stage, "MANY")
    for _ in range(31):
        post(stage, f"{own}/reveal")
    told = re.compile(r'href="/alarms"[^>]*><span>[^<]*</span><span class="num">1</span>')
    seen = {
        who: bool(told.search(stage.browsers[who].get("/tickets").text)) for who in ("site-manager", "lcs", "lcs-2")
    }
    assert seen == {"site-manager": True, "lcs": True, "lcs-2": False}
    assert told.search(stage.browsers["admin"].get("/admin").text)
    assert not re.search(r"/alarms/\d+/seen", stage.browsers["site-manager"].get("/alarms").text)
    action = re.search(r'action="(/alarms/\d+/seen)"', stage.browsers["lcs"].get("/alarms").text)
    assert action and post(stage, action[1], "lcs").status_code == 303
    assert not told.search(stage.browsers["lcs"].get("/tickets").text)


def test_what_a_call_brought_stands_with_every_platform_that_asks_for_it(stage: Stage) -> None:
    with stage.app.app_context():
        with write() as session:
            row = Connection(id=new_id(), code="pdd-call", name="PDD", secrets=["x"], category_map={}, charset="utf-8")
            session.add(row)
            other = row.id
        first, waybill = stage.cast.connection_id, "YT2000000000022"
        number = push_from(stage.cast, first, "TWO", waybill, answers=DEMO_ANSWERS, phone="13812345678")
        assert push_from(stage.cast, other, "TWO", waybill, answers=OTHER_ANSWERS) == number
    own = f"/tickets/{number}"
    page = post(stage, f"{own}/call").text
    contact = re.search(r'name="contact" value="(\d+)"', page)
    known = {"contact": contact[1] if contact else "", "answer-signer": "门卫张师傅", "answer-signed_self": "否"}
    assert post(stage, f"{own}/contact", outcome="reached_accepts", **known).status_code == 303
    page = stage.browsers["site"].get(own).text
    assert len(re.findall(r'name="supplement-\d+-signer"[^>]*value="门卫张师傅"', page)) == 2

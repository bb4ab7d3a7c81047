"""Returns through the pages: the site's sheet with a picture, the ruling, the panel, and the learned streets."""

from __future__ import annotations

import html
import io
import re
from typing import Any

import pytest
from sqlalchemy import select

from app.models import AddressRule, Attachment, Person, Ticket, Transfer
from app.services.transaction import write
from tests import cast
from tests.pictures import photo
from tests.web.stage import NOW, Stage

PROOF = "收件地址在滨江区，电话 13812345678"


@pytest.fixture
def number(stage: Stage, request: pytest.FixtureRequest) -> str:
    """A fresh ticket of the first site."""
    with stage.app.app_context():
        return cast.push(stage.cast, request.node.name[:60], now=NOW)


def send(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={"csrf_token": stage.csrf, **data})


def give_up(stage: Stage, number: str, **more: Any) -> Any:
    return send(stage, "site", f"/tickets/{number}/return", reason="outside_area", text=PROOF, **more)


def test_a_site_returns_a_ticket_with_a_picture_and_the_lcs_sees_the_proof(stage: Stage, number: str) -> None:
    sheet = stage.browsers["site"].get(f"/tickets/{number}?sheet=return").text
    assert f'action="/tickets/{number}/return"' in sheet and "multipart/form-data" in sheet
    bad = send(stage, "site", f"/tickets/{number}/return", text="只写了文字")
    assert bad.status_code == 422 and "只写了文字" in bad.text
    answer = give_up(stage, number, file=(io.BytesIO(photo()), "proof.jpg", "image/jpeg"))
    assert answer.status_code == 303
    with stage.session() as session:
        transfer = session.scalars(select(Transfer).order_by(Transfer.id.desc()).limit(1)).one()
        assert session.scalars(select(Attachment.event_id).where(Attachment.event_id == transfer.event_id)).one()
    page = stage.browsers["lcs"].get(f"/tickets/{number}").text
    panel = page.split('class="panel returns"')[1].split("</section>")[0]
    assert "收件地址在滨江区" in panel and "13812345678" not in page and "/attachments/" in panel
    assert number in stage.browsers["lcs"].get("/tickets?queue=to_rule").text


def test_the_ruling_is_one_form_and_what_it_teaches_is_forgotten_by_its_own_province_only(
    stage: Stage, number: str
) -> None:
    give_up(stage, number, site_code="330108-01")
    page = stage.browsers["lcs"].get(f"/tickets/{number}?sheet=transfer").text
    assert re.findall(r'name="decision"[^>]*value="(\w+)"', page) == ["grant", "refuse", "keep"]
    assert 'value="330108-01"' in page.split('id="sheet-site_code"')[1].split(">")[0]
    path = f"/tickets/{number}/return/ruling"
    bad = send(stage, "lcs", path, decision="grant", site_code="nowhere", text="核对过地址")
    assert bad.status_code == 422 and "核对过地址" in html.unescape(bad.text)
    assert send(stage, "site", path, decision="refuse", text="x").status_code == 409
    assert send(stage, "lcs-2", path, decision="refuse", text="x").status_code == 404
    assert send(stage, "lcs", path, decision="grant", site_code="330108-01", learn="y").status_code == 303
    with stage.session() as session:
        site = session.scalars(select(Ticket.handling_site_id).where(Ticket.number == number)).one()
    assert site == stage.cast.places["330108-01"]
    listed = stage.browsers["lcs"].get("/address-rules").text
    assert "浙江省杭州市西湖区文三路" in listed and number in listed
    assert number not in stage.browsers["lcs-2"].get("/address-rules").text
    _forget_the_learned_street(stage)


def _forget_the_learned_street(stage: Stage) -> None:
    """Its own province may, another one may not; and the tests after this one are routed as ever."""
    with stage.session() as session:
        rule_id = session.scalars(select(AddressRule.id).where(AddressRule.ended_at.is_(None))).one()
    assert send(stage, "lcs-2", f"/address-rules/{rule_id}/end").status_code == 404
    assert send(stage, "lcs", f"/address-rules/{rule_id}/end").status_code == 303
    with stage.session() as session:
        assert session.get(AddressRule, rule_id).ended_at == NOW


def test_an_address_without_a_street_offers_nothing_to_learn(stage: Stage, number: str) -> None:
    give_up(stage, number)
    with stage.app.app_context(), write() as session:
        ticket_id = session.scalars(select(Ticket.id).where(Ticket.number == number)).one()
        session.get_one(Person, ticket_id).address = "3 号楼"
    page = stage.browsers["lcs"].get(f"/tickets/{number}?sheet=transfer").text
    assert 'name="decision"' in page and 'name="learn"' not in page

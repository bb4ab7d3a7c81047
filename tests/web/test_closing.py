"""The sheets of a complaint's end in the browser, without scripting."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import select

from app import clock
from app.models import Category, Connection, Organisation, Outbox, PlatformOrder, Ticket
from app.models.ids import new_id
from app.services import expedites, journal, linked, scans, sessions, verdicts
from app.services.intake import Arrival, ComplaintIn
from app.services.scans import ScanIn
from app.services.sessions import Limits
from app.services.transaction import write
from tests.cast import NOON, Cast, begin, post, push, ticket
from tests.pictures import photo
from tests.services.ending_steps import answer, by_hand, change, push_from
from tests.services.test_many_orders import DEMO_ANSWERS, OTHER_ANSWERS
from tests.web.stage import RAW_TOKEN

HOUR = timedelta(hours=1)
WAYBILL, OTHER = "YT1000000000011", "YT1000000000012"


class Desk:
    """A company at a moment, and a signed-in browser for each of its people."""

    def __init__(self, app: Any, cast: Cast, moment: list[datetime]) -> None:
        self.app, self.cast, self.moment = app, cast, moment
        self.csrf = URLSafeTimedSerializer(app.secret_key, salt="wtf-csrf-token").dumps(RAW_TOKEN)
        self.clients: dict[str, Any] = {}

    def browser(self, who: str) -> Any:
        if who not in self.clients:
            limits = Limits(timedelta(minutes=30), timedelta(hours=12))
            user, data = self.cast[who].user_id or 0, {"csrf_token": RAW_TOKEN}
            token = sessions.create(user_id=user, epoch=0, data=data, now=self.moment[0], limits=limits)
            self.clients[who] = self.app.test_client()
            self.clients[who].set_cookie("session", token)
        return self.clients[who]

    def later(self, now: datetime) -> None:
        """Everybody comes back at that moment and signs in anew."""
        self.moment[0] = now
        self.clients.clear()

    def show(self, number: str, who: str = "site", **asked: str) -> str:
        return self.browser(who).get(f"/tickets/{number}", query_string=asked).text

    def post(self, number: str, verb: str, who: str = "site", **fields: Any) -> Any:
        data = {"csrf_token": self.csrf, **fields}
        return self.browser(who).post(f"/tickets/{number}/{verb}", data=data)


@pytest.fixture
def desk(app: Any, database: Any, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """The smallest company; its clock stands at NOON until moved."""
    moment = [NOON]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return Desk(app, begin(), moment)


def accepted(desk: Desk) -> str:
    number = by_hand(desk.cast)
    answer(desk.cast, number)
    verdicts.customer_accepts(actor=desk.cast["site"], post=post(number), text="可以", now=NOON)
    return number


def test_the_menu_offers_each_desk_its_own_ends(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    answer(desk.cast, number)
    seen = {who: set(re.findall(r"sheet=(\w+)", desk.show(number, who))) for who in ("site", "lcs", "ccs")}
    assert seen["site"] >= {"told", "customer_accepts", "customer_rejects", "withdraw", "link_waybill"}
    assert seen["lcs"] & {"told", "customer_rejects", "withdraw", "intervene"} == {"withdraw"}
    assert seen["ccs"] >= {"customer_rejects", "withdraw", "link_waybill"}


def test_the_sheet_of_an_intervention_says_from_when_and_a_refusal_too(desk: Desk, db_session) -> None:
    number = accepted(desk)
    assert "2026-11-19 16:00" in desk.show(number, "lcs", sheet="urge_site")  # what an urge opens is said before it
    change(db_session, number, urged_at=NOON + HOUR)
    assert "2026-11-19 16:00" in desk.show(number, "lcs", sheet="intervene")
    refused = desk.post(number, "intervene", "lcs", root_cause="courier", text="一直没有完结")
    assert refused.status_code == 409 and "2026-11-19 16:00" in refused.text and "一直没有完结" in refused.text
    desk.later(NOON + 28 * HOUR)
    assert desk.post(number, "intervene", "lcs", root_cause="courier", text="一直没有完结").status_code == 303
    assert ticket(db_session, number).state == "closed"


def test_a_withdrawal_takes_its_proof_in_the_same_post(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    page = desk.show(number, sheet="withdraw")
    assert 'enctype="multipart/form-data"' in page and 'data-tray="withdraw"' in page
    missing = desk.post(number, "withdraw", reason="by_phone", text="客户来电撤销")
    assert missing.status_code == 422 and "客户来电撤销" in missing.text
    assert ticket(db_session, number).state == "open"
    proof = (BytesIO(photo()), "通话.jpg", "image/jpeg")
    assert desk.post(number, "withdraw", reason="by_phone", text="客户来电撤销", file=proof).status_code == 303
    assert ticket(db_session, number).state == "withdrawn"
    assert "/attachments/" in desk.show(number)


def test_a_refused_form_of_each_sheet_keeps_what_was_typed(desk: Desk) -> None:
    number = by_hand(desk.cast)
    answer(desk.cast, number)
    for verb, typed in (("told", "说了一句"), ("link-waybill", "")):
        refused = desk.post(number, verb, text=typed, waybill="短号", kind="return")
        assert refused.status_code == 422 and (typed or "短号") in refused.text


def two_platforms(desk: Desk, session: Any) -> tuple[str, list[str]]:
    with write() as inner:
        row = Connection(id=new_id(), code="pdd", name="PDD", secrets=["x"], category_map={}, charset="utf-8")
        inner.add(row)
    push_from(desk.cast, desk.cast.connection_id, "W1", WAYBILL, answers=DEMO_ANSWERS)
    number = push_from(desk.cast, row.id, "W9", WAYBILL, answers=OTHER_ANSWERS)
    session.rollback()
    return number, [str(order.id) for order in session.scalars(select(PlatformOrder).order_by(PlatformOrder.id))]


def test_two_platforms_are_asked_and_previewed_each_in_its_own_words(desk: Desk, db_session) -> None:
    number, (one, two) = two_platforms(desk, db_session)
    page = desk.show(number)
    for name in (f"answer-{one}", f"answer-{two}", f"supplement-{one}-signer", f"supplement-{two}-courier"):
        assert f'name="{name}"' in page
    typed = {
        "text": "已处理", "contact_outcome": "reached_accepts", f"answer-{one}": "REDELIVERED",
        f"supplement-{one}-signer": "客户本人", f"answer-{two}": "OK", f"supplement-{two}-signer": "邻居老张",
        f"supplement-{two}-courier": "",
    }  # fmt: skip
    refused = desk.post(number, "result", **typed)
    assert refused.status_code == 422 and f'id="result-supplement-{two}-courier-error"' in refused.text
    typed[f"supplement-{two}-courier"] = "快递员小李"
    preview = desk.post(number, "result", **typed).text
    assert all(
        word in preview for word in ("REDELIVERED", "客户本人", "邻居老张", "快递员小李", "PDD · W9", "Demo · W1")
    )
    assert desk.post(number, "result", confirmed="1", **typed).status_code == 303
    db_session.rollback()
    sent = db_session.scalars(select(Outbox.payload).where(Outbox.kind == "callback").order_by(Outbox.id)).all()
    assert [payload["operate_type"] for payload in sent] == ["A1", "B1"]


def test_answers_that_share_a_fields_name_can_each_be_given(desk: Desk, db_session) -> None:
    def reason(require: bool, *options: str) -> list[dict[str, Any]]:
        field = {"field_name": "reason", "field_label": "原因", "field_type": "select", "field_value": list(options)}
        return [{**field, "require": require}, {"field_name": "day", "field_label": "日期", "require": True}]

    number = push(desk.cast, answers=[
        {"reply_value": "A", "operate_type": "1", "reply_supplement": reason(True, "破损", "遗失")},
        {"reply_value": "B", "operate_type": "2", "reply_supplement": reason(False, "超区", "遗失")},
    ])  # fmt: skip
    page = desk.show(number)
    assert re.findall(r"<option[^>]*>(破损|遗失|超区)</option>", page) == ["破损", "遗失", "超区"]
    assert "日期（必填）" in page and "原因（必填）" not in page, "B does without the reason"
    typed = {"text": "已处理", "contact_outcome": "reached_accepts", "answer": "A", "supplement-day": "今天"}
    for wrong in ("超区", "别的"):
        refused = desk.post(number, "result", **typed, **{"supplement-reason": wrong})
        assert refused.status_code == 422 and "请从所列选项中选择" in refused.text
    assert desk.post(number, "result", confirmed="1", **typed, **{"supplement-reason": "破损"}).status_code == 303


def test_the_side_shows_the_parcels_other_number_and_its_scans(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    scans.store_scans(scans=[ScanIn(OTHER, "SIGN", NOON, "330106-01", "", "门卫")], now=NOON)
    assert desk.post(number, "link-waybill", waybill=OTHER, kind="return").status_code == 303
    page = desk.show(number)
    assert re.search(rf'href="/tickets\?q={OTHER}">{OTHER}</a>', page)
    assert re.search(rf"<li>{OTHER} · .*门卫", page)
    assert desk.browser("site").get(f"/tickets?q={OTHER}").location == f"/tickets/{number}"


def test_the_tickets_before_and_after_name_each_other(desk: Desk, db_session) -> None:
    number = accepted(desk)
    assert desk.post(number, "close", root_cause="courier", verified="y").status_code == 303
    again = by_hand(desk.cast, now=NOON + timedelta(days=8))
    for one, other in ((number, again), (again, number)):
        assert re.search(rf'href="/tickets/{other}">{other}</a> · [^<]+ · ', desk.show(one))


def test_closing_shows_what_the_parties_answered_masked(desk: Desk, db_session) -> None:
    number = accepted(desk)
    assert "城东中转" not in desk.show(number)
    with write() as session:
        row = session.scalars(select(Ticket)).one()
        session.get_one(Organisation, desk.cast.places["330108-01"]).name = "城东中转"
        for text in ("还在查", "已按时交给站点，电话13812345678"):
            said = {"text": text}
            journal.append(session, row, "party_answered", actor=desk.cast["site-2"], now=NOON, text=said)
    box = desk.show(number).split('id="box-close"')[1].split("</form>")[0]
    assert "城东中转" in box and "已按时交给站点" in box and "13812345678" not in box and "还在查" not in box


def test_a_linked_waybill_of_a_hidden_ticket_names_no_ticket(desk: Desk, db_session) -> None:
    number = by_hand(desk.cast)
    hidden = push(desk.cast, "far", waybill=OTHER, site="440305-01")
    linked.link(actor=desk.cast["ccs"], post=post(number), waybill=OTHER, kind="return", now=NOON)
    assert OTHER in desk.show(number) and hidden not in desk.show(number)


@pytest.mark.parametrize("htmx", [False, True])
def test_an_expedite_that_went_to_a_hidden_complaint_leads_to_the_queue_and_names_none(
    desk: Desk, db_session, htmx: bool
) -> None:
    with write() as session:
        session.add(Category(code="PARCEL_QUERY", name="催件", name_en="Query", kind="expedite", position=0))
    hidden = push(desk.cast, "far", waybill=WAYBILL, site="440305-01")
    asked = ComplaintIn(kind="expedite", category="PARCEL_QUERY", waybill=WAYBILL, channel="web", text="到哪了",
                        site_code="330106-01")  # fmt: skip
    for key in ("m1", "m2", "m3"):
        arrival = Arrival(desk.cast.connection_id, expedites.MESSAGE, key.encode(), NOON)
        number = expedites.ask(arrival=arrival, message_id=key, asked=asked).number
    data = {"csrf_token": desk.csrf, "category": "DELAYED", "text": "还没到"}
    headers = {"HX-Request": "true"} if htmx else {}
    done = desk.browser("site").post(f"/tickets/{number}/to-complaint", data=data, headers=headers)
    there = done.headers["HX-Redirect"] if htmx else done.location
    assert (done.status_code, there) == (200 if htmx else 303, "/tickets?opened=1")
    assert ticket(db_session, hidden).repeat_count == 1
    assert hidden not in desk.show(number) and hidden in desk.show(number, "ccs")

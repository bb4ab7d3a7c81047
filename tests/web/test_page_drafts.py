"""Drafts of forms that stand on no ticket: new tickets, penalties by hand, contests of many, replies to an incident,
rectification forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain import drafts as rule
from app.models import PageDraft, Penalty, Rectification
from app.services import incidents, page_drafts, rectifications
from app.services.incidents import IncidentIn
from app.services.rectifications import OrderIn
from tests import cast
from tests.cast import Cast
from tests.services.audit_steps import MORNING
from tests.services.penalty_steps import late
from tests.services.test_rectifications import MADE
from tests.web.test_sheet_drafts import form_of, save

WORDS, OTHER = "写了一半的话，还没有发出", "另一台电脑上写的话"
Portal = Callable[[str], Any]


def kept(session: Any) -> list[str]:
    session.rollback()
    return list(session.scalars(select(PageDraft.name)))


def rectified(company: Cast, session: Any) -> str:
    """A form that the province asks of the first site."""
    asked = OrderIn("330106-01", "score", "连续下滑")
    return rectifications.order(actor=company["lcs"], asked=asked, key="r1", now=MORNING)


@pytest.mark.parametrize(
    ("who", "path", "box", "typed"),
    [
        ("site", "/tickets/new", "new-complaint", {"text": WORDS, "category": "LOST", "name": "王芳"}),
        ("lcs", "/tickets/new?kind=expedite", "new-expedite", {"text": WORDS, "waybill": "YT9900000000001"}),
        ("ccs", "/tickets/new?kind=inquiry", "new-inquiry", {"text": WORDS, "site": "330106-01"}),
        ("site", "/tickets/ask", "ask", {"text": WORDS, "to": "ccs"}),
        ("lcs", "/penalties/enter", "hand", {"text": WORDS, "rule": "loss", "ticket": "KF1", "base": "120"}),
        ("lcs", "/rectifications", "order", {"reason": WORDS, "organisation": "330106-01"}),
    ],
)
def test_what_was_typed_is_there_on_another_device_and_for_nobody_else(
    portal: Portal, who: str, path: str, box: str, typed: dict[str, str]
) -> None:
    answer = save(portal(who), path, box, **typed)
    assert (answer.status_code, answer.headers["X-Draft-Version"]) == (204, "1")
    page = portal(who).get(path).text
    assert f"{WORDS}</textarea>" in page and 'class="draftbar' in page
    rest = [value for value in typed.values() if value != WORDS]
    assert [value for value in rest if not re.search(rf'(selected )?value="{value}"', page)] == []
    assert WORDS not in portal(f"{who}-manager").get(path).text


def test_every_page_that_has_a_draft_asks_for_what_its_form_needs(company: Cast, portal: Portal) -> None:
    asked = {name: portal("site").post(f"/drafts/{name}", data={"text": WORDS}).status_code for name in rule.PAGES}
    assert asked == {name: 303 if needed == "new_ticket" else 404 for name, needed in rule.PAGES.items()}
    names = ("x", "new-claim", "reply-", "reply-INC261122-1", "fill-ZG261122-000001", "recheck-ZG261122-000001")
    assert {portal("ccs").post(f"/drafts/{name}", data={"text": WORDS}).status_code for name in names} == {404}
    assert portal("site").post("/drafts/hand/discard").status_code == 404


def test_a_ticket_by_hand_ends_its_draft_and_that_of_no_other_kind(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    client = portal("site")
    save(client, "/tickets/new", "new-complaint", text=WORDS)
    save(client, "/tickets/new?kind=expedite", "new-expedite", text=OTHER)
    fields = form_of(client.get("/tickets/new").text, "new-complaint") | {"text": WORDS, "category": "LOST"}
    assert client.post("/tickets/new", data=fields).status_code == 303
    assert kept(db_session) == ["new-expedite"]
    late_one = client.post("/drafts/new-complaint", data=fields, headers={"X-Draft": "1"})  # it was on its way
    assert (late_one.status_code, late_one.headers["X-Draft-Version"]) == (204, "0")
    assert kept(db_session) == ["new-expedite"]


def test_a_parcel_that_was_looked_up_does_not_take_the_draft_of_another(portal: Portal) -> None:
    client = portal("site")
    save(client, "/tickets/new", "new-complaint", text=WORDS, waybill="YT9900000000001")
    same = client.get("/tickets/new?waybill=YT9900000000001").text
    assert f"{WORDS}</textarea>" in same
    other = client.get("/tickets/new?waybill=YT9900000000002").text
    assert WORDS not in other and 'value="YT9900000000002"' in other and 'href="/tickets/new">' in other
    fields = form_of(other, "new-complaint")
    told = client.post(fields["href"], data=fields | {"text": OTHER}, headers={"X-Draft": "1"})
    assert told.status_code == 409 and WORDS in told.text


def test_a_penalty_by_hand_keeps_its_ticket_and_a_ticket_that_is_named_keeps_the_draft_of_another(
    portal: Portal,
) -> None:
    client = portal("lcs")
    save(client, "/penalties/enter", "hand", text=WORDS, ticket="KF261122-000001")
    assert f"{WORDS}</textarea>" in client.get("/penalties/enter?ticket=KF261122-000001").text
    other = client.get("/penalties/enter?ticket=KF261122-000002").text
    assert WORDS not in other and 'value="KF261122-000002"' in other and 'href="/penalties/enter">' in other


def test_a_contest_of_several_keeps_its_words_and_its_ticks_until_all_went_through(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    late(company, db_session)
    late(company, db_session, "W2", waybill="YT8800000000002")
    ids = [str(one) for one in db_session.scalars(select(Penalty.id).order_by(Penalty.id))]
    path = "/penalties/contest-several"
    assert (
        save(portal("site-manager"), path, "several", text=WORDS, reason="customer", penalty=ids[0]).status_code == 204
    )
    page = portal("site-manager").get(path).text
    assert (f"{WORDS}</textarea>" in page and 'value="customer" selected' in page) or "selected value" in page
    assert re.findall(r'name="penalty" value="(\d+)"[^>]* checked', page) == [ids[0]]
    client = portal("site-manager")
    typed = form_of(client.get(path).text, "several") | {"text": WORDS, "reason": "customer"}
    some = client.post(path, data=typed | {"penalty": [ids[0], "1"]})
    assert some.status_code == 200 and kept(db_session) == ["several"] and "data-fresh" not in some.text
    done = client.post(path, data=typed | {"penalty": ids[1:]})
    assert done.status_code == 200 and kept(db_session) == [] and 'data-fresh="1"' in done.text


def test_a_reply_to_an_incident_keeps_its_words_and_its_ticks_until_it_is_sent(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    numbers = [cast.push(company, code, waybill=f"YT70000000000{n:02d}") for n, code in enumerate(("I1", "I2"))]
    name = incidents.open_incident(actor=company["lcs"], incident=IncidentIn("货车起火", "fire", "33"), now=MORNING)
    incidents.add(actor=company["lcs"], number=name, words=" ".join(numbers), now=MORNING)
    path, box, client = f"/incidents/{name}", rule.page(rule.REPLY, name), portal("lcs")
    assert save(client, path, box, text=WORDS, ticket=numbers[1]).status_code == 204
    page = portal("lcs").get(path).text
    assert f"{WORDS}</textarea>" in page and WORDS not in portal("lcs-manager").get(path).text
    assert re.findall(r'name="ticket" value="([^"]+)"[^>]* checked', page) == [numbers[1]]
    assert portal("lcs-2").post(f"/drafts/{box}", data={"text": OTHER}).status_code == 404
    fields = form_of(page, box) | {"text": WORDS, "ticket": numbers[1]}
    preview = client.post(f"{path}/reply", data=fields)
    assert preview.status_code == 200 and kept(db_session) == [box]
    assert client.post(f"{path}/reply", data=fields | {"seen": WORDS}).status_code == 200
    assert kept(db_session) == []


def test_what_a_site_says_in_a_rectification_form_and_what_the_province_says_of_it_are_kept_each_for_its_own(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    number = rectified(company, db_session)
    path, box = f"/rectifications/{number}", rule.page(rule.FILL, number)
    assert save(portal("site-manager"), path, box, cause=WORDS, measures=OTHER).status_code == 204
    page = portal("site-manager").get(path).text
    assert f"{WORDS}</textarea>" in page and f"{OTHER}</textarea>" in page
    assert WORDS not in portal("lcs").get(path).text
    client = portal("site-manager")
    fields = form_of(page, box) | MADE
    assert client.post(f"{path}/fill", data=fields).status_code == 303 and kept(db_session) == []
    late_one = client.post(f"/drafts/{box}", data=fields, headers={"X-Draft": "1"})
    assert late_one.headers["X-Draft-Version"] == "0" and kept(db_session) == []
    box = rule.page(rule.RECHECK, number)
    assert save(portal("lcs"), path, box, text=WORDS).status_code == 204
    page = portal("lcs").get(path).text
    assert f"{WORDS}</textarea>" in page
    sent = portal("lcs").post(f"{path}/decide", data=form_of(page, box) | {"verdict": "back", "text": WORDS})
    assert sent.status_code == 303 and kept(db_session) == []
    assert db_session.scalars(select(Rectification)).one().state == "asked"


def test_without_scripting_both_texts_are_shown_and_one_is_chosen(company: Cast, portal: Portal) -> None:
    one, two, path = portal("site"), portal("site"), "/tickets/ask"
    seen = form_of(two.get(path).text, "ask") | {"text": OTHER}
    save(one, path, "ask", text=WORDS)
    answer = two.post(seen["href"], data=seen)
    assert answer.status_code == 409 and WORDS in answer.text and OTHER in answer.text
    mine = re.search(r'<form class="card".*?</form>', answer.text, re.S)
    assert mine is not None
    chosen = two.post(seen["href"], data=dict(re.findall(r'name="([\w]+)" value="([^"]*)"', mine[0])))
    assert chosen.status_code == 303 and chosen.location.endswith(path)
    assert f"{OTHER}</textarea>" in portal("site").get(path).text


def test_a_draft_is_thrown_away_by_its_button_and_after_a_week(portal: Portal, db_session: Any) -> None:
    client = portal("site")
    save(client, "/tickets/ask", "ask", text=WORDS)
    assert client.post("/drafts/ask/discard").location.endswith("/tickets/ask") and kept(db_session) == []
    save(client, "/tickets/ask", "ask", text=WORDS)
    assert page_drafts.sweep(MORNING + rule.KEPT - timedelta(seconds=1)) == 0
    assert page_drafts.sweep(MORNING + rule.KEPT) == 1 and kept(db_session) == []

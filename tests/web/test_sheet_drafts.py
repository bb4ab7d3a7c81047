"""Drafts beside the reply box: sheets, the court, the appeal stream, audits, contests and their decisions keep one."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.domain import drafts as rule
from app.models import Draft, Penalty
from app.services import appeal_leases, audit_leases
from app.web import sheets
from tests import cast
from tests.cast import NOON, Cast
from tests.services import party_steps
from tests.services.audit_steps import MORNING, answered, audit_of, draw
from tests.services.penalty_steps import late

WORDS = "写了一半的话，还没有发出"
Portal = Callable[[str], Any]


def form_of(page: str, box: str) -> dict[str, str]:
    """The hidden fields of the form that keeps this draft, and where it saves."""
    found = next(one for one in re.findall(r"<form.*?</form>", page, re.S) if f'name="draft" value="{box}"' in one)
    fields = dict(re.findall(r'type="hidden" name="([\w]+)" value="([^"]*)"', found))
    return fields | {"href": re.findall(r'data-draft-href="([^"]+)"', found)[0]}


def save(client: Any, path: str, box: str, **typed: str) -> Any:
    """Type into the form, by the script."""
    fields = form_of(client.get(path).text, box)
    return client.post(fields.pop("href"), data=fields | typed, headers={"X-Draft": "1"})


def kept(session: Any) -> list[str]:
    session.rollback()
    return list(session.scalars(select(Draft.box)))


def test_every_sheet_in_which_one_types_keeps_a_draft() -> None:
    assert set(rule.SHEETS) == set(sheets.known()) - {"resume"}  # which is one button


def test_no_other_name_is_kept() -> None:
    assert [box for box in ("", "x", "audit-", "audit-xyz", "audit-" + "1" * 17, "resume") if rule.keeps(box)] == []


def test_a_sheet_is_there_on_another_device_with_what_was_typed_and_for_nobody_else(
    company: Cast, portal: Portal
) -> None:
    number = cast.push(company, "S1")
    path = f"/tickets/{number}?sheet=return"
    answer = save(portal("site"), path, "return", text=WORDS, reason="outside_area", site_code="330108-01")
    assert (answer.status_code, answer.headers["X-Draft-Version"]) == (204, "1")
    again = portal("site").get(path).text
    assert f"{WORDS}</textarea>" in again and 'value="330108-01"' in again and 'class="draftbar' in again
    for who in ("site-manager", "lcs", "ccs"):
        assert WORDS not in portal(who).get(path).text + portal(who).get(f"/tickets/{number}").text, who


def test_the_menu_tells_which_sheet_has_a_draft(company: Cast, portal: Portal) -> None:
    number, client = cast.push(company, "S1"), portal("site")
    save(client, f"/tickets/{number}?sheet=return", "return", text=WORDS)
    menu = client.get(f"/tickets/{number}").text
    assert re.search(r'sheet=return"[^>]*>[^<]*<span class="chip ask">草稿', menu)
    assert menu.count('<span class="chip ask">草稿') == 1


def test_sending_or_throwing_a_sheet_away_ends_its_draft(company: Cast, portal: Portal, db_session: Any) -> None:
    number, client = cast.push(company, "S1"), portal("site")
    path = f"/tickets/{number}?sheet=return"
    typed = {"text": WORDS, "reason": "outside_area"}
    save(client, path, "return", **typed)
    fields = form_of(client.get(path).text, "return")
    assert client.post(fields["href"] + "/discard", data=fields).location.endswith("?sheet=return")
    assert kept(db_session) == []
    save(client, path, "return", **typed)
    action = re.findall(r'id="sheet" method="post" action="([^"]+)"', client.get(path).text)[0]
    assert client.post(action, data=form_of(client.get(path).text, "return") | typed).status_code == 303
    assert kept(db_session) == []


def test_without_scripting_a_sheets_second_browser_sees_both_texts(company: Cast, portal: Portal) -> None:
    number, one, two = cast.push(company, "S1"), portal("site"), portal("site")
    path = f"/tickets/{number}?sheet=return"
    seen = form_of(two.get(path).text, "return") | {"text": "乙的话"}
    save(one, path, "return", text=WORDS)
    answer = two.post(seen["href"], data=seen)
    assert answer.status_code == 409 and WORDS in answer.text and "乙的话</textarea>" in answer.text


def test_the_words_of_an_audit_are_kept_and_gone_with_the_mark(company: Cast, portal: Portal, db_session: Any) -> None:
    number, client = answered(company), portal("lcs")
    draw(db_session)
    audit_id = audit_of(db_session, number).id
    audit_leases.take(actor=company["lcs"], audit_id=audit_id, now=MORNING)
    path, box = f"/audit/{audit_id}", rule.of_one(rule.AUDIT, audit_id)
    typed = {"mark": "untruthful", "reason_untruthful": "not_called", "text": WORDS}
    assert save(client, path, box, **typed).status_code == 204
    again = portal("lcs").get(path).text
    assert f'value="{WORDS}"' in again and 'value="untruthful" data-key="2" checked' in again
    assert 'value="not_called" selected' in again and WORDS not in portal("lcs-manager").get(path).text
    assert client.post(f"{path}/mark", data=typed).status_code == 303
    assert kept(db_session) == []


def test_a_contest_and_its_decision_are_kept_each_for_its_own(company: Cast, portal: Portal, db_session: Any) -> None:
    number = late(company, db_session)
    row = db_session.scalars(select(Penalty)).one()
    path, box = f"/penalties/{row.id}/contest", rule.of_one(rule.CONTEST, row.id)
    manager = portal("site-manager")
    assert save(manager, path, box, reason="customer", text=WORDS).status_code == 204
    assert f"{WORDS}</textarea>" in portal("site-manager").get(path).text and number
    typed = {"reason": "customer", "text": WORDS}
    assert manager.post(path, data=form_of(manager.get(path).text, box) | typed).status_code == 303
    assert kept(db_session) == []
    path, box = f"/penalties/{row.id}", rule.of_one(rule.DECISION, row.id)
    assert save(portal("lcs"), path, box, decision=WORDS).status_code == 204
    page = portal("lcs").get(path).text
    assert f"{WORDS}</textarea>" in page and WORDS not in portal("lcs-manager").get(path).text.split('id="decide"')[1]
    typed = form_of(page, box) | {"decision": WORDS, "verdict": "refuse"}
    assert portal("lcs").post("/penalties/contests/decide", data=typed).status_code == 303
    assert kept(db_session) == []


def test_what_was_worded_in_the_stream_stands_in_the_tickets_box_too_and_goes_with_the_ruling(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    number, client = answered(company), portal("ccs")
    cast.tell(company, "REJECT", "W1", now=NOON + timedelta(hours=1))
    appeal_leases.take(actor=company["ccs"], number=number, now=MORNING)
    path = f"/appeals/{number}"
    assert save(client, path, "ruling", ruling="rejected_close", text=WORDS).status_code == 204
    for page in (portal("ccs").get(path).text, portal("ccs").get(f"/tickets/{number}").text):
        assert f"{WORDS}</textarea>" in page
    typed = form_of(client.get(path).text, "ruling") | {"ruling": "rejected_close", "text": WORDS}
    assert client.post(f"{path}/ruling", data=typed).status_code == 303
    assert kept(db_session) == []


def test_the_courts_ruling_is_kept(company: Cast, portal: Portal) -> None:
    number = party_steps.at_court(company)
    path = f"/tickets/{number}/court"
    assert save(portal("lcs"), path, "rule_dispute", text=WORDS).status_code == 204
    assert f"{WORDS}</textarea>" in portal("lcs").get(path).text
    assert f"{WORDS}</textarea>" in portal("lcs").get(f"/tickets/{number}?sheet=rule_dispute").text


def test_without_scripting_both_texts_of_another_page_are_shown_and_one_is_chosen(
    company: Cast, portal: Portal, db_session: Any
) -> None:
    late(company, db_session)
    row = db_session.scalars(select(Penalty)).one()
    path, box = f"/penalties/{row.id}/contest", rule.of_one(rule.CONTEST, row.id)
    one, two = portal("site-manager"), portal("site-manager")
    seen = form_of(two.get(path).text, box) | {"text": "乙的话"}
    save(one, path, box, text=WORDS)
    answer = two.post(seen["href"], data=seen)
    assert answer.status_code == 409 and WORDS in answer.text and "乙的话" in answer.text
    mine = re.search(r'<form class="card".*?</form>', answer.text, re.S)
    assert mine is not None
    chosen = two.post(seen["href"], data=dict(re.findall(r'name="([\w]+)" value="([^"]*)"', mine[0])))
    assert chosen.status_code == 303 and chosen.location.endswith(path)
    assert "乙的话</textarea>" in portal("site-manager").get(path).text

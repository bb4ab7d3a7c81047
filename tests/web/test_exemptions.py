"""Exemptions through the browser: the sheet, the decision, the administrator's facts without a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.models import Clock, Exemption, Ticket
from tests.web.stage import Stage, mark


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def run(stage: Stage, key: str) -> str:
    with stage.session() as session:
        ticket_id = session.scalar(select(Ticket.id).where(Ticket.number == stage.numbers[key]))
        return str(session.scalar(select(Clock.id).where(Clock.ticket_id == ticket_id, Clock.kind == "resolve")))


def newest(stage: Stage) -> Exemption:
    with stage.session() as session:
        return session.scalars(select(Exemption).order_by(Exemption.id.desc()).limit(1)).one()


def own_page(stage: Stage, own: str) -> str:
    return stage.browsers["site"].get(own).text


def test_a_system_fault_goes_from_the_sheet_over_the_administrator_to_the_decision(stage: Stage) -> None:
    own = f"/tickets/{stage.numbers['own']}"
    assert "exemption" in stage.browsers["site"].get(f"{own}?sheet=ask_exemption").text
    form = {"clocks": run(stage, "own"), "reason": "system_fault", "facts": "PDA down 13912345678", "text": "canary"}
    assert post(stage, "site", f"{own}/exemption", **{**form, "reason": "other"}).status_code == 422
    assert post(stage, "site", f"{own}/exemption", **form).status_code == 303
    row = newest(stage)
    shown = stage.browsers["admin"].get("/exemptions").text
    assert "PDA down" in shown and "13912345678" not in shown and "canary" not in shown
    assert stage.numbers["own"] not in shown and mark("own", "content") not in shown
    decide = f"/exemptions/{row.id}/decide"
    assert post(stage, "lcs-2", decide, verdict="grant").status_code == 404
    assert post(stage, "lcs-manager", decide, verdict="grant").status_code == 409
    assert post(stage, "admin", f"/exemptions/{row.id}/confirm", real="yes").status_code == 303
    assert post(stage, "lcs-manager", decide, verdict="refuse").status_code == 422
    assert post(stage, "lcs-manager", decide, verdict="grant").status_code == 303
    assert newest(stage).state == "granted"
    assert "chip good" in own_page(stage, own)


def test_an_lcs_asks_for_ticked_clocks_and_the_ticks_stay_when_something_is_wrong(stage: Stage) -> None:
    sibling, other = run(stage, "sibling"), run(stage, "other")
    wrong = post(stage, "lcs", "/exemptions/late", clock=[sibling], reason="", text="")
    assert wrong.status_code == 422
    assert post(stage, "lcs", "/exemptions/late", clock=[other], reason="other", text="x").status_code == 422
    done = post(stage, "lcs", "/exemptions/late", clock=[sibling], reason="other", text="x")
    assert (done.status_code, newest(stage).tickets) == (303, 1)
    assert stage.numbers["sibling"] not in stage.browsers["site"].get("/exemptions").text
    assert stage.numbers["sibling"] in stage.browsers["site-2"].get("/exemptions").text

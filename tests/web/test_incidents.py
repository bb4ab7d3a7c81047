"""Incidents through the browser: named numbers, the preview, what failed stays ticked, the chip on the ticket."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from app.models import Ticket
from app.services import incidents
from app.services.incidents import IncidentIn
from app.services.transaction import write
from tests import cast
from tests.web.stage import NOW, Stage


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def test_an_incident_from_its_opening_to_the_mass_reply(stage: Stage) -> None:
    with stage.app.app_context():
        fresh = cast.push(stage.cast, "INCIDENT-1", waybill="YT5000000000001")
    made = post(stage, "lcs", "/incidents", title="货车起火", kind="fire", province="33")
    assert made.status_code == 303
    path = made.location
    assert stage.browsers["lcs-2"].get(path).status_code == 404
    wrong = post(stage, "lcs", f"{path}/add", words=f"{fresh} {stage.numbers['own']} {stage.numbers['other']} NOPE")
    assert wrong.status_code == 422 and "NOPE" in wrong.text
    assert stage.browsers["lcs"].get(path).text.count('name="ticket"') == 2
    assert path.rsplit("/", 1)[1] in stage.browsers["site"].get(f"/tickets/{fresh}").text
    form = {"ticket": [fresh, stage.numbers["own"]], "text": "包裹在核对", "contact_outcome": "no_answer"}
    assert post(stage, "lcs", f"{path}/reply", **{**form, "text": ""}).status_code == 422
    preview = post(stage, "lcs", f"{path}/reply", **form)
    assert preview.status_code == 200 and 'name="seen"' in preview.text
    done = post(stage, "lcs", f"{path}/reply", **form, seen="包裹在核对", submission_key="k1")
    assert done.status_code == 200
    assert f'value="{stage.numbers["own"]}" aria-label="{stage.numbers["own"]}" checked' in done.text
    assert f'value="{fresh}" aria-label="{fresh}" checked' not in done.text
    asked = post(stage, "lcs", f"{path}/exemption", reason="force_majeure", text="证明", kind="first_reply")
    assert asked.status_code == 303
    assert post(stage, "lcs", f"{path}/close").status_code == 303
    assert post(stage, "lcs", f"{path}/add", words=fresh).status_code == 409


def test_an_incident_shows_a_province_its_own_tickets_only(stage: Stage) -> None:
    with stage.app.app_context():
        name = incidents.open_incident(actor=stage.cast["ccs"], incident=IncidentIn("风暴", "weather"), now=NOW)
        both = f"{stage.numbers['sibling']} {stage.numbers['other']}"
        incidents.add(actor=stage.cast["ccs"], number=name, words=both, now=NOW)
    shown = {who: stage.browsers[who].get(f"/incidents/{name}").text for who in ("lcs", "lcs-2", "ccs")}
    assert {who: [key for key in ("sibling", "other") if stage.numbers[key] in page] for who, page in shown.items()} == {
        "lcs": ["sibling"], "lcs-2": ["other"], "ccs": ["sibling", "other"],
    }  # fmt: skip


def test_headquarters_answers_what_was_handed_up_and_is_refused_the_rest_with_what_it_typed(stage: Stage) -> None:
    with stage.app.app_context():
        up, below = (
            cast.push(stage.cast, code, waybill=f"YT60000000000{n:02d}") for n, code in enumerate(("UP", "LOW"))
        )
        name = incidents.open_incident(actor=stage.cast["ccs"], incident=IncidentIn("分拨停电", "hub"), now=NOW)
        incidents.add(actor=stage.cast["ccs"], number=name, words=f"{up} {below}", now=NOW)
        with write() as session:
            session.execute(update(Ticket).where(Ticket.number == up).values(level=2))
    ticks = stage.browsers["ccs"].get(f"/incidents/{name}").text
    assert f'value="{up}" aria-label="{up}" checked' in ticks and f'aria-label="{below}" checked' not in ticks
    refused = post(stage, "ccs", f"/incidents/{name}/reply", ticket=[up, below], text="电力已恢复", seen="电力已恢复")
    assert (
        refused.status_code == 422
        and "电力已恢复" in refused.text
        and below in refused.text.split('role="alert">')[1][:200]
    )
    assert f'value="{up}" aria-label="{up}" checked' in refused.text
    done = post(stage, "ccs", f"/incidents/{name}/reply", ticket=[up], text="电力已恢复", seen="电力已恢复")
    assert done.status_code == 200 and "1 " in done.text
    page = stage.browsers["ccs"].get(f"/tickets/{up}").text
    assert "电力已恢复" in page

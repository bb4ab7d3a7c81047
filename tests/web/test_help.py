"""Help, acting, closures and the hand-over as people meet them on the pages."""

from __future__ import annotations

import re

from tests import cast
from tests.web.stage import Stage


def post(stage: Stage, who: str, path: str, **data: str):
    return stage.browsers[who].post(path, data={"csrf_token": stage.csrf, **data})


def push(stage: Stage, code: str) -> str:
    with stage.app.app_context():
        return cast.push(stage.cast, code)


def test_the_sheet_says_what_acting_is_worth_and_the_thread_who_acted_for_whom(stage: Stage) -> None:
    number = push(stage, "ACTED")
    page = stage.browsers["lcs"].get(f"/tickets/{number}?sheet=act_for").text
    assert "does not count for the site" in page or "不计入站点及时" in page
    assert post(stage, "site", f"/tickets/{number}/help", text="").status_code == 422
    assert post(stage, "site", f"/tickets/{number}/help", text="车坏了").status_code == 303
    assert number in stage.browsers["lcs"].get("/tickets?queue=help").text
    assert post(stage, "lcs", f"/tickets/{number}/act-for").status_code == 303
    sent = {"text": "已联系客户", "contact_outcome": "busy", "next_update_at": "2026-11-25T10:00"}
    assert post(stage, "lcs", f"/tickets/{number}/follow-up", **sent).status_code == 303
    thread = stage.browsers["site"].get(f"/tickets/{number}").text
    assert re.search(r"(for|代站点) 组织 330106-01", thread)


def test_a_refused_step_says_why_and_keeps_what_was_typed(stage: Stage) -> None:
    number = push(stage, "URGED")
    assert post(stage, "lcs", f"/tickets/{number}/urge-site").status_code == 303
    again = post(stage, "ccs", f"/tickets/{number}/urge-site")
    assert again.status_code == 409 and re.search("less than 30 minutes|30 分钟内", again.text)
    wrong = post(stage, "lcs", f"/tickets/{number}/priority", priority="", text="客户多次来电")
    assert wrong.status_code == 422 and "客户多次来电" in wrong.text


def test_the_hand_over_masks_telephone_numbers_and_names_no_other_desks_tickets(stage: Stage) -> None:
    number = push(stage, "HANDED")
    post(stage, "site", f"/tickets/{number}/note", text="回电 13987654321")
    page = stage.browsers["site"].get("/handover").text
    assert number in page and "139******21" in page and "13987654321" not in page
    assert number not in stage.browsers["site-2"].get("/handover").text
    assert number in stage.browsers["lcs"].get("/handover?all=1").text


def test_a_note_stands_on_the_queue_of_a_colleague_until_it_is_read(stage: Stage) -> None:
    assert post(stage, "site", "/handover", text="").status_code == 422
    assert post(stage, "site", "/handover", text="驿站九点关门").status_code == 303
    assert "驿站九点关门" not in stage.browsers["site"].get("/tickets").text
    page = stage.browsers["site-manager"].get("/tickets").text
    assert "驿站九点关门" in page
    path = re.search(r"/handover/notes/\d+/read", page)
    assert path and post(stage, "site-2", path[0]).status_code == 404
    assert post(stage, "site-manager", path[0]).status_code == 303
    assert "驿站九点关门" not in stage.browsers["site-manager"].get("/tickets").text


def test_a_closure_is_announced_and_ended_on_the_calendar(stage: Stage) -> None:
    days = {"from_day": "2026-12-01", "until_day": "2026-12-03", "reason": "holiday"}
    assert post(stage, "site-manager", "/closures", **days | {"until_day": "soon"}).status_code == 422
    wrong = post(stage, "site-manager", "/closures", **days, deputy_code="330106-01")
    assert wrong.status_code == 422 and 'value="330106-01"' in wrong.text
    assert post(stage, "site-manager", "/closures", **days, deputy_code="330108-01").status_code == 303
    page = stage.browsers["lcs"].get("/closures").text
    ends = re.search(r"/closures/\d+/end", page)
    assert ends and "组织 330108-01" in page
    assert "组织 330108-01" not in re.split("<datalist", stage.browsers["lcs-2"].get("/closures").text)[0]
    deputy = ends[0].replace("/end", "/deputy")
    assert deputy in page and deputy not in stage.browsers["site-manager"].get("/closures").text
    refused = post(stage, "lcs", deputy, deputy_code="330106-01")
    assert refused.status_code == 422 and 'value="330106-01"' in refused.text and "<details open>" in refused.text
    assert post(stage, "lcs", deputy, deputy_code="").status_code == 303
    assert "组织 330108-01" not in re.split("<datalist", stage.browsers["lcs"].get("/closures").text)[0]
    assert post(stage, "lcs-2", ends[0]).status_code == 404
    assert post(stage, "lcs", ends[0]).status_code == 303
    assert not re.search(r"/closures/\d+/end", stage.browsers["lcs"].get("/closures").text)

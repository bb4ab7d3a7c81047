"""Emergency mode through the browser: a preview before it holds, a banner on every page of those concerned."""

from __future__ import annotations

from typing import Any

from tests.web.stage import Stage

FORM = {
    "name": "台风 canary", "area": "33", "from_at": "2026-11-18T14:00", "until_at": "2026-11-19T08:00", "pauses": "1",
    "checklist": "通知站点\n开热线", "duty_list": "王主管 0571-87654321", "limit-first_reply": "120",
}  # fmt: skip


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def test_a_period_is_shown_before_it_is_announced_and_then_on_every_page_of_those_concerned(stage: Stage) -> None:
    wrong = post(stage, "ccs-manager", "/emergencies/new", **{**FORM, "limit-first_reply": "soon"})
    assert wrong.status_code == 422 and 'value="soon"' in wrong.text
    shown = post(stage, "ccs-manager", "/emergencies/new", **FORM)
    assert shown.status_code == 200 and 'name="confirmed"' in shown.text
    assert "alertbar" not in stage.browsers["site"].get("/tickets").text
    assert post(stage, "ccs-manager", "/emergencies/new", **FORM, confirmed="1").status_code == 303
    for who, page in (("site", "/tickets"), ("lcs", "/exemptions"), ("ccs", "/account"), ("site-2", "/duty")):
        assert "alertbar" in stage.browsers[who].get(page).text, who
    for who in ("site-3", "lcs-2", "admin"):
        page = "/account"
        assert "alertbar" not in stage.browsers[who].get(page).text, who
    listed = stage.browsers["lcs"].get("/emergencies").text
    assert "通知站点" in listed and "87654321" not in listed
    path = listed.split('action="/emergencies/')[1].split("/tick")[0]
    assert post(stage, "lcs", f"/emergencies/{path}/tick", line="0").status_code == 303
    assert post(stage, "lcs-manager", f"/emergencies/{path}/end").status_code == 303
    assert post(stage, "lcs-manager", f"/emergencies/{path}/end").status_code == 409
    assert "alertbar" not in stage.browsers["site"].get("/tickets").text

"""Rectification forms over HTTP: asked for, filled in, sent back, accepted; nothing typed is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from app import clock
from app.services import rectification_work, sessions
from app.services.sessions import Limits
from tests import cast as company
from tests.cast import NOON, Cast
from tests.services.test_rectifications import MADE, frozen


@pytest.fixture
def cast(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company at noon."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return company.begin()


@pytest.fixture
def portal(app: Any, cast: Cast) -> Any:
    """Signs a person in without the cost of a password."""

    def sign_in(who: str) -> Any:
        limits = Limits(timedelta(minutes=30), timedelta(hours=12))
        token = sessions.create(user_id=cast[who].user_id or 0, epoch=0, data={}, now=NOON, limits=limits)
        client = app.test_client()
        client.set_cookie("session", token)
        return client

    return sign_in


def post(client: Any, page: str, path: str, **data: str) -> Any:
    shown = client.get(page).text
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', shown) for name in ("csrf_token", "revision")}
    return client.post(path, data={**{name: one[1] for name, one in found.items() if one}, **data})


def test_a_form_goes_from_the_province_to_the_site_and_back(portal: Any, cast: Cast) -> None:
    lcs, site, index = portal("lcs"), portal("site-manager"), "/rectifications"
    wrong = post(lcs, index, index, organisation="440305-01", kind="score", reason="我的理由")
    assert wrong.status_code == 422 and "我的理由</textarea>" in wrong.text
    words = {"organisation": "330106-01", "kind": "score", "reason": "连续下滑"}
    page = post(lcs, index, index, submission_key="x1", **words).location.split("?")[0]
    again = post(lcs, index, index, submission_key="x1", **{**words, "reason": "另有原因"})
    assert again.status_code == 409 and "另有原因</textarea>" in again.text and "此前已用不同的文字提交" in again.text
    assert re.search(r'href="/rectifications"[^>]*><span>[^<]+</span><span class="num">1</span>', site.get(index).text)
    assert "收到整改书" in site.get("/notices").text
    assert portal("site-2").get(page).status_code == 403 and portal("lcs-2").get(page).status_code == 404
    missing = post(site, page, f"{page}/fill", **{**MADE, "cause": ""})
    assert missing.status_code == 422 and f"{MADE['measures']}</textarea>" in missing.text
    assert post(site, page, f"{page}/fill", **MADE).status_code == 303
    stale = post(site, page, f"{page}/fill", revision="2", **{**MADE, "cause": "又写一遍"})
    assert stale.status_code == 409 and "又写一遍</textarea>" in stale.text
    assert post(lcs, page, f"{page}/decide", verdict="back").status_code == 422
    assert post(lcs, page, f"{page}/decide", verdict="back", text="太笼统").status_code == 303
    assert "太笼统" in site.get(page).text and f"{MADE['cause']}</textarea>" in site.get(page).text
    assert post(site, page, f"{page}/fill", **MADE).status_code == 303
    assert post(lcs, page, f"{page}/decide", verdict="accept").status_code == 303
    done = site.get(page).text
    assert "已验收" in done and "/fill" not in done and "签字" in done


def test_a_frozen_months_forms_say_what_was_counted_and_lead_to_the_card(
    db_session: Any, portal: Any, cast: Cast
) -> None:
    frozen(cast, "2026-10", {"330106-01": {"score": 650, "grade": "D"}})
    assert rectification_work.run(db_session, NOON) == 1
    listed = portal("ccs").get("/rectifications").text
    assert "等级 D（得分 65.0）" in listed and "整改书 1 份，其中再犯 0 份" in listed
    page = re.search(r'href="(/rectifications/ZG[^"]+)"', listed)
    assert page and "/scorecards/2026-10/330106-01" in portal("site-manager").get(page[1]).text


def test_a_threshold_is_changed_with_a_reason(portal: Any, cast: Cast) -> None:
    head, page = portal("ccs-manager"), "/rectifications/policy"
    typed = {
        "score_below": "101", "lowest_grade": "1", "untruthful_from": "2", "category_from": "10", "due_days": "3",
        "again_months": "6", "note": "", "seen": "1",
    }  # fmt: skip
    wrong = post(head, page, page, **typed)
    assert wrong.status_code == 422 and 'value="101"' in wrong.text and 'id="note-error"' in wrong.text
    assert post(head, page, page, **{**typed, "score_below": "75", "note": "更严"}).status_code == 303
    assert "0 → 75" in head.get(page).text

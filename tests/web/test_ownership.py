"""Owning a ticket through the pages: the sheets without scripting, the three lists, the team's page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from app.models import Organisation, Ticket, User
from app.services import replies
from app.services.transaction import write
from tests import cast
from tests.cast import post
from tests.web.stage import NOW, Stage


@pytest.fixture(scope="module")
def number(stage: Stage) -> str:
    """A ticket of the first site that its clerk owns; the manager is there."""
    with stage.app.app_context():
        made = cast.push(stage.cast, "OWNED", now=NOW)
        replies.claim(actor=stage.cast["site"], post=post(made), now=NOW)
    return made


def send(stage: Stage, who: str, path: str, **data: str) -> Any:
    return stage.browsers[who].post(path, data={"csrf_token": stage.csrf, **data})


def owner(stage: Stage, number: str) -> int | None:
    with stage.session() as session:
        return session.scalars(select(Ticket.owner_id).where(Ticket.number == number)).one()


def test_the_sheet_offers_colleagues_of_the_own_site_and_hands_over(stage: Stage, number: str) -> None:
    page = stage.browsers["site"].get(f"/tickets/{number}?sheet=hand_over").text
    offered = re.findall(
        r'<option value="(\d+)">([^<]+)</option>', page.split('id="sheet-colleague"')[1].split("</select>")[0]
    )
    manager = stage.cast["site-manager"].user_id
    assert offered == [(str(manager), "site-manager")]
    answer = send(stage, "site", f"/tickets/{number}/hand-over", colleague="", text="夜班接手")
    assert answer.status_code == 422 and "夜班接手" in answer.text
    answer = send(stage, "site", f"/tickets/{number}/hand-over", colleague=str(manager), text="夜班接手")
    assert (answer.status_code, owner(stage, number)) == (303, manager)
    thread = stage.browsers["lcs"].get(f"/tickets/{number}").text
    assert "夜班接手" in thread and "site-manager" in thread


def test_the_lists_are_in_the_address_and_keep_the_other_filters(stage: Stage, number: str) -> None:
    page = stage.browsers["site-manager"].get("/tickets?queue=all&owner=mine").text
    assert number in page and "queue=all&amp;owner=unclaimed" in page
    assert number not in stage.browsers["site"].get("/tickets?queue=all&owner=mine").text
    assert number not in stage.browsers["site"].get("/tickets?queue=all&owner=unclaimed").text
    assert number in stage.browsers["site"].get("/tickets?queue=all&owner=nonsense").text
    assert 'class="owners"' not in stage.browsers["ccs"].get("/tickets").text


def test_a_manager_runs_the_team_and_nobody_elses(stage: Stage) -> None:
    clerk, stranger = stage.cast["site"].user_id, stage.cast["site-2"].user_id
    assert send(stage, "site-manager", "/team/auto-assign", on="1").status_code == 303
    assert send(stage, "site-manager", f"/team/{clerk}/skills", skills="LOST").status_code == 303
    assert send(stage, "site-manager", f"/team/{clerk}/skills", skills="NOPE").status_code == 422
    for path in (f"/team/{stranger}/skills", f"/team/{stranger}/duty"):
        assert send(stage, "site-manager", path, on="0").status_code == 404
    with stage.session() as session:
        site = session.get(Organisation, stage.cast.places["330106-01"])
        assert (site.auto_assign, session.get(User, clerk).skills) == (True, ["LOST"])
        assert session.get(User, stranger).off_duty_at is None
    with stage.app.app_context(), write() as session:
        session.execute(update(Organisation).values(auto_assign=False))
        session.execute(update(User).values(skills=[]))


def test_going_off_duty_is_said_on_the_page_and_undone_by_the_next_sign_in(stage: Stage) -> None:
    answer = send(stage, "site-2", "/account/duty", on="0")
    assert (answer.status_code, answer.location) == (303, "/account?done=off_duty")
    page = stage.browsers["site-2"].get("/account?done=off_duty").text
    assert 'name="on" value="1"' in page and 'role="status"' in page
    with stage.session() as session:
        assert session.get(User, stage.cast["site-2"].user_id).off_duty_at == NOW
    stage.browser("site-2")
    with stage.session() as session:
        assert session.get(User, stage.cast["site-2"].user_id).off_duty_at is None

"""The quick switch over HTTP: a new session for the colleague, the old one gone, nothing of it in the page."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import select, update

from app import clock
from app.models import DeviceUser, Pin, SessionRow, User
from app.services import accounts
from app.services.transaction import write
from tests import cast
from tests.cast import NOON, Cast

PIN, PASSWORD = "4071", "correct horse battery"


@pytest.fixture
def company(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company at noon; everybody has the same password, two people of the site the same PIN."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    made = cast.begin()
    hashed = accounts.hash_password(PASSWORD)
    with write() as session:
        session.execute(update(User).values(password_hash=hashed))
        for who in ("site", "site-manager"):
            session.add(Pin(user_id=made[who].user_id, pin_hash=accounts.hash_password(PIN), epoch=0, set_at=NOON))
    return made


def token(page: Any) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert found is not None
    return found[1]


def sign_in(client: Any, account: str) -> None:
    posted = {"csrf_token": token(client.get("/login")), "account": account, "password": PASSWORD}
    assert client.post("/login", data=posted).status_code == 303


def switch(client: Any, company: Cast, to: str = "site-manager", pin: str = PIN) -> Any:
    posted = {"csrf_token": token(client.get("/switch")), "user": company[to].user_id, "pin": pin}
    return client.post("/switch", data=posted)


def shared(client: Any) -> None:
    """Two people sign in one after the other, the second over the first."""
    sign_in(client, "site-manager")
    sign_in(client, "site")


def test_the_browser_is_the_colleagues_with_a_new_session_and_the_old_one_is_over(client, company, db_session) -> None:
    shared(client)
    before = client.get_cookie("session").value
    answer = switch(client, company)
    assert answer.status_code == 303 and client.get_cookie("session").value != before
    assert "site-manager" in client.get("/account").text
    owners = db_session.scalars(select(SessionRow.user_id)).all()
    assert owners.count(company["site"].user_id) == 0


def test_a_wrong_pin_changes_nobody_and_says_how_long_to_wait(client, company) -> None:
    shared(client)
    answer = switch(client, company, pin="9182")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "1")
    assert "PIN 不正确" in answer.text and "9182" not in answer.text
    assert re.search(r"site ·", client.get("/account").text)


@pytest.mark.parametrize(
    "typed", [{}, {"user": "x", "pin": PIN}, {"user": "7", "pin": PIN}, {"user": "9" * 30, "pin": PIN}]
)
def test_whatever_is_typed_nobody_else_comes_in(client, company, typed: dict[str, str]) -> None:
    shared(client)
    posted = {"csrf_token": token(client.get("/switch")), **typed}
    assert client.post("/switch", data=posted).status_code == 422


def test_another_browser_offers_nobody(app, client, company) -> None:
    shared(client)
    other = app.test_client()
    sign_in(other, "site")
    assert 'name="user"' not in other.get("/switch").text and 'name="user"' in client.get("/switch").text


def test_signing_out_takes_one_from_the_list_and_leaving_for_another_does_not(client, company, db_session) -> None:
    shared(client)
    client.post("/logout", data={"csrf_token": token(client.get("/switch")), "keep": "1"})
    assert len(db_session.scalars(select(DeviceUser)).all()) == 2
    db_session.rollback()
    sign_in(client, "site")
    client.post("/logout", data={"csrf_token": token(client.get("/switch"))})
    assert db_session.scalars(select(DeviceUser.user_id)).all() == [company["site-manager"].user_id]


def test_a_pin_is_set_on_the_account_page_and_a_changed_password_ends_it(client, company, db_session) -> None:
    sign_in(client, "site-2")
    form = {
        "csrf_token": token(client.get("/account")),
        "pin_password": PASSWORD,
        "pin": "80415",
        "pin_repeat": "80415",
    }
    assert client.post("/account/pin", data={**form, "pin_repeat": "80416"}).status_code == 422
    assert client.post("/account/pin", data=form).status_code == 303
    assert "已设置" in client.get("/account").text
    changed = {**form, "current": PASSWORD, "new": "another good one", "repeat": "another good one"}
    assert client.post("/account/password", data=changed).status_code == 303
    assert "已设置" not in client.get("/account").text


def test_who_has_no_pin_has_no_page_for_it(client, company) -> None:
    for who in ("admin", "ccs-manager"):
        sign_in(client, who)
        assert client.get("/switch").status_code == 403
        assert 'id="pin-form"' not in client.get("/account").text


def test_the_manager_finds_the_switch_and_the_refused_try_and_the_clerk_has_no_such_page(client, company) -> None:
    shared(client)
    switch(client, company, pin="9182")
    assert client.get("/switches").status_code == 403 and 'href="/switches"' not in client.get("/tickets").text
    client.post("/logout", data={"csrf_token": token(client.get("/switch"))})
    sign_in(client, "site-manager")
    page = client.get("/switches").text
    assert (
        "被拒：PIN 不正确" in page and 'action="/exports"' in page and 'href="/switches"' in client.get("/tickets").text
    )
    assert "被拒：PIN 不正确" not in client.get("/switches?outcome=switched").text
    assert "没有找到内容" in client.get("/switches?outcome=switched").text


def test_a_page_without_tries_says_what_will_stand_there(client, company) -> None:
    sign_in(client, "site-manager")
    assert "还没有人用 PIN 切换过" in client.get("/switches").text


def test_who_guesses_the_password_before_a_pin_is_told_when_to_come_again(client: Any, company: Cast) -> None:
    sign_in(client, "site-2")
    form = {"csrf_token": token(client.get("/account")), "pin": "80415", "pin_repeat": "80415"}
    answers = [client.post("/account/pin", data={**form, "pin_password": f"wrong {n}"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["Retry-After"]) > 0

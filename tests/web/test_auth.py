"""Signing in and out over HTTP: where one lands, what is refused, and what ends a session."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from sqlalchemy import func, select, update

from app import clock
from app.models import SessionRow, User
from app.services.transaction import write
from app.web.guard import safe_next
from tests import cast
from tests.quick_hashes import QUICK

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
PASSWORD = "correct horse"
HASH = QUICK.hash(PASSWORD)
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
TYPED = re.compile(r"correct horse|wrong one")

OPEN_REDIRECTS = [
    "//evil.example", r"/\evil.example", r"\\evil.example", "////evil.example", "http:///evil.example",
    "https:evil.example", "/\t/evil.example", "http://evil.example/tickets",
]  # fmt: skip
MORE = ["javascript:alert(1)", " //evil.example", "/\n/evil.example", r"/tickets\..\evil", "/a//evil", "evil.example"]


@pytest.fixture
def people(db_session):
    """The company, everybody with the same password."""
    company = cast.begin()
    with write() as session:
        session.execute(update(User).values(password_hash=HASH))
    return company


@pytest.fixture
def now(monkeypatch):
    """A clock that the test sets: `now[0] += …`."""
    instant = [NOW]
    monkeypatch.setattr(clock, "now", lambda: instant[0])
    return instant


def token_of(client, path="/login"):
    return TOKEN.search(client.get(path).text)[1]


def sign_in(client, account="site", password=PASSWORD, path="/login", **more):
    data = {"csrf_token": token_of(client, path), "account": account, "password": password, **more}
    return client.post(path, data=data)


def cookie(client):
    return client.get_cookie("session")


# --- where one lands ---


@pytest.mark.parametrize(
    ("account", "page"),
    [("site", "/tickets"), ("site-manager", "/tickets"), ("lcs", "/board"), ("ccs", "/tickets"), ("admin", "/admin")],
)
def test_each_role_lands_on_its_own_page(client, people, account, page):
    answer = sign_in(client, account)
    assert (answer.status_code, answer.headers["Location"]) == (303, page)
    assert client.get("/").headers["Location"] == page


def test_one_lands_where_one_wanted_to_go(client, people):
    answer = client.get("/account?done=saved")
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=")
    assert sign_in(client, next="/account?done=saved").headers["Location"] == "/account?done=saved"


@pytest.mark.parametrize("target", [*OPEN_REDIRECTS, *MORE])
def test_no_spelling_leads_to_another_host(client, people, target):
    assert safe_next(target) == ""
    assert sign_in(client, next=target).headers["Location"] == "/tickets"


@pytest.mark.parametrize("target", ["/tickets", "/tickets?q=%E5%BF%AB&sort=due", "/scorecards/2026-11/330106-01"])
def test_own_addresses_are_kept(target):
    assert safe_next(target) == target


def test_a_fragment_for_a_signed_out_browser_sends_the_page_to_the_sign_in(client, people):
    asked = {"HX-Request": "true", "HX-Current-URL": "http://localhost/tickets?queue=all"}
    answer = client.get("/account", headers=asked)
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/login?next=/tickets?queue%3Dall")
    foreign = client.get("/account", headers={**asked, "HX-Current-URL": "http://evil.example/tickets"})
    assert foreign.headers["HX-Redirect"] == "/login"


# --- refusals ---


def test_unknown_and_wrong_get_the_same_page(client, people):
    pages = [sign_in(client, "site", "wrong one"), sign_in(client, "nobody", "wrong one")]
    bodies = {
        re.sub(r'data-now="[^"]+"|"X-CSRFToken": "[^"]+"', "", TOKEN.sub("", page.text))
        .replace('value="nobody"', "")
        .replace('value="site"', "")
        for page in pages
    }
    assert [page.status_code for page in pages] == [422, 422]
    assert len(bodies) == 1
    assert not TYPED.search(bodies.pop())


def test_too_many_failures_wait_and_say_how_long(client, people, now):
    for _ in range(5):
        sign_in(client, password="wrong one")
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert sign_in(client, "lcs").status_code == 303
    now[0] += timedelta(seconds=2)
    assert sign_in(client).status_code == 303


def test_a_sign_in_without_a_token_is_refused_and_can_be_repeated(client, people):
    answer = client.post("/login", data={"account": "site", "password": PASSWORD})
    assert answer.status_code == 422
    again = {"account": "site", "password": PASSWORD, "csrf_token": TOKEN.search(answer.text)[1]}
    assert client.post("/login", data=again).status_code == 303


def test_no_get_signs_in_or_out(client, people):
    client.get(f"/login?account=site&password={PASSWORD}")
    assert client.get("/account").status_code == 303
    sign_in(client)
    assert client.get("/logout").status_code == 405
    assert client.get("/account").status_code == 200


@pytest.mark.parametrize(
    "path", ["/static/nothing.png", "/platform/nothing", "/platform/link/demo", "/healthz/nothing"]
)
def test_an_error_page_where_no_session_is_read_signs_nobody_out(client, people, path):
    sign_in(client)
    before = cookie(client).value
    answer = client.get(path)
    assert (answer.status_code, "Set-Cookie" in answer.headers) in {(404, False), (405, False)}
    assert cookie(client).value == before and client.get("/account").status_code == 200


# --- sessions ---


def test_anonymous_visitors_leave_no_row(client, people, db_session):
    client.get("/login")
    assert cookie(client).value.count(".") == 2
    assert db_session.scalar(select(func.count()).select_from(SessionRow)) == 0


def test_the_session_gets_a_new_id_and_token_at_sign_in(client, people):
    before = token_of(client)
    planted = cookie(client).value
    sign_in(client)
    assert cookie(client).value != planted and "." not in cookie(client).value
    assert client.post("/logout", data={"csrf_token": before}).status_code == 422
    first = cookie(client).value
    sign_in(client)
    assert cookie(client).value != first
    client.set_cookie("session", first)
    assert client.get("/account").status_code == 303


def test_a_signed_cookie_never_names_a_person(app, client, people):
    forged = app.session_interface.get_signing_serializer(app).dumps({"_user_id": str(people["site"].user_id)})
    client.set_cookie("session", forged)
    assert client.get("/account").status_code == 303


def test_a_copied_cookie_is_worthless_after_logout(client, people):
    sign_in(client)
    copied = cookie(client).value
    assert client.post("/logout", data={"csrf_token": token_of(client, "/account")}).status_code == 303
    assert cookie(client) is None
    client.set_cookie("session", copied)
    assert client.get("/account").status_code == 303


def test_a_session_ends_when_idle_and_polls_do_not_count_as_activity(client, people, now):
    sign_in(client)
    now[0] += timedelta(minutes=29)
    assert client.get("/account").status_code == 200
    for _ in range(3):
        now[0] += timedelta(minutes=9)
        assert client.get("/account?poll=1").status_code == 200
    now[0] += timedelta(minutes=3)
    assert client.get("/account").status_code == 303


@pytest.mark.parametrize(("account", "address"), [("lcs", "/board/poll"), ("ccs", "/appeals/head")])
def test_a_board_or_a_stream_that_is_left_open_ends_when_idle(client, people, now, account, address):
    sign_in(client, account)
    for _ in range(4):
        now[0] += timedelta(minutes=9)
        last = client.get(address, headers={"HX-Request": "true"}).status_code
    assert last == 401


def test_a_clock_that_jumps_hours_asks_for_a_new_sign_in(client, people, now):
    sign_in(client)
    now[0] += timedelta(hours=40)
    assert client.get("/account").status_code == 303
    assert sign_in(client).status_code == 303
    assert client.get("/account").status_code == 200


def test_a_page_takes_no_write_lock_but_once_a_minute(client, people, now, monkeypatch):
    from app.services import sessions

    touched = []
    real = sessions.touch
    monkeypatch.setattr(sessions, "touch", lambda *a, **k: touched.append(a) or real(*a, **k))
    monkeypatch.setattr(sessions, "store", lambda *a: pytest.fail("a page wrote the session"))
    sign_in(client)
    for _ in range(3):
        client.get("/account")
    now[0] += timedelta(seconds=61)
    for _ in range(3):
        client.get("/account")
    assert len(touched) == 1


def test_disabling_an_account_takes_effect_at_the_next_request(client, people):
    sign_in(client)
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(disabled_at=NOW))
    assert client.get("/account").status_code == 303


def test_a_changed_role_takes_effect_at_the_next_request(client, people):
    sign_in(client)
    assert client.get("/admin").status_code == 403
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(role="admin"))
    assert client.get("/admin").status_code == 200


def test_a_form_sent_after_the_session_ended_leads_to_the_sign_in(client, people, now):
    sign_in(client)
    token = token_of(client, "/account")
    now[0] += timedelta(hours=1)
    data = {"csrf_token": token, "locale": "en", "theme": "dark", "density": "compact"}
    answer = client.post("/account", data=data, headers={"Referer": "http://localhost/account"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/login?next=/account")
    asked = {"HX-Request": "true", "HX-Current-URL": "http://localhost/account"}
    assert client.post("/account", data=data, headers=asked).status_code == 401


# --- the account page ---


def test_a_password_change_ends_the_other_sessions_and_keeps_this_one(app, client, people):
    other = app.test_client()
    sign_in(client)
    sign_in(other)
    data = {"current": PASSWORD, "new": "a new long one", "repeat": "a new long one"}
    answer = client.post("/account/password", data={**data, "csrf_token": token_of(client, "/account")})
    assert answer.status_code == 303
    assert client.get("/account").status_code == 200
    assert other.get("/account").status_code == 303
    assert sign_in(other).status_code == 422
    assert sign_in(other, password="a new long one").status_code == 303


@pytest.mark.parametrize(
    ("current", "new", "repeat"),
    [("wrong one", "a new long one", "a new long one"), (PASSWORD, "12345678", "12345678"), (PASSWORD, "a", "b")],
)
def test_a_password_change_that_is_wrong_is_told(client, people, current, new, repeat):
    sign_in(client)
    data = {"current": current, "new": new, "repeat": repeat, "csrf_token": token_of(client, "/account")}
    assert client.post("/account/password", data=data).status_code == 422
    assert sign_in(client).status_code == 303


def test_language_is_chinese_until_somebody_chooses(client, people):
    english = {"Accept-Language": "en-GB,en"}
    assert 'lang="zh-CN"' in client.get("/login", headers=english).text
    assert 'lang="en"' in client.get("/login?lang=en").text
    assert 'lang="zh-CN"' in client.get("/login").text
    sign_in(client)
    assert 'lang="zh-CN"' in client.get("/account?lang=en", headers=english).text


def test_the_language_chosen_at_the_sign_in_stays_with_the_person_and_the_device(client, people):
    sign_in(client, lang="en")
    assert 'lang="en"' in client.get("/account").text
    client.post("/logout", data={"csrf_token": token_of(client, "/account")})
    assert 'lang="en"' in client.get("/login").text


def test_a_switch_of_the_language_comes_back_to_the_filters_of_the_page(client, people):
    sign_in(client, "lcs")
    came = {"Referer": "http://localhost/tickets?queue=working&category=LOST"}

    def switched(page: str, **headers: str) -> str:
        data = {"csrf_token": token_of(client, "/account"), "lang": "en", "next": page}
        return client.post("/language", data=data, headers=headers).headers["Location"]

    assert switched("/tickets", **came) == "/tickets?queue=working&category=LOST"
    assert switched("/account", **came) == "/account" and switched("/tickets") == "/tickets"
    assert switched("/tickets", Referer="http://evil.example/tickets?x=1") == "/tickets"


def test_the_language_can_be_switched_on_any_page(client, people):
    sign_in(client)
    data = {"lang": "en", "next": "/account", "csrf_token": token_of(client, "/account")}
    assert client.post("/language", data=data).headers["Location"] == "/account"
    assert 'lang="en"' in client.get("/account").text
    assert client.post("/language", data={**data, "lang": "fr"}).status_code == 422


def test_preferences_are_kept(client, people, db_session):
    sign_in(client)
    data = {"locale": "en", "theme": "dark", "density": "compact", "csrf_token": token_of(client, "/account")}
    assert client.post("/account", data=data).status_code == 303
    db_session.rollback()
    user = db_session.scalars(select(User).where(User.account == "site")).one()
    assert (user.locale, user.theme, user.density) == ("en", "dark", "compact")
    assert client.post("/account", data={**data, "theme": "pink"}).status_code == 422


def test_only_what_the_form_names_is_taken(client, people, db_session):
    sign_in(client)
    data = {"locale": "zh", "theme": "auto", "density": "compact", "csrf_token": token_of(client, "/account")}
    client.post("/account", data={**data, "role": "admin", "account": "boss", "organisation_id": "1", "epoch": "9"})
    db_session.rollback()
    user = db_session.scalars(select(User).where(User.account == "site")).one()
    assert (user.role, user.organisation_id, user.epoch) == ("site_clerk", people.places["330106-01"], 0)


def test_who_was_away_is_told_and_keeps_the_way_back_in_the_other_language(client):
    away = client.get("/tickets?queue=overdue", follow_redirects=True).text
    assert "登录后回到刚才的页面" in away
    onward = re.search(r'href="(\?lang=en[^"]*)"', away)
    assert onward is not None
    english = client.get("/login" + unescape(onward[1])).text
    assert 'value="/tickets?queue=overdue"' in unescape(english)
    assert "登录后回到刚才的页面" not in client.get("/login").text

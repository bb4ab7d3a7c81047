"""Headers on every answer, error pages, and a mark on every route."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path

import pytest
from flask import request
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app import create_app
from app.config import Config
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.roles import CAPABILITIES
from app.services import accounts, sessions
from app.services.accounts import DemoAccountsExist
from app.web.formatting import Formatter
from app.web.security import HEADERS, is_poll
from tests.web.stage import Stage

ROOT = Path(__file__).resolve().parents[2]

DECLARED = {"public", "platform", "signed_in"}.union(*CAPABILITIES.values())


@pytest.fixture(scope="module")
def faulty(tmp_path_factory):
    """An application of its own with routes that fail in every way."""
    folder = tmp_path_factory.mktemp("faulty")
    portal = create_app(Config.for_tests(f"sqlite:///{folder / 'faulty.sqlite3'}", data_dir=folder))
    portal.config["PROPAGATE_EXCEPTIONS"] = False
    errors = {
        "not-found": NotFound("x"), "not-allowed": NotAllowed("x"), "stale": Stale("x"), "invalid": Invalid({"a": "b"}),
        "database": OperationalError("SELECT 'secret-value'", {"phone": "13800000000"}, Exception("locked")),
        "taken": IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed: user.account")),
        "absent": IntegrityError("INSERT", {}, Exception("NOT NULL constraint failed: user.name")),
        "pool": PoolTimeout("full"), "bug": RuntimeError("secret-value"),
    }  # fmt: skip

    def fail(how):
        raise errors[how]

    portal.add_url_rule("/fail/<how>", "fail", fail)
    return portal


def test_every_answer_carries_the_headers(client):
    for path in ("/login", "/nothing-here", "/tickets", "/healthz", "/static/nothing.css", "/account"):
        answer = client.get(path)
        for name, value in HEADERS.items():
            assert answer.headers[name] == value, (path, name)
    assert client.post("/login", data="x" * 10).headers["Content-Security-Policy"]


def test_pages_are_not_kept_by_anybody(client):
    answer = client.get("/login")
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"HX-Request", "Cookie"} <= set(answer.vary)


@pytest.mark.parametrize(
    ("how", "status"),
    [("not-found", 404), ("not-allowed", 403), ("stale", 409), ("invalid", 422), ("database", 503), ("pool", 503),
     ("taken", 409), ("absent", 500), ("bug", 500)],
)  # fmt: skip
def test_errors_become_pages_without_a_detail_from_inside(faulty, how, status, caplog):
    answer = faulty.test_client().get(f"/fail/{how}")
    assert answer.status_code == status
    assert answer.headers["Content-Security-Policy"]
    assert "secret-value" not in answer.text
    assert ("Retry-After" in answer.headers) == (status == 503)
    if status == 503:
        assert "13800000000" not in caplog.text


def test_a_database_that_is_away_is_503_for_people_who_are_signed_in_too(faulty, monkeypatch):
    browser = faulty.test_client()
    browser.set_cookie("session", "a" * 43)

    def away(*_arguments, **_named):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(sessions, "find", away)
    for answer in (browser.get("/tickets"), browser.post("/logout")):
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_body_that_is_too_large_is_refused(client):
    assert client.post("/login", data={"account": "x" * 2_100_000}).status_code == 413


def test_an_error_page_that_cannot_be_shown_is_plain(faulty, monkeypatch):
    from app.web import failures

    monkeypatch.setattr(failures, "render_template", lambda *a, **k: 1 / 0)
    answer = faulty.test_client().get("/nothing-here")
    assert answer.status_code == 404
    assert "<h1>" in answer.text


def test_every_route_is_declared_and_guarded_as_declared(app):
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        declared = getattr(view, "access", None)
        assert declared in DECLARED, f"{rule} is not declared"
        if declared not in ("public", "platform"):
            assert getattr(view, "requires", None) == declared, f"{rule} is declared {declared} but not guarded so"


@pytest.fixture
def production(tmp_path):
    """A portal that faces the network."""
    config = Config(
        database_url=f"sqlite:///{tmp_path / 'p.sqlite3'}", secret_key="x" * 32, environment="production",
        data_dir=tmp_path,
    )  # fmt: skip
    return create_app(config)


def test_production_serves_nothing_while_demo_accounts_exist(production, monkeypatch):
    def exist(_session):
        raise DemoAccountsExist("demo_accounts")

    monkeypatch.setattr(accounts, "refuse_demo_accounts", exist)
    assert production.test_client().get("/login").status_code == 503
    monkeypatch.setattr(accounts, "refuse_demo_accounts", lambda _session: None)
    assert production.test_client().get("/login").status_code == 200


def test_cookies_of_production_are_secure_and_bound_to_the_host(production, monkeypatch):
    monkeypatch.setattr(accounts, "refuse_demo_accounts", lambda _session: None)
    answer = production.test_client().get("/login", base_url="https://portal.example")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-session=")
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]


# --- instants in words ---

NOON = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "text"),
    [
        (timedelta(seconds=1), "1 min left"),
        (timedelta(minutes=11, seconds=30), "12 min left"),
        (timedelta(hours=1, minutes=40), "1 h 40 min left"),
        (timedelta(hours=3, minutes=5), "3 h 05 min left"),
        (timedelta(hours=9), "9 h left"),
        (timedelta(hours=31, minutes=20), "31 h left"),
        (timedelta(days=7), "7 d left"),
        (timedelta(0), "1 min overdue"),
        (-timedelta(minutes=18, seconds=59), "18 min overdue"),
    ],
)
def test_the_countdown_in_words(left, text):
    assert Formatter(english=True, now=NOON).left(NOON + left, NOON) == text


def test_instants_are_shown_in_shanghai_time():
    chinese, english = Formatter(english=False, now=NOON), Formatter(english=True, now=NOON)
    late = datetime(2026, 11, 17, 16, 30, 5, tzinfo=UTC)
    assert chinese.full(late) == "2026-11-18 00:30:05"
    assert chinese.time(late) == "00:30"
    assert chinese.time(late - timedelta(hours=1)) == "11-17 23:30"
    assert chinese.time(datetime(2025, 1, 1, tzinfo=UTC)) == "2025-01-01"
    assert (chinese.date(late), english.date(late)) == ("2026年11月18日", "18 Nov 2026")
    assert (chinese.month("2026-01"), english.month("2026-01")) == ("2026年1月", "January 2026")


def test_no_page_that_is_left_open_keeps_its_session_alive(stage: Stage) -> None:
    """Whatever a template asks for again and again by itself is known as a poll."""
    asks = re.compile(r'hx-get="([^"]+)"[^>]*hx-trigger="every \d+s"')
    polled = {file.name for file in (ROOT / "templates").rglob("*.html") if asks.search(file.read_text())}
    assert polled == {"_news.html", "_presence.html", "_board_poll.html", "_appeal_head.html", "_exports.html"}
    pages = [
        ("site", "/tickets"), ("site", f"/tickets/{stage.numbers['own']}"), ("lcs", "/board"), ("ccs", "/appeals"),
    ]  # fmt: skip
    found = {unescape(one) for who, page in pages for one in asks.findall(stage.browsers[who].get(page).text)}
    assert len({address.split("?")[0] for address in found}) == 4, "exports poll only while one is being made"
    for address in (*found, "/exports/progress?seen=x"):
        with stage.app.test_request_context(address):
            assert is_poll(request), address

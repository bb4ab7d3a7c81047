"""The scorecard pages as each role meets them."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import update

from app.models import Clock, Event, Organisation, Party, Ticket, User
from app.services import month_kept
from tests.quick_hashes import QUICK

OCTOBER = datetime(2026, 10, 10, 2, tzinfo=UTC)
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
PASSWORD = "scorecard-test"
HASH = QUICK.hash(PASSWORD)
CARD = "/scorecards/2026-10/330106-01"
PEOPLE = {
    "clerk": ("site_clerk", "330106-01"), "manager": ("site_manager", "330106-01"),
    "sibling": ("site_manager", "330108-01"), "lcs": ("lcs", "33"), "lcs-manager": ("lcs_manager", "33"),
    "lcs-2": ("lcs", "44"), "ccs": ("ccs", "HQ"), "ccs-manager": ("ccs_manager", "HQ"), "admin": ("admin", "HQ"),
}  # fmt: skip


class Fields(HTMLParser):
    """The inputs of a page's forms: name -> (type, value)."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "input" and "name" in values:
            self.found[values["name"]] = values.get("type", "text"), values.get("value", "")


def sign_in(client: FlaskClient, account: str) -> FlaskClient:
    fields = Fields(client.get("/login").text).found
    typed = {"text": account, "password": PASSWORD}
    form = {
        name: typed.get(kind, value) for name, (kind, value) in fields.items() if kind not in ("checkbox", "submit")
    }
    assert client.post("/login", data=form).status_code == 303
    return client


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


@pytest.fixture
def month(db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Twenty tickets of one site, one of them late, and one person for each role; today is 20 November."""
    monkeypatch.setattr("app.clock.now", lambda: NOW)
    ids = {"HQ": 901, "33": 902, "44": 903, "330106-01": 904, "330108-01": 905, "440305-01": 906}
    for code, key in ids.items():
        kind = "headquarters" if code == "HQ" else "province" if len(code) == 2 else "site"
        province = ids[code[:2]] if kind == "site" else None
        db_session.add(Organisation(id=key, code=code, kind=kind, name=f"名{code}", province_id=province))
        db_session.flush()
    for account, (role, code) in PEOPLE.items():
        db_session.add(User(account=account, name=account, password_hash=HASH, role=role, organisation_id=ids[code]))
    for n in range(20):
        add_answered(db_session, n, ids["330106-01"], ids["33"])
    db_session.commit()
    return db_session


def add_answered(session: Any, n: int, site: int, province: int) -> None:
    due, stopped = OCTOBER + timedelta(minutes=30), OCTOBER + timedelta(minutes=40 if n == 0 else 20)
    ticket = Ticket(
        number=f"KF261010-{n:06}", category="LOST", priority="high", channel="platform", policy_version=1,
        state="closed", handling_site_id=site, opened_at=OCTOBER, received_at=OCTOBER, activity_at=OCTOBER,
        result_at=stopped,
    )  # fmt: skip
    session.add(ticket)
    session.flush()
    session.add(Party(
        ticket_id=ticket.id, organisation_id=site, province_id=province, role="handling", added_at=OCTOBER,
    ))  # fmt: skip
    session.add(Event(
        ticket_id=ticket.id, seq=1, type="result", at=stopped, actor_role="site_clerk", organisation_id=site, data={},
        hash=f"{n:064}",
    ))  # fmt: skip
    for kind in ("first_reply", "resolve"):
        session.add(Clock(
            ticket_id=ticket.id, kind=kind, run=1, organisation_id=site, minutes=30, calendar="service",
            started_at=OCTOBER, due_at=due, stopped_at=stopped, state="breached" if n == 0 else "met",
        ))  # fmt: skip


PAGES = ("/scorecards", CARD, f"{CARD}/first_reply")


@pytest.mark.parametrize("page", PAGES)
def test_nobody_is_let_in_without_signing_in(client: FlaskClient, month: Any, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 303
    assert answer.location.startswith("/login?next=")


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account", ["clerk", "admin"])
def test_clerks_and_admins_are_refused(client: FlaskClient, month: Any, account: str, page: str) -> None:
    assert sign_in(client, account).get(page).status_code == 403


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("account", ["manager", "lcs", "lcs-manager", "ccs", "ccs-manager"])
def test_the_others_see_what_is_theirs(client: FlaskClient, month: Any, account: str, page: str) -> None:
    assert sign_in(client, account).get(page).status_code == 200


@pytest.mark.parametrize("page", PAGES[1:])
@pytest.mark.parametrize("account", ["sibling", "lcs-2"])
def test_another_scope_is_not_found(client: FlaskClient, month: Any, account: str, page: str) -> None:
    answer = sign_in(client, account).get(page)
    assert answer.status_code == 404
    assert "330106-01" not in text_of(answer.text)


def test_the_card_shows_its_numbers_and_links_each_to_its_tickets(client: FlaskClient, month: Any) -> None:
    page = sign_in(client, "manager").get(CARD).text
    seen = text_of(page)
    for shown in ("330106-01", "82.7", "19 / 20", "95.0%", "25.6"):
        assert shown in seen, shown
    for measure in ("first_reply", "result", "appeal", "repeat", "tickets", "handling"):
        assert f'href="{CARD}/{measure}"' in page, measure


def test_every_link_of_the_card_opens(client: FlaskClient, month: Any) -> None:
    signed_in = sign_in(client, "manager")
    links = set(re.findall(r'href="(/scorecards[^"]*)"', signed_in.get(CARD).text))
    assert len(links) > 8
    for link in links:
        assert signed_in.get(html.unescape(link)).status_code == 200, link


def test_behind_a_number_stand_its_tickets_late_ones_first(client: FlaskClient, month: Any) -> None:
    page = sign_in(client, "manager").get(f"{CARD}/first_reply").text
    numbers = re.findall(r'href="/tickets/(KF[0-9-]+)"', page)
    assert list(dict.fromkeys(numbers)) == [f"KF261010-{n:06}" for n in range(20)]


def test_the_list_holds_the_own_scope_alone(client: FlaskClient, month: Any) -> None:
    page = sign_in(client, "lcs").get("/scorecards?month=2026-10").text
    assert f'href="{CARD}"' in page
    assert 'href="/scorecards/2026-10/330108-01"' in page
    assert "440305-01" not in page


def test_months(client: FlaskClient, month: Any) -> None:
    signed_in = sign_in(client, "manager")
    assert "—" in signed_in.get("/scorecards/2026-05/330106-01").text
    assert signed_in.get("/scorecards/2026-11/330106-01").status_code == 200
    for bad in ("2026-12", "2026-13", "october", "0001-01", "2026-1"):
        assert signed_in.get(f"/scorecards/{bad}/330106-01").status_code == 404, bad
        assert signed_in.get(f"/scorecards?month={bad}").status_code == 404, bad
    assert signed_in.get("/scorecards/2026-10/999999-01").status_code == 404
    assert signed_in.get(f"{CARD}/nonsense").status_code == 404


@pytest.mark.parametrize(
    ("locale", "ranked", "figures"),
    [("zh", "排名按 12:00 的数据计算", "数据截至 12:00"), ("en", "Ranked with figures of 12:00", "Figures of 12:00")],
)
def test_a_page_with_kept_figures_says_from_when_they_are_and_one_that_was_counted_for_it_says_nothing(
    client: FlaskClient, month: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch, locale: str, ranked: str,
    figures: str,
) -> None:  # fmt: skip
    db_session.execute(update(User).values(locale=locale))
    db_session.commit()
    month_kept.forget()
    client = sign_in(client, "ccs")
    pages = (CARD, "/scorecards/2026-10/33", "/scorecards?month=2026-10")

    def read() -> list[str]:
        return [text_of(client.get(page).text) for page in pages]

    assert not any(ranked in text or figures in text for text in read())
    monkeypatch.setattr(month_kept, "SLOW", 0.0)
    monkeypatch.setattr(month_kept, "KEEP_TIMES", 1_000_000)
    month_kept.forget()
    client.get(pages[0])
    client.get(pages[1])  # keeps the month before, which stands on it
    monkeypatch.setattr("app.clock.now", lambda: NOW + timedelta(minutes=2))
    shown = read()
    month_kept.forget()
    assert [(ranked in text, figures in text) for text in shown] == [(True, False), (False, True), (False, True)]

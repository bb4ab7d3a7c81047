"""The demo company without its tickets: tree, people, connections, and the urgent ticket of each start."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from app.models import Category, Clock, Connection, Organisation, Outbox, Ticket, User
from app.services import demo, demo_tree, intake, organisations, policies, reminders, sweep
from app.services.demo_stage import stand
from app.services.intake import Arrival, ComplaintIn, OrderIn

pytestmark = pytest.mark.sqlite_only  # the demo is an embedded database; its services run on both elsewhere

URL = "http://127.0.0.1:9/callback"
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def load(**options):
    return demo.load(now=NOON, callback_url=URL, tickets=False, **options)


def refresh(now: datetime = NOON) -> str:
    return demo.refresh(now=now, callback_url=URL)


@pytest.fixture
def company(app, database):
    app.extensions["test_snapshots"].begin("demo", load)
    return database.session


def test_the_tree_holds_every_province_with_a_hub_and_the_three_named_sites(company) -> None:
    kinds = Counter(company.scalars(select(Organisation.kind)))
    assert (kinds["headquarters"], kinds["province"], kinds["hub"]) == (1, 31, 31)
    assert kinds["site"] > 400
    names = {
        code: organisations.find_by_code(company, code).name for code in ("330106-01", "330108-01", "440305-01", "33")
    }
    assert list(names.values()) == ["西湖文三站", "滨江长河站", "南山科技园站", "浙江省区"]
    assert organisations.find_by_code(company, "44-H01").province_id == organisations.find_by_code(company, "44").id


def test_codes_names_and_duty_phones_are_each_used_once() -> None:
    nodes = demo_tree.nodes()
    for column in ("code", "name", "duty_phone"):
        values = [getattr(node, column) for node in nodes]
        assert len(values) == len(set(values)), column
    assert all(len(node.duty_phone) == 11 for node in nodes)


def test_every_county_of_the_two_full_provinces_has_a_site() -> None:
    codes = {node.code for node in demo_tree.nodes()}
    counties = [
        row["code"] for row in demo_tree.rows(demo_tree.DIVISIONS / "areas.csv") if row["provinceCode"] in ("33", "44")
    ]
    assert all(f"{county}-01" in codes for county in counties)


@pytest.mark.parametrize(
    ("name", "short"),
    [("西湖区", "西湖"), ("景宁畲族自治县", "景宁"), ("连山壮族瑶族自治县", "连山"), ("清新区", "清新"), ("城区", "城区"),
     ("浦东新区", "浦东"), ("克孜勒苏柯尔克孜自治州", "克孜勒苏")],
)  # fmt: skip
def test_a_division_is_named_as_people_say_it(name: str, short: str) -> None:
    assert demo_tree.short(name) == short


def test_nearly_every_area_has_exactly_one_site(company) -> None:
    shared = Counter(
        row for row in company.scalars(select(Organisation.address_prefix).where(Organisation.kind == "site"))
    )
    assert sum(n > 1 for n in shared.values()) <= 2
    found = organisations.matching_address(company, "浙江省杭州市西湖区翠苑街道文三路 478 号")
    assert [site.code for site in found] == ["330106-01"]


def test_the_ten_people_sit_where_the_readme_says(company) -> None:
    rows = company.execute(
        select(User.account, User.role, Organisation.code).join(Organisation, Organisation.id == User.organisation_id)
    )
    assert {(account, role, code) for account, role, code in rows} == {
        ("site", "site_clerk", "330106-01"), ("site-manager", "site_manager", "330106-01"),
        ("site-2", "site_clerk", "330108-01"), ("site-3", "site_clerk", "440305-01"), ("lcs", "lcs", "33"),
        ("lcs-manager", "lcs_manager", "33"), ("lcs-2", "lcs", "44"), ("ccs", "ccs", "HQ"),
        ("ccs-manager", "ccs_manager", "HQ"), ("admin", "admin", "HQ"),
    }  # fmt: skip


def test_each_account_has_the_documented_password_under_its_own_salt(company) -> None:
    hashes = list(company.scalars(select(User.password_hash)))
    assert len(set(hashes)) == len(hashes) == 10
    assert all(PasswordHasher().verify(one, "demo-portal") for one in hashes[:2])


def test_categories_connections_and_the_policy_are_there(company) -> None:
    rows = company.execute(select(Category.kind, func.count().label("n")).group_by(Category.kind))
    by_kind = {row.kind: row.n for row in rows}
    assert by_kind == {"complaint": 12, "expedite": 2, "inquiry": 3, "problem": 11}
    assert set(company.scalars(select(Category.code).where(Category.legal_note))) == {"FALSE_SIGN", "LOCKER", "PROXY"}
    connections = {row.code: row for row in company.scalars(select(Connection))}
    charsets = {code: row.charset for code, row in connections.items()}
    assert charsets == {"demo": "utf-8", "demo-gbk": "gbk", "demo-pdd": "utf-8"}
    assert connections["demo"].secrets == ["demo-secret"] and connections["demo"].callback_url == URL
    assert {rule.version for rule in policies.rules(company)} == {1}
    assert max(rule.effective_from for rule in policies.rules(company)) < datetime(2016, 1, 1, tzinfo=UTC)


def test_loading_again_adds_nothing_but_follows_the_callback_address(company) -> None:
    company.scalars(select(User).where(User.account == "site")).one().name = "改名"
    company.commit()
    again = demo.load(now=NOON, callback_url="http://127.0.0.1:8101/callback", tickets=False)
    assert (again.organisations, again.accounts, again.tickets) == (0, 0, 0)
    company.rollback()
    assert company.scalars(select(User.name).where(User.account == "site")).one() == "改名"
    moved = {"http://127.0.0.1:8101/callback", "http://127.0.0.1:8101/api/router"}
    assert set(company.scalars(select(Connection.callback_url))) == moved


def test_a_replay_gets_a_clerk_for_every_site_and_no_ticket(database) -> None:
    done = load(site_clerks=True)
    session = database.session
    codes = organisations.site_codes(session)
    assert done.accounts == 10 + len(codes)
    row = session.execute(
        select(User.role, User.password_hash, Organisation.code).join(Organisation, Organisation.id == User.organisation_id)
        .where(User.account == "clerk-330106-01")
    ).one()  # fmt: skip
    assert (row.role, row.code) == ("site_clerk", "330106-01")
    assert PasswordHasher().verify(row.password_hash, "demo-portal")
    assert session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_demo_accounts_are_found_until_they_are_disabled(database) -> None:
    assert not demo.accounts_exist(database.session)
    load()
    assert demo.accounts_exist(database.session)
    for user in database.session.scalars(select(User)):
        user.disabled_at = NOON
    database.session.commit()
    assert not demo.accounts_exist(database.session)


@pytest.mark.parametrize("hour", [3, 7, 8, 21, 22])
def test_a_start_at_any_hour_sends_one_reminder_within_a_minute(company, hour: int) -> None:
    start = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(hours=hour - 8)
    number = refresh(start)
    sent = 0
    for seconds in range(0, 60, 5):
        sweep.run(company, start + seconds * SECOND)
        sent += reminders.bundle(company, start + seconds * SECOND)
    assert sent == 1
    row = company.scalars(select(Outbox).where(Outbox.kind == "sms")).one()
    place = company.get_one(Organisation, row.organisation_id)
    assert row.payload["tickets"] == [number] and row.payload["capped"] is False
    assert place.code == ("330106-01" if 8 <= hour < 22 else "33")


def test_three_starts_in_a_row_ring_on_three_phones(company) -> None:
    places = []
    for minutes in (0, 2, 4):
        start = NOON + timedelta(minutes=minutes)
        refresh(start)
        sweep.run(company, start + 41 * SECOND)
        assert reminders.bundle(company, start + 41 * SECOND) == 1
        newest = company.scalars(select(Outbox).where(Outbox.kind == "sms").order_by(Outbox.id.desc()).limit(1)).one()
        places.append(company.get_one(Organisation, newest.organisation_id).code)
    assert places == ["330106-01", "33", "HQ"]


def test_the_urgent_ticket_is_the_sites_and_came_through_the_door(company) -> None:
    number = refresh()
    ticket = company.scalars(select(Ticket).where(Ticket.number == number)).one()
    assert (ticket.state, ticket.priority, ticket.queue) == ("open", "urgent", "to_accept")
    assert company.get_one(Organisation, ticket.handling_site_id).code == "330106-01"
    runs = {
        (clock.kind, clock.run): clock.state
        for clock in company.scalars(select(Clock).where(Clock.ticket_id == ticket.id))
    }
    assert (runs["resolve", 1], runs["resolve", 2]) == ("void", "running")


def test_an_untouched_urgent_ticket_of_an_earlier_start_is_withdrawn(company) -> None:
    first, second = refresh(), refresh(NOON + timedelta(hours=1))
    states = {row.number: row.state for row in company.execute(select(Ticket.number, Ticket.state))}
    assert states == {first: "withdrawn", second: "open"}


def test_an_urgent_ticket_somebody_works_on_stays(company) -> None:
    from app.services import replies
    from app.services.desk import Post

    first = refresh()
    replies.claim(actor=stand(company).actors["site"], post=Post(first), now=NOON + SECOND)
    refresh(NOON + timedelta(hours=1))
    company.rollback()
    assert company.scalars(select(Ticket.state).where(Ticket.number == first)).one() == "in_progress"


def test_a_portal_with_tickets_gets_no_demo_tickets(company) -> None:
    stage = stand(company)
    arrival = Arrival(stage.connection_id, intake.ISSUE, b"{}", NOON)
    intake.issue(
        arrival=arrival, order=OrderIn("REAL-1", "T1"), complaint=ComplaintIn(text="真实投诉", category="LOST")
    )
    assert demo.load(now=NOON, callback_url=URL).tickets == 0


def test_the_commands_load_refresh_and_list(app, database) -> None:
    runner = app.test_cli_runner()
    loaded = runner.invoke(args=["demo", "load", "--replay-clerks"])
    assert loaded.exit_code == 0 and "organisations" in loaded.output, loaded.output
    assert "KF" in runner.invoke(args=["demo", "refresh"]).output
    assert "330106-01" in runner.invoke(args=["demo", "sites"]).output.splitlines()

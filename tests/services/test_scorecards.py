"""A site's month: what counts in it, when, for whom, and at what cost."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event

from app import scorecards_cli
from app.domain.errors import NotAllowed, NotFound
from app.domain.roles import SYSTEM, Actor
from app.models import Appeal, Clock, Event, Organisation, Party, Ticket
from app.services.scorecard_cases import MEASURES, cases
from app.services.scorecards import Card, all_facts, as_json, province_list, site_month

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONTH = "2026-10"
NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)
numbers = itertools.count(1)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


OCTOBER = local("2026-10-10 10:00")


class Network:
    """Two provinces, three sites and a hub, and a short way to put facts into them."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.ids: dict[str, int] = {}
        for n, (code, kind, province) in enumerate([
            ("HQ", "headquarters", None), ("33", "province", None), ("44", "province", None),
            ("330106-01", "site", "33"), ("330108-01", "site", "33"), ("440305-01", "site", "44"),
            ("33-H01", "hub", "33"),
        ]):  # fmt: skip
            self.ids[code] = 9000 + n
            parent = self.ids[province] if province else None
            self.session.add(
                Organisation(id=9000 + n, code=code, kind=kind, name=f"站点{code}", name_en=code, province_id=parent)
            )
            self.session.flush()
        self.session.commit()

    def ticket(self, at: datetime = OCTOBER, site: str = "330106-01", **columns: Any) -> Ticket:
        n = next(numbers)
        row = Ticket(
            number=f"KF261010-{n:06}", category="LOST", priority="high", channel="platform", policy_version=1,
            handling_site_id=self.ids[site], opened_at=at, received_at=at, activity_at=at, **columns,
        )  # fmt: skip
        self.session.add(row)
        self.session.flush()
        province = self.session.get_one(Organisation, self.ids[site]).province_id
        self.session.add(
            Party(ticket_id=row.id, organisation_id=self.ids[site], province_id=province, role="handling", added_at=at)
        )
        self.session.commit()
        return row

    def clock(self, ticket: Ticket, due: datetime, stopped: datetime | None = None, kind: str = "first_reply",
              state: str = "running", site: str = "330106-01") -> None:  # fmt: skip
        run = next(numbers)
        self.session.add(Clock(
            ticket_id=ticket.id, kind=kind, run=run, organisation_id=self.ids[site], minutes=30, calendar="service",
            started_at=due - HOUR, due_at=due, stopped_at=stopped, state=state,
        ))  # fmt: skip
        self.session.commit()

    def event(self, ticket: Ticket, kind: str, at: datetime, site: str | None = "330106-01", **data: Any) -> None:
        n = next(numbers)
        self.session.add(Event(
            ticket_id=ticket.id, seq=n, type=kind, at=at, actor_role="site_clerk", hash=f"{n:064}", data=data,
            organisation_id=self.ids[site] if site else None,
        ))  # fmt: skip
        self.session.commit()

    def appeal(self, ticket: Ticket, ruling: str = "", ruled: datetime | None = None, site: str = "330106-01") -> None:
        self.session.add(Appeal(
            ticket_id=ticket.id, site_id=self.ids[site], opened_at=OCTOBER, ruling=ruling, ruled_at=ruled,
        ))  # fmt: skip
        self.session.commit()

    def answered(self, n: int, late: int = 0, site: str = "330106-01") -> None:
        """`n` tickets answered in October, `late` of them after both dues."""
        for i in range(n):
            ticket = self.ticket(site=site, result_at=OCTOBER + HOUR, state="closed")
            stopped = OCTOBER + HOUR if i < late else OCTOBER
            for kind in ("first_reply", "resolve"):
                self.clock(ticket, OCTOBER + HOUR / 2, stopped, kind, "breached" if i < late else "met", site)
            self.event(ticket, "result", stopped, site)

    def actor(self, role: str, code: str = "330106-01") -> Actor:
        row = self.session.get_one(Organisation, self.ids[code])
        return Actor(1, role, row.id, row.id if row.kind == "province" else row.province_id)


@pytest.fixture
def network(db_session: Any) -> Network:
    return Network(db_session)


@pytest.fixture(params=["UTC", "America/Los_Angeles", "Asia/Tokyo"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def card(month: str = MONTH, code: str = "330106-01", now: datetime = NOW, actor: Actor = SYSTEM) -> Card:
    return site_month(actor=actor, month=month, organisation_code=code, now=now)


# --- what counts, and when ---


def test_a_clock_counts_at_the_earlier_of_stop_and_due(network: Network) -> None:
    ticket = network.ticket()
    network.clock(ticket, local("2026-11-01 09:00"), local("2026-10-31 18:00"), state="met")
    network.clock(ticket, local("2026-10-31 18:00"), local("2026-11-01 09:00"), state="breached")
    assert (card().facts.first_reply_due, card().facts.first_reply_in_time) == (2, 1)
    assert card("2026-11").facts.first_reply_due == 0


def test_stopped_on_the_due_is_in_time_and_a_moment_later_is_not(network: Network) -> None:
    due = local("2026-10-10 11:00")
    network.clock(network.ticket(), due, due, "resolve", "met")
    network.clock(network.ticket(), due, due + timedelta(microseconds=1), "resolve", "breached")
    assert (card().facts.resolve_due, card().facts.resolve_in_time) == (2, 1)


def test_void_clocks_and_those_not_yet_due_do_not_count(network: Network) -> None:
    network.clock(network.ticket(), OCTOBER, OCTOBER, state="void")
    network.clock(network.ticket(), OCTOBER)
    network.clock(network.ticket(), OCTOBER, state="paused")
    assert card(now=OCTOBER - timedelta(seconds=1)).facts.first_reply_due == 0
    assert card(now=OCTOBER).facts.first_reply_due == 0
    late = card(now=OCTOBER + timedelta(seconds=1)).facts
    assert (late.first_reply_due, late.first_reply_in_time) == (1, 0)


def test_the_month_ends_with_the_last_moment_in_shanghai(network: Network, machine_zone: None) -> None:
    last, first = local("2026-10-31 23:59:59.999"), local("2026-11-01 00:00")
    for at in (last, first):
        ticket = network.ticket(at, result_at=at)
        network.clock(ticket, at, at, state="met")
        network.event(ticket, "result", at)
        network.event(ticket, "repeat", at, None, after_first_reply_due=True, site_id=network.ids["330106-01"])
        network.appeal(ticket, "upheld_return", at)
    october, november = card().facts, card("2026-11").facts
    for facts in (october, november):
        assert (facts.tickets, facts.first_reply_due, facts.results, facts.upheld, facts.repeats) == (1, 1, 1, 1, 1)
    assert card("2026-09").facts.tickets == 0


def test_repeats_count_only_after_the_first_reply_was_due_and_for_the_site_they_name(network: Network) -> None:
    ticket, own = network.ticket(), network.ids["330106-01"]
    network.event(ticket, "repeat", OCTOBER, None, after_first_reply_due=True, site_id=own)
    network.event(ticket, "repeat", OCTOBER, None, after_first_reply_due=False, site_id=own)
    network.event(ticket, "repeat", OCTOBER, None, after_first_reply_due=True, site_id=None)
    network.event(ticket, "repeat", OCTOBER, None, after_first_reply_due=True, site_id=network.ids["330108-01"])
    assert card().facts.repeats == 1


def test_a_repeat_of_an_id_beyond_32_bits_is_found(network: Network) -> None:
    big = 1 << 58
    network.session.add(Organisation(id=big, code="BIG", kind="site", name="大", province_id=network.ids["33"]))
    network.session.commit()
    network.event(network.ticket(), "repeat", OCTOBER, None, after_first_reply_due=True, site_id=big)
    assert card(code="BIG").facts.repeats == 1


def test_a_partys_answers_count_for_the_party_alone(network: Network) -> None:
    for n in range(6):
        ticket = network.ticket(site="330108-01")
        network.clock(
            ticket, OCTOBER, OCTOBER - HOUR if n else OCTOBER + HOUR, "party_reply", "met" if n else "breached"
        )
    mine, theirs = card().facts, card(code="330108-01").facts
    assert (mine.party_reply_due, mine.party_reply_in_time, theirs.party_reply_due) == (6, 5, 0)
    found = cases(actor=SYSTEM, month=MONTH, organisation_code="330106-01", measure="party_reply", now=NOW)
    assert [row.in_time for row in found.rows] == [False, True, True, True, True, True]
    measure = next(m for m in card().score.measures if m.key == "party_reply")
    assert (measure.numerator, measure.denominator, measure.points_tenths) == (5, 6, 0)


def test_only_upheld_appeals_are_charged(network: Network) -> None:
    for ruling in ("upheld_return", "upheld_other_site", "upheld_compensate", "rejected_close", "withdrawn"):
        network.appeal(network.ticket(), ruling, OCTOBER)
    network.appeal(network.ticket())
    assert (card().facts.upheld, card().facts.appeals) == (3, 6)


def test_a_withdrawn_ticket_is_out_of_all_measures(network: Network) -> None:
    ticket = network.ticket(state="withdrawn", result_at=OCTOBER)
    network.clock(ticket, OCTOBER, OCTOBER + HOUR, state="breached")
    network.event(ticket, "result", OCTOBER)
    network.appeal(ticket, "upheld_return", OCTOBER)
    facts = card().facts
    assert (facts.tickets, facts.first_reply_due, facts.results, facts.upheld) == (0, 0, 0, 0)
    assert card().handling_median_seconds is None


# --- the card ---


def test_the_four_measures_share_the_weight_of_those_without_cases(network: Network) -> None:
    network.answered(20, late=1)
    found = card()
    points = {m.key: m.points_tenths for m in found.score.measures}
    # 95 % on 20/60 and 25/60 of 100: 10/13 of it; the two others in full
    assert points == {
        "first_reply": 256, "result": 321, "party_reply": None, "audit": None, "appeal": 167, "promise": None,
        "satisfaction": None, "repeat": 83,
    }  # fmt: skip
    assert (found.score.total_tenths, found.score.grade) == (827, "B")


def test_fewer_than_five_cases_are_not_scored(network: Network) -> None:
    network.answered(4, late=4)
    assert card().score.total_tenths is None
    assert card().rank is None


def test_handling_time_is_receipt_to_last_result_by_nearest_rank(network: Network) -> None:
    for seconds in (10, 20, 30, 41, 100):
        network.ticket(result_at=OCTOBER + timedelta(seconds=seconds, milliseconds=900))
    assert (card().handling_median_seconds, card().handling_p90_seconds) == (30, 100)


def test_sites_are_ranked_inside_their_volume_band_and_ties_share(network: Network) -> None:
    network.answered(10)
    network.answered(10, site="330108-01")
    network.answered(10, late=10, site="440305-01")
    network.answered(10, site="33-H01")
    assert card().rank == card(code="330108-01").rank == (1, 3)
    assert card(code="440305-01").rank == (3, 3)
    assert card(code="33-H01").rank == (1, 1)
    network.answered(20, site="440305-01")
    assert card(code="440305-01").rank == (1, 1)
    assert card().rank == (1, 2)


def test_an_empty_month_has_no_numbers_and_the_current_one_is_a_draft(network: Network) -> None:
    empty = card("2026-05")
    assert (empty.score.total_tenths, empty.rank, empty.draft, empty.previous_tenths) == (None, None, False, None)
    assert card("2026-11").draft


def test_the_month_before_stands_beside_it(network: Network) -> None:
    network.answered(10)
    assert card("2026-11").previous_tenths == card().score.total_tenths == 1000


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize("month", ["2026-12", "9999-12", "0001-01", "0000-01", "2026-13", "2026-1", "october", ""])
def test_a_future_or_malformed_month_is_not_found(network: Network, month: str) -> None:
    with pytest.raises(NotFound):
        card(month)
    with pytest.raises(NotFound):
        province_list(actor=SYSTEM, month=month, now=NOW)


def test_the_next_month_begins_in_shanghai(network: Network, machine_zone: None) -> None:
    midnight = local("2026-12-01 00:00")
    assert card("2026-12", now=midnight).draft
    with pytest.raises(NotFound):
        card("2026-12", now=midnight - timedelta(milliseconds=1))


# --- scope ---

SEES = [
    ("site_manager", "330106-01", {"330106-01"}),
    ("lcs", "33", {"330106-01", "330108-01", "33-H01"}),
    ("lcs_manager", "33", {"330106-01", "330108-01", "33-H01"}),
    ("ccs", "HQ", {"330106-01", "330108-01", "33-H01", "440305-01"}),
    ("ccs_manager", "HQ", {"330106-01", "330108-01", "33-H01", "440305-01"}),
]


@pytest.mark.parametrize(("role", "code", "visible"), SEES)
def test_everybody_sees_the_cards_of_the_own_scope_alone(
    network: Network, role: str, code: str, visible: set[str]
) -> None:
    actor = network.actor(role, code)
    listed = province_list(actor=actor, month=MONTH, now=NOW)
    assert {line.site.code for line in listed.lines} == visible
    above = {"site": set(), "lcs": {"33"}, "ccs": {"33", "44", "HQ"}}[actor.desk]
    for asked in network.ids:
        if asked in visible | above:
            assert card(code=asked, actor=actor).site.code == asked
            cases(actor=actor, month=MONTH, organisation_code=asked, measure="result", now=NOW)
            continue
        with pytest.raises(NotFound):
            card(code=asked, actor=actor)
        with pytest.raises(NotFound):
            cases(actor=actor, month=MONTH, organisation_code=asked, measure="result", now=NOW)


@pytest.mark.parametrize(("role", "code"), [("site_clerk", "330106-01"), ("admin", "HQ")])
def test_clerks_and_admins_have_no_cards(network: Network, role: str, code: str) -> None:
    with pytest.raises(NotAllowed):
        card(actor=network.actor(role, code))


def test_an_unknown_organisation_or_measure_is_not_found(network: Network) -> None:
    with pytest.raises(NotFound):
        card(code="999999-01")
    with pytest.raises(NotFound):
        cases(actor=SYSTEM, month=MONTH, organisation_code="330106-01", measure="nonsense", now=NOW)


# --- down to the tickets ---


def test_every_number_of_the_card_has_as_many_cases(network: Network) -> None:
    network.answered(6, late=2)
    ticket = network.ticket(result_at=OCTOBER)
    network.appeal(ticket, "upheld_return", OCTOBER)
    network.event(ticket, "repeat", OCTOBER, None, after_first_reply_due=True, site_id=network.ids["330106-01"])
    facts = card().facts
    expected = {
        "tickets": facts.tickets, "open": facts.open, "first_reply": facts.first_reply_due, "result": facts.resolve_due,
        "results": facts.results, "appeals": facts.appeals, "appeal": facts.upheld, "repeat": facts.repeats,
        "handling": 7, "party_reply": 0, "audit": 0, "promise": 0, "satisfaction": 0, "overdue": 4, "ruling": 0,
        "disputes": 0, "interventions": 0, "assists": 0, "chased": 0,
    }  # fmt: skip
    assert expected.keys() == MEASURES.keys()
    for actor in (SYSTEM, network.actor("site_manager"), network.actor("lcs", "33")):
        for measure, n in expected.items():
            found = cases(actor=actor, month=MONTH, organisation_code="330106-01", measure=measure, now=NOW)
            assert len(found.rows) == n, measure


def test_late_cases_come_first_with_the_instants_that_decided_them(network: Network) -> None:
    network.answered(2, late=1)
    rows = cases(actor=SYSTEM, month=MONTH, organisation_code="330106-01", measure="first_reply", now=NOW).rows
    assert [row.in_time for row in rows] == [False, True]
    assert (rows[0].due_at, rows[0].stopped_at) == (OCTOBER + HOUR / 2, OCTOBER + HOUR)


# --- cost ---


def statements(database: Any, call: Any) -> int:
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        call()
    finally:
        event.remove(database.engine, "before_cursor_execute", note)
    return len([s for s in seen if s.startswith("SELECT")])


def test_the_number_of_statements_does_not_grow(network: Network, database: Any) -> None:
    calls = (card, lambda: province_list(actor=SYSTEM, month=MONTH, now=NOW))
    network.answered(1)
    few = [statements(database, call) for call in calls]
    network.answered(12, late=3)
    network.answered(12, site="330108-01")
    network.answered(12, site="440305-01")
    assert [statements(database, call) for call in calls] == few
    assert max(few) <= 27


# --- on the command line ---


def test_the_json_is_canonical_and_complete(network: Network) -> None:
    network.answered(20, late=1)
    text = as_json(card())
    found = json.loads(text)
    assert text == json.dumps(found, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert found["measures"]["first_reply"] == {"numerator": 19, "denominator": 20, "weight": 20, "points": 25.6}
    assert found["measures"]["audit"] == {"numerator": 0, "denominator": 0, "weight": 20, "points": None}
    assert {k: found[k] for k in ("month", "code", "tickets", "open", "score", "grade", "rank")} == {
        "month": MONTH, "code": "330106-01", "tickets": 20, "open": 0, "score": 82.7, "grade": "B", "rank": [1, 1],
    }  # fmt: skip


def test_the_command_prints_the_card_and_names_what_it_does_not_find(network: Network, app: Any) -> None:
    network.answered(6)
    run = app.test_cli_runner().invoke
    shown = run(scorecards_cli.scorecards, ["show", MONTH, "330106-01", "--json"])
    assert json.loads(shown.output)["measures"]["result"]["denominator"] == 6
    assert "330106-01" in run(scorecards_cli.scorecards, ["show", MONTH, "330106-01"]).output
    assert run(scorecards_cli.scorecards, ["show", MONTH, "nowhere"]).exit_code == 1


def test_the_facts_of_all_sites_and_months(network: Network, app: Any) -> None:
    network.answered(3, late=1)
    network.clock(network.ticket(local("2026-09-30 23:59:59.999")), local("2026-10-01 08:30"))
    found = all_facts(now=NOW)
    assert found["tickets"] == 4
    assert [(row["site"], row["month"], row["tickets"], row["first_reply_due"], row["first_reply_in_time"])
            for row in found["sites"]] == [("330106-01", "2026-09", 1, 0, 0), ("330106-01", "2026-10", 3, 4, 2)]  # fmt: skip
    printed = app.test_cli_runner().invoke(scorecards_cli.scorecards, ["facts", "--json"])
    assert json.loads(printed.output)["tickets"] == 4


def test_without_tickets_there_are_no_facts(db_session: Any) -> None:
    assert all_facts(now=NOW) == {"tickets": 0, "sites": []}

"""No list reads on with the house: each is served by an index, and sorts nothing that grows with the tickets.

The calls are those of `tests/tools/lists.py`; `tests/tools/many.py` measures them over a million tickets.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.services import recounts, replies
from app.services.transaction import one_transaction, write
from tests import cast
from tests.cast import NOON, post
from tests.tools import lists

NOW = NOON + timedelta(hours=1)
GROWS = {
    "ticket", "work_item", "event", "clock", "outbox", "notice", "free_text", "ticket_party", "ticket_person",
    "platform_order", "appeal", "exempted_clock", "counter", "alarm", "incident_ticket", "incident_count", "exemption",
    "exemption_scope", "problem_row", "inquiry_row", "audit", "penalty", "scan",
    "day_fact", "switch_log",
}  # fmt: skip
WHO = {"site": "site", "lcs": "lcs", "ccs": "ccs-manager"}
# in the order of the key, up to a page; of the switches few are refused, which have an index of their own
SCANS = {"exemptions": {"exemption"}, "switches": {"switch_log"}, "switches switched": {"switch_log"}}
# What is sorted, and why that stays small.
SORTS = {
    "analysis": "the daily sums of one area over at most 92 days, and among its tickets those of one instant",
    "unfinished": "the problem parcels of a scope that are not closed",
    "of some parcels": "the problem parcels of twenty numbers",
    "analysis tickets of an hour": "a page of each day of that name within three months",
    "look-up": "the scans of the numbers that were asked for, and the newest tickets on each",
    "search": "what one number, telephone or suffix finds, and a page of each way",
    "exemptions": "a page of the province's and one of the network's, and the clocks behind them",
    "hand-over": "the promises and last entries of the tickets on it, 300 at most",
    "incidents": "a page of the province's own and one of the network's",
    "appeals": "those due at one instant, after the index of what is appealed; and what is put off",
    "late clocks to exempt": "some of the late runs of each place, from an instant since which there are enough",
    "helped": "the open work of the sites that one person helps at the time, from the index of each",
    "closures": "the closures that last or lie ahead",
    "learned addresses": "by the primary key, after the province's own",
    "activity": "the open work of one site",
    "overdue unclaimed": "the open work of one site", "overdue mine": "the open work of one person",
}  # fmt: skip


@pytest.fixture(scope="module")
def heard(app: Flask) -> Any:
    """Every list's statements: desk and name to each text and the plan that the engine has for it."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    with app.app_context(), app.test_request_context():
        from app.extensions import db

        company = cast.assemble()
        for n in range(3):
            number = cast.push(company, f"W{n}", waybill=f"YT{n:013d}")
            replies.claim(actor=company["site"], post=post(number), now=NOON)
        with write() as session:
            recounts.recount(session, sites=True)
        session = db.session()
        if session.get_bind().dialect.name == "postgresql":  # with so few rows it would read everything
            one_transaction(session)
            session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
            session.connection().exec_driver_sql("SET LOCAL enable_sort = off")
        for desk, who in WHO.items():
            for name, call in lists.of_desk(desk).items():
                with lists.overheard(db.engine) as said:
                    call(session, company[who], NOW)
                found[desk, name] = [(one.text, lists.plan_of(session, one)) for one in said]
        session.rollback()
    yield found
    app.extensions["test_cleaner"].clean()


@pytest.fixture(scope="module")
def plans(heard: Any) -> dict[tuple[str, str], list[str]]:
    """Every list's plans: desk and name to what the engine says."""
    return {key: [plan for _text, plan in both] for key, both in heard.items()}


def test_a_scope_is_asked_of_the_ticket_in_the_list_and_of_no_other(heard):
    """An EXISTS over the parties that brings tickets of its own says whether any at all is visible."""
    of_any = re.compile(r"FROM ticket_party, |FROM ticket AS \w+, ticket_party|FROM ticket, ticket_party")
    said = [(key, text) for key, both in heard.items() for text, _plan in both]
    assert any("FROM ticket_party" in text for _key, text in said)
    assert not [(key, text) for key, text in said if of_any.search(" ".join(text.split()))]


def lines(plans: dict[tuple[str, str], list[str]]) -> list[tuple[str, str, str]]:
    return [(desk, name, line) for (desk, name), all_ in plans.items() for plan in all_ for line in plan.splitlines()]


def test_no_list_reads_a_whole_table_that_grows(plans):
    whole = re.compile(r"^(?:SCAN|Seq Scan) (\w+)(?! USING)")
    found = [
        (desk, name, line) for desk, name, line in lines(plans)
        if (match := whole.match(line)) and match[1] in GROWS - SCANS.get(name, set()) and " USING " not in line
    ]  # fmt: skip
    assert not found, found


def test_no_list_sorts_what_grows(plans):
    sorts = re.compile(r"USE TEMP B-TREE FOR (?!DISTINCT|GROUP)|^Sort|^Incremental Sort", re.MULTILINE)
    found = {
        (desk, name, plan) for (desk, name), all_ in plans.items() for plan in all_
        if sorts.search(plan) and not any(word in name for word in SORTS)
    }  # fmt: skip
    assert not found, found


def test_every_filter_and_order_that_a_queue_offers_is_among_them(plans):
    for desk in WHO:
        assert {f"queue {key}" for key in ("todo due", "all due", "all activity")} <= {n for d, n in plans if d == desk}
    assert not [name for desk, name in plans if desk != "site" and "activity" in name and name != "queue all activity"]


def test_a_provinces_late_clocks_come_from_the_index_of_its_late_runs(plans):
    (said,) = plans["lcs", "late clocks to exempt"]
    assert re.search(r"ix_clock_late_province\b", said), said


@pytest.mark.sqlite_only  # with so few rows PostgreSQL takes any index of late runs
def test_a_sites_late_clocks_come_from_the_index_of_its_late_runs(plans):
    (said,) = plans["ccs", "late clocks to exempt of a site"]
    assert re.search(r"ix_clock_late_site\b", said), said


@pytest.mark.sqlite_only  # with so few rows PostgreSQL takes any index of the province; test_list_costs has more
def test_the_tickets_of_a_category_in_a_province_come_from_an_index_of_both(plans):
    said = "\n".join(plans["lcs", "analysis tickets rare category"])
    assert re.search(r"ix_ticket_province_category\b", said), said


def test_the_newest_marked_audits_are_a_piece_of_the_index_of_each_mark(plans):
    (said,) = plans["ccs", "audits"]
    assert len(re.findall(r"ix_audit_mark\b", said)) == 3, said


def test_headquarters_is_found_without_looking_through_the_sites(plans):
    for name in ("analysis", "analysis tickets"):
        assert re.search(r"ix_organisation_kind\b|uq_organisation_code\b", plans["ccs", name][0]), plans["ccs", name][0]


def test_what_one_person_marked_today_is_counted_in_an_index_of_that_persons_marks(plans):
    for desk in ("lcs", "ccs"):
        said = "\n".join(plans[desk, "audits, the head"])
        assert re.search(r"ix_audit_marked_by\b", said), said


@pytest.mark.postgresql_only  # SQLite takes the index of a kind until it has statistics
def test_headquarters_late_clocks_come_from_the_index_of_late_runs(plans):
    said = plans["ccs", "late clocks to exempt"]
    assert any(re.search(r"ix_clock_late\b", plan) for plan in said), said


@pytest.mark.postgresql_only  # SQLite's index of words gives the newest first by itself
def test_words_are_looked_for_in_the_index_that_knows_their_time_and_never_in_the_order_of_the_documents(plans):
    for desk in WHO:
        plan = "\n".join(plans[desk, "search 玻璃"])
        assert "ix_search_document_terms" in plan and "Seq Scan search_document" not in plan, plan

"""What belongs to another province, site or person, under every address that names it by an id: 404, and as it was."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import inspect, select

from app.models import (
    AddressRule,
    Alarm,
    Audit,
    Emergency,
    Event,
    Exemption,
    Export,
    Notice,
    Penalty,
    PenaltyContest,
    Publication,
    Rectification,
    ReplyTemplate,
    SavedView,
    Ticket,
)
from app.models.ids import new_id
from app.services.transaction import write
from tests.web.stage import NOW, Stage, leaks

CANARY, STORM = "foreign-canary", "foreign-storm"  # the second one stands on every page of its own province
SITES = ("site", "site-manager", "site-2")
HERE = (*SITES, "lcs", "lcs-manager")  # everybody of the first province
TYPED = {
    "text": "typed", "title": "typed", "body": "typed", "name": "typed", "decision": "grant", "verdict": "accept",
    "revision": "1", "version": "1", "cause": "typed", "measures": "typed", "responsible": "typed", "reason": "customer",
    "granting": "1", "real": "1", "confirmed": "1", "mark": "true", "on": "1", "place": "0", "scope": "own", "box": "",
    "category": "", "kind": "article", "lesson": "typed", "facts": "typed",
}  # fmt: skip
# table, who is outside (administrators come beside), the addresses that name one, those that are opened
OBJECTS: tuple[tuple[type, tuple[str, ...], tuple[str, ...], tuple[str, ...]], ...] = (
    (SavedView, (*HERE, "lcs-2", "ccs", "ccs-manager"), ("/views/{}/delete", "/views/{}/default"), ()),
    (ReplyTemplate, (*HERE, "lcs-2", "ccs", "ccs-manager"), ("/templates/{}", "/templates/{}/delete"), ("/templates/{}",)),
    (Notice, (*HERE, "lcs-2", "ccs", "ccs-manager"), ("/notices/{}/open", "/notices/{}/read"), ()),
    (Export, (*HERE, "lcs-2", "ccs", "ccs-manager"),
     ("/exports/{}/again", "/exports/{}/cancel", "/exports/{}/file"), ()),
    (Publication, HERE, ("/knowledge/{}", "/knowledge/{}/publish", "/knowledge/{}/withdraw", "/knowledge/{}/read"),
     ("/knowledge/{}", "/knowledge/{}/edit", "/knowledge/{}/readers", "/cases/{}", "/cases/{}/edit")),
    (Rectification, HERE, ("/rectifications/{}/fill", "/rectifications/{}/decide"), ("/rectifications/{}",)),
    (Penalty, HERE, ("/penalties/{}/contest",), ("/penalties/{}", "/penalties/{}/contest")),
    (Audit, HERE, ("/audit/{}/take", "/audit/{}/mark", "/audits/{}"), ("/audit/{}", "/audits/{}")),
    (Alarm, HERE, ("/alarms/{}/seen",), ()),
    (Exemption, HERE, ("/exemptions/{}/decide", "/exemptions/{}/revoke", "/exemptions/{}/confirm"), ()),
    (Emergency, HERE, ("/emergencies/{}/end", "/emergencies/{}/tick"), ()),
    (AddressRule, HERE, ("/address-rules/{}/end",), ()),
)  # fmt: skip


@pytest.fixture(scope="module")
def foreign(stage: Stage) -> dict[type, Any]:
    """One of each at the site of the other province, or of its clerk; what names it in an address."""
    with stage.app.app_context(), write() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == stage.numbers["other"])).one()
        result = session.scalars(select(Event.id).where(Event.ticket_id == ticket.id, Event.type == "result")).one()
        clerk, place = stage.cast["site-3"].user_id or 0, stage.cast.places["440305-01"]
        province, lcs = stage.cast.places["44"], stage.cast["lcs-2"].user_id or 0
        later, where = NOW + timedelta(days=2), {"organisation_id": place, "province_id": province}
        rows = [
            SavedView(id=new_id(), user_id=clerk, name=CANARY, query="queue=all", created_at=NOW),
            ReplyTemplate(id=new_id(), scope="own", user_id=clerk, title=CANARY, text=CANARY, edited_at=NOW),
            Notice(id=new_id(), user_id=clerk, kind="urge", ticket_id=ticket.id, event_id=new_id(), at=NOW),
            Export(id=new_id(), key=CANARY, user_id=clerk, role="site_clerk", list_key="tickets", format="csv",
                   locale="zh", asked={}, asked_words=CANARY, asked_at=NOW, below=0, spool=CANARY, state="done", **where),
            Publication(id=new_id(), kind="article", scope_id=province, title=CANARY, body=CANARY, created_at=NOW,
                        created_by_id=lcs, edited_at=NOW, edited_by_id=lcs),
            Rectification(id=new_id(), number="ZG2611-000999", key=CANARY, grounds=[], reason=CANARY, asked_at=NOW,
                          asked_by_id=lcs, due_at=later, ticket_id=ticket.id, **where),
            Penalty(id=new_id(), rule="result_late", rule_version=1, decided_at=NOW, full_fen=5000, created_at=NOW, ticket_id=ticket.id, occurrence="resolve:1", month="2026-11",
                    amount_fen=5000, points=0, state="proposed", cause="resolve:1", event_ids=[result], **where),
            Audit(id=new_id(), ticket_id=ticket.id, result_event_id=result, site_id=place, province_id=province,
                  reason="sample", day=NOW.date()),
            Alarm(id=new_id(), kind="silent_site", at=NOW, data={}, **where),
            Exemption(id=new_id(), reason="other", area_id=province, from_at=NOW, until_at=later, facts=CANARY,
                      asked_by_id=lcs, asked_at=NOW),
            Emergency(id=new_id(), province_id=province, name=STORM, from_at=NOW, until_at=later, announced_by_id=lcs,
                      announced_at=NOW, checklist=[{"text": STORM}]),
            AddressRule(id=new_id(), prefix=CANARY, site_id=place, province_id=province, ticket_id=ticket.id,
                        created_by_id=lcs, created_at=NOW),
        ]  # fmt: skip
        session.add_all(rows)
        session.flush()
        made: dict[type, Any] = {type(row): getattr(row, "number", row.id) for row in rows}
        contest = PenaltyContest(
            id=new_id(), penalty_id=made[Penalty], ticket_id=ticket.id, reason="customer", court_id=province,
            event_id=result, raised_by_id=clerk, raised_at=NOW, due_at=later, **where,
        )  # fmt: skip
        session.add(contest)
        return made | {PenaltyContest: contest.id}


def kept(stage: Stage, table: type) -> list[Any]:
    """Every row of the table as it stands."""
    columns = [one.key for one in inspect(table).column_attrs]
    with stage.session() as session:
        return [[getattr(row, name) for name in columns] for row in session.scalars(select(table))]


@pytest.mark.parametrize("case", OBJECTS, ids=lambda case: case[0].__name__)
def test_nobody_outside_reaches_it_under_any_address(stage: Stage, foreign: dict[type, Any], case: Any) -> None:
    table, outside, posted, opened = case
    before, events = kept(stage, table), kept(stage, Event)
    for who in (*outside, *([] if table is Alarm else ["admin"])):  # an administrator watches all alarms
        for method, paths in (("POST", posted), ("GET", opened)):
            for path in (path.format(foreign[table]) for path in paths):
                data = {**TYPED, "csrf_token": stage.csrf, "submission_key": f"{who}{path}"[-60:]}
                answer = stage.browsers[who].open(path, method=method, data=data if method == "POST" else None)
                wanted = (403, 404, 422) if (who, table) == ("admin", Exemption) else (403, 404)
                assert answer.status_code in wanted, (who, method, path, answer.status_code)
                assert CANARY not in answer.text and not leaks(stage, who, path, answer.text), (who, path)
                assert who not in HERE or STORM not in answer.text, (who, path)
    if table is not Exemption:  # of which an administrator says whether the outage was real
        assert kept(stage, table) == before
    assert kept(stage, Event) == events


def test_a_foreign_contest_is_decided_by_nobody_outside_also_among_own_ones(stage: Stage, foreign: dict) -> None:
    before = kept(stage, PenaltyContest), kept(stage, Penalty)
    for who in (*HERE, "admin"):
        answer = stage.browsers[who].post(
            "/penalties/contests/decide",
            data={**TYPED, "csrf_token": stage.csrf, "contest": str(foreign[PenaltyContest]), "decision": "grant"},
        )
        assert answer.status_code in (403, 404, 422), who
        assert CANARY not in answer.text
    assert (kept(stage, PenaltyContest), kept(stage, Penalty)) == before


@pytest.mark.parametrize("who", HERE)
def test_no_list_shows_it(stage: Stage, foreign: dict[type, Any], who: str) -> None:
    for path in ("/templates", "/knowledge", "/rectifications", "/penalties", "/audits", "/audit", "/alarms", "/exports",
                 "/exemptions", "/emergencies", "/address-rules", "/views", "/notices", "/cases"):  # fmt: skip
        answer = stage.browsers[who].get(path)
        assert CANARY not in answer.text and STORM not in answer.text and "ZG2611-000999" not in answer.text, (
            who,
            path,
        )
        assert not leaks(stage, who, path, answer.text), (who, path)

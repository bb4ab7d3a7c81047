"""Exports through the browser: every list for every role without a hidden word, limits, the poll, files, the log."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select, update

from app.domain import exports as rule
from app.domain import roles
from app.extensions import db
from app.jobs import exports as work
from app.models import Export, User
from app.services import queue, scorecard_cases
from app.services.export_work import Order
from app.services.scorecard_cases import Asked
from app.services.transaction import write
from app.web import export_lists
from tests.cast import PEOPLE
from tests.web.stage import EVERYBODY, MASKED, NOW, SEES, TICKETS, Stage, leaks, mark

EXPORTERS = [who for who in EVERYBODY if "export" in roles.CAPABILITIES[PEOPLE[who][0]]]


@pytest.fixture(autouse=True)
def many(stage: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """As many exports as a test likes; none is left behind."""
    config = stage.app.extensions["kuaifu"]
    monkeypatch.setitem(stage.app.extensions, "kuaifu", replace(config, data_dir=tmp_path, redis_url=""))
    monkeypatch.setattr(rule, "MOST_IN_WINDOW", 10_000)
    yield
    with stage.app.app_context(), write() as session:
        session.execute(update(Export).where(Export.state.in_(rule.ACTIVE)).values(state="cancelled", next_try_at=None))


def post(stage: Stage, who: str, path: str, **data: Any) -> Any:
    return stage.browsers[who].post(path, data={**data, "csrf_token": stage.csrf})


def order(stage: Stage, who: str, list_key: str = "queue", kind: str = "csv", **asked: str) -> Any:
    return post(stage, who, "/exports", list=list_key, format=kind, **asked)


def newest(stage: Stage) -> Export:
    with stage.session() as session:
        return session.scalars(select(Export).order_by(Export.id.desc()).limit(1)).one()


def run(stage: Stage) -> None:
    with stage.app.app_context():
        work.run_due()
        db.session.remove()


def text_of(stage: Stage, who: str, kind: str) -> str:
    """What stands in the newest file of a person."""
    answer = post(stage, who, f"/exports/{newest(stage).id}/file")
    assert answer.status_code == 200
    if kind == "csv":
        return answer.data.decode("utf-8-sig")
    page = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    return "\n".join(str(line) for line in page.iter_rows(values_only=True))


def orders() -> list[tuple[str, dict[str, str]]]:
    """Every list with every filter."""
    found: list[tuple[str, dict[str, str]]] = [("queue", {"queue": name}) for name in queue.QUEUES]
    found += [("knowledge", {}), ("knowledge", {"shelf": "rule", "q": "时效"})]
    found += [("typical_cases", {}), ("readers", {"case_id": "1"}), ("rectifications", {"state": "asked"})]
    found += [("analysis", {}), ("analysis_tickets", {"category": "FALSE_SIGN", "weekday": "2"})]
    found += [(key, {"clock": "late", "state": "at_work"}) for key in ("expedites", "inquiries")]
    found += [("expedites", {"promise": "outside", "category": "ORDER"}), ("inquiries", {})]
    found += [("queue", {"queue": "all", "owner": "mine", "category": "FALSE_SIGN"}), ("sms", {}), ("duty", {})]
    found += [
        ("problems", {}),
        ("problems", {"type": "PROBLEM_LOST", "state": "unfinished"}),
        ("callbacks", {}),
        ("callbacks", {"state": "failed"}),
        ("messages", {}),
        ("messages", {"state": "applied", "connection": "demo"}),
        ("exemptions", {}),
        ("audits", {}),
        ("audits", {"mark": "untruthful"}),
        ("ratings", {}),
        ("scorecards", {"month": "2026-11"}),
        ("scorecards", {"month": "2026-11", "which": "provinces"}),
        ("penalties", {"month": "2026-11"}),
        ("penalties", {"month": "2026-11", "state": "proposed", "rule": "loss", "organisation": "330106-01"}),
    ]
    found += [(key, {}) for key in ("team", "alarms", "appeals", "closures", "incidents", "seen")]
    found += [("switches", {}), ("switches", {"outcome": "refused", "organisation": "330106-01"})]
    found += [("addresses", {}), ("customers", {}), ("organisations", {}), ("admin_log", {})]
    for site in filter(None, TICKETS.values()):
        found += [("cases", {"month": "2026-11", "code": site, "measure": one}) for one in scorecard_cases.MEASURES]
        found.append(("duty", {"site": site}))
    return found


def test_every_list_has_its_test() -> None:
    assert {key for key, _asked in orders()} == set(export_lists.BY_KEY)


@pytest.mark.thorough
@pytest.mark.parametrize("who", EXPORTERS)
def test_no_export_tells_of_a_ticket_outside_the_scope_or_of_a_person(stage: Stage, who: str) -> None:
    can, said, made = roles.CAPABILITIES[PEOPLE[who][0]], "", 0
    for list_key, asked in orders():
        if asked.get("measure", "first_reply") != "first_reply":
            if who not in ("site-manager", "lcs") or asked["code"] not in ("330106-01", "440305-01"):
                continue  # each measure once for each kind of scope from which something is hidden, inside and outside
        both = (
            who == "lcs" and asked.get("queue") in (None, "all") and "code" not in asked
        )  # two ways to write one list
        for kind in ("csv", "xlsx") if both else ("csv",):
            answer = order(stage, who, list_key, kind, **asked)
            if export_lists.BY_KEY[list_key].capability not in can:
                assert answer.status_code == 403, list_key
                continue
            if answer.status_code == 404:  # a site outside the scope
                assert asked.get("code", asked.get("site", asked.get("case_id"))), list_key
                continue
            assert answer.status_code == 303, (list_key, asked)
            run(stage)
            assert newest(stage).state == "done", (list_key, asked, newest(stage).reason)
            path = f"/callbacks#{list_key}" if list_key in ("callbacks", "sms", "messages") else f"/exports#{list_key}"
            found = text_of(stage, who, kind)
            assert not leaks(stage, who, path, found), (who, list_key, asked)
            said, made = said + found, made + 1
    assert made > 5
    assert not [m for key in TICKETS for shown in MASKED if (m := mark(key, shown)) in said]
    for key in SEES[who]:
        assert mark(key, "content") in said and mark(key, "waybill") in said, (who, key)


@pytest.mark.both_engines  # pages by key, and orders that each engine sorts by itself
@pytest.mark.parametrize("measure", [key for key, source in scorecard_cases.MEASURES.items() if source])
def test_the_cases_of_a_file_are_those_of_the_page_however_small_its_pages(stage: Stage, measure: str) -> None:
    for site in filter(None, TICKETS.values()):
        with stage.session() as session:
            actor, asked, below, paged = stage.cast["ccs"], Asked("2026-11", site, measure), 2**62, []
            shown = scorecard_cases.cases(
                actor=actor, month="2026-11", organisation_code=site, measure=measure, now=NOW
            ).rows
            while found := scorecard_cases.below(session, actor, asked, NOW, below, 1):
                below = found[0][0]
                paged.append(found[0][1])
            assert sorted(map(repr, paged)) == sorted(map(repr, shown))
            assert scorecard_cases.count_below(session, actor, asked, NOW, 2**62, 100) == len(shown)


@pytest.mark.both_engines  # pages by key, and orders that each engine sorts by itself
@pytest.mark.parametrize("which", ["", "provinces"])
def test_a_ranking_has_the_order_of_the_page_whatever_the_size_of_a_chunk(stage: Stage, which: str) -> None:
    asked = {"month": "2026-11", **({"which": which} if which else {})}
    page = stage.browsers["ccs-manager"].get("/scorecards", query_string=asked).text
    shown = re.findall(r'<span class="dim mono">([^<]+)</span></td><td class="n"><b>', page)
    assert len(shown) == (2 if which else 3)
    with stage.session() as session:
        order_of = Order(stage.cast["ccs-manager"], asked, NOW, "zh")
        for size in (1, 2, 1000):
            below: int | None = 2**62
            found: list[Any] = []
            while below is not None:
                cells, below = export_lists.BY_KEY["scorecards"].page(session, order_of, below, size)
                found += cells
            assert [row[3] for row in found] == shown, size
        assert export_lists.BY_KEY["scorecards"].count(session, order_of, 2**62, 100) == len(shown)


@pytest.mark.both_engines  # pages by key, and orders that each engine sorts by itself
def test_a_province_ranks_its_own_sites_alone(stage: Stage) -> None:
    assert order(stage, "lcs", "scorecards", "csv", month="2026-11").status_code == 303
    run(stage)
    found = text_of(stage, "lcs", "csv")
    assert "330106-01" in found and "330108-01" in found and "440305-01" not in found


@pytest.mark.parametrize("who", [who for who in EVERYBODY if who not in EXPORTERS])
def test_clerks_see_no_button_and_get_no_export(stage: Stage, who: str) -> None:
    assert 'action="/exports"' not in stage.browsers[who].get("/tickets").text
    assert order(stage, who).status_code == 403


def test_the_button_of_a_page_carries_the_filter_of_its_address(stage: Stage) -> None:
    page = stage.browsers["ccs"].get("/tickets?queue=overdue&category=LOST&sort=activity").text
    assert 'name="queue" value="overdue"' in page and 'name="category" value="LOST"' in page
    page = stage.browsers["ccs"].get("/scorecards/2026-11/330106-01/first_reply?part=met").text
    for name, value in {"month": "2026-11", "code": "330106-01", "measure": "first_reply", "part": "met"}.items():
        assert f'name="{name}" value="{value}"' in page
    assert 'name="state" value="failed"' in stage.browsers["lcs"].get("/callbacks?state=failed").text
    assert 'action="/exports"' not in stage.browsers["admin"].get("/admin").text


def test_odd_orders_are_refused_with_a_word(stage: Stage) -> None:
    assert order(stage, "lcs", "nothing").status_code == 422
    assert order(stage, "lcs", kind="pdf").status_code == 422
    assert order(stage, "lcs", "scorecards", month="2026-99").status_code == 404
    assert order(stage, "lcs", "cases", month="2026-11", code="440305-01", measure="result").status_code == 404
    assert order(stage, "lcs", "cases", month="2026-11", code="330106-01", measure="none").status_code == 404


def test_the_same_form_sent_twice_is_one_export(stage: Stage) -> None:
    assert order(stage, "lcs", submission_key="k").status_code == 303
    first = newest(stage).id
    assert order(stage, "lcs", submission_key="k").status_code == 303
    assert newest(stage).id == first


def test_a_fourth_at_once_is_409_and_beyond_the_rate_it_is_429_with_retry_after(stage: Stage, monkeypatch) -> None:
    for _ in range(3):
        assert order(stage, "lcs-manager").status_code == 303
    refused = order(stage, "lcs-manager")
    assert refused.status_code == 409 and 'role="alert"' in refused.text
    run(stage)
    monkeypatch.setattr(rule, "MOST_IN_WINDOW", 3)
    refused = order(stage, "lcs-manager")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3600")


def test_a_poll_answers_204_until_something_changes(stage: Stage) -> None:
    order(stage, "lcs-2")
    page = stage.browsers["lcs-2"].get("/exports").text
    href = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert stage.browsers["lcs-2"].get(href).status_code == 204
    run(stage)
    renewed = stage.browsers["lcs-2"].get(href)
    assert renewed.status_code == 200 and 'id="exports"' in renewed.text and "hx-get" not in renewed.text


def test_a_file_goes_to_whoever_asked_for_it_as_an_attachment(stage: Stage) -> None:
    order(stage, "lcs", kind="xlsx", queue="all")
    path = f"/exports/{newest(stage).id}/file"
    assert post(stage, "lcs", path).status_code == 409
    run(stage)
    for who in ("site-manager", "lcs-manager", "ccs-manager", "admin"):
        assert post(stage, who, path).status_code == 404
        assert post(stage, who, path.replace("file", "cancel")).status_code == 404
        assert post(stage, who, path.replace("file", "again")).status_code == 404
    assert stage.browsers["lcs"].get(path).status_code == 405
    answer = post(stage, "lcs", path)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename=kuaifu-queue-20261118-")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert answer.headers["Content-Type"].startswith("application/vnd.openxmlformats")
    with stage.app.app_context(), write() as session:
        session.execute(update(User).where(User.account == "lcs").values(role="site_manager"))
    try:
        assert post(stage, "lcs", path).status_code == 403
    finally:
        with stage.app.app_context(), write() as session:
            session.execute(update(User).where(User.account == "lcs").values(role="lcs"))


def test_a_given_up_export_can_be_asked_for_again(stage: Stage) -> None:
    order(stage, "ccs", queue="overdue")
    first = newest(stage).id
    assert post(stage, "ccs", f"/exports/{first}/cancel").status_code == 303
    assert "/again" in stage.browsers["ccs"].get("/exports").text
    assert post(stage, "ccs", f"/exports/{first}/again").status_code == 303
    assert newest(stage).id != first and newest(stage).asked == {"queue": "overdue"}


def test_the_log_tells_a_manager_who_took_which_list_by_the_number_on_the_file(stage: Stage) -> None:
    order(stage, "site-manager", queue="all")
    run(stage)
    number = rule.label(newest(stage).id)
    post(stage, "site-manager", f"/exports/{newest(stage).id}/file")
    for who in ("ccs-manager", "admin"):
        page = stage.browsers[who].get(f"/exports/log?number={number.lower()}").text
        assert page.count(number) == 2 and "site-manager" in page and "127.0.0.1" in page
    assert number not in stage.browsers["ccs-manager"].get("/exports/log?number=EX1").text
    assert stage.browsers["ccs"].get("/exports/log").status_code == 403


def test_a_person_reads_the_file_in_the_own_language(stage: Stage) -> None:
    post(stage, "lcs", "/language", lang="en")
    order(stage, "lcs", queue="all")
    post(stage, "lcs", "/language", lang="zh")
    run(stage)
    assert text_of(stage, "lcs", "csv").startswith("Ticket,Waybill,Category")


def test_the_sheet_of_the_people_stands_in_the_log_carries_its_number_and_counts_in_the_limits(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names people with what each did: whoever takes it as a file is on record as for every list."""
    path, browser = "/scorecards/2026-11/330106-01/people", stage.browsers["site-manager"]
    assert [browser.get(f"{path}.{kind}").status_code for kind in ("xlsx", "pdf")] == [404, 404]
    file = post(stage, "site-manager", f"{path}.xlsx")
    assert file.status_code == 200 and file.headers["Cache-Control"] == "no-store"
    row, cells = newest(stage), [cell.value for page in openpyxl.load_workbook(io.BytesIO(file.data)) for line in page
                                 for cell in line]  # fmt: skip
    number = rule.label(row.id)
    assert number in " ".join(map(str, cells)) and number in browser.get("/exports").text
    log = stage.browsers["admin"].get(f"/exports/log?number={number}").text
    assert log.count(number) >= 2 and "127.0.0.1" in log and "人员月度考核表" in log
    for what in ("again", "file"):
        assert post(stage, "site-manager", f"/exports/{row.id}/{what}").status_code == 404
    monkeypatch.setattr(rule, "MOST_IN_WINDOW", 1)
    assert post(stage, "site-manager", f"{path}.xlsx").status_code == 429
    assert newest(stage).id == row.id

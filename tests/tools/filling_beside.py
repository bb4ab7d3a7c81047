"""The rows of the other daily work around a ticket of the big trial: kinds beside complaints, scans, ledger, audits."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.domain.calendars import local_date, month_of
from app.models.ids import new_id

KINDS = {0: "expedite", 2: "problem", 4: "inquiry"}  # by a site's own count of tickets, of 25
PROBLEMS = ("PROBLEM_DAMAGED", "PROBLEM_REFUSED", "PROBLEM_ADDRESS", "PROBLEM_LOST")
COURIERS = ("张师傅", "李师傅", "王师傅", "赵师傅")
ORDER = ("Scan", "TraceQuery", "ProblemRow", "InquiryRow", "Penalty", "Audit")


def kind_of(nth: int) -> str:
    """What sort of ticket the site's nth is: one in twenty-five of each kind beside complaints."""
    return KINDS.get(nth % 25, "complaint")


def scans(company: Any, one: Any, add: Any) -> None:
    """Two scans of every third parcel, and a question to the carrier now and then."""
    if one.n % 3 == 0:
        for hours, kind in ((0, "COLLECT"), (30, "SIGN")):
            add("Scan", id=new_id(), waybill=f"YT{one.n:013d}", scan_type=kind, scanned_at=one.at - timedelta(hours=hours),
                organisation_id=one.site, site_code="S", courier=COURIERS[one.n % 4], note="")  # fmt: skip
    if one.n % 50 == 0:
        add("TraceQuery", waybill=f"YT{one.n:013d}", asked_at=one.at, again_at=one.at, outcome="ok")


def problem(company: Any, one: Any, add: Any) -> None:
    """What the combined query reads of a problem parcel: both sites, the province and headquarters; and an inquiry's."""
    if one.kind == "inquiry":
        for scope in {one.site, one.province}:
            add("InquiryRow", scope=scope, ticket_id=one.id, opened_at=one.at)
    if one.kind != "problem":
        return
    if one.reporter not in (None, one.site):
        add("Party", ticket_id=one.id, organisation_id=one.reporter, province_id=one.province, role="reporter",
            added_at=one.at)  # fmt: skip
    for scope in {0, one.site, one.province, one.reporter}:
        add("ProblemRow", scope=scope, ticket_id=one.id, opened_at=one.at, state=one.state, category=one.category,
            courier=COURIERS[one.n % 4], reporter_id=one.reporter, site_id=one.site)  # fmt: skip


def penalty(company: Any, one: Any, add: Any) -> None:
    """One complaint in ten was charged."""
    nth = one.n // company.sites
    if one.kind != "complaint" or nth % 10 != 5:
        return
    state = ("proposed", "confirmed", "contested", "waived")[nth // 10 % 4]
    add("Penalty", id=new_id(), rule=("first_reply_late", "result_late")[nth // 10 % 2], rule_version=1,
        ticket_id=one.id, occurrence="1", organisation_id=one.site, province_id=one.province, month=month_of(one.at),
        decided_at=one.at, full_fen=2000, amount_fen=2000, state=state, event_ids=[], created_at=one.at)  # fmt: skip


def audit(company: Any, one: Any, add: Any) -> None:
    """One complaint in fifteen was drawn; the last of them wait."""
    nth = one.n // company.sites
    if one.kind != "complaint" or nth % 30 not in (1, 28):
        return
    waits = one.alive
    mark = "" if waits else ("true", "true", "untruthful", "incomplete")[nth // 30 % 4]
    add("Audit", id=new_id(), ticket_id=one.id, result_event_id=new_id(), site_id=one.site, province_id=one.province,
        author_id=company.people["site_clerk"], reason=("sample", "red_flag", "sample", "recheck")[nth // 30 % 4],
        day=local_date(one.at), mark=mark, first_mark=mark, marked_at=None if waits else one.at + timedelta(days=1),
        marked_by_id=None if waits else company.people["lcs"])  # fmt: skip

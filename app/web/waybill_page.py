"""Builds what the waybill look-up shows: plain values, masked, worded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain.kinds import EXPEDITE
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services.lookup import OnParcel, Parcel
from app.services.scans import ScanRow
from app.web import queue_page, words, words_waybills
from app.web.context import translate as _

FEW = 3  # parcels whose trace stands open
TONES = {"SIGN": "good", "DELIVER": "info"}


def looked(
    session: Session, actor: Actor, parcels: Sequence[Parcel], due: Sequence[str], doubled: int, now: datetime
) -> dict[str, Any]:  # fmt: skip
    """Everything `_looked.html` reads; `due` are the numbers that the carrier may be asked for now."""
    categories, types = queue_page.category_labels(session), words.scan_types()
    return {
        "parcels": [_parcel(actor, parcel, categories, types, now) for parcel in parcels],
        "open": len(parcels) <= FEW, "ask": list(due), "numbers": " ".join(parcel.waybill for parcel in parcels),
        "total": _("%(n)s numbers", n=len(parcels)), "known": _known(parcels),
        "doubled": _("%(n)s stood there twice", n=doubled) if doubled else "",
    }  # fmt: skip


def _known(parcels: Sequence[Parcel]) -> str:
    n = sum(1 for parcel in parcels if not parcel.trace and not parcel.tickets)
    return _("nothing known of %(n)s", n=n) if n else ""


def _parcel(
    actor: Actor, parcel: Parcel, categories: dict[str, str], types: dict[str, str], now: datetime
) -> dict[str, Any]:  # fmt: skip
    last, place = parcel.last, parcel.delivery
    return {
        "waybill": parcel.waybill, "others": parcel.others,
        "state": words.word(types, last.scan_type) if last else _("No scans yet"),
        "tone": TONES.get(last.scan_type, "") if last else "",
        "last": " · ".join(part for part in (g.fmt.time(last.scanned_at), _place(last)) if part) if last else "",
        "site": _place(place) if place else "",
        "trace": [_scan(row, parcel.waybill, types) for row in parcel.trace],
        "tickets": [_ticket(ticket, categories, now) for ticket in parcel.tickets],
        "asked": _asked(parcel), "steps": steps(actor, parcel.waybill),
    }  # fmt: skip


def steps(actor: Actor, waybill: str) -> list[dict[str, str]]:
    """What can be begun from here, with the number filled in."""
    pages: tuple[tuple[str, str, dict[str, Any], str], ...] = (
        ("problem_report", "problems.new", {}, _("Report a problem")),
        ("new_ticket", "entry.new", {"kind": EXPEDITE}, _("Expedite")),
        ("new_ticket", "entry.new", {}, _("Complain")),
    )
    return [
        {"href": url_for(endpoint, waybill=waybill, **more), "label": label}
        for capability, endpoint, more, label in pages
        if actor.can(capability)
    ]


def _place(scan: ScanRow) -> str:
    return scan.organisation_name or scan.site_code


def _scan(scan: ScanRow, waybill: str, types: dict[str, str]) -> dict[str, str]:
    other = scan.waybill if scan.waybill != waybill else ""
    parts = (other, words.word(types, scan.scan_type), _place(scan), mask_text(scan.courier), mask_text(scan.note))
    return {"text": " · ".join(part for part in parts if part), "time": g.fmt.full(scan.scanned_at)[5:16]}


def _ticket(ticket: OnParcel, categories: dict[str, str], now: datetime) -> dict[str, Any]:
    due, tone = queue_page.chip(ticket.state, ticket.due_at, ticket.overdue, now)
    running = ticket.due_at is not None and ticket.state in ("open", "in_progress")
    site = (ticket.site_name_en or ticket.site_name) if g.fmt.english else ticket.site_name
    clock = words.clock_kinds().get(ticket.clock, "") if running else ""
    return {
        "number": ticket.number, "href": url_for("tickets.show", number=ticket.number), "due": due, "tone": tone,
        "due_iso": ticket.due_at.isoformat() if running and ticket.due_at else "",
        "about": " · ".join(part for part in (categories.get(ticket.category, ticket.category), clock, site) if part),
        "opened": g.fmt.time(ticket.opened_at),
    }  # fmt: skip


def _asked(parcel: Parcel) -> str:
    """When the carrier was asked, where it said something that the trace does not show by itself."""
    if parcel.asked is None or parcel.asked.outcome == "ok":
        return ""
    said = words_waybills.faults().get(parcel.asked.outcome, _("gave no usable answer"))
    return _("Carrier asked %(time)s: %(said)s", time=g.fmt.time(parcel.asked.asked_at), said=said)

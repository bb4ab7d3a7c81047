"""The work queue and the duty roster as files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.masking import mask_phone, mask_text
from app.domain.roles import Actor
from app.services import duty, organisations, queue
from app.services.export_work import Order
from app.services.queue import Filters, Row
from app.web import queue_page, words, words_clocks, words_duty, words_ownership, words_parties
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time, yes_no

FILTERS = ("queue", "category", "owner", "site")

# --- the queue ---


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The filters of the queue's address, as the page takes them; the file has an order of its own."""
    wanted = address.get("queue", "todo"), address.get("category", "")[:24], address.get("owner", "")
    asked = {
        "queue": wanted[0] if wanted[0] in queue.QUEUES else "todo", "category": wanted[1],
        "owner": wanted[2] if wanted[2] in queue.OWNERS else "", "site": address.get("site", "").strip()[:32],
    }  # fmt: skip
    return {name: value for name, value in asked.items() if value}


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """Queue, site, owner and category in words. Raises NotFound for a site outside the area."""
    labels = queue_page.filter_labels(session)
    said = [words.word(words.queues(), asked.get("queue", "todo"))]
    if asked.get("site") and actor.desk in ("lcs", "ccs"):
        place = organisations.in_area(session, actor, asked["site"])
        said.append(f"{named(place.name, place.name_en)} {place.code}")
    if asked.get("owner"):
        said.append(words.word(words_ownership.owners(), asked["owner"]))
    if asked.get("category"):
        said.append(labels.get(asked["category"], asked["category"]))
    return " · ".join(said)


def below(session: Session, order: Order, ticket_id: int, limit: int) -> list[tuple[int, Row]]:
    """Open work of the person's scope."""
    rows = queue.below(session, order.actor, _filters(order), order.now, ticket_id, limit)
    return [(row.ticket_id, row) for row in rows]


def count(session: Session, order: Order, ticket_id: int, most: int) -> int:
    """How many."""
    return queue.count_below(session, order.actor, _filters(order), order.now, ticket_id, most)


def columns(session: Session, order: Order) -> list[Filled]:
    """One line a ticket. What is said of many lines is said once a page."""
    categories, states, waits = queue_page.category_labels(session), words.states(), cache(words_clocks.waiting)
    asked, me, told, place = words_parties.queues(), order.actor.name, cache(yes_no), cache(named)
    return [
        text(_("Ticket"), lambda row: row.number, 20),
        text(_("Waybill"), lambda row: row.waybill, 20),
        text(_("Category"), lambda row: categories.get(row.category, row.category), 16),
        text(_("State"), lambda row: words.word(states, row.state), 12),
        text(
            _("Waiting for"),
            lambda row: asked[row.asked] if row.asked else waits(row.next_clock, raised=row.raised),
            18,
        ),
        time(_("Due"), lambda row: row.due_at),
        text(_("Overdue"), lambda row: told(row.overdue), 8),
        number(_("Repeats"), lambda row: row.repeat_count, 8),
        text(_("Promise broken"), lambda row: told(row.broken), 10),
        time(_("Received"), lambda row: row.received_at),
        time(_("Last activity"), lambda row: row.activity_at),
        text(_("Site"), lambda row: place(row.site_name, row.site_name_en), 22),
        text(_("Owner"), lambda row: me if row.mine else row.owner, 12),
        text(_("Complaint"), lambda row: mask_text(row.content), 60),
    ]


def _filters(order: Order) -> Filters:
    return Filters(**{name: order.asked[name] for name in FILTERS if name in order.asked})


# --- the roster ---


def asks_roster(address: Mapping[str, str]) -> dict[str, str]:
    """Whose roster."""
    code = address.get("site", "").strip()[:32]
    return {"site": code} if code else {}


def says_roster(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The organisation. Raises NotFound outside the scope."""
    place = duty.place(session, actor, asked.get("site", ""))
    return f"{named(place.name, place.name_en)} {place.code}"


def roster(session: Session, order: Order, shift_id: int, limit: int) -> list[tuple[int, Any]]:
    """The entries that hold."""
    place = duty.place(session, order.actor, order.asked.get("site", ""))
    return [(row.id, row) for row in duty.below(session, place, shift_id, limit)]


def count_roster(session: Session, order: Order, shift_id: int, most: int) -> int:
    """How many."""
    place = duty.place(session, order.actor, order.asked.get("site", ""))
    return len(duty.shifts(session, place.id)[:most])


def roster_columns(session: Session, order: Order) -> list[Filled]:
    """One line an entry; a weekday each, as it was entered."""
    weekdays, today = words_duty.weekdays(), local_date(order.now)
    return [
        text(_("Day"), lambda row: str(row.day) if row.day else weekdays[row.weekday or 0]),
        text(_("From"), lambda row: row.from_time, 8),
        text(_("Until"), lambda row: row.until_time, 8),
        text(_("Name"), lambda row: row.name),
        text(_("Phone"), lambda row: mask_phone(row.phone), 16),
        text(_("Over"), lambda row: yes_no(row.day is not None and row.day < today), 8),
        time(_("Entered"), lambda row: row.created_at),
    ]

"""The lists of expedites and inquiries as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from app import clock
from app.domain.kinds import EXPEDITE
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services import kind_list
from app.services.export_work import Order
from app.web import kind_lists, queue_page, words, words_kinds
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time, yes_no

Numbered = list[tuple[int, Any]]


def asks(kind: str) -> Callable[[Mapping[str, str]], dict[str, str]]:
    """The filters of the page's address, with the days that it means today."""
    return lambda address: kind_lists.address(kind_list.filters(kind, dict(address), clock.now()))


def says(kind: str) -> Callable[[Session, Actor, Mapping[str, str]], str]:
    """The filters in words."""
    return lambda session, actor, asked: kind_lists.says(session, kind_list.filters(kind, dict(asked), clock.now()))


def below(kind: str) -> Callable[[Session, Order, int, int], Numbered]:
    """The rows of the person's scope by falling ticket id."""

    def read(session: Session, order: Order, ticket_id: int, limit: int) -> Numbered:
        asked = kind_list.filters(kind, dict(order.asked), order.now)
        rows = kind_list.below(session, order.actor, asked, order.now, ticket_id, limit)
        return [(row.ticket_id, row) for row in rows]

    return read


def count(kind: str) -> Callable[[Session, Order, int, int], int]:
    """How many."""

    def counted(session: Session, order: Order, ticket_id: int, most: int) -> int:
        asked = kind_list.filters(kind, dict(order.asked), order.now)
        return kind_list.count_below(session, order.actor, asked, order.now, ticket_id, most)

    return counted


def columns(kind: str) -> Callable[[Session, Order], list[Filled]]:
    """One line a ticket."""

    def made(session: Session, order: Order) -> list[Filled]:
        labels, states, channels = queue_page.category_labels(session), words.states(), words.channels()
        found = [
            text(_("Ticket"), lambda row: row.number, 20),
            text(_("Type"), lambda row: labels.get(row.category, row.category), 14),
            text(_("State"), lambda row: words.word(states, row.state), 12),
            text(_("Waybill"), lambda row: row.waybill, 20),
            text(_("Channel"), lambda row: words.word(channels, row.channel), 14),
            time(_("Opened"), lambda row: row.opened_at),
            time(_("Closed"), lambda row: row.closed_at),
            text(_("Our clock late"), lambda row: yes_no(row.late), 10),
            text(_("Site"), lambda row: _place(row.site), 22),
            text(_("Owner"), lambda row: row.owner, 12),
            text(_("What the customer asks"), lambda row: mask_text(row.content), 60),
        ]
        return [*found, *(_of_expedites() if kind == EXPEDITE else _of_inquiries())]

    return made


def _of_expedites() -> list[Filled]:
    promises = words_kinds.delivery_promises()
    return [
        text(_("Parcel when asked"), lambda row: promises.get(row.promise, ""), 14),
        number(_("Times asked"), lambda row: row.times, 8),
    ]


def _of_inquiries() -> list[Filled]:
    return [text(_("Asked by"), lambda row: _place(row.reporter), 22)]


def _place(place: Any) -> str:
    return named(place.name, place.name_en) if place is not None else ""

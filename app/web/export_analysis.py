"""The numbers of the analysis page, and the tickets behind one, as files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from app.domain import analysis as rule
from app.domain.analysis import Range
from app.domain.calendars import local_date
from app.domain.roles import Actor
from app.services import analysis, analysis_tickets
from app.services.analysis import Area
from app.services.analysis_tickets import Asked, Line
from app.services.export_work import Order
from app.web import analysis as page
from app.web import analysis_page, queue_page, words, words_cards
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time

Numbered = list[tuple[int, Any]]


@dataclass(frozen=True)
class Number:
    """One line of the file: what it is about, for which day or code, and how many."""

    kind: str
    day: str
    label: str
    note: str
    n: int


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """Range and area of the page, spelled out: the file is made later."""
    days, _wrong = analysis_page.asked(address)
    found = {"from": days.first.isoformat(), "to": days.last.isoformat()}
    return found | ({"province": address["province"][:32]} if address.get("province") else {})


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """Area and range in words. Raises NotFound outside the scope."""
    where = analysis.area(session, actor, asked.get("province", ""))
    return f"{named(where.name, where.name_en)} · {asked.get('from', '')} – {asked.get('to', '')}"


def _where(session: Session, order: Order) -> tuple[Area, Range]:
    days, _wrong = rule.parse(order.asked.get("from", ""), order.asked.get("to", ""), local_date(order.now))
    return analysis.area(session, order.actor, order.asked.get("province", "")), days


def numbers(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """All numbers of the range by falling place in the file, which is short: sums and one line a day and measure."""
    where, days = _where(session, order)
    found = _all(session, where, days)
    placed = [(len(found) - place, one) for place, one in enumerate(found)]
    return [(place, one) for place, one in placed if place < row_id][: limit + 1]


def _all(session: Session, where: Area, days: Range) -> list[Number]:
    kinds = ("category", "hour", "site", "province", "courier")
    sums = analysis.sums(session, where, days, kinds)
    ids = [int(code.split(":")[0]) for kind in ("site", "province", "courier") for code in sums[kind]]
    places = analysis.names(session, sorted(set(ids)))
    found = []
    for kind in kinds:
        for bar in rule.pareto(sums[kind]):
            head, _colon, name = bar.code.partition(":")
            one = places.get(int(head)) if kind in ("site", "province", "courier") else None
            found.append(Number(kind, "", name or (one.code if one else bar.code), _name(one), bar.n))
    for day, counts in sorted(analysis.by_day(session, where, days, "measure").items()):
        found += [Number("measure", day.isoformat(), code, "", n) for code, n in sorted(counts.items())]
    return found


def _name(one: Any) -> str:
    return named(one.name, one.name_en) if one is not None else ""


def number_columns(session: Session, order: Order) -> list[Filled]:
    """One line a number."""
    categories, facts = queue_page.category_labels(session), words_cards.fact_labels()
    kinds = {
        "category": _("Category"), "hour": _("Hour"), "site": _("Site"), "province": _("Province"),
        "courier": _("Courier"), "measure": _("Measure"),
    }  # fmt: skip
    labels = {"category": categories, "measure": facts}
    return [
        text(_("What"), lambda one: kinds[one.kind], 12),
        text(_("Day"), lambda one: one.day, 12),
        text(_("Code"), lambda one: labels.get(one.kind, {}).get(one.label, one.label), 24),
        text(_("Name"), lambda one: one.note, 24),
        number(_("Number"), lambda one: one.n),
    ]


# --- the tickets behind a number ---


def asks_tickets(address: Mapping[str, str]) -> dict[str, str]:
    """The range with the filters of the page."""
    return asks(address) | {name: address[name][:60] for name in page.FILTERS if address.get(name)}


def says_tickets(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The same in words."""
    days, _wrong = analysis_page.asked(asked)
    return " · ".join([says(session, actor, asked), *page.said(page.asked_for(asked, days))])


def _asked(order: Order, days: Range) -> Asked:
    return page.asked_for(order.asked, days)


def tickets(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """Tickets in scope."""
    where, days = _where(session, order)
    return list(analysis_tickets.below(session, order.actor, where, _asked(order, days), row_id, limit))


def count_tickets(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    where, days = _where(session, order)
    return analysis_tickets.count(session, order.actor, where, _asked(order, days), row_id, most)


def ticket_columns(session: Session, order: Order) -> list[Filled]:
    """One line a ticket."""
    categories, states = queue_page.category_labels(session), words.states()

    def site(line: Line) -> str:
        return f"{named(line.site.name, line.site.name_en)} {line.site.code}" if line.site else ""

    return [
        text(_("Ticket"), lambda line: line.ticket.number, 20),
        text(_("Waybill"), lambda line: line.ticket.waybill, 20),
        text(_("Category"), lambda line: categories.get(line.ticket.category, line.ticket.category), 16),
        text(_("Site"), site, 26),
        text(_("State"), lambda line: states.get(line.ticket.state, line.ticket.state), 10),
        time(_("Opened"), lambda line: line.ticket.opened_at),
        time(_("Closed"), lambda line: line.ticket.closed_at),
    ]

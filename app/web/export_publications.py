"""Typical cases, and which sites have read one, as files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.domain.publications import ARTICLE, CASE
from app.domain.roles import Actor
from app.services import knowledge, publication_view
from app.services.export_work import Order
from app.services.knowledge import Asked
from app.services.publication_view import Line, Shown
from app.web import case_labels, knowledge_page, queue_page
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time, yes_no

Numbered = list[tuple[int, Any]]


def cases(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """What is out in scope."""
    lines, below = publication_view.listed(session, order.actor, CASE, below=row_id, limit=limit)
    found: Numbered = [(line.row.id, line if line.version and line.row.ended_at is None else None) for line in lines]
    return [*found, (below, None)] if below else found


def case_columns(session: Session, order: Order) -> list[Filled]:
    """One line a case."""
    labels = queue_page.category_labels(session)
    return [
        text(_("Month"), lambda line: _said(line)["month"], 10),
        text(_("Headline"), lambda line: case_labels.headline(session, line.version.title), 30),
        text(_("Category"), lambda line: labels.get(_said(line)["category"], ""), 16),
        text(_("Waybill"), lambda line: _said(line)["waybill"], 18),
        text(_("The story"), lambda line: case_labels.story(line.version.body), 60),
        text(_("What is learned from it"), lambda line: _said(line)["lesson"], 60),
        time(_("Published"), lambda line: line.version.published_at),
        text(_("Read by me"), lambda line: yes_no(line.read), 10),
    ]


def asks_shelf(address: Mapping[str, str]) -> dict[str, str]:
    """The shelf of the knowledge base, and the words."""
    kind, words = address.get("shelf", ARTICLE), address.get("q", "").strip()[:100]
    return {"shelf": kind if kind in knowledge.KINDS else ARTICLE, **({"q": words} if words else {})}


def says_shelf(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """Shelf and words."""
    return " · ".join(part for part in (knowledge_page.titles()[asked["shelf"]], asked.get("q", "")) if part)


def shelf(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """What is out in scope and has the words."""
    asked = Asked(order.asked.get("shelf", ARTICLE), order.asked.get("q", ""), row_id)
    lines, below = knowledge.found(session, order.actor, asked, limit=limit)
    found: Numbered = [(line.row.id, line if line.version and line.row.ended_at is None else None) for line in lines]
    return [*found, (below, None)] if below else found


def shelf_columns(session: Session, order: Order) -> list[Filled]:
    """One line an article or rule."""
    return [
        text(_("Number"), lambda line: line.version.extra.get("number", ""), 14),
        text(_("Title"), lambda line: line.version.title, 30),
        text(_("Text"), lambda line: line.version.body, 80),
        text(_("Keywords"), lambda line: line.version.extra.get("keywords", ""), 20),
        text(_("In force from"), lambda line: line.version.extra.get("from_day", ""), 12),
        number(_("Version"), lambda line: line.version.number, 8),
        time(_("Published"), lambda line: line.version.published_at),
        text(_("Read by me"), lambda line: yes_no(line.read), 10),
    ]


def _said(line: Line) -> dict[str, str]:
    extra = line.version.extra if line.version else {}
    return {name: extra.get(name, "") for name in ("month", "category", "waybill", "lesson")}


# --- who has read one ---


def asks_readers(address: Mapping[str, str]) -> dict[str, str]:
    """The case, and whether only sites that have not read it."""
    case_id = address.get("case_id", "")[:20]
    return {"case_id": case_id, **({"unread": "1"} if address.get("unread") == "1" else {})}


def says_readers(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The case's title. Raises NotFound outside the scope."""
    title = _shown(session, actor, asked).row.title
    return f"{title} · {_('Not read yet')}" if asked.get("unread") else title


def readers(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """Sites by falling id."""
    shown = _shown(session, order.actor, order.asked)
    if shown.version is None:
        return []
    unread = bool(order.asked.get("unread"))
    found = publication_view.sites(
        session, order.actor, shown.row, shown.version.id, unread_only=unread, below=row_id, limit=limit
    )  # fmt: skip
    return [(one.id, one) for one in found]


def reader_columns(session: Session, order: Order) -> list[Filled]:
    """One line a site."""
    return [
        text(_("Site"), lambda one: named(one.name, one.name_en), 24),
        text(_("Code"), lambda one: one.code),
        number(_("People"), lambda one: one.people),
        number(_("Read"), lambda one: one.read),
        time(_("First read"), lambda one: one.first_at),
    ]


def _shown(session: Session, actor: Actor, asked: Mapping[str, str]) -> Shown:
    case_id = asked.get("case_id", "")
    if not case_id.isdecimal() or int(case_id) >= 2**63:
        raise NotFound("publication_not_found")
    shown = publication_view.show(session, actor, int(case_id))
    if shown.row.kind != CASE:
        raise NotFound("publication_not_found")
    return shown

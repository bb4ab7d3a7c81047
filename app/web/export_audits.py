"""Marked audits and ratings as files."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy.orm import Session

from app.domain import audits as rule
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services import audit_view, survey_view
from app.services.audit_view import Line
from app.services.export_work import Order
from app.services.survey_view import Line as Rated
from app.web import queue_page, words, words_audit
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time, yes_no


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The mark that the page shows."""
    mark = address.get("mark", "")
    return {"mark": mark} if mark in rule.MARKS else {}


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The mark in words."""
    return words_audit.marks()[asked["mark"]] if "mark" in asked else ""


def audits(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Line]]:
    """Marked audits in scope."""
    found = audit_view.page(session, order.actor, order.asked.get("mark", ""), row_id, limit)
    return [(line.audit.id, line) for line in found]


def count(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return audit_view.count(session, order.actor, order.asked.get("mark", ""), row_id, most)


def columns(session: Session, order: Order) -> list[Filled]:
    """One line an audit; nobody's name, and for a site not why it was drawn."""
    categories, marks, reasons = queue_page.category_labels(session), words_audit.marks(), words_audit.mark_reasons()
    head = [
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Category"), lambda line: categories.get(line.category.code, "") if line.category else "", 16),
        text(_("Site"), lambda line: named(line.site.name, line.site.name_en) if line.site else "", 24),
        text(_("Mark"), lambda line: marks[line.audit.mark], 12),
        text(_("Reason"), lambda line: reasons.get(line.audit.mark_reason, line.audit.mark_reason), 24),
        text(_("Auditor's words"), lambda line: mask_text(line.words), 40),
        time(_("Marked at"), lambda line: line.audit.marked_at),
        text(_("First mark"), lambda line: marks[line.audit.first_mark], 12),
        time(_("Second opinion at"), lambda line: line.audit.revised_at),
    ]  # fmt: skip
    if order.actor.desk == "site":
        return head
    why, flags = words_audit.why(), words_audit.flags()
    return [
        *head,
        text(_("Drawn because"), lambda line: words.word(why, line.audit.reason), 16),
        text(_("Red flags"), lambda line: " · ".join(words.word(flags, one) for one in line.audit.flags), 30),
    ]


# --- ratings ---


def ratings(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Rated]]:
    """Ratings in scope."""
    return [(line.survey.id, line) for line in survey_view.page(session, order.actor, row_id, limit)]


def count_ratings(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return survey_view.count(session, order.actor, row_id, most)


def rating_columns(session: Session, order: Order) -> list[Filled]:
    """One line a survey; no person in it."""
    categories, ways = queue_page.category_labels(session), {"link": _("Link"), "call": _("by telephone")}
    return [
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Category"), lambda line: categories.get(line.category, line.category), 16),
        text(_("Site"), lambda line: named(line.site.name, line.site.name_en) if line.site else "", 24),
        number(_("Rating"), lambda line: line.survey.score),
        text(_("Comment"), lambda line: mask_text(line.comment), 40),
        text(_("Counts for the site"), lambda line: yes_no(line.survey.counted) if line.survey.score else "", 10),
        text(_("Given by"), lambda line: ways.get(line.survey.rated_by, ""), 12),
        time(_("Asked at"), lambda line: line.survey.asked_at),
        time(_("Reminded at"), lambda line: line.survey.reminded_at),
        time(_("Rated at"), lambda line: line.survey.rated_at),
        number(_("Call-backs"), lambda line: line.survey.calls),
        time(_("Call-back due at"), lambda line: line.survey.call_due_at),
    ]

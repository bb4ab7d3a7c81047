"""What people keep by hand as files: team, alarms, waiting appeals, closures, incidents, learned streets, customers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from app.domain.calendars import local_date
from app.domain.errors import NotFound
from app.domain.masking import mask_text
from app.services import addresses, alarms, appeal_stream, closures, customers, incident_view, ownership, seen
from app.services.export_work import Order
from app.web import alarms as alarms_page
from app.web import context, queue_page, words, words_help, words_incident
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time, yes_no

Numbered = list[tuple[int, Any]]
Read = Callable[[Session, Order, int, int], Numbered]


def counted(read: Read) -> Callable[[Session, Order, int, int], int]:
    """How many rows there are in a list that people make by hand: reading it is counting it."""
    return lambda session, order, row_id, most: len(read(session, order, row_id, most - 1)) if most else 0


# --- my team ---


def team(session: Session, order: Order, user_id: int, limit: int) -> Numbered:
    """The people of the own organisation."""
    if order.actor.organisation_id is None:
        raise NotFound("no_team")
    people = ownership.team(session, order.actor.organisation_id, order.now)
    return [(one.user_id, one) for one in people[::-1] if one.user_id < user_id][: limit + 1]


def team_columns(session: Session, order: Order) -> list[Filled]:
    """One line a person."""
    labels = queue_page.category_labels(session)
    return [
        text(_("Name"), lambda one: one.name),
        text(_("Role"), lambda one: context.role_label(one.role)),
        text(_("Duty"), lambda one: _("Off duty") if one.off_duty else _("On duty") if one.there else _("Away"), 8),
        number(_("Open tickets"), lambda one: one.load),
        text(_("Skills for automatic assignment"), lambda one: "、".join(labels.get(c, c) for c in one.skills), 40),
    ]


# --- alarms ---


def alarm_rows(session: Session, order: Order, alarm_id: int, limit: int) -> Numbered:
    """Alarms of the own area."""
    return [(row[0].id, row) for row in alarms.below(session, order.actor, alarm_id, limit)]


def alarm_columns(session: Session, order: Order) -> list[Filled]:
    """One line an alarm."""
    return [
        time(_("Time"), lambda row: row[0].at),
        text(_("Person"), lambda row: row[1]),
        text(_("Organisation"), lambda row: named(row[2], row[3]), 22),
        text(_("Alarm"), lambda row: alarms_page.said(row[0]), 40),
        time(_("Looked into at"), lambda row: row[0].seen_at),
    ]


# --- appeals that wait ---


def appeal_rows(session: Session, order: Order, appeal_id: int, limit: int) -> Numbered:
    """Appeals before headquarters."""
    return list(appeal_stream.below(session, order.actor, appeal_id, order.now, limit))


def appeal_columns(session: Session, order: Order) -> list[Filled]:
    """One line an appeal."""
    return [
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Category"), lambda line: named(line.category.name, line.category.name_en) if line.category else "", 16),
        text(_("Site"), lambda line: named(line.site.name, line.site.name_en) if line.site else "", 22),
        time(_("Appealed at"), lambda line: line.opened_at),
        time(_("Due"), lambda line: line.due_at),
        text(_("Taken by"), lambda line: order.actor.name if line.mine else line.holder, 12),
        text(_("Waits for evidence"), lambda line: yes_no(line.later), 12),
        text(_("The customer says"), lambda line: mask_text(line.words), 60),
    ]


# --- closures ---


def closure_rows(session: Session, order: Order, closure_id: int, limit: int) -> Numbered:
    """Closures of the own sites, ended ones too."""
    return [(line.closure.id, line) for line in closures.below(session, order.actor, closure_id, limit)]


def closure_columns(session: Session, order: Order) -> list[Filled]:
    """One line a closure."""
    reasons, today = words_help.closure_reasons(), local_date(order.now)
    return [
        text(_("Site"), lambda line: named(line.site.name, line.site.name_en), 22),
        text(_("Code"), lambda line: line.site.code),
        text(_("First day"), lambda line: str(line.closure.from_day), 12),
        text(_("Last day"), lambda line: str(line.closure.until_day or ""), 12),
        text(_("Deputy"), lambda line: named(line.deputy.name, line.deputy.name_en) if line.deputy else "", 22),
        text(_("Reason"), lambda line: words.word(reasons, line.closure.reason), 16),
        text(_("Over"), lambda line: yes_no(_over(line.closure, today)), 8),
    ]


def _over(closure: Any, today: Any) -> bool:
    return closure.ended_at is not None or (closure.until_day is not None and closure.until_day < today)


# --- incidents ---


def incident_rows(session: Session, order: Order, incident_id: int, limit: int) -> Numbered:
    """Incidents of the own area."""
    return [(row.incident.id, row) for row in incident_view.page(session, order.actor, incident_id, limit)]


def incident_columns(session: Session, order: Order) -> list[Filled]:
    """One line an incident."""
    kinds = words_incident.kinds()
    return [
        text(_("Number"), lambda row: row.incident.number, 18),
        text(_("Title of the incident"), lambda row: mask_text(row.incident.title), 40),
        text(_("Kind"), lambda row: words.word(kinds, row.incident.kind), 16),
        text(_("Area"), lambda row: named(row.province.name, row.province.name_en) if row.province else "", 16),
        number(_("How many tickets"), lambda row: row.tickets, 8),
        number(_("Unanswered"), lambda row: row.open, 8),
        text(_("Opened by"), lambda row: row.opener, 12),
        time(_("Opened"), lambda row: row.incident.opened_at),
        time(_("Closed at"), lambda row: row.incident.closed_at),
    ]


# --- learned streets ---


def address_rows(session: Session, order: Order, rule_id: int, limit: int) -> Numbered:
    """The streets that the own province has learned."""
    return [(row[0].id, row) for row in addresses.listed(session, order.actor, rule_id, limit)]


def address_columns(session: Session, order: Order) -> list[Filled]:
    """One line a street."""
    return [
        text(_("Address begins with"), lambda row: row[0].prefix, 40),
        text(_("Site"), lambda row: named(row[1].name, row[1].name_en), 22),
        text(_("Code"), lambda row: row[1].code),
        text(_("Learned from"), lambda row: row[2], 20),
        text(_("Entered by"), lambda row: row[3], 12),
        time(_("Entered"), lambda row: row[0].created_at),
    ]


# --- customer accounts ---


def customer_rows(session: Session, order: Order, account_id: int, limit: int) -> Numbered:
    """All accounts."""
    return [(row.id, (row, n)) for row, n in customers.below(session, account_id, limit)]


def customer_columns(session: Session, order: Order) -> list[Filled]:
    """One line an account."""
    return [
        text(_("Code"), lambda row: row[0].code),
        text(_("Customer's name"), lambda row: row[0].name, 30),
        text(_("Customer tier"), lambda row: row[0].tier, 12),
        text(_("Written requirements"), lambda row: mask_text(row[0].requirements), 60),
        number(_("Recognised by"), lambda row: row[1], 8),
        text(_("In use"), lambda row: yes_no(row[0].active), 8),
        time(_("Changed at"), lambda row: row[0].changed_at),
    ]


# --- who was shown what ---


def seen_rows(session: Session, order: Order, row_id: int, limit: int) -> Numbered:
    """Who was shown personal data in full."""
    return list(seen.log(session, order.actor, row_id, limit))


def seen_columns(session: Session, order: Order) -> list[Filled]:
    """One line a look."""
    return [
        time(_("Time"), lambda line: line.at),
        text(_("Person"), lambda line: line.name, 14),
        text(_("Account"), lambda line: line.account, 14),
        text(_("Organisation"), lambda line: line.house, 22),
        text(_("Ticket"), lambda line: line.number, 20),
        text(_("Whose data"), lambda line: words.word(words.shown_of(), line.what), 14),
    ]

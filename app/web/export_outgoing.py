"""What left the house as files: answers to platforms, SMS; and what came in: the platforms' messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app.domain.masking import mask_phone, mask_text
from app.domain.roles import Actor
from app.services import exchange_view, outbox_view
from app.services.export_work import Order
from app.web import admin, exchange, exchange_page, words, words_callbacks, words_exchange, words_sms
from app.web.context import translate as _
from app.web.export_cells import Filled, number, text, time

# --- answers to platforms ---


def asks(address: Mapping[str, str]) -> dict[str, str]:
    """The state that the page shows."""
    state = address.get("state", "")
    return {"state": state} if state in words.callback_states() else {}


def says(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The state in words."""
    return words.callback_states()[asked["state"]] if "state" in asked else ""


def callbacks(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """Answers in scope."""
    found = outbox_view.callbacks(session, order.actor, order.asked.get("state", ""), row_id, limit)
    return [(row.id, (row, ticket, code)) for row, ticket, code in found]


def count_callbacks(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return outbox_view.count(session, order.actor, "callback", order.asked.get("state", ""), row_id, most)


def callback_columns(session: Session, order: Order) -> list[Filled]:
    """One line an answer."""
    states = words.callback_states()
    return [
        text(_("Ticket"), lambda found: found[1], 20),
        text(_("Platform order"), lambda found: found[2], 22),
        text(_("Answered at"), lambda found: str(found[0].payload["operate_time"]), 20),
        text(_("State"), lambda found: words.word(states, found[0].state)),
        number(_("Tries"), lambda found: found[0].attempts, 8),
        time(_("Delivered at"), lambda found: found[0].sent_at),
        text(_("Error"), lambda found: words_callbacks.problem(found[0].error), 40),
    ]


# --- SMS ---


def sms(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """SMS in scope."""
    found = outbox_view.sms(session, order.actor, row_id, limit)
    return [(row.id, (row, name, words_sms.fate(row, receipt))) for row, name, receipt in found]


def count_sms(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return outbox_view.count(session, order.actor, "sms", "", row_id, most)


def sms_columns(session: Session, order: Order) -> list[Filled]:
    """One line an SMS."""
    states = words.sms_states()
    return [
        time(_("Time"), lambda found: found[0].created_at),
        text(_("Organisation"), lambda found: found[1], 22),
        text(_("To"), lambda found: mask_phone(found[0].payload["phone"]), 14),
        text(_("Text"), lambda found: mask_text(admin.sms_text(found[0].payload["variables"])), 60),
        text(_("Ticket"), lambda found: " ".join(found[0].payload.get("tickets", [])), 24),
        text(_("State"), lambda found: words.word(states, found[0].state)),
        text(_("Delivery"), lambda found: found[2].get("delivery", ""), 20),
        text(_("Advice"), lambda found: found[2].get("advice", ""), 40),
    ]


# --- messages that came in ---


def asks_message(address: Mapping[str, str]) -> dict[str, str]:
    """The state and the connection that the page shows."""
    state, code = exchange.asked(address)
    return {name: one for name, one in (("state", state), ("connection", code)) if one}


def says_message(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """Both in words."""
    names = dict(exchange_view.codes(session))
    state = words_exchange.states()[asked["state"]] if "state" in asked else ""
    return " · ".join(part for part in (state, names.get(asked.get("connection", ""), "")) if part)


def messages(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """Messages without their bodies."""
    state, code = order.asked.get("state", ""), order.asked.get("connection", "")
    return [(line.id, line) for line in exchange_view.messages(session, state, code, row_id, limit)]


def count_messages(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return exchange_view.count(
        session, order.asked.get("state", ""), order.asked.get("connection", ""), row_id, most
    )  # fmt: skip


def message_columns(session: Session, order: Order) -> list[Filled]:
    """One line a message."""
    kinds, states = words_exchange.types(), words_exchange.states()
    return [
        time(_("Time"), lambda found: found.received_at),
        text(_("Connection"), lambda found: found.connection, 18),
        text(_("Message"), lambda found: words.word(kinds, found.msg_type), 20),
        text(_("Platform order"), lambda found: found.order_code, 22),
        text(_("Ticket"), lambda found: found.number, 20),
        text(_("State"), lambda found: words.word(states, found.state)),
        text(_("Signature"), exchange_page.verdict, 16),
        number(_("Came again"), lambda found: found.copies, 8),
        text(_("Error"), lambda found: words_exchange.fault(found.error) if found.error else "", 40),
    ]

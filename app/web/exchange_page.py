"""What the pages of the interfaces show: messages in words, personal data hidden unless a look was logged."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import datetime
from typing import Any

from flask import g, url_for

from app.domain import message_masking
from app.integrations.platform.driver import Reading
from app.integrations.platform.errors import MessageError
from app.integrations.platform.strict_json import decode_body
from app.jobs import arrivals
from app.models import Connection, PlatformPoll
from app.services import connections
from app.services.exchange_view import Line, Message
from app.web import words, words_callbacks, words_exchange
from app.web.context import translate as _

TONES = {"quarantined": "late", "conflict": "late", "waiting": "soon", "replayed": "good"}
LONGEST = 200  # characters of a value in the table of what was read
SHOWN = 20_000  # characters of a raw message


def line(found: Line) -> dict[str, Any]:
    """A row of the list."""
    return {
        "href": url_for("exchange.show", message_id=found.id), "time_text": g.fmt.time(found.received_at),
        "time_full": g.fmt.full(found.received_at), "connection": found.connection,
        "type": words.word(words_exchange.types(), found.msg_type), "order_code": found.order_code,
        "number": found.number, "state": words.word(words_exchange.states(), found.state),
        "tone": TONES.get(found.state, ""), "error": words_exchange.fault(found.error) if found.error else "",
        "verdict": verdict(found), "copies": found.copies,
    }  # fmt: skip


def verdict(found: Line) -> str:
    """Whether its signature was right: what was not signed is counted and never kept."""
    return _("asked for by us") if found.driver != "link" else _("signature right")


def page_of(found: Message, *, full: bool) -> dict[str, Any]:
    """One message; `full` only after the look was logged."""
    readings, error = _read(found)
    return {
        **line(found.line), "sha256": found.row.sha256, "size": len(found.row.body),
        "code": found.connection.code, "held": found.line.state == "quarantined", "full": full,
        "readings": [_reading(one, found.connection) for one in readings], "raw": raw(found, full=full),
        "error": words_exchange.fault(found.line.error or (error if found.line.state == "quarantined" else "")),
        "settled": _settled(found), "reveals": [f"{g.fmt.full(at)} · {name}" for at, name in found.reveals],
    }  # fmt: skip


def _settled(found: Message) -> str:
    if found.row.settled_at is None:
        return ""
    return _("%(time)s by %(name)s", time=g.fmt.full(found.row.settled_at), name=found.settled_by)


def _read(found: Message) -> tuple[list[Reading], str]:
    """What it says with the maps as they are now."""
    door = connections.door_of(found.connection)
    try:
        return arrivals.driver_of(door).read(found.row.msg_type, found.row.body, arrivals.wire_of(door)), ""
    except MessageError as wrong:
        return [], str(wrong)
    except KeyError:
        return [], ""


def _reading(reading: Reading, connection: Connection) -> dict[str, Any]:
    message = reading.issue or reading.later
    rows = [(one.name, getattr(message, one.name)) for one in fields(message)] if message is not None else []
    values = [(name, value(name, held)) for name, held in rows if held not in ("", None, [], {}, 0)]
    if reading.issue is not None:
        theirs = reading.issue.category_code
        values.insert(0, (_("Category of ours"), connection.category_map.get(theirs, theirs) or "OTHER"))
    if reading.scans is not None:
        values = [("scans", str(len(reading.scans)))]
    return {"type": words.word(words_exchange.types(), reading.msg_type), "values": values}


def value(name: str, held: Any) -> str:
    """A value of a message, masked and cut."""
    if isinstance(held, datetime):
        return str(g.fmt.full(held))
    hidden = message_masking.masked(held, name)
    text = hidden if isinstance(hidden, str) else json.dumps(hidden, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def raw(found: Message, *, full: bool) -> str:
    """The body as text. Masked it is written anew, field by field; what cannot be read is not shown masked at all."""
    if full:
        charset = "gb18030" if found.connection.charset == "gbk" else "utf-8"
        return found.row.body.decode(charset, "replace")[:SHOWN]
    try:
        body = decode_body(found.row.body, found.connection.charset)
    except MessageError:
        return ""
    return json.dumps(message_masking.masked(body), ensure_ascii=False, indent=2)[:SHOWN]


def poll(row: PlatformPoll | None, now: datetime) -> dict[str, str] | None:
    """How far a connection is read."""
    if row is None:
        return None
    error = words_callbacks.problem(row.error)
    behind = (now - row.cursor_at).total_seconds()
    return {
        "until": g.fmt.full(row.cursor_at), "behind": g.fmt.span(int(behind)), "error": error,
        "read": g.fmt.full(row.read_at) if row.read_at else "—", "rows": str(row.rows),
        "next": g.fmt.full(row.next_try_at),
        "tone": "late" if row.error else "soon" if behind > 1800 else "good",
        "state": _("fails") if row.error else _("catches up") if behind > 1800 else _("up to date"),
    }  # fmt: skip

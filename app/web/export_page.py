"""Builds the page of a person's exports and the log's lines: plain values, states and reasons in words."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

from flask import current_app, g, url_for
from sqlalchemy.orm import Session

from app.domain import exports as rule
from app.domain.roles import Actor
from app.models import Export, ExportLog, Organisation, User
from app.services import exports
from app.web import context, words
from app.web.context import translate as _
from app.web.export_cells import named
from app.web.language import table

TONES = {"done": "good", "failed": "late", "running": "info", "waiting": ""}
FORMATS = {"xlsx": "Excel", "csv": "CSV", "pdf": "PDF"}


@table
def states() -> dict[str, str]:
    """Where an export is."""
    return {
        "waiting": _("Waiting its turn"), "running": _("Being made"), "done": _("Ready to download"),
        "failed": _("Stopped"), "cancelled": _("Given up"), "expired": _("Deleted after 7 days"),
        rule.HANDED: _("Handed out at once"),
    }  # fmt: skip


@table
def reasons() -> dict[str, str]:
    """Why an export stopped or waits, and what to do."""
    return {
        "too_many_rows": _("More than %(n)s rows. Narrow the list with its filters.", n=f"{rule.MOST_ROWS:,}"),
        "disabled": _("The account was disabled."),
        "rights_changed": _("Your role or organisation has changed since. Export the list again."),
        "full": _("The disk is full. It goes on by itself when there is room."),
        "error": _("Something went wrong. It is tried again by itself."),
    }  # fmt: skip


def refusal(code: str) -> str:
    """Why an export is not begun or its file not handed out."""
    said = {
        "exports_running": _(
            "%(n)s exports are under way. Wait until one is ready, or give one up.", n=rule.MOST_RUNNING
        ),
        "not_done": _("This file is not ready."),
        "export_expired": _("This file is deleted: its 7 days are over. Export the list again."),
        "rights_changed": reasons()["rights_changed"],
    }  # fmt: skip
    return words.word(said, code)


def too_soon(wait: int) -> str:
    """Beyond the rate."""
    return _(
        "%(n)s exports within an hour are the most. The next one is possible in %(time)s.",
        n=rule.MOST_IN_WINDOW, time=g.fmt.span(max(wait, 60)),
    )  # fmt: skip


def listing(session: Session, actor: Actor, before: int | None, now: datetime) -> dict[str, Any]:
    """The list and its poll; `seen` changes with anything that it shows."""
    found = exports.mine(session, actor, before)
    shown = found[: exports.PAGE]
    rows, labels = [_row(row, now) for row in shown], states()
    said = "|".join(f"{row.id}:{row.state}:{row.reason}:{row.rows}" for row in shown)
    seen = hashlib.sha256(said.encode()).hexdigest()[:16]
    polls = any(row.state in rule.ACTIVE for row in shown)
    more = shown[-1].id if len(found) > exports.PAGE else None
    return {
        "rows": rows, "labels": labels, "seen": seen,
        "poll_href": url_for("exports.progress", seen=seen, before=before) if polls else "",
        "next_href": url_for("exports.index", before=more) if more else None,
    }  # fmt: skip


def _row(row: Export, now: datetime) -> dict[str, Any]:
    state = "expired" if row.state == "done" and row.expires_at and row.expires_at <= now else row.state
    active, failed, at_once = state in rule.ACTIVE, state == "failed", state == rule.HANDED
    return {
        "id": row.id, "number": rule.label(row.id), "title": _title(row), "words": row.asked_words,
        "format": FORMATS.get(row.format, row.format), "time": g.fmt.time(row.asked_at),
        "time_full": g.fmt.full(row.asked_at), "state": states()[state], "tone": TONES.get(state, ""),
        "active": active, "percent": rule.percent(row.rows, row.about, state), "rows_text": _rows_text(row, state),
        "reason": words.word(_ended_reasons() if failed else reasons(), row.reason) if active or failed else "",
        "until": _until(row) if state == "done" else "", "size": _size(row.size) if state == "done" else "",
        "file_href": url_for("exports.download", export_id=row.id) if state == "done" else "",
        "cancel_href": url_for("exports.cancel", export_id=row.id) if active else "",
        "again_href": "" if active or at_once or state == "done" else url_for("exports.again", export_id=row.id),
        "key": secrets.token_urlsafe(24),
    }  # fmt: skip


@table
def _ended_reasons() -> dict[str, str]:
    """The same once nothing is tried by itself any more."""
    return reasons() | {
        "full": _("The disk stayed full. Tell the operator, then export the list again."),
        "error": _("It failed several times. Export the list again; tell the operator if that fails, too."),
    }


def _rows_text(row: Export, state: str) -> str:
    if state in rule.ACTIVE:
        if not row.about:
            return ""
        return _("%(n)s of about %(all)s rows", n=f"{row.rows:,}", all=f"{row.about:,}")
    return _("%(n)s rows", n=f"{row.rows:,}") if state in ("done", "expired", rule.HANDED) else ""


def _until(row: Export) -> str:
    return _("kept until %(time)s", time=g.fmt.full(row.expires_at)[:16])


def _size(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB" if size >= 100_000 else f"{max(1, size // 1000)} kB"


def _title(row: Export) -> str:
    one = current_app.extensions["export_lists"].get(row.list_key)
    return one.title() if one else words.word({"people": _("Monthly sheet of the people")}, row.list_key)


def log_row(entry: ExportLog, row: Export, user: User, house: Organisation | None) -> dict[str, Any]:
    """A line of the log."""
    what = {"asked": _("Asked for"), "downloaded": _("Downloaded")}
    return {
        "time": g.fmt.full(entry.at), "what": words.word(what, entry.what), "taken": entry.what == "downloaded",
        "who": user.name, "account": user.account, "role": context.role_label(row.role),
        "house": named(house.name, house.name_en) if house else "", "title": _title(row), "words": row.asked_words,
        "format": FORMATS.get(row.format, row.format), "rows": f"{row.rows:,}", "state": states()[row.state],
        "number": rule.label(row.id), "address": entry.address,
    }  # fmt: skip

"""Builds what the pages of problem parcels show: plain values, masked, worded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain.masking import mask_start, mask_text
from app.domain.problems import ProblemType
from app.domain.roles import Actor
from app.domain.waybills import normalise
from app.services import problem_list, scans
from app.services.problem_list import TO_US, Asked, Line, Page
from app.web import problem_forms, queue_page, words, words_problems

SHOWN = 80  # characters of what was reported
SITES = 20  # organisations that are offered


def listing(actor: Actor, page: Page, query: Asked, types: Sequence[ProblemType], now: datetime) -> dict[str, Any]:
    """Everything `problems.html` reads."""
    named = problem_forms.address_of(query)
    labels = {one.code: one.name_en if g.fmt.english else one.name for one in types}
    return {
        "rows": [_row(line, labels, now) for line in page.lines], "tabs": tabs(actor, query),
        "next_href": _address({**named, "after": page.after}) if page.after else "",
        "narrowed": bool(set(named) - {"side"}), "side": query.side, "may_report": actor.can("problem_report"),
        "batch": _batch(actor, query, labels),
    }  # fmt: skip


def tabs(actor: Actor, query: Asked) -> list[dict[str, Any]]:
    """Whose side a site looks at; superiors see both."""
    if actor.desk != "site":
        return []
    rest = {name: value for name, value in problem_forms.address_of(query).items() if name != "side"}
    return [
        {"label": label, "current": side == query.side, "href": _address({**rest, **({"side": side} if side else {})})}
        for side, label in words_problems.sides().items()
    ]  # fmt: skip


def sites(session: Session, actor: Actor, waybill: str | None) -> list[tuple[str, str]]:
    """Code and name of the organisations that the parcel has seen, the last first: whom a report may concern."""
    number = normalise(waybill or "")[:40]
    rows = scans.traces(session, [number], 2 * SITES).get(number, []) if number else []
    named = {row.site_code: row.organisation_name for row in rows
             if row.organisation_name and row.organisation_id != actor.organisation_id}  # fmt: skip
    return list(named.items())[:SITES]


def _address(named: dict[str, str]) -> str:
    values: dict[str, Any] = dict(named)
    return url_for("problems.index", **values)


def _batch(actor: Actor, query: Asked, labels: dict[str, str]) -> dict[str, str] | None:
    """What can be handled in one go: all of the chosen type that wait for this site."""
    waiting = query.side == TO_US and query.type in labels and query.state in ("", *problem_list.STATES[:4])
    if not (actor.can("batch") and waiting):
        return None
    return {"type": query.type, "label": labels[query.type]}


def _row(line: Line, labels: dict[str, str], now: datetime) -> dict[str, Any]:
    due, tone = queue_page.chip(line.state, line.due_at, line.overdue, now)
    return {
        "number": line.number, "href": url_for("tickets.show", number=line.number), "waybill": line.waybill,
        "type": labels.get(line.type, line.type), "state": words.states()[line.state], "due": due, "tone": tone,
        "courier": mask_text(line.courier), "reporter": _name(line.reporter), "site": _name(line.site),
        "opened": g.fmt.time(line.opened_at), "opened_full": g.fmt.full(line.opened_at),
        "text": mask_start(line.text, SHOWN),
    }  # fmt: skip


def _name(pair: tuple[str, str]) -> str:
    return (pair[1] or pair[0]) if g.fmt.english else pair[0]

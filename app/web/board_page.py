"""Builds the province board: its rows, the cards above it, the day's inflow as a small chart."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Organisation
from app.services import board, silent_sites
from app.services.board import Board, Site, Waiting
from app.services.board_urges import Urged
from app.web import board_columns, board_inflow, context, words, words_board
from app.web.board_columns import COLUMNS
from app.web.context import translate as _

SHOWN = 2  # of what waits, on a card


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    province: str = ""
    sort: str = board_columns.DEFAULT
    every: bool = False  # also the sites with nothing to do
    q: str = ""
    tick: bool = False  # all rows are ticked: the link of those without scripting

    def named(self, **other: Any) -> dict[str, Any]:
        """The part of an address that asks for it, with some of it changed."""
        now: dict[str, Any] = {"province": self.province, "sort": self.sort, "every": self.every, "q": self.q} | other
        found = {
            "province": now["province"], "sort": now["sort"] if now["sort"] != board_columns.DEFAULT else "",
            "show": "all" if now["every"] else "", "q": now["q"],
        }  # fmt: skip
        return {name: value for name, value in found.items() if value}


def page_of(
    session: Session, actor: Actor, place: Organisation, asked: Asked, now: datetime,
    outcomes: Sequence[Urged] = (), ticked: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """Everything that the board's templates read; `outcomes` of a bulk urge and the sites that stay ticked."""
    found, base = board.of(session, place.id, now), url_for("board.index")
    said = {one.site: one for one in outcomes}
    shown = _shown(found.sites, asked, said)
    seen = digest(found)
    return {
        "columns": [_head(column, asked, base) for column in COLUMNS], "name_head": _name_head(asked, base),
        "rows": [_row(site, actor, said.get(site.code), asked.tick or site.code in ticked) for site in shown],
        "seen": seen, "of": len(found.sites), "busy": sum(map(board_columns.busy, found.sites)),
        "cards": _cards(found, actor, now),
        "chart": board_inflow.chart(found.hours, now), "poll_href": _poll(asked, found.version, seen, now),
        "here": _href(base, asked.named()), "toggle_href": _href(base, asked.named(every=not asked.every)),
        "wide_href": _href(base, asked.named(q="")), "tick_href": _href(base, asked.named() | {"tick": "all"}),
        "every": asked.every, "q": asked.q,
        "kept": list(asked.named(q="").items()), "judged": bool(outcomes), "assists": actor.can("assist"),
        "province": asked.province,
    }  # fmt: skip


def frame(session: Session, actor: Actor, place: Organisation, asked: Asked) -> dict[str, Any]:
    """What stands around it and is not renewed: the head, the choice of a province, the form of the urge."""
    choice = board.provinces(session) if actor.desk == "ccs" else []
    return {
        "title": name_of(place), "provinces": [(row.code, name_of(row), row.id == place.id) for row in choice],
        "urge_href": url_for("board.urge", **asked.named()), "key": secrets.token_urlsafe(24),
        "sort": asked.sort, "every": asked.every, "q": asked.q,
    }  # fmt: skip


def digest(found: Board) -> str:
    """One word for all that the board says but the passing of time: the poll compares it."""
    sites = [
        (
            site.code, sorted(site.counts.items()), site.gone, site.seen_at if site.gone else "", site.silent,
            site.helper, site.stand,
        )
        for site in found.sites
    ]  # fmt: skip
    waiting = [found.rulings, found.help, found.tray, found.alarms]
    return hashlib.sha256(repr((sites, waiting, sorted(found.hours.items()))).encode()).hexdigest()[:16]


def minute_of(now: datetime) -> int:
    """The minute in which a page was made: within it a province that did not change needs no second look."""
    return int(now.timestamp()) // 60


def name_of(row: Any) -> str:
    """A place in the reader's language."""
    return str((row.name_en or row.name) if context.words().fmt.english else row.name)


def _poll(asked: Asked, version: int, seen: str, now: datetime) -> str:
    return _href(url_for("board.poll"), asked.named() | {"version": version, "minute": minute_of(now), "seen": seen})


def _href(base: str, named: dict[str, Any]) -> str:
    return f"{base}?{urlencode(named)}" if named else base


def _shown(sites: Sequence[Site], asked: Asked, said: Collection[str]) -> list[Site]:
    wanted = asked.q.casefold()
    found = [site for site in sites if wanted in f"{site.code} {site.name} {site.name_en}".casefold()]
    if not asked.every and not wanted:
        found = [site for site in found if board_columns.busy(site) or site.code in said]
    return board_columns.ordered(found, asked.sort, name_of)


def _head(column: board_columns.Column, asked: Asked, base: str) -> dict[str, Any]:
    return {"label": column.label(), **_sorted(column.key, asked, base, "descending", "ascending")}


def _name_head(asked: Asked, base: str) -> dict[str, Any]:
    return _sorted(board_columns.NAME, asked, base, "ascending", "descending")


def _sorted(key: str, asked: Asked, base: str, first: str, second: str) -> dict[str, Any]:
    """Where the heading leads, and how the list is sorted by it now."""
    now = first if asked.sort == key else second if asked.sort == f"-{key}" else ""
    wanted = f"-{key}" if asked.sort == key else key
    return {"href": _href(base, asked.named(sort=wanted)), "sorted": now}


def _row(site: Site, actor: Actor, outcome: Urged | None, ticked: bool) -> dict[str, Any]:
    failed = bool(outcome and outcome.code)
    return {
        "code": site.code, "name": name_of(site), "cells": [_cell(column, site) for column in COLUMNS],
        "ticked": ticked if outcome is None else failed,
        "helper": _helper(site, actor), "outcome": _said(outcome), "failed": failed,
        "act_href": url_for("board.act", code=site.code), "help_href": url_for("board.helper", code=site.code),
    }  # fmt: skip


def _cell(column: board_columns.Column, site: Site) -> dict[str, Any]:
    n = column.number(site)
    return {
        "text": column.text(site, n), "href": column.href(site) if n else "", "zero": not n,
        "heat": f"{column.tone} heat-{step}" if (step := column.step(site)) else "",
    }  # fmt: skip


def _helper(site: Site, actor: Actor) -> str:
    if site.helper is None:
        return ""
    who = _("me") if site.helper.user_id == actor.user_id else site.helper.name
    return _("%(name)s helps until %(time)s", name=who, time=g.fmt.time(site.helper.until))


def _said(outcome: Urged | None) -> str:
    if outcome is None:
        return ""
    if outcome.code:
        return words.word(words.errors(), outcome.code)
    return _("%(n)s tickets urged", n=outcome.tickets)


def _cards(found: Board, actor: Actor, now: datetime) -> list[dict[str, Any]]:
    """What waits for the desk: each with its count, the list, and straight to the most pressing ones."""
    mine = actor.desk == "lcs"
    rule = url_for("tickets.index", queue="to_rule") if mine else ""
    cards = [
        _card(kind, label, found.rulings[kind], rule, now, _sheet(kind))
        for kind, label in words_board.rulings().items()
    ]
    cards.append(_card("help", _("Asks for help"), found.help, _to("help", mine), now, "", site=True))
    cards.append(_silent(found.alarms, actor))
    cards.append(_card("tray", _("To be assigned"), found.tray, _to("tray", mine), now, ""))
    return cards


def _to(queue: str, mine: bool) -> str:
    return url_for("tickets.index", queue=queue) if mine else ""


def _sheet(kind: str) -> str:
    return {"transfer": "?sheet=transfer", "consent": "?sheet=consent_category", "dispute": "/court"}[kind]


def _card(
    key: str, label: str, waiting: Waiting, href: str, now: datetime, way: str, *, site: bool = False
) -> dict[str, Any]:
    first = [
        {
            "text": name_of(row) if site and row.name else row.number, "href": f"/tickets/{row.number}{way}",
            "title": row.number, **_due(row.due_at, now),
        }
        for row in waiting.first[:SHOWN]
    ]  # fmt: skip
    return {"key": key, "label": label, "href": href if waiting.n else "", **_count(waiting.n), "first": first}


def _due(due_at: datetime, now: datetime) -> dict[str, str]:
    if due_at.year > 9000 or due_at.year < 2001:  # without a clock, or on top of everything
        return {"due": "", "iso": "", "tone": ""}
    left = (due_at - now).total_seconds()
    tone = "late" if left <= 0 else "soon" if left <= 1800 else ""
    return {"due": g.fmt.left(due_at, now), "iso": due_at.isoformat(), "tone": tone}


def _count(n: int) -> dict[str, Any]:
    return {"n": "99+" if n >= board_columns.CAPPED else str(n), "hot": n > 0}


def _silent(waiting: Waiting, actor: Actor) -> dict[str, Any]:
    href = url_for("alarms.index") if actor.can("alarms") and waiting.n else ""
    first = [
        {
            "text": name_of(row), "href": url_for("duty.index", site=row.code) if actor.desk == "lcs" else "",
            "title": _("since %(time)s", time=g.fmt.time(row.at)), "due": "", "iso": "", "tone": "",
        }
        for row in waiting.first[:SHOWN]
    ]  # fmt: skip
    return {
        "key": silent_sites.SILENT_SITE,
        "label": _("Silent sites"),
        "href": href,
        **_count(waiting.n),
        "first": first,
    }

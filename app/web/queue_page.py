"""Builds what the list and the rail show: plain values, everything resolved before the template's loop."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import g, request, url_for
from sqlalchemy.orm import Session

from app import clock
from app.domain.bands import BANDS
from app.domain.masking import mask_start
from app.domain.roles import Actor
from app.services import menu, organisations, queue, queue_frame
from app.services.queue import Filters, Row
from app.services.queue_frame import Frame, Rail
from app.web import (
    addresses,
    bell_mark,
    menu_words,
    view_menu,
    words,
    words_clocks,
    words_day,
    words_ownership,
    words_parties,
)
from app.web.categories_shown import category_groups as category_groups
from app.web.categories_shown import category_labels as category_labels
from app.web.categories_shown import filter_labels as filter_labels
from app.web.categories_shown import know
from app.web.context import translate as _
from app.web.filters import address as address
from app.web.filters import asked as asked
from app.web.filters import kept as kept
from app.web.formatting import Formatter
from app.web.language import table

RAIL = {
    "site": (
        "todo", "overdue", "due_soon", "returned", "to_answer", "to_accept", "working", "waiting", "appealed",
        "replied", "elsewhere", "all",
    ),
    "lcs": (
        "todo", "to_rule", "help", "tray", "to_answer", "overdue", "due_soon", "to_accept", "working", "waiting",
        "appealed", "replied", "elsewhere", "all",
    ),
    "ccs": ("todo", "appealed", "to_rule", "tray", "overdue", "due_soon", "to_accept", "working", "replied", "all"),
}  # fmt: skip
BY_STATE = "to_accept"  # the first of the queues that tell how far a ticket is; those before it wait for this desk
HOT = frozenset({"overdue"})
OWNED_BY = {"site": ("", "mine", "unclaimed"), "lcs": ("", "mine", "helped")}


@dataclass(frozen=True)
class Told:
    """What every line of one list is told with, looked up once. `query` keeps the filters in a line's address."""

    now: datetime
    categories: dict[str, str]
    fmt: Formatter
    selected: str = ""
    query: str = ""


def rail(session: Session, actor: Actor, filters: Filters | None, now: datetime) -> dict[str, Any]:
    """Queues with their counts, and the other pages that the role opens."""
    return rail_from(queue_frame.rail(session, actor, now), actor, filters)


def rail_from(found: Rail, actor: Actor, filters: Filters | None) -> dict[str, Any]:
    """The same where the numbers are at hand."""
    bell_mark.know(found.unread)
    counts, labels, base = found.counts, words.queues(), addresses.page("tickets.index")
    first = address(Filters())
    current = filters.queue if filters else ""
    queues = [
        {
            "key": key,
            "label": labels[key],
            "count_text": count_text(counts.get(key, 0), key),
            "href": first if key == "todo" else f"{base}?queue={key}",
            "current": key == current,
            "hot": key in HOT and counts.get(key, 0) > 0, "heading": _("By state") if key == BY_STATE else "",
        }
        for key in RAIL[actor.desk]
    ]  # fmt: skip
    if actor.desk == "lcs":
        queues.insert(0, {
            "key": "board", "label": _("Province board"), "count_text": "", "href": addresses.page("board.index"),
            "current": False, "hot": False, "heading": "",
        })  # fmt: skip
    if actor.can("ruling"):
        n = count_text(counts.get("appealed", 0), "appeals")
        queues.insert(0, {
            "key": "appeals", "label": _("Rule on appeals"), "count_text": n, "href": addresses.page("appeals.index"),
            "current": False, "hot": False, "heading": "",
        })  # fmt: skip
    return {"queues": queues, "others": _with_numbers(found.waiting, others(actor))}


def rail_of(session: Session, actor: Actor, now: datetime) -> dict[str, Any]:
    """The menu of a page that every role opens: with queues for those who have some."""
    if actor.can("queue"):
        return rail(session, actor, None, now)
    return {"queues": [], "others": with_alarms(session, actor, others(actor))}


def with_alarms(session: Session, actor: Actor, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The menu with the numbers of what waits: alarms that nobody has looked into, contests, cases to read."""
    return _with_numbers(menu.counts(session, actor, clock.now()), entries)


def _with_numbers(waiting: dict[str, int], entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pages = {
        "alarms": addresses.page("alarms.index"), "penalties": addresses.page("penalties.index"),
        "publications": addresses.page("typical_cases.index"), "rectifications": addresses.page("rectifications.index"),
        "knowledge": addresses.page("knowledge.index"),
    }  # fmt: skip
    found = {pages[name]: n for name, n in waiting.items() if n}
    return [{**one, "count_text": str(found[one["href"]])} if one["href"] in found else one for one in entries]


def others(actor: Actor, current: str = "") -> list[dict[str, Any]]:
    """Menu entries beside the queues, by capability."""
    return [
        {"label": label, "href": href, "count_text": "", "current": endpoint == current, "heading": heading}
        for label, href, endpoint, heading in _others(actor.role)
    ]


@table
def _others(role: str) -> list[tuple[str, str, str, str]]:
    """Label, address and name of each page that the role opens, and the heading that begins with it: the same on every
    page. A short menu has one heading."""
    actor = Actor(None, role, None, None)
    pages = [page[1:] for page in menu_words.pages(actor) if actor.can(page[0])]
    headings = [heading for _endpoint, _label, heading in pages] if len(pages) > menu_words.MANY else [_("Other work")]
    begins = [at == 0 or (at < len(headings) and headings[at] != headings[at - 1]) for at in range(len(pages))]
    return [
        (label, addresses.page(endpoint), endpoint, headings[at] if begins[at] else "")
        for at, (endpoint, label, _heading) in enumerate(pages)
    ]


def count_text(n: int, key: str) -> str:
    """A badge; what time alone changes stops at 99+."""
    return "99+" if key == "due_soon" and n >= 100 else str(n) if n else ""


def desk(
    session: Session, actor: Actor, filters: Filters, now: datetime, selected: str = "", frame: Frame | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The menu and the list pane for the filters in the address; `frame` where it was read already."""
    frame = frame or queue_frame.load(session, actor, filters, now)
    return rail_from(frame.rail, actor, filters), _listing(session, actor, frame, now, selected)


def _listing(session: Session, actor: Actor, frame: Frame, now: datetime, selected: str) -> dict[str, Any]:
    know(frame.categories)
    filters, page, categories = frame.filters, frame.page, category_labels(session)
    base = addresses.page("tickets.index")
    address_of = asked(filters)
    told = Told(now, categories, g.fmt, selected, f"?{urlencode(address_of)}" if address_of else "")
    lines = [row_of(row, told) for row in page.rows]
    return {
        "bands": bands(page.rows, lines, frame.bands),
        "q": "", "sort": filters.sort, "queue": filters.queue,
        "sorts": sorts(actor, filters), "views": view_menu.menu(frame.views, filters, actor.desk),
        "filters": {"category": filters.category, "groups": category_groups(session)},
        "next_href": f"{base}?{urlencode({**address_of, 'after': page.after})}" if page.after else None,
        "empty_text": _("Nothing waits here. New complaints appear by themselves."),
        "owners": owners(actor, filters), "owner": filters.owner, "site": filters.site, "kept": kept(filters),
        "news": news(frame.version, now, 0, filters),
        "list_href": address(filters),
        "search": None, "batch": actor.can("batch"), "batch_key": secrets.token_urlsafe(24),
        "query": told.query, "only": only(session, actor, filters),
        "ticked": request.args.get("tick", ""),
        "tick_href": f"{base}?{urlencode({**address_of, 'after': filters.after})}&tick=",
    }  # fmt: skip


def sorts(actor: Actor, filters: Filters) -> list[tuple[str, str]]:
    """The orders that this list has; none to choose from where there is one."""
    by_activity = queue.offered(actor.desk, replace(filters, sort="activity")).sort == "activity"
    return list(words_day.sorts().items()) if by_activity else []


def bands(rows: tuple[Row, ...], lines: list[dict[str, Any]], counts: dict[str, int]) -> list[dict[str, Any]]:
    """The lines under the heads of their bands, with the count of each whole band; no heads where the queue is not
    divided. A page names only the bands of which it shows something."""
    if not rows or not counts:
        return plain(lines)
    labels = words_day.bands()
    found: dict[str, list[dict[str, Any]]] = {}
    for row, line in zip(rows, lines, strict=True):
        found.setdefault(row.band, []).append(line)
    return [
        {"key": band, "label": labels[band], "count_text": count_text(counts[band], "due_soon"), "rows": found[band]}
        for band in BANDS if band in found
    ]  # fmt: skip


def plain(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A list without heads."""
    return [{"key": "", "label": "", "count_text": "", "rows": lines}]


def owners(actor: Actor, filters: Filters, q: str = "") -> list[dict[str, Any]]:
    """Whose tickets the list shows, for desks whose people own tickets; every other filter and the search stay."""
    labels = words_ownership.owners() | ({"": _("Everybody's")} if actor.desk == "lcs" else {})
    first = replace(filters, after="")
    return [
        {"label": labels[key], "href": address(replace(first, owner=key), q), "current": key == filters.owner}
        for key in OWNED_BY.get(actor.desk, ())
    ]


def only(session: Session, actor: Actor, filters: Filters) -> dict[str, str] | None:
    """What the line above a list says that shows one site's work, and the way back to the whole list; None for others.

    Raises NotFound for a site outside the actor's area.
    """
    if not filters.site or actor.desk not in ("lcs", "ccs"):
        return None
    english, place = g.fmt.english, organisations.in_area(session, actor, filters.site)
    name = (place.name_en or place.name) if english else place.name
    return {
        "text": f"{name} · {words.word(words.queues(), filters.queue)}",
        "href": address(replace(filters, site="", after="")),
    }  # fmt: skip


def news(version: int, since: datetime, n: int, filters: Filters) -> dict[str, Any]:
    """The bar above the list: how many came since the list was made, and where to ask next."""
    return {
        "n": n, "href": address(filters),
        "poll_href": url_for(
            "tickets.news", version=version, since=since.isoformat(), bell=bell_mark.mark(), **asked(filters)
        ),
    }  # fmt: skip


def row_of(row: Row, told: Told) -> dict[str, Any]:
    """One line of the list: masked, with its countdown in words."""
    asking = row.asked or row.next_clock == "close"  # the site has something to do though the answer is out
    state, fmt = "in_progress" if asking else row.state, told.fmt  # what is asked counts, whatever the ticket's state
    due_text, tone = chip(state, row.due_at, row.overdue, told.now)
    foot = words_clocks.waiting(row.next_clock, raised=row.raised) if row.due_at else ""
    return {
        "number": row.number,
        "href": f"/tickets/{row.number}{told.query}",
        "due_text": due_text,
        "due_iso": row.due_at.isoformat() if row.due_at and state in ("open", "in_progress") else "",
        "tone": tone,
        "category": told.categories.get(row.category, row.category),
        "repeat": row.repeat_count,
        "round": row.retreats + 1 if row.retreats else 0,
        "broken": row.broken,
        "content": mask_start(row.content, 120),
        "waybill": row.waybill,
        "waybill_tail": f"…{row.waybill[-8:-4]} {row.waybill[-4:]}" if len(row.waybill) >= 8 else "",
        "foot": words_parties.queues()[row.asked] if row.asked else foot,
        "time_text": fmt.time(row.received_at),
        "time_full": fmt.full(row.received_at),
        "selected": row.number == told.selected,
        "owner": _("Mine") if row.mine else row.owner,
        "site_name": (row.site_name_en or row.site_name) if fmt.english else row.site_name,
    }


def chip(state: str, due_at: datetime | None, overdue: bool, now: datetime) -> tuple[str, str]:
    """What the countdown chip says, and its tone; never by colour alone."""
    if state in ("closed", "withdrawn"):
        return words.states()[state], ""
    if state == "appealed":
        return words.states()[state], "late" if overdue else "ask"
    if state == "replied" and not overdue:
        return words.states()[state], "good"
    if due_at is None:
        return words.states()[state], ""
    text = g.fmt.left(due_at, now)
    if due_at <= now:
        return text, "late"
    return text, "soon" if (due_at - now).total_seconds() <= 1800 else ""

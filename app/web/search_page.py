"""The list of what a search found: each ticket with the place where it was hit, within the filters of the address."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import g, redirect, render_template
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from htmx_flask import request

from app.domain import search as rule
from app.domain.roles import Actor
from app.domain.search import Query
from app.extensions import db
from app.services import search
from app.services.queue import Filters
from app.services.search import Found, Hit
from app.web import queue_page, thread, verbs, words, words_ownership
from app.web.context import translate as _

LIMIT = "60 per minute"  # a person; going to a ticket by its whole number is no search


def is_none() -> bool:
    """Whether a request for the list asks for no search."""
    return not request.args.get("q", "").strip()


def counts(response: Response) -> bool:
    """Whether an answer counts against the limit: each list does."""
    return response.status_code != 303


def show(actor: Actor, text: str, now: datetime) -> ResponseReturnValue:
    """The ticket itself for its whole number, waybill or platform order, whatever the filters; else the list."""
    session, filters = db.session(), asked_filters()
    query, found = _found(actor, text, filters, now)
    if number := _exact(actor, query, found, filters, now):
        return redirect(f"/tickets/{number}", 303)
    pane = listing(actor, text, query, found, filters, now)
    rail = queue_page.rail(session, actor, filters if filters.queue else None, now)
    return render_template("tickets.html", rail=rail, list=pane, t=None)


def _found(actor: Actor, text: str, filters: Filters, now: datetime) -> tuple[Query, Found]:
    """What every word is in; where that is nothing, a number written in groups is looked for as one."""
    query, whole = rule.parse(text), rule.together(text)
    found = Found((), "") if query.short else search.find(db.session(), actor, query, filters, now)
    if found.hits or not whole:
        return query, found
    as_one = rule.parse(whole)
    again = search.find(db.session(), actor, as_one, filters, now)
    return (as_one, again) if again.hits or again.exact else (query, found)


def _exact(actor: Actor, query: Query, found: Found, filters: Filters, now: datetime) -> str:
    """The one ticket whose whole number was asked for; filters that would hide it are left aside."""
    if len(query.words) != 1 or not query.words[0].order or filters.after:
        return ""
    wide = Filters(queue="", sort=filters.sort)
    if found.exact or filters == wide:
        return found.exact
    return search.find(db.session(), actor, query, wide, now).exact


def asked_filters() -> Filters:
    """The filters of the address; without a queue in it nothing is left out, ended tickets neither."""
    queue = request.args.get("queue", "")
    filters = verbs.asked_filters()
    return replace(filters, queue=filters.queue if queue == filters.queue else "")


def listing(
    actor: Actor, text: str, query: Query, found: Found, filters: Filters, now: datetime
) -> dict[str, Any]:  # fmt: skip
    """The list pane: the hits and no other ticket."""
    categories, kinds = queue_page.category_labels(db.session()), thread.names()
    narrow, told = narrowed(filters, queue_page.filter_labels(db.session())), queue_page.Told(now, categories, g.fmt)
    return {
        "rows": [_row(hit, query, told, kinds) for hit in found.hits], "q": text, "sort": filters.sort,
        "queue": filters.queue, "sorts": [], "owners": queue_page.owners(actor, filters, text), "owner": filters.owner,
        "site": filters.site,
        "filters": {"category": filters.category, "groups": queue_page.category_groups(db.session())}, "news": None,
        "next_href": queue_page.address(filters, text) + f"&after={found.after}" if found.after else None,
        "kept": queue_page.kept(filters), "list_href": queue_page.address(replace(filters, after="")),
        "empty_text": "", "search": {
            "total": _total(found, filters), "narrowed": narrow,
            "wide_href": queue_page.address(Filters(queue=""), text) if narrow else "",
            **_nothing(query, found, categories),
        },
    }  # fmt: skip


def narrowed(filters: Filters, categories: dict[str, str]) -> str:
    """The filters within which was searched, in words."""
    owner = words_ownership.owners()[filters.owner] if filters.owner else ""
    queue = words.queues()[filters.queue] if filters.queue not in ("", "all") else ""
    category = categories.get(filters.category, filters.category)
    return " · ".join(one for one in (filters.site, queue, owner, category) if one)


def _total(found: Found, filters: Filters) -> str:
    """How many there are where one page shows them all: counting more would cost more than it tells."""
    if found.after or filters.after:
        return _("Newest first")
    return _("%(n)s found", n=len(found.hits)) if found.hits else ""


def _nothing(query: Query, found: Found, categories: dict[str, str]) -> dict[str, Any]:
    """What was looked for in vain; who typed the name of a category may have meant all of its tickets."""
    if found.hits:
        return {"short": "", "words": "", "categories": []}
    said = {word.said for word in query.words}
    meant = [(code, label) for code, label in categories.items() if label in said]
    return {
        "short": query.short, "words": " + ".join(word.said for word in query.words),
        "categories": [(label, queue_page.address(Filters(queue="all", category=code))) for code, label in meant],
    }  # fmt: skip


def _row(hit: Hit, query: Query, told: queue_page.Told, kinds: dict[str, str]) -> dict[str, Any]:
    row = queue_page.row_of(hit.row, told)
    where, pieces = _where(hit, query)
    text = [(kinds.get(hit.entry, ""), hit.excerpt)] if hit.excerpt else []
    newest = {"time_text": g.fmt.time(hit.written_at), "time_full": g.fmt.full(hit.written_at)}
    return row | newest | {"hits": [*([(where, pieces)] if where else []), *text]}


def _where(hit: Hit, query: Query) -> tuple[str, tuple[tuple[str, bool], ...]]:
    """The number that was hit, with what was looked for marked in it."""
    row, codes = hit.row, [word.code for word in query.words if word.code]
    if hit.by == "number":
        return _("Ticket number"), ((row.number, True),)
    if hit.by == "waybill":
        return _("Waybill"), ((row.waybill, row.waybill in codes),)
    if hit.by == "suffix":
        tail = max((code for code in codes if row.waybill.endswith(code)), key=len, default="")
        return _("Waybill"), ((row.waybill[: len(row.waybill) - len(tail)], False), (tail, True))
    if hit.by == "order":
        return _("Platform order"), ()
    digits = next((word.last_four for word in query.words if word.last_four), "")
    return (_("Phone ends in"), ((digits, True),)) if hit.by == "phone" else ("", ())

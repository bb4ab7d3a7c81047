"""The pages that list expedites and inquiries, ended ones too."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy.orm import Session

from app import clock
from app.domain.kinds import EXPEDITE, INQUIRY
from app.domain.masking import mask_start
from app.domain.roles import Actor
from app.extensions import db
from app.models import Organisation
from app.services import inquiries, kind_list
from app.services.kind_list import Filters, Row
from app.web import queue_page, words, words_kinds
from app.web.access import route_access
from app.web.context import translate as _
from app.web.guard import current_actor, requires

bp = Blueprint("kind_lists", __name__)
TONES = {"open": "", "in_progress": "", "replied": "good", "closed": "", "withdrawn": ""}


@bp.get("/expedites")
@route_access("queue")
@requires("queue")
def expedites() -> ResponseReturnValue:
    """Who asked where a parcel is."""
    return _list(EXPEDITE)


@bp.get("/inquiries")
@route_access("queue")
@requires("queue")
def inquiries_list() -> ResponseReturnValue:
    """What sites, customers and platforms ask, suggest and praise."""
    return _list(INQUIRY)


def _list(kind: str) -> ResponseReturnValue:
    actor, now, session = current_actor(), clock.now(), db.session()
    asked = kind_list.filters(kind, request.args.to_dict(), now)
    rows, after = kind_list.page(session, actor, asked, now)
    labels = queue_page.category_labels(session)
    return render_template(
        "kind_list.html", kind=kind, title=titles()[kind], rows=[line(row, labels) for row in rows], asked=asked,
        choices=_choices(session, asked), next_href=_next(asked, after),
        rail=queue_page.rail(session, actor, None, now),
        new=_new(actor, kind), key=kind_key(kind), expedite=kind == EXPEDITE,
    )  # fmt: skip


def titles() -> dict[str, str]:
    """What each list is called."""
    return {EXPEDITE: _("Expedites"), INQUIRY: _("Inquiries")}


def kind_key(kind: str) -> str:
    """The list's key among the exports."""
    return {EXPEDITE: "expedites", INQUIRY: "inquiries"}[kind]


def line(row: Row, labels: dict[str, str]) -> dict[str, Any]:
    """One line: masked and worded."""
    return {
        "number": row.number, "href": url_for("tickets.show", number=row.number), "waybill": row.waybill,
        "category": labels.get(row.category, row.category), "state": words.states()[row.state],
        "tone": TONES.get(row.state, ""), "promise": words_kinds.delivery_promises().get(row.promise, ""),
        "outside": row.promise == "outside", "times": row.times, "late": row.late,
        "opened": g.fmt.time(row.opened_at), "opened_full": g.fmt.full(row.opened_at),
        "channel": words.word(words.channels(), row.channel), "content": mask_start(row.content, 120),
        "site": place_name(row.site), "reporter": place_name(row.reporter), "owner": row.owner,
    }  # fmt: skip


def place_name(place: Organisation | None) -> str:
    """An organisation's name in the reader's language, empty for none."""
    if place is None:
        return ""
    return (place.name_en or place.name) if g.fmt.english else place.name


def state_choices() -> dict[str, str]:
    """The states that the list may be narrowed to."""
    return {"at_work": _("To be answered"), "replied": words.states()["replied"], "closed": words.states()["closed"]}


def _choices(session: Session, asked: Filters) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Name, label, options and the chosen one of each select."""
    states = state_choices()
    if asked.kind == EXPEDITE:  # answered and closed in one step
        del states["replied"]
    found = [
        ("category", _("Type"), list(queue_page.category_labels(session, asked.kind).items()), asked.category),
        ("state", _("State"), list(states.items()), asked.state),
    ]
    if asked.kind == EXPEDITE:
        found.append(("promise", _("Parcel when asked"), list(words_kinds.delivery_promises().items()), asked.promise))
    return [*found, ("clock", _("Our clock"), [("late", _("late"))], asked.clock)]


def address(asked: Filters) -> dict[str, str]:
    """The filters as the address names them."""
    found = {
        "first": asked.first.isoformat(), "last": asked.last.isoformat(), "category": asked.category,
        "state": asked.state, "promise": asked.promise, "clock": asked.clock,
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def _next(asked: Filters, after: str) -> str:
    return f"{request.path}?{urlencode({**address(asked), 'after': after})}" if after else ""


def _new(actor: Actor, kind: str) -> list[dict[str, str]]:
    """What may be opened from here."""
    found = [{"label": _("New expedite"), "href": url_for("entry.new", kind=kind)}] if kind == EXPEDITE else []
    if kind == INQUIRY:
        if inquiries.desks_to_ask(actor):
            found.append({"label": _("Ask a question"), "href": url_for("entry.ask")})
        found.append(
            {"label": _("Question, suggestion or praise of a customer"), "href": url_for("entry.new", kind=kind)}
        )
    return found


def says(session: Session, asked: Filters) -> str:
    """The filters in words, for the head of a file."""
    labels = queue_page.category_labels(session)
    parts = [f"{asked.first} – {asked.last}", labels.get(asked.category, asked.category)]
    parts += [state_choices().get(asked.state, ""), words_kinds.delivery_promises().get(asked.promise, "")]
    return " · ".join(part for part in (*parts, _("late") if asked.clock else "") if part)

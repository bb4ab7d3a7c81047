"""Builds the pages of the knowledge base and the rules in force: plain values, codes in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import g, render_template, request, url_for
from wtforms import Form, StringField, TextAreaField

from app import clock
from app.domain import publications as rule
from app.domain.errors import NotFound
from app.domain.publications import ARTICLE, RULE
from app.domain.roles import Actor
from app.extensions import db
from app.models import Publication
from app.services import knowledge, publication_view, scope
from app.services.knowledge import KINDS, Asked
from app.services.publication_view import Line, Shown
from app.services.publications import PublicationIn
from app.services.ticket_view import View
from app.web import forms, queue_page
from app.web.auth import current_actor
from app.web.context import translate as _
from app.web.name_field import NameField
from app.web.numbers import number

EXCERPT = 140  # characters of a text in the list


class ArticleForm(Form):
    """An article or a rule; a rule has its number and the day from which it holds."""

    title = NameField(render_kw={"maxlength": rule.TITLE_LIMIT})
    number = StringField(render_kw={"maxlength": 60})
    from_day = StringField(render_kw={"type": "date"})
    keywords = StringField(render_kw={"maxlength": 200})
    body = TextAreaField(render_kw={"maxlength": rule.BODY_LIMIT})


def titles() -> dict[str, str]:
    """What each shelf is called."""
    return {ARTICLE: _("Knowledge base"), RULE: _("Rules of the house")}


def form(kind: str, data: Any = None, begun: dict[str, Any] | None = None) -> ArticleForm:
    """The form of a kind with its labels."""
    made = ArticleForm(data, data=begun)
    forms.label(
        made, title=_("Title"), body=_("Text"), keywords=_("Keywords"), number=_("Number"),
        from_day=_("In force from"),
    )  # fmt: skip
    if kind == ARTICLE:
        del made.number, made.from_day
    return made


def typed(made: ArticleForm) -> PublicationIn:
    """What was typed."""
    extra = {name: (made[name].data or "").strip() for name in ("keywords", "number", "from_day") if name in made}
    return PublicationIn(made.title.data or "", made.body.data or "", extra)


def kind_asked() -> str:
    """The shelf that the address names."""
    kind = request.values.get("shelf", ARTICLE)
    return kind if kind in KINDS else ARTICLE


def kept(publication_id: int) -> Shown:
    """One that the actor keeps. Raises NotFound for others."""
    actor = current_actor()
    shown = publication_view.show(db.session(), actor, publication_id)
    if shown.row.kind not in KINDS or not rule.keeps(actor, shown.row.kind, shown.row.scope_id):
        raise NotFound("publication_not_found")
    return shown


def asked() -> Asked:
    """What the address asks for."""
    return Asked(kind_asked(), request.args.get("q", "").strip()[:100], number(request.args, "below"))


def index() -> str:
    """One shelf, narrowed by words."""
    actor, session, wanted = current_actor(), db.session(), asked()
    lines, below = knowledge.found(session, actor, wanted)
    here: dict[str, Any] = {"shelf": wanted.kind if wanted.kind != ARTICLE else None, "q": wanted.words or None}
    return render_template(
        "knowledge.html", rows=[_row(line) for line in lines], title=titles()[wanted.kind], kind=wanted.kind,
        tabs=[
            {"label": label, "current": kind == wanted.kind,
             "href": url_for("knowledge.index", shelf=kind if kind != ARTICLE else None)}
            for kind, label in titles().items()
        ],
        q=wanted.words, writes=rule.may_write(actor, wanted.kind), rail=rail(),
        next_href=url_for("knowledge.index", **here, below=below) if below else "",
    )  # fmt: skip


def _row(line: Line) -> dict[str, Any]:
    said = line.version or line.row
    body = " ".join(said.body.split())
    return {
        "title": said.title, "href": url_for("knowledge.show", publication_id=line.row.id), "read": line.read,
        "out": line.version is not None and line.row.ended_at is None, "ended": line.row.ended_at is not None,
        "changed": line.changed, "text": body[:EXCERPT] + ("…" if len(body) > EXCERPT else ""),
        "number": said.extra.get("number", ""), "from_day": said.extra.get("from_day", ""),
        "at": g.fmt.date(line.row.published_at) if line.row.published_at else "",
    }  # fmt: skip


def show(publication_id: int, notice: str = "", error: str = "") -> str:
    """One of them; its keepers see the working copy where none is out."""
    actor, session = current_actor(), db.session()
    shown = publication_view.show(session, actor, publication_id, number(request.args, "v"))
    if shown.row.kind not in KINDS:
        raise NotFound("publication_not_found")
    row, current, keeps = shown.row, shown.version, rule.keeps(actor, shown.row.kind, shown.row.scope_id)
    return render_template(
        "knowledge_show.html", rail=rail(), notice=notice, error=error, row=row, said=current or row, version=current,
        keeps=keeps, facts=_facts(shown, actor), numbers=shown.numbers, author=shown.author,
        changed=shown.changed and keeps and request.args.get("v") is None,
        read_at=g.fmt.full(shown.read_at)[:16] if shown.read_at else "",
        reads=current is not None and current.id == row.current_id and row.ended_at is None,
        reach=publication_view.reach(session, actor, row, current.id) if keeps and current else None,
        published=g.fmt.full(current.published_at)[:16] if current else "", shelf=titles()[row.kind],
        shelf_href=url_for("knowledge.index", shelf=row.kind if row.kind != ARTICLE else None),
    )  # fmt: skip


def _facts(shown: Shown, actor: Actor) -> list[dict[str, str]]:
    extra = (shown.version or shown.row).extra
    labels = {"number": _("Number"), "from_day": _("In force from"), "keywords": _("Keywords")}
    found = [{"label": label, "value": extra[name], "href": ""} for name, label in labels.items() if extra.get(name)]
    ticket = scope.number_of(db.session(), actor, shown.row.ticket_id) if shown.row.ticket_id else ""
    if ticket and actor.can("queue"):
        found.append({"label": _("Ticket"), "value": ticket, "href": url_for("tickets.show", number=ticket)})
    return found


def form_of(row: Publication) -> ArticleForm:
    """The form of a working copy."""
    return form(row.kind, None, {"title": row.title, "body": row.body, **row.extra})


def form_page(kind: str, made: ArticleForm, shown: Shown | None = None, error: str = "") -> str:
    """The form on its page."""
    row = shown.row if shown else None
    back = url_for("knowledge.show", publication_id=row.id) if row else url_for("knowledge.index", shelf=kind)
    action = url_for("knowledge.save", publication_id=row.id) if row else url_for("knowledge.create", shelf=kind)
    return render_template(
        "knowledge_edit.html", form=made, error=error, back=back, action=action, shelf=titles()[kind],
        revision=row.revision if row else 0, stored=row if error else None, rail=rail(),
    )  # fmt: skip


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Beside an answered inquiry: the press that makes an article of it."""
    if not knowledge.may_make(view.ticket, actor):
        return None
    return {"template": "_panel_article.html", "href": url_for("knowledge.of_ticket", number=view.ticket.number)}


def rail() -> dict[str, Any]:
    """The menu."""
    return queue_page.rail_of(db.session(), current_actor(), clock.now())

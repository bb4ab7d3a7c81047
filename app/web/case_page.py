"""Builds the pages of typical cases, and the panel beside a closed ticket: plain values, codes in words."""

from __future__ import annotations

from datetime import datetime
from itertools import groupby
from typing import Any

from flask import g, render_template, request, url_for
from wtforms import Form, StringField, TextAreaField

from app import clock
from app.domain import publications as rule
from app.domain.errors import NotFound
from app.domain.publications import CASE
from app.domain.roles import Actor
from app.extensions import db
from app.models import Publication
from app.services import publication_view, scope, typical_cases
from app.services.publication_view import Line, Shown, SiteReads
from app.services.ticket_view import View
from app.services.typical_cases import CaseIn, Story
from app.web import case_labels, forms, queue_page
from app.web.auth import current_actor
from app.web.context import translate as _
from app.web.export_cells import named
from app.web.name_field import NameField
from app.web.numbers import number

EXCERPT = 120  # characters of a lesson in the list


class CaseForm(Form):
    """A case: its ticket is named once, when it is begun."""

    ticket = StringField(render_kw={"maxlength": 24})
    month = StringField(render_kw={"type": "month"})
    title = NameField(render_kw={"maxlength": rule.TITLE_LIMIT})
    body = TextAreaField(render_kw={"maxlength": rule.BODY_LIMIT})
    lesson = TextAreaField(render_kw={"maxlength": rule.KINDS[CASE].extra["lesson"]})


def form(data: Any, begun: dict[str, Any] | None = None) -> CaseForm:
    """The form with its labels."""
    made = CaseForm(data, data=begun)
    forms.label(
        made, ticket=_("Closed ticket"), month=_("Comes out in"), title=_("Headline"), body=_("The story"),
        lesson=_("What is learned from it"),
    )  # fmt: skip
    return made


def form_of(row: Publication) -> CaseForm:
    """The form of a working copy."""
    title, body = case_labels.headline(db.session(), row.title), case_labels.story(row.body)
    return form(None, {**row.extra, "title": title, "body": body})


def begun(story: Story, month: str) -> CaseForm:
    """The form of a new case with what the ticket tells."""
    category = queue_page.category_labels(db.session()).get(story.category, story.category)
    body = "\n".join(case_labels.begins(kind, text) for kind, text in story.lines)
    return form(None, {"ticket": story.number, "month": month, "title": category, "body": body[: rule.BODY_LIMIT]})


def typed(given: CaseForm) -> CaseIn:
    """What was typed."""
    title, body, lesson = (field.data or "" for field in (given.title, given.body, given.lesson))
    return CaseIn(title, body, lesson, (given.month.data or "").strip())


def kept(case_id: int) -> Shown:
    """A case that the actor keeps. Raises NotFound for others."""
    actor = current_actor()
    shown = publication_view.show(db.session(), actor, case_id)
    if shown.row.kind != CASE or not rule.keeps(actor, CASE, shown.row.scope_id):
        raise NotFound("publication_not_found")
    return shown


def form_page(made: CaseForm, shown: Shown | None = None, error: str = "") -> str:
    """The form on its page; a case that is kept has its ticket already."""
    if shown is not None:
        del made.ticket
    case_id = shown.row.id if shown else 0
    back = url_for("typical_cases.show", case_id=case_id) if shown else url_for("typical_cases.index")
    action = url_for("typical_cases.save", case_id=case_id) if shown else url_for("typical_cases.create")
    return render_template(
        "case_edit.html", form=made, error=error, back=back, action=action,
        stored=shown.row if shown and error else None, revision=shown.row.revision if shown else 0, rail=_rail(),
    )  # fmt: skip


# --- the list ---


def index(notice: str, left: tuple[str, ...] = (), out: int = 0) -> str:
    """What is out by month, and for those who write what waits."""
    actor, session = current_actor(), db.session()
    lines, below = publication_view.listed(session, actor, CASE, below=number(request.args, "below"))
    out_lines = [line for line in lines if line.version and line.row.ended_at is None]
    labels = queue_page.category_labels(session)
    out_lines.sort(key=lambda line: (_month(line.row), line.row.id), reverse=True)
    groups = [
        {"label": _month_text(month), "rows": [_row(line, labels) for line in of_month]}
        for month, of_month in groupby(out_lines, key=lambda line: _month(line.row))
    ]  # fmt: skip
    return render_template(
        "cases.html", groups=groups, waiting=_waiting(actor), writes=rule.may_write(actor, CASE), notice=notice,
        left=left, out=out, next_href=url_for("typical_cases.index", below=below) if below else "", rail=_rail(),
    )  # fmt: skip


def _waiting(actor: Actor) -> list[dict[str, Any]]:
    rows = sorted(typical_cases.waiting(db.session(), actor), key=_month)
    return [
        {"month": month, "label": _month_text(month), "rows": [
            {"title": case_labels.headline(db.session(), row.title), "href": _href(row), "ready": _ready(row)}
            for row in of_month
        ]} for month, of_month in groupby(rows, key=_month)
    ]  # fmt: skip


def _href(row: Publication) -> str:
    return url_for("typical_cases.show", case_id=row.id)


def _ready(row: Publication) -> bool:
    return not rule.errors(CASE, row.title, row.body, row.extra, out=True)


def _row(line: Line, labels: dict[str, str]) -> dict[str, Any]:
    version = line.version or line.row
    lesson = version.extra.get("lesson", "")
    return {
        "title": case_labels.headline(db.session(), version.title), "href": _href(line.row), "read": line.read,
        "category": labels.get(version.extra.get("category", ""), ""), "changed": line.changed,
        "lesson": lesson[:EXCERPT] + ("…" if len(lesson) > EXCERPT else ""), "at": g.fmt.date(line.row.published_at),
    }  # fmt: skip


def _month(row: Publication) -> str:
    return str(row.extra.get("month", ""))


def _month_text(month: str) -> str:
    return str(g.fmt.month(month)) if month else ""


# --- one case ---


def show(case_id: int, notice: str, error: str = "") -> str:
    """One case; its keepers see the working copy where none is out."""
    actor, session = current_actor(), db.session()
    shown = publication_view.show(session, actor, case_id, number(request.args, "v"))
    if shown.row.kind != CASE:
        raise NotFound("publication_not_found")
    keeps, current = rule.keeps(actor, CASE, shown.row.scope_id), shown.version
    said = current or shown.row
    return render_template(
        "case.html", rail=_rail(), notice=notice, error=error, row=shown.row, said=said, version=current, keeps=keeps,
        title=case_labels.headline(session, said.title), story=case_labels.story(said.body), facts=_facts(shown, actor),
        changed=shown.changed and keeps and request.args.get("v") is None,
        numbers=shown.numbers, read_at=g.fmt.full(shown.read_at)[:16] if shown.read_at else "", author=shown.author,
        reads=current is not None and current.id == shown.row.current_id and shown.row.ended_at is None,
        reach=publication_view.reach(session, actor, shown.row, current.id) if keeps and current else None,
        published=g.fmt.full(current.published_at)[:16] if current else "",
    )  # fmt: skip


def _facts(shown: Shown, actor: Actor) -> list[dict[str, str]]:
    """Month, kind of complaint, masked waybill, and the ticket for those who may see it."""
    session, extra = db.session(), (shown.version or shown.row).extra
    labels = queue_page.category_labels(session)
    found = [
        {"label": _("Comes out in"), "value": _month_text(extra.get("month", "")), "href": ""},
        {"label": _("Category"), "value": labels.get(extra.get("category", ""), "—"), "href": ""},
        {"label": _("Waybill"), "value": extra.get("waybill") or "—", "href": ""},
    ]
    ticket = scope.number_of(session, actor, shown.row.ticket_id) if shown.row.ticket_id else ""
    if ticket and actor.can("queue"):
        found.append({"label": _("Ticket"), "value": ticket, "href": url_for("tickets.show", number=ticket)})
    return found


def reader(one: SiteReads) -> dict[str, Any]:
    """A site of the list of readers."""
    return {
        "code": one.code, "name": named(one.name, one.name_en), "people": one.people, "read": one.read,
        "first": g.fmt.full(one.first_at)[:16] if one.first_at else "—",
    }  # fmt: skip


def panel(view: View, actor: Actor, now: datetime) -> dict[str, Any] | None:
    """Beside a closed ticket: the way to make a case of it, for those who write them."""
    if view.ticket.state != typical_cases.CLOSED or not rule.may_write(actor, CASE):
        return None
    return {"template": "_panel_case.html", "href": url_for("typical_cases.new", ticket=view.ticket.number)}


def _rail() -> dict[str, Any]:
    return queue_page.rail_of(db.session(), current_actor(), clock.now())

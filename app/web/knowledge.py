"""The knowledge base and the rules in force over HTTP: found, read on record, written, versions, and who has read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain import publications as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.extensions import db
from app.services import knowledge, publication_view, publications
from app.web import case_page, forms, knowledge_page, verbs, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number as number_of

bp = Blueprint("knowledge", __name__)


@bp.get("/knowledge")
@route_access("publications")
@requires("publications")
def index() -> ResponseReturnValue:
    """One shelf; `?q=` narrows it."""
    return knowledge_page.index()


@bp.get("/knowledge/new")
@route_access("case_write")
@requires("case_write")
def new() -> ResponseReturnValue:
    """The form of a new one."""
    kind = _writable()
    return knowledge_page.form_page(kind, knowledge_page.form(kind))


@bp.post("/knowledge")
@route_access("case_write")
@requires("case_write")
def create() -> ResponseReturnValue:
    """Keep a new one as a working copy."""
    kind = _writable()
    form = knowledge_page.form(kind, request.form)
    try:
        made = publications.draft(actor=current_actor(), kind=kind, made=knowledge_page.typed(form), now=clock.now())
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return knowledge_page.form_page(kind, form), 422
    return _there(made, "saved")


@bp.get("/knowledge/<int:publication_id>")
@route_access("publications")
@requires("publications")
def show(publication_id: int) -> ResponseReturnValue:
    """One as it is out, or an earlier version of it."""
    return knowledge_page.show(publication_id, _notice())


@bp.get("/knowledge/<int:publication_id>/edit")
@route_access("case_write")
@requires("case_write")
def edit(publication_id: int) -> ResponseReturnValue:
    """The working copy in its form."""
    shown = knowledge_page.kept(publication_id)
    return knowledge_page.form_page(shown.row.kind, knowledge_page.form_of(shown.row), shown)


@bp.post("/knowledge/<int:publication_id>")
@route_access("case_write")
@requires("case_write")
def save(publication_id: int) -> ResponseReturnValue:
    """Change the working copy; what was typed stays where it is refused."""
    kind = knowledge_page.kept(publication_id).row.kind
    form = knowledge_page.form(kind, request.form)
    try:
        publications.revise(
            actor=current_actor(), publication_id=publication_id, revision=_revision(),
            made=knowledge_page.typed(form), now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return knowledge_page.form_page(kind, form, knowledge_page.kept(publication_id)), 422
    except (Stale, NotAllowed) as refused:
        shown = knowledge_page.kept(publication_id)
        return knowledge_page.form_page(kind, form, shown, words.refused(refused)), 409
    return _there(publication_id, "saved")


@bp.post("/knowledge/<int:publication_id>/publish")
@route_access("case_write")
@requires("case_write")
def publish(publication_id: int) -> ResponseReturnValue:
    """Let the working copy out."""
    return _move(publication_id, publications.publish, "published")


@bp.post("/knowledge/<int:publication_id>/withdraw")
@route_access("case_write")
@requires("case_write")
def withdraw(publication_id: int) -> ResponseReturnValue:
    """Take it back."""
    return _move(publication_id, publications.withdraw, "ended")


@bp.post("/knowledge/<int:publication_id>/read")
@route_access("publications")
@requires("publications")
def read(publication_id: int) -> ResponseReturnValue:
    """On record: this person has read the version that the page showed."""
    publications.read(actor=current_actor(), version_id=number_of(request.form, "version") or 0, now=clock.now())
    return redirect(url_for("knowledge.show", publication_id=publication_id), 303)


@bp.get("/knowledge/<int:publication_id>/readers")
@route_access("case_write")
@requires("case_write")
def readers(publication_id: int) -> ResponseReturnValue:
    """Which sites have read the version that is out."""
    session, actor = db.session(), current_actor()
    shown = knowledge_page.kept(publication_id)
    if shown.version is None:
        raise NotFound("publication_not_found")
    unread_only, after = request.args.get("unread") == "1", request.args.get("after", "")[:32]
    found = publication_view.sites(session, actor, shown.row, shown.version.id, after=after, unread_only=unread_only)
    rows, here = found[: publication_view.SITES], url_for("knowledge.readers", publication_id=publication_id)
    more: Any = {"after": rows[-1].code, "unread": "1" if unread_only else None} if len(found) > len(rows) else None
    return render_template(
        "knowledge_readers.html", rail=knowledge_page.rail(), shown=shown, rows=[case_page.reader(one) for one in rows],
        reach=publication_view.reach(session, actor, shown.row, shown.version.id), unread_only=unread_only, here=here,
        next_href=url_for("knowledge.readers", publication_id=publication_id, **more) if more else "",
    )  # fmt: skip


@bp.post("/tickets/<number>/to-article")
@route_access("case_write")
@requires("case_write")
def of_ticket(number: str) -> ResponseReturnValue:
    """Make an article of an answered inquiry: its working copy, masked, to be read once and published."""
    actor = current_actor()
    try:
        made = knowledge.of_ticket(actor=actor, number=number, now=clock.now())
    except NotAllowed as error:
        return verbs.failed(actor, number, "to_article", None, error)
    return _there(made, "made")


def _writable() -> str:
    """The shelf that the address names, for who writes on it."""
    kind = knowledge_page.kind_asked()
    if not rule.may_write(current_actor(), kind):
        raise NotFound("publication_not_found")
    return kind


def _move(publication_id: int, verb: Callable[..., Any], done: str) -> ResponseReturnValue:
    shown = knowledge_page.kept(publication_id)
    try:
        verb(actor=current_actor(), publication_id=publication_id, revision=_revision(), now=clock.now())
    except Invalid as wrong:
        form = knowledge_page.form_of(shown.row)
        forms.mark(form, wrong.fields)
        return knowledge_page.form_page(shown.row.kind, form, knowledge_page.kept(publication_id)), 422
    except (Stale, NotAllowed) as refused:
        return knowledge_page.show(publication_id, "", words.refused(refused)), 409
    return _there(publication_id, done)


def _there(publication_id: int, done: str) -> ResponseReturnValue:
    return redirect(url_for("knowledge.show", publication_id=publication_id, done=done), 303)


def _revision() -> int:
    return number_of(request.form, "revision") or 0


def _notice() -> str:
    said = {
        "saved": _("Saved."), "published": _("It is out and unread for everybody it is meant for."),
        "ended": _("It is taken back."),
        "made": _("Made of question and answer, names, telephones and house numbers masked. Read it, then publish."),
    }  # fmt: skip
    return said.get(request.args.get("done", ""), "")

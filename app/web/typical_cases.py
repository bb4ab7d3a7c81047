"""Typical cases over HTTP: the list by month, one case to read or to keep, and which sites have read it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.calendars import month_of
from app.domain.errors import DomainError, Invalid, NotAllowed, NotFound, Stale
from app.domain.publications import CASE
from app.extensions import db
from app.services import publication_view, publications, typical_cases
from app.web import case_page, forms, queue_page, words
from app.web.access import route_access
from app.web.auth import current_actor, requires
from app.web.context import translate as _
from app.web.numbers import number

bp = Blueprint("typical_cases", __name__)


@bp.get("/cases")
@route_access("publications")
@requires("publications")
def index() -> ResponseReturnValue:
    """What is out, by month; for those who write also what waits."""
    return case_page.index(_notice())


@bp.get("/cases/new")
@route_access("case_write")
@requires("case_write")
def new() -> ResponseReturnValue:
    """The form of a new case: begun from a ticket that the address names, or asking for one."""
    asked = request.args.get("ticket", "").strip()[:24]
    if not asked:
        return case_page.form_page(case_page.form(None, {"month": month_of(clock.now())}))
    try:
        story = typical_cases.story(db.session(), current_actor(), asked)
    except NotFound:
        return _asked_again(asked, "unknown_ticket")
    except NotAllowed as refused:
        return _asked_again(asked, refused.code)
    return case_page.form_page(case_page.begun(story, month_of(clock.now())))


def _asked_again(asked: str, code: str) -> ResponseReturnValue:
    form = case_page.form(None, {"ticket": asked, "month": month_of(clock.now())})
    forms.mark(form, {"ticket": code})
    return case_page.form_page(form)


@bp.post("/cases")
@route_access("case_write")
@requires("case_write")
def create() -> ResponseReturnValue:
    """Keep a new case as a working copy."""
    form = case_page.form(request.form)
    try:
        made = typical_cases.create(
            actor=current_actor(), number=(form.ticket.data or "").strip()[:24], case=case_page.typed(form),
            now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return case_page.form_page(form), 422
    except (NotFound, NotAllowed) as refused:
        forms.mark(form, {"ticket": refused.code if refused.code != "ticket_not_found" else "unknown_ticket"})
        return case_page.form_page(form), 422
    return redirect(url_for("typical_cases.show", case_id=made, done="saved"), 303)


@bp.post("/cases/publish")
@route_access("case_write")
@requires("case_write")
def publish_month() -> ResponseReturnValue:
    """Let all out that waits for a month."""
    month = request.form.get("month", "")[:7]
    issue = typical_cases.publish_month(actor=current_actor(), month=month, now=clock.now())
    if issue.left:
        return case_page.index(_notice(), left=issue.left, out=issue.out), 409
    return redirect(url_for("typical_cases.index", done="published" if issue.out else None), 303)


@bp.get("/cases/<int:case_id>")
@route_access("publications")
@requires("publications")
def show(case_id: int) -> ResponseReturnValue:
    """One case as it is out, or an earlier version of it."""
    return case_page.show(case_id, _notice())


@bp.get("/cases/<int:case_id>/edit")
@route_access("case_write")
@requires("case_write")
def edit(case_id: int) -> ResponseReturnValue:
    """The working copy in its form."""
    shown = case_page.kept(case_id)
    return case_page.form_page(case_page.form_of(shown.row), shown)


@bp.post("/cases/<int:case_id>")
@route_access("case_write")
@requires("case_write")
def save(case_id: int) -> ResponseReturnValue:
    """Change the working copy; what was typed stays where it is refused."""
    case_page.kept(case_id)
    form = case_page.form(request.form)
    try:
        typical_cases.revise(
            actor=current_actor(), publication_id=case_id, revision=_revision(), case=case_page.typed(form),
            now=clock.now(),
        )  # fmt: skip
    except Invalid as wrong:
        forms.mark(form, wrong.fields)
        return case_page.form_page(form, case_page.kept(case_id)), 422
    except (Stale, NotAllowed) as refused:
        return case_page.form_page(form, case_page.kept(case_id), words.refused(refused)), 409
    return redirect(url_for("typical_cases.show", case_id=case_id, done="saved"), 303)


@bp.post("/cases/<int:case_id>/publish")
@route_access("case_write")
@requires("case_write")
def publish(case_id: int) -> ResponseReturnValue:
    """Let the working copy out."""
    case_page.kept(case_id)
    try:
        publications.publish(
            actor=current_actor(), publication_id=case_id, revision=_revision(), now=clock.now()
        )  # fmt: skip
    except Invalid as wrong:
        form = case_page.form_of(case_page.kept(case_id).row)
        forms.mark(form, wrong.fields)
        return case_page.form_page(form, case_page.kept(case_id)), 422
    except (Stale, NotAllowed) as refused:
        return _refused(case_id, refused)
    return redirect(url_for("typical_cases.show", case_id=case_id, done="published"), 303)


@bp.post("/cases/<int:case_id>/withdraw")
@route_access("case_write")
@requires("case_write")
def withdraw(case_id: int) -> ResponseReturnValue:
    """Take it back."""
    case_page.kept(case_id)
    try:
        publications.withdraw(
            actor=current_actor(), publication_id=case_id, revision=_revision(), now=clock.now()
        )  # fmt: skip
    except (Stale, NotAllowed) as refused:
        return _refused(case_id, refused)
    return redirect(url_for("typical_cases.show", case_id=case_id, done="ended"), 303)


@bp.post("/cases/<int:case_id>/read")
@route_access("publications")
@requires("publications")
def read(case_id: int) -> ResponseReturnValue:
    """On record: this person has read the version that the page showed."""
    publications.read(actor=current_actor(), version_id=number(request.form, "version") or 0, now=clock.now())
    return redirect(url_for("typical_cases.show", case_id=case_id), 303)


@bp.get("/cases/<int:case_id>/readers")
@route_access("case_write")
@requires("case_write")
def readers(case_id: int) -> ResponseReturnValue:
    """Which sites have read the version that is out."""
    session, actor = db.session(), current_actor()
    shown = publication_view.show(session, actor, case_id)
    if shown.version is None or shown.row.kind != CASE:
        raise NotFound("publication_not_found")
    unread_only, after = request.args.get("unread") == "1", request.args.get("after", "")[:32]
    found = publication_view.sites(
        session, actor, shown.row, shown.version.id, after=after, unread_only=unread_only
    )  # fmt: skip
    rows, last = found[: publication_view.SITES], found[publication_view.SITES - 1] if len(found) > 100 else None
    return render_template(
        "case_readers.html", rail=queue_page.rail_of(session, actor, clock.now()), case=shown,
        reach=publication_view.reach(session, actor, shown.row, shown.version.id), unread_only=unread_only,
        rows=[case_page.reader(one) for one in rows], here=url_for("typical_cases.readers", case_id=case_id),
        next_href=url_for(
            "typical_cases.readers", case_id=case_id, after=last.code, unread="1" if unread_only else None
        ) if last else "",
    )  # fmt: skip


def _refused(case_id: int, refused: DomainError) -> ResponseReturnValue:
    return case_page.show(case_id, "", words.refused(refused)), 409


def _revision() -> int:
    return number(request.form, "revision") or 0


def _notice() -> str:
    said: dict[str, Any] = {
        "saved": _("Saved. Names, telephones, house numbers and waybills are masked; read it once more."),
        "published": _("It is out and unread for everybody it is meant for."), "ended": _("It is taken back."),
    }  # fmt: skip
    return str(said.get(request.args.get("done", ""), ""))

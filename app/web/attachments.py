"""Pictures over HTTP: upload one by one or with the reply's own form, show, remove. Authorised per ticket each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from flask import Blueprint, Flask, current_app, g, render_template, request, send_file, url_for
from flask.typing import ResponseReturnValue
from flask.wrappers import Response
from flask_login import current_user
from werkzeug.datastructures import FileStorage

from app import clock
from app.domain import pictures as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.pictures import BadPicture, Picture
from app.domain.roles import Actor
from app.extensions import db, limiter
from app.integrations import sheets_in, store, stores
from app.integrations.pictures import prepare
from app.integrations.store import Store, StoreError
from app.models import Attachment
from app.services import attachments, desk, scope
from app.services.ticket_view import View
from app.web import addresses, picture_words, words
from app.web.access import route_access
from app.web.guard import current_actor, requires
from app.web.security import FORM_LIMIT

bp = Blueprint("attachments", __name__)
TAKES_PICTURES = frozenset(
    {
        "tickets.follow_up",
        "tickets.result",
        "tickets.note",
        "template_put.ticket",
        "drafts.save",
        "transfers.give_up",
        "attachments.upload",
        "parties.add",
        "parties.answer",
        "parties.dispute",
        "parties.reject",
        "parties.arbitrate",
        "parties.deliver",
        "closing.withdraw",
        "kinds.settle",
        "exemptions.ask",
        "penalties.enter",
        "penalty_contests.raise_one",
        "problems.new",
    }
)
# lists: what is too large for them is told beside the field, up to three times as much
TAKES_SHEETS = {
    "ticket_import.index": "ticket_import", "organisations.take_in": "admin", "people_admin.take_in": "admin",
    "customers.take_in": "admin", "volumes.index": "month_close", "calendars.import_days": "admin",
}  # fmt: skip
SHEET_ROOM = 3 * sheets_in.MAX_BYTES
ROOM = rule.MAX_PER_ENTRY * rule.MAX_BYTES + FORM_LIMIT  # bytes of one post with nine pictures
_uploads = limiter.shared_limit(
    "120 per minute", scope="uploads", key_func=lambda: f"uploads:{current_user.get_id()}",
    exempt_when=lambda: not any(file.filename for file in request.files.getlist("file")),
)  # fmt: skip
SEALED = {
    "Content-Security-Policy": "default-src 'none'; sandbox; frame-ancestors 'none'",
    "Cache-Control": "private, no-store",
}


def init(app: Flask) -> None:
    """Posts with pictures and lists may be larger, for people who are signed in and may send them; asked before the
    form's token is read."""
    app.jinja_env.globals["sheet_bytes"] = sheets_in.MAX_BYTES
    app.before_request_funcs.setdefault(None, []).insert(0, _make_room)


def count_uploads(app: Flask) -> None:
    """Whatever form pictures come with, their posts count against one limit of the person (429); words alone do not."""
    for endpoint in TAKES_PICTURES:
        view: Any = app.view_functions[endpoint]
        app.view_functions[endpoint] = _uploads(view)


def _make_room() -> None:
    carries = request.method == "POST" and request.mimetype == "multipart/form-data"  # a form of words has no picture
    if not carries or not current_user.is_authenticated:
        return
    if request.endpoint in TAKES_PICTURES and current_actor().can("queue"):
        request.max_content_length = ROOM
    elif request.endpoint in TAKES_SHEETS and current_actor().can(TAKES_SHEETS[request.endpoint]):
        request.max_content_length = SHEET_ROOM


@dataclass(frozen=True)
class Kept:
    """What a post brought: ids of pictures, and why one was not taken."""

    ids: list[int]
    refused: str = ""

    def checked(self) -> list[int]:
        """The ids. Raises Invalid(file) when a picture was refused; those that were taken wait in the box."""
        if self.refused:
            raise Invalid({"file": self.refused})
        return self.ids


@bp.post("/tickets/<number>/attachments")
@route_access("queue")
@requires("queue")
def upload(number: str) -> ResponseReturnValue:
    """Take the files of one reply box; the answer is the box's renewed tray."""
    actor, box = current_actor(), request.form.get("box", "")
    scope.load(db.session(), actor, number)
    try:
        kept = keep(actor, number, box)
        refused = kept.refused or ("" if kept.ids else "no_picture")
    except NotAllowed as error:
        return _tray_page(actor, number, box, words.word(words.errors(), error.code)), 409
    said = picture_words.refusals().get(refused, "")
    return _tray_page(actor, number, box, said), 422 if refused else 200


@bp.post("/tickets/<number>/attachments/remove")
@route_access("queue")
@requires("queue")
def remove(number: str) -> ResponseReturnValue:
    """Take back one's own upload (`attachment`) before it is posted; the answer is the renewed tray."""
    actor = current_actor()
    ids = _ids()
    place = attachments.remove(actor=actor, number=number, attachment_id=ids[0] if ids else 0)
    store.drop(_store(), place.store_name)
    attachments.forget(attachment_id=place.id)
    return _tray_page(actor, number, request.form.get("box", ""), "")


@bp.get("/attachments/<int:attachment_id>")
@route_access("queue")
@requires("queue")
def show(attachment_id: int) -> ResponseReturnValue:
    """The picture as a file to keep: never rendered as a page of ours."""
    return _send(attachment_id, thumb=False)


@bp.get("/attachments/<int:attachment_id>/thumb")
@route_access("queue")
@requires("queue")
def thumb(attachment_id: int) -> ResponseReturnValue:
    """The small picture in the thread."""
    return _send(attachment_id, thumb=True)


def _send(attachment_id: int, *, thumb: bool) -> Response:
    row = attachments.load(db.session(), current_actor(), attachment_id)
    name = store.thumb_of(row.store_name) if thumb else row.store_name
    try:
        data = _store().get(name)
    except StoreError as error:
        current_app.logger.error("attachment %s: %s", attachment_id, error.code)
        raise NotFound("attachment_not_found") from None
    response = send_file(BytesIO(data), row.media_type, as_attachment=not thumb, download_name=row.file_name)
    response.headers.update(SEALED)
    return response


def keep(actor: Actor, number: str, box: str, now: datetime | None = None) -> Kept:
    """Store the files of this post for a reply box; with them the ids of those that were stored before.

    A form that was taken already stores nothing again. Raises NotFound, NotAllowed.
    """
    ids, refused = _ids(), ""
    files = _files()
    post = desk.Post(number, None, request.form.get("submission_key", "")[:64])
    if files and desk.done_before(db.session(), post):
        return Kept(ids)
    for file in files:
        try:
            ids.append(_take_in(actor, number, box, file, now or clock.now()))
        except (BadPicture, StoreError) as error:
            refused = error.code
    return Kept(ids, refused)


def _files() -> list[FileStorage]:
    """The files of this post, no more than show that there are too many: each is decoded before its place is asked for,
    and a thousand small ones of many pixels would take minutes of the only decoder."""
    return [one for one in request.files.getlist("file") if one.filename][: rule.MAX_PER_ENTRY + 1]


def _take_in(actor: Actor, number: str, box: str, file: FileStorage, now: datetime) -> int:
    """Write one file anew, then a row, then the bytes, then the row's end: whatever fails leaves nothing behind."""
    picture = prepare(file.stream.read(rule.MAX_BYTES + 1), file.mimetype or "")
    place = attachments.begin(actor=actor, number=number, box=box, file_name=file.filename or "", now=now)
    try:
        store.keep(_store(), place.store_name, picture.data, picture.thumb)
    except StoreError:
        attachments.forget(attachment_id=place.id)
        raise
    attachments.ready(attachment_id=place.id, picture=picture)
    return place.id


def prepared() -> tuple[list[tuple[str, Picture]], str]:
    """The files of this post written anew with their names, for what has no ticket yet; and why one was not taken."""
    found, refused = [], ""
    for file in _files():
        try:
            picture = prepare(file.stream.read(rule.MAX_BYTES + 1), file.mimetype or "")
            found.append((file.filename or "", picture))
        except BadPicture as error:
            refused = error.code
    return found, refused


def store_all(places: Sequence[attachments.Place], pictures: Sequence[Picture]) -> None:
    """Write the bytes of pictures whose rows stand already; what cannot be kept is told in its place."""
    for place, picture in zip(places, pictures, strict=True):
        try:
            store.keep(_store(), place.store_name, picture.data, picture.thumb)
        except StoreError as error:
            attachments.lost(attachment_id=place.id, error=error.code)
        else:
            attachments.ready(attachment_id=place.id, picture=picture)


def tray(view: View, box: str) -> dict[str, Any]:
    """The pictures that wait in one reply box of the page."""
    mine = [row for row in view.pictures if row.event_id is None]
    return _tray(view.ticket.number, box, mine)


def pictures_of(view: View, event_id: int) -> list[dict[str, Any]]:
    """The pictures of one entry; those that are not here yet, or never will be, as a plain word."""
    return [_shown(row) for row in view.pictures if row.event_id == event_id]


def chosen(view: View, ids: list[int]) -> list[dict[str, Any]]:
    """The waiting pictures with these ids, for the preview."""
    return [_shown(row) for row in view.pictures if row.id in ids]


def _tray(number: str, box: str, waiting: list[Attachment], error: str = "") -> dict[str, Any]:
    return {
        "box": box, "most": rule.MAX_PER_ENTRY, "bytes": rule.MAX_BYTES, "error": error,
        "upload_href": addresses.of_ticket("attachments.upload", number),
        "remove_href": addresses.of_ticket("attachments.remove", number),
        "pictures": [_shown(row) for row in waiting if row.box == box],
    }  # fmt: skip


def tray_of(actor: Actor, number: str, box: str) -> dict[str, Any] | None:
    """The waiting pictures of a form outside the ticket's own page; None for who does not see the ticket any more."""
    session = db.session()
    try:
        rows = attachments.of_ticket(session, actor, scope.load(session, actor, number))
    except NotFound:
        return None
    return _tray(number, box, [row for row in rows if row.event_id is None])


def _tray_page(actor: Actor, number: str, box: str, error: str) -> str:
    session = db.session()
    rows = attachments.of_ticket(session, actor, scope.load(session, actor, number))
    waiting = [row for row in rows if row.event_id is None]
    return render_template("_attachments.html", tray=_tray(number, box, waiting, error))


def _shown(row: Attachment) -> dict[str, Any]:
    here = row.state == "ready"
    return {
        "id": row.id, "name": row.file_name, "width": row.width, "height": row.height,
        "word": "" if here else picture_words.fetches(row.state, row.error), "failed": row.state == "failed",
        "href": url_for("attachments.show", attachment_id=row.id) if here else "",
        "thumb_href": url_for("attachments.thumb", attachment_id=row.id) if here else "",
        "time_full": g.fmt.full(row.created_at),
    }  # fmt: skip


def _ids() -> list[int]:
    given = [value for value in request.form.getlist("attachment") if value.isdecimal() and len(value) < 20]
    return [int(value) for value in given if int(value) < 2**63]


def _store() -> Store:
    config = current_app.extensions["kuaifu"]
    return stores.attachments(config.data_dir, config.store)

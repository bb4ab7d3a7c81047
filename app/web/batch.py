"""Many tickets at once over HTTP: the ticked rows of the queue are claimed, followed up or answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from app import clock
from app.domain.errors import Invalid
from app.extensions import db
from app.jobs import sends
from app.services import batch
from app.services import undo as undo_rule
from app.services.batch import Many
from app.services.one_by_one import Done
from app.web import batch_page, forms, undo_bar, verbs
from app.web.access import route_access
from app.web.auth import current_actor, requires

bp = Blueprint("batch", __name__)


@bp.post("/batch/claim")
@route_access("batch")
@requires("batch")
def claim() -> ResponseReturnValue:
    """Take each of them as one's own."""
    return _act("claim", None, lambda: batch.claim(actor=current_actor(), many=_many(), now=clock.now()))


@bp.post("/batch/follow-up")
@route_access("batch")
@requires("batch")
def follow_up() -> ResponseReturnValue:
    """The same follow-up at each; first its form."""
    if request.form.get("open"):
        return _opened("follow_up")
    form = batch_page.follow_up_form(request.form)
    return _act("follow_up", form, lambda: batch.follow_up(
        actor=current_actor(), many=_many(), text=form.text.data or "", now=clock.now(),
        contact_outcome=form.contact_outcome.data or "", next_update_at=forms.instant(form.next_update_at),
    ))  # fmt: skip


@bp.post("/batch/result")
@route_access("batch")
@requires("batch")
def result() -> ResponseReturnValue:
    """One answer for all of them: first its form, then the preview of each text, then, seen, they leave the house."""
    if request.form.get("open"):
        return _opened("result")
    actor, now, numbers = current_actor(), clock.now(), request.form.getlist("ticket")
    try:
        found = batch.items(db.session(), actor, numbers, now)
        form, groups = batch_page.result_form(found, request.form)
    except Invalid as wrong:
        return batch_page.refused(actor, "result", None, wrong), 422
    answer = batch_page.answer_of(form, groups)
    if request.form.get("seen") != batch_page.seal(answer):  # the first time, or it is another answer by now
        try:
            refusals = batch.refusals(db.session(), actor, found, answer, now)
        except Invalid as wrong:
            return batch_page.refused(actor, "result", form, wrong), 422
        return batch_page.preview(actor, found, form, answer, refusals)
    return _act(
        "result", form, lambda: batch.result(actor=actor, many=_many(), answer=answer, now=now, hold=undo_bar.hold())
    )


@bp.post("/batch/undo")
@route_access("batch")
@requires("batch")
def undo() -> ResponseReturnValue:
    """Take the answers to these tickets back, as far as they have not left."""
    actor, numbers, now = current_actor(), request.form.getlist("ticket"), clock.now()
    try:
        batch.items(db.session(), actor, numbers, now)
    except Invalid as wrong:
        return batch_page.refused(actor, "undo", None, wrong), 422
    return batch_page.outcome(actor, "undo", None, undo_rule.take_back_many(actor=actor, numbers=numbers, now=now))


def _many() -> Many:
    return Many(request.form.getlist("ticket"), batch_page.versions(request.form), verbs.key())


def _opened(verb: str) -> ResponseReturnValue:
    try:
        return batch_page.page(current_actor(), verb, request.form.getlist("ticket"))
    except Invalid as wrong:
        return batch_page.refused(current_actor(), verb, None, wrong), 422


def _act(verb: str, form: Any, run: Callable[[], list[Done]]) -> ResponseReturnValue:
    """Run it; the outcome of each row, and those that failed ticked still, with what was typed."""
    actor = current_actor()
    try:
        done = run()
    except Invalid as wrong:
        return batch_page.refused(actor, verb, form, wrong), 422
    sends.ring()
    return batch_page.outcome(actor, verb, form, done)

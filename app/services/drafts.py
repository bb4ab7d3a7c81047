"""Drafts on the server: they survive a reload, a sign-out and another device, and two browsers lose nothing to each
other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, delete, select
from sqlalchemy.orm import Session

from app.domain import drafts as rule
from app.domain.errors import Invalid, Stale
from app.domain.roles import Actor
from app.models import Draft, Ticket
from app.models.dialect import changed
from app.models.together import Question, Step
from app.services import desk, scope
from app.services.desk import Post
from app.services.transaction import write


@dataclass(frozen=True)
class DraftIn:
    """What a form says: which box, its fields, and the version of the draft that the browser knows (0 = none)."""

    box: str
    values: Mapping[str, str]
    known: int = 0


def save(*, actor: Actor, post: Post, draft: DraftIn, now: datetime) -> int:
    """Keep the draft of a ticket in scope; its new version, 0 where nothing is kept: all fields empty, or the form
    `post.key` was sent already with these words and its draft came late.

    Raises NotFound, Invalid(draft), and Stale with `values`, `version` and `saved_at` of what another browser saved
    since: nothing of that is overwritten. The ticket is locked, so that a draft and its sending never cross.
    """
    with write() as session:
        ticket = scope.load(session, actor, post.number, lock=True)
        if not rule.keeps(draft.box) or not rule.fits(draft.values):
            raise Invalid({"draft": "too_long"})
        if desk.sent_with(session, post.key, draft.values.get("text", "")):
            return 0
        row = session.get(Draft, (actor.user_id, ticket.id, draft.box))
        if row is not None and row.version != draft.known and rule.fresh(row.saved_at, now):
            return _changed_elsewhere(row, draft)
        if not draft.values:
            desk.drop_draft(session, actor.user_id, ticket, draft.box)
            return 0
        if row is None:
            row = Draft(user_id=actor.user_id, ticket_id=ticket.id, box=draft.box, version=draft.known)
            session.add(row)
        row.values, row.version, row.saved_at = dict(draft.values), row.version + 1, now
        row.ticket_version = ticket.version if post.version is None else min(post.version, ticket.version)
        return row.version


def _changed_elsewhere(row: Draft, draft: DraftIn) -> int:
    if rule.same(row.values, draft.values):  # the same words once more: an answer that got lost on its way
        return row.version
    raise Stale("draft_changed", version=row.version, values=dict(row.values), saved_at=row.saved_at)


def discard(*, actor: Actor, number: str, box: str) -> None:
    """Throw a draft away. Raises NotFound outside the scope; one that is not there is none."""
    with write() as session:
        desk.drop_draft(session, actor.user_id, scope.load(session, actor, number, lock=True), box)


_MINE = Question(select(Draft).where(Draft.user_id == bindparam("actor_id"), Draft.ticket_id == bindparam("ticket_id")))


def of_ticket(ticket: Ticket, actor: Actor) -> Step[dict[str, Draft]]:
    """This person's drafts on a ticket by their box, old ones too."""
    (mine,) = yield (_MINE(ticket_id=ticket.id, actor_id=actor.user_id),)
    return {row.box: row for row in mine}


def of_form(session: Session, actor: Actor, number: str, box: str) -> Draft | None:
    """This person's draft of one form of a ticket in scope, an old one too; None without one or outside the scope."""
    mine = select(Draft).join(Ticket, Ticket.id == Draft.ticket_id).where(
        Ticket.number == number, scope.visible_to(actor), Draft.user_id == actor.user_id, Draft.box == box
    )  # fmt: skip
    return session.scalars(mine).one_or_none()


def sweep(now: datetime) -> int:
    """Delete what nobody came back to within a week; how many."""
    with write() as session:
        return changed(session, delete(Draft).where(Draft.saved_at <= now - rule.KEPT))

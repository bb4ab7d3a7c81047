"""Drafts of forms on pages of their own: new tickets, penalties by hand, contests of many, replies to an incident,
rectification forms. They are kept as those of a ticket are; each belongs to the person who typed it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import drafts as rule
from app.domain import rectifications
from app.domain.errors import Invalid, NotFound, Stale
from app.domain.roles import Actor
from app.models import PageDraft, Rectification
from app.models.dialect import changed, lock_key
from app.services import desk, incidents, rectification_view
from app.services.drafts import DraftIn
from app.services.transaction import write


def save(*, actor: Actor, draft: DraftIn, key: str, now: datetime) -> int:
    """Keep the draft of a page's form; its new version, 0 where nothing is kept: all fields empty, the form `key` was
    sent already with these words, or what it is about is settled.

    Raises NotFound for a form that this person cannot send, Invalid(draft), and Stale with `values`, `version` and
    `saved_at` of what another browser saved since: nothing of that is overwritten.
    """
    with write() as session:
        open_ = _open(session, actor, draft.box)
        if not rule.fits(draft.values):
            raise Invalid({"draft": "too_long"})
        lock_key(session, f"page_draft:{actor.user_id}:{draft.box}")
        if not open_ or desk.sent_with(session, key, draft.values.get("text", "")):
            return 0
        row = session.get(PageDraft, (actor.user_id, draft.box))
        if row is not None and row.version != draft.known and rule.fresh(row.saved_at, now):
            return _changed_elsewhere(row, draft)
        if not draft.values:
            desk.drop_page_draft(session, actor, draft.box)
            return 0
        if row is None:
            row = PageDraft(user_id=actor.user_id, name=draft.box, version=draft.known)
            session.add(row)
        row.values, row.version, row.saved_at = dict(draft.values), row.version + 1, now
        return row.version


def _open(session: Session, actor: Actor, name: str) -> bool:
    """Whether the form could still be sent. Raises NotFound outside the scope, and for a form that there is not."""
    needed = rule.needs(name)
    if not needed or not actor.can(needed):
        raise NotFound("draft_not_found")
    kind, number = rule.page_parts(name)
    if kind == rule.REPLY:
        incidents.load(session, actor, number)
    if kind not in (rule.FILL, rule.RECHECK):
        return True
    mine = select(Rectification).where(Rectification.number == number, rectification_view.seen_by(actor))
    row = session.scalars(mine).one_or_none()
    if row is None:
        raise NotFound("rectification_not_found")
    if kind == rule.FILL:
        return rectifications.may_fill(actor, row.organisation_id, row.state)
    return rectifications.may_decide(actor, row.province_id, row.state)


def _changed_elsewhere(row: PageDraft, draft: DraftIn) -> int:
    if rule.same(row.values, draft.values):  # the same words once more: an answer that got lost on its way
        return row.version
    raise Stale("draft_changed", version=row.version, values=dict(row.values), saved_at=row.saved_at)


def discard(*, actor: Actor, name: str) -> None:
    """Throw a draft away, or forget it because its words have gone out; one that is not there is none."""
    with write() as session:
        desk.drop_page_draft(session, actor, name)


def of_page(session: Session, actor: Actor, name: str) -> PageDraft | None:
    """This person's draft of a page's form, an old one too."""
    return session.get(PageDraft, (actor.user_id, name)) if actor.user_id else None


def sweep(now: datetime) -> int:
    """Delete what nobody came back to within a week; how many."""
    with write() as session:
        return changed(session, delete(PageDraft).where(PageDraft.saved_at <= now - rule.KEPT))

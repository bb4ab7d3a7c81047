"""Views of the work queue that a person keeps under a name: their filters and order, never an address."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, bindparam, func, select, update
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotFound
from app.domain.roles import Actor
from app.models import SavedView
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services.transaction import write

MOST = 20
LONGEST_NAME, LONGEST_QUERY = 30, 200  # characters


MINE = Question(
    select(SavedView).where(SavedView.user_id == bindparam("actor_id")).order_by(SavedView.name).limit(MOST)
)


def mine(session: Session, actor: Actor) -> list[SavedView]:
    """The person's views by name. Select only."""
    return ask(session, MINE(actor_id=actor.user_id))[0]


def save(*, actor: Actor, name: str, query: str, now: datetime) -> None:
    """Keep `query` (allowed names and values, checked by the caller) under a name; the same name takes the new one.

    Raises Invalid (`name`: required, too_long, too_many).
    """
    name = _name(name)
    with write() as session:
        lock_key(session, f"views:{actor.user_id}")
        known = session.scalars(_own(actor).where(SavedView.name == name)).one_or_none()
        if known is not None:
            known.query = query[:LONGEST_QUERY]
            return
        held = select(func.count()).where(SavedView.user_id == actor.user_id)
        if (session.scalar(held) or 0) >= MOST:
            raise Invalid({"name": "too_many"})
        session.add(SavedView(
            id=new_id(), user_id=actor.user_id, name=name, query=query[:LONGEST_QUERY], is_default=False,
            created_at=now,
        ))  # fmt: skip


def rename(*, actor: Actor, view_id: int, name: str) -> None:
    """Another name. Raises Invalid (`name`: required, too_long, taken), NotFound."""
    name = _name(name)
    with write() as session:
        lock_key(session, f"views:{actor.user_id}")
        view = _load(session, actor, view_id)
        same = _own(actor).where(SavedView.name == name, SavedView.id != view.id)
        if session.scalars(same).first() is not None:
            raise Invalid({"name": "taken"})
        view.name = name


def delete(*, actor: Actor, view_id: int) -> None:
    """Forget a view. Raises NotFound."""
    with write() as session:
        session.delete(_load(session, actor, view_id))


def set_default(*, actor: Actor, view_id: int, on: bool) -> None:
    """Let the bare queue open this view, or no longer; the one before gives way. Raises NotFound."""
    with write() as session:
        lock_key(session, f"views:{actor.user_id}")
        view = _load(session, actor, view_id)
        session.execute(update(SavedView).where(SavedView.user_id == actor.user_id).values(is_default=False))
        session.flush()
        view.is_default = on


def _name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean:
        raise Invalid({"name": "required"})
    if len(clean) > LONGEST_NAME:
        raise Invalid({"name": "too_long"})
    return clean


def _own(actor: Actor) -> Select[SavedView]:
    return select(SavedView).where(SavedView.user_id == actor.user_id)


def _load(session: Session, actor: Actor, view_id: int) -> SavedView:
    view = session.scalars(_own(actor).where(SavedView.id == view_id)).one_or_none()
    if view is None:
        raise NotFound("view_not_found")
    return view

"""Reply templates: who sees which, how they are kept, what a clerk is offered for a ticket."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import ColumnElement, and_, delete, func, or_, select
from sqlalchemy.orm import Session

from app.domain import reply_templates as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.reply_templates import COMPANY, OWN, TEAM
from app.domain.roles import Actor
from app.models import Category, ReplyTemplate, TemplateUse
from app.models.dialect import for_update, insert_ignoring, lock_key
from app.models.ids import new_id
from app.models.together import Asked, Question, ask
from app.services import scope as scopes
from app.services.transaction import write


@dataclass(frozen=True)
class TemplateIn:
    """What the form says of a template; `category` and `box` are empty where it is offered everywhere."""

    title: str
    text: str
    category: str = ""
    box: str = ""


@dataclass(frozen=True)
class Offer:
    """One template of a reply box: in a menu `group` it stands under (recent, own, team, company)."""

    id: int
    title: str
    text: str
    group: str


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """The condition on `reply_template`: one's own, those of one's organisation, and the company's."""
    own = and_(ReplyTemplate.scope == OWN, ReplyTemplate.user_id == actor.user_id)
    team = and_(ReplyTemplate.scope == TEAM, ReplyTemplate.organisation_id == actor.organisation_id)
    return and_(or_(own, team, ReplyTemplate.scope == COMPANY), ReplyTemplate.ended_at.is_(None))


def listed(session: Session, actor: Actor, words: str = "") -> list[ReplyTemplate]:
    """All that this actor sees, own ones first; `words` must stand in title or text, in any order of letters' case.

    There are at most 350 (domain.reply_templates.MOST), so they are looked through as they are.
    """
    wanted = words.casefold().split()
    rows = session.scalars(select(ReplyTemplate).where(visible_to(actor)).order_by(ReplyTemplate.id)).all()
    found = [row for row in rows if all(word in f"{row.title}\n{row.text}".casefold() for word in wanted)]
    return sorted(found, key=lambda row: (rule.SCOPES.index(row.scope), row.category, row.title))


def load(session: Session, actor: Actor, template_id: int, *, lock: bool = False) -> ReplyTemplate:
    """One that the actor sees. Raises NotFound."""
    statement = select(ReplyTemplate).where(ReplyTemplate.id == template_id, visible_to(actor))
    row = session.scalars(for_update(statement) if lock else statement).one_or_none()
    if row is None:
        raise NotFound("template_not_found")
    return row


Known = list[tuple[ReplyTemplate, datetime | None]]


def known(session: Session, actor: Actor) -> Known:
    """All that this actor sees, each with when this actor used it last: one statement for all boxes of a page."""
    return ask(session, known_asked(actor))[0]


def known_asked(actor: Actor) -> Asked:
    """The same as a question of a web page."""
    return _known(scopes.pattern(actor))(**scopes.ids(actor))


@cache
def _known(actor: Actor) -> Question:
    used = and_(TemplateUse.template_id == ReplyTemplate.id, TemplateUse.user_id == actor.user_id)
    statement = select(ReplyTemplate, TemplateUse.used_at).outerjoin(TemplateUse, used).where(visible_to(actor))
    return Question(statement)


def offers(rows: Known, category: str, box: str) -> list[Offer]:
    """What a reply box of a ticket of that category offers: used last, then own, the team's, the company's."""
    found = {
        row.id: (row, at) for row, at in rows
        if rule.suits(row.category, row.box, ticket_category=category, ticket_box=box)
    }  # fmt: skip
    last = rule.recent({key: at for key, (_row, at) in found.items() if at is not None})
    rest = [row for key, (row, _at) in found.items() if key not in last]
    rest.sort(key=lambda row: (rule.SCOPES.index(row.scope), *rule.order_of(row.category, row.title)))
    return [_offer(found[key][0], "recent") for key in last] + [_offer(row, row.scope) for row in rest]


def _offer(row: ReplyTemplate, group: str) -> Offer:
    return Offer(row.id, row.title, row.text, group)


def create(*, actor: Actor, scope: str, made: TemplateIn, now: datetime) -> int:
    """Keep a new template; its id. Raises NotAllowed, Invalid (`title` "taken" or "too_many", and as `rule.errors`)."""
    _may(actor, scope)
    with write() as session:
        _check(session, made)
        lock_key(session, f"templates:{_place(actor, scope)}")
        _room(session, actor, scope, made.title, None)
        row = ReplyTemplate(
            id=new_id(), scope=scope, user_id=actor.user_id if scope == OWN else None,
            organisation_id=actor.organisation_id if scope == TEAM else None, edited_at=now, text="", title="",
        )  # fmt: skip
        _write(row, actor, made, now)
        session.add(row)
        return row.id


def change(*, actor: Actor, template_id: int, version: int, made: TemplateIn, now: datetime) -> None:
    """Change one. Raises NotFound, NotAllowed, Invalid, Stale where it was changed since `version`."""
    with write() as session:
        row = _held(session, actor, template_id, version)
        _check(session, made)
        _room(session, actor, row.scope, made.title, row.id)
        _write(row, actor, made, now)
        row.version += 1


def remove(*, actor: Actor, template_id: int, version: int, now: datetime) -> None:
    """Delete one for good; what came with the product is ended, so that the next seed does not bring it back."""
    with write() as session:
        row = _held(session, actor, template_id, version)
        session.execute(delete(TemplateUse).where(TemplateUse.template_id == row.id))
        if row.seed is not None:
            row.ended_at, row.edited_by_id = now, actor.user_id
        else:
            session.delete(row)


def take(*, actor: Actor, template_id: int, now: datetime) -> str:
    """The text of a template that is put into a reply right now; it is offered first from here on. Raises NotFound."""
    with write() as session:
        row = load(session, actor, template_id)
        key = {"user_id": actor.user_id, "template_id": row.id}
        session.execute(insert_ignoring(session, TemplateUse).values(**key, used_at=now))
        use = session.get_one(TemplateUse, (actor.user_id, row.id))
        use.used_at = now
        return row.text


def _held(session: Session, actor: Actor, template_id: int, version: int) -> ReplyTemplate:
    row = load(session, actor, template_id, lock=True)
    _may(actor, row.scope)
    if row.version != version:
        raise Stale("template_changed", version=row.version)
    lock_key(session, f"templates:{_place(actor, row.scope)}")
    return row


def _may(actor: Actor, scope: str) -> None:
    if not rule.may_keep(actor, scope):
        raise NotAllowed("not_allowed")


def _place(actor: Actor, scope: str) -> str:
    return {OWN: f"{OWN}:{actor.user_id}", TEAM: f"{TEAM}:{actor.organisation_id}"}.get(scope, scope)


def _check(session: Session, made: TemplateIn) -> None:
    wrong = rule.errors(made.title, made.text, made.box)
    if made.category and session.get(Category, made.category) is None:
        wrong["category"] = "invalid"
    if wrong:
        raise Invalid(wrong)


def _room(session: Session, actor: Actor, scope: str, title: str, but: int | None) -> None:
    """One place holds so many, and no two of one title: a menu shows the title alone."""
    here = (ReplyTemplate.scope == scope, visible_to(actor))
    if but is None and (session.scalar(select(func.count()).where(*here)) or 0) >= rule.MOST[scope]:
        raise Invalid({"title": "too_many_templates"})
    same = select(ReplyTemplate.id).where(*here, ReplyTemplate.title == title.strip(), ReplyTemplate.id != (but or 0))
    if session.scalar(same.limit(1)) is not None:
        raise Invalid({"title": "title_taken"})


def _write(row: ReplyTemplate, actor: Actor, made: TemplateIn, now: datetime) -> None:
    row.title, row.text = made.title.strip(), made.text.strip()
    row.category, row.box = made.category, made.box
    row.edited_at, row.edited_by_id = now, actor.user_id


def seed(session: Session, texts: Sequence[dict[str, str]], categories: Collection[str], now: datetime) -> int:
    """Add the company's texts that never were here, for categories that exist; how many."""
    known = set(session.scalars(select(ReplyTemplate.seed).where(ReplyTemplate.seed.is_not(None))))
    fresh = [one for one in texts if one["seed"] not in known and one["category"] in ("", *categories)]
    session.add_all([ReplyTemplate(id=new_id(), scope=COMPANY, edited_at=now, **one) for one in fresh])
    return len(fresh)

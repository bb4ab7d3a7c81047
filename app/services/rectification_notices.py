"""Who is told of what happens to a rectification form: the site's managers, or the desk of its province."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import notices as rule
from app.domain.roles import CAPABILITIES
from app.models import Notice, Rectification, RectificationEntry, User

_SITE, _DESK = "rectify", "rectify_order"  # whoever can do that
TOLD: dict[str, tuple[str, tuple[str, ...]]] = {
    "asked": ("rectify_asked", (_SITE,)),
    "due_soon": ("rectify_due", (_SITE,)),
    "late": ("rectify_late", (_SITE, _DESK)),
    "filled": ("rectify_filled", (_DESK,)),
    "sent_back": ("rectify_back", (_SITE,)),
    "accepted": ("rectify_done", (_SITE,)),
}


def tell(session: Session, row: Rectification, entry: RectificationEntry) -> None:
    """Write the notices of an entry, none to whoever made it."""
    kind, sides = TOLD[entry.kind]
    people: set[int] = set()
    for side in sides:
        place = row.organisation_id if side == _SITE else row.province_id
        if place is not None:
            people |= set(_of(session, place, side))
    session.add_all(
        Notice(user_id=one, kind=kind, event_id=entry.id, at=entry.at) for one in sorted(people) if one != entry.user_id
    )


def _of(session: Session, organisation_id: int, capability: str) -> list[int]:
    roles = [role for role, can in CAPABILITIES.items() if capability in can]
    usable = select(User.id).where(
        User.organisation_id == organisation_id, User.disabled_at.is_(None), User.role.in_(roles)
    )
    return list(session.scalars(usable.order_by(User.id).limit(rule.MOST_TOLD)))

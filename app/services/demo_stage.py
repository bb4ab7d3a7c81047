"""Who stands where when the demo's stories are played."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.roles import Actor
from app.models import Connection, Organisation, User
from app.services.demo_stories import Story

CLERKS = {"330106-01": "site", "330108-01": "site-2", "440305-01": "site-3"}


@dataclass
class Play:
    """The running play: who acts, which ticket belongs to which story, whose next answer is refused."""

    connection_id: int
    actors: dict[str, Actor]
    numbers: dict[str, str] = field(default_factory=dict)
    refused: set[int] = field(default_factory=set)

    def clerk(self, story: Story) -> Actor:
        """The clerk of the story's site."""
        return self.actors[CLERKS[story.site]]


def stand(session: Session) -> Play:
    """Everybody of the demo at their place. Raises NoResultFound without the demo's connection."""
    rows = session.execute(select(User, Organisation).join(Organisation, Organisation.id == User.organisation_id))
    actors = {
        user.account: Actor(user.id, user.role, place.id, place.province_id, user.name)
        for user, place in rows
        if user.demo
    }
    return Play(session.scalars(select(Connection.id).where(Connection.code == "demo")).one(), actors)

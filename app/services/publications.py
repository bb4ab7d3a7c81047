"""Publications: written by their keepers, out in versions, read by everybody in scope, each reading on record.

One pair of verbs for typical cases, bulletins, rules in force and articles: `domain.publications.KINDS` has the kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import publications as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.roles import Actor
from app.models import Organisation, Publication, PublicationVersion, ReadReceipt
from app.models.dialect import changed, for_update, insert_ignoring
from app.models.ids import new_id
from app.services import publication_view
from app.services.transaction import write


@dataclass(frozen=True)
class PublicationIn:
    """What the form says; `extra` holds the further texts of the kind."""

    title: str
    body: str
    extra: Mapping[str, str] = field(default_factory=dict)


def draft(
    *, actor: Actor, kind: str, made: PublicationIn, now: datetime, province: str = "", ticket_id: int | None = None
) -> int:
    """Begin one that nobody but its keepers sees yet; its id.

    A province's desk writes for its province, headquarters for the network or for the `province` of that code. Raises
    NotAllowed, Invalid by field (`province` "invalid").
    """
    if not rule.may_write(actor, kind):
        raise NotAllowed("not_allowed")
    _check(kind, made, out=False)
    with write() as session:
        return begin(session, actor, kind, made, now, province=province, ticket_id=ticket_id)


def begin(
    session: Session, actor: Actor, kind: str, made: PublicationIn, now: datetime, *, province: str = "",
    ticket_id: int | None = None,
) -> int:  # fmt: skip
    """The same inside a transaction, for what is checked."""
    row = Publication(
        id=new_id(), kind=kind, scope_id=_scope(session, actor, kind, province), ticket_id=ticket_id,
        created_at=now, created_by_id=actor.user_id or 0, title="", body="", extra={}, revision=0,
    )  # fmt: skip
    put(row, actor, made, now)
    session.add(row)
    return row.id


def revise(*, actor: Actor, publication_id: int, revision: int, made: PublicationIn, now: datetime) -> None:
    """Change the working copy; the version that is out stays out. Raises NotFound, NotAllowed, Invalid, Stale."""
    with write() as session:
        row = held(session, actor, publication_id, revision)
        _check(row.kind, made, out=False)
        put(row, actor, made, now)


def publish(*, actor: Actor, publication_id: int, revision: int, now: datetime) -> int:
    """Let the working copy out as a new version, unread by everybody; the version's id.

    Raises NotFound, NotAllowed ("not_allowed", "nothing_new" where it is out already as it stands), Invalid, Stale.
    """
    with write() as session:
        return release(session, actor, held(session, actor, publication_id, revision), now)


def release(session: Session, actor: Actor, row: Publication, now: datetime) -> int:
    """The same inside a transaction, for a row that is locked."""
    _check(row.kind, PublicationIn(row.title, row.body, row.extra), out=True)
    last = session.get(PublicationVersion, row.current_id) if row.current_id else None
    if last is not None and (last.title, last.body, last.extra) == (row.title, row.body, row.extra):
        raise NotAllowed("nothing_new")
    number = session.scalar(
        select(func.coalesce(func.max(PublicationVersion.number), 0)).where(PublicationVersion.publication_id == row.id)
    )
    made = PublicationVersion(
        id=new_id(), publication_id=row.id, number=(number or 0) + 1, title=row.title, body=row.body,
        extra=dict(row.extra), published_at=now, author_id=actor.user_id or 0,
    )  # fmt: skip
    session.add(made)
    row.current_id, row.published_at, row.revision = made.id, now, row.revision + 1
    session.flush()
    return made.id


def withdraw(*, actor: Actor, publication_id: int, revision: int, now: datetime) -> None:
    """Take it back: nobody but its keepers sees it any more; versions and receipts stay.

    Raises NotFound, NotAllowed, Stale.
    """
    with write() as session:
        row = held(session, actor, publication_id, revision)
        row.ended_at, row.ended_by_id, row.revision = now, actor.user_id, row.revision + 1


def read(*, actor: Actor, version_id: int, now: datetime) -> bool:
    """Record that a person has read a version that is out in their scope; False where it was on record already.

    Raises NotFound.
    """
    with write() as session:
        if session.scalar(publication_view.out_for(actor, version_id)) is None:
            raise NotFound("publication_not_found")
        receipt = {
            "version_id": version_id, "user_id": actor.user_id, "organisation_id": actor.organisation_id,
            "read_at": now,
        }  # fmt: skip
        return changed(session, insert_ignoring(session, ReadReceipt).values(receipt)) == 1


def held(session: Session, actor: Actor, publication_id: int, revision: int) -> Publication:
    """One that the actor keeps, locked and as it was shown. Raises NotFound, NotAllowed, Stale."""
    own = select(Publication).where(Publication.id == publication_id, publication_view.visible_to(actor))
    row = session.scalars(for_update(own)).one_or_none()
    if row is None:
        raise NotFound("publication_not_found")
    if not rule.keeps(actor, row.kind, row.scope_id):
        raise NotAllowed("not_allowed")
    if row.revision != revision:
        raise Stale("publication_changed", version=row.revision)
    if row.ended_at is not None:
        raise NotAllowed("publication_ended")
    return row


def _scope(session: Session, actor: Actor, kind: str, province: str) -> int | None:
    home = rule.home(actor, kind)
    if home is not None or not province:
        return home
    wanted = select(Organisation.id).where(Organisation.code == province, Organisation.kind == "province")
    found = session.scalar(wanted) if rule.KINDS[kind].province else None
    if found is None:
        raise Invalid({"province": "invalid"})
    return found


def _check(kind: str, made: PublicationIn, *, out: bool) -> None:
    wrong = rule.errors(kind, made.title, made.body, made.extra, out=out)
    if wrong:
        raise Invalid(wrong)


def put(row: Publication, actor: Actor, made: PublicationIn, now: datetime) -> None:
    """Write the working copy; only the texts of its kind are kept."""
    row.title, row.body = made.title.strip(), made.body.strip()
    row.extra = {name: made.extra.get(name, "").strip() for name in rule.KINDS[row.kind].extra}
    row.edited_at, row.edited_by_id = now, actor.user_id or 0
    row.revision += 1

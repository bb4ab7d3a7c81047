"""Rectification forms: asked for by a threshold or by hand, filled in by the site, accepted or sent back (rulebook 5).

Every step is an entry, and whoever has to act next is told by the bell.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.domain import drafts
from app.domain import rectifications as rule
from app.domain.calendars import SHANGHAI, local_date
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.domain.penalty_facts import LIABLE_KINDS
from app.domain.rectifications import ACCEPTED, ASKED, FILLED, Ground
from app.domain.roles import SYSTEM, Actor
from app.models import Closure, Organisation, Penalty, Rectification, RectificationEntry
from app.models.dialect import for_update, lock_key, next_number
from app.models.ids import new_id
from app.services import (
    calendars,
    desk,
    organisations,
    rectification_notices,
    rectification_policy,
    rectification_view,
    scope,
)
from app.services.transaction import write

CLOSED_AHEAD = 60  # days of a closure without an end that no working day falls on


@dataclass(frozen=True)
class OrderIn:
    """A form that is asked for by hand: of whom (code), of what kind, why, and the ticket that shows it (or none)."""

    organisation: str
    kind: str
    reason: str
    ticket: str = ""


def order(*, actor: Actor, asked: OrderIn, key: str, now: datetime) -> str:
    """Ask an organisation of the own area for a form; its number. The same form (`key`) again asks for none.

    Raises NotAllowed, Invalid (`organisation`, `kind`, `reason`, `ticket`), Stale("sent_already") where the key was
    used by somebody else or for anything else: that was never asked for.
    """
    if not actor.can("rectify_order"):
        raise NotAllowed("not_allowed")
    with write() as session:
        if key:
            lock_key(session, f"rectification:{key}")
        before = session.scalars(select(Rectification).where(Rectification.key == f"hand:{key}")).first()
        place, ticket_id = _check(session, actor, asked)
        if before and key:
            if _of(before) != (actor.user_id, place.id, asked.kind, asked.reason.strip(), ticket_id):
                raise Stale("sent_already")
            return before.number
        desk.drop_page_draft(session, actor, "order")
        row = make(
            session, place, [Ground(asked.kind)], key=f"hand:{key or new_id()}", now=now, actor=actor,
            reason=asked.reason.strip(), ticket_id=ticket_id,
        )  # fmt: skip
        return row.number


def _of(row: Rectification) -> tuple[int | None, int, str, str, int | None]:
    """Who asked by hand for what: person, organisation, kind, reason, ticket."""
    return row.asked_by_id, row.organisation_id, str(row.grounds[0]["kind"]), row.reason, row.ticket_id


def _check(session: Session, actor: Actor, asked: OrderIn) -> tuple[Organisation, int | None]:
    wrong = rule.text_errors({"reason": asked.reason}, {"reason": rule.TEXT_LIMIT})
    if asked.kind not in rule.KINDS:
        wrong["kind"] = "required"
    place = organisations.find(session, asked.organisation.strip())
    mine = place is not None and (actor.desk == "ccs" or place.province_id == actor.province_id)
    if place is None or place.kind not in LIABLE_KINDS or not mine:
        wrong["organisation"] = "unknown_organisation"
    ticket_id = None
    if asked.ticket.strip():
        try:
            ticket_id = scope.load(session, actor, asked.ticket.strip()).id
        except NotFound:
            wrong["ticket"] = "unknown_ticket"
    if wrong or place is None:
        raise Invalid(wrong)
    return place, ticket_id


def of_loss(session: Session, row: Penalty, now: datetime) -> None:
    """A loss by not following the customer's requirements asks for a form at once (rulebook 5, the table of rules)."""
    place = session.get_one(Organisation, row.organisation_id)
    key = f"loss:{row.ticket_id}:{row.organisation_id}"
    if row.person_id == 0 and session.scalar(select(Rectification.id).where(Rectification.key == key)) is None:
        ground = [Ground(rule.LOSS, row.base_fen)]
        make(session, place, ground, key=key, now=now, ticket_id=row.ticket_id, month=row.month)


def make(
    session: Session, place: Organisation, grounds: Sequence[Ground], *, key: str, now: datetime, actor: Actor = SYSTEM,
    reason: str = "", ticket_id: int | None = None, month: str = "",
) -> Rectification:  # fmt: skip
    """Write a form with its first entry and tell the site. The caller commits."""
    policy, local = rectification_policy.current(session), now.astimezone(SHANGHAI)
    due_at = rule.due(site_days(session, place.id, now), now, policy)
    plain = [ground.plain() for ground in grounds]
    before = rectification_view.earlier(session, place.id, plain, rule.again_since(now, policy.again_months))
    row = Rectification(
        id=new_id(), number=f"ZG{local:%y%m%d}-{next_number(session):06d}", key=key, organisation_id=place.id,
        province_id=place.id if place.kind == "province" else place.province_id, month=month, ticket_id=ticket_id,
        grounds=plain, reason=reason, policy_version=policy.version, repeat_of_id=before, asked_at=now,
        asked_by_id=actor.user_id, due_at=due_at, remind_at=rule.next_reminder(due_at, 0), state=ASKED,
    )  # fmt: skip
    session.add(row)
    session.flush()
    note(session, row, "asked", actor, now, {"due_at": due_at.isoformat()})
    return row


def fill(*, actor: Actor, number: str, revision: int, texts: Mapping[str, str], now: datetime) -> None:
    """The site says cause, measures and who answers for them. Raises NotFound, NotAllowed, Invalid by field, Stale."""
    wrong = rule.fill_errors(texts)
    with write() as session:
        row = _held(session, actor, number, revision)
        if not rule.may_fill(actor, row.organisation_id, row.state):
            raise NotAllowed("not_yours" if row.state == ASKED else "not_asked")
        if wrong:
            raise Invalid(wrong)
        row.cause, row.measures, row.responsible = (texts[name].strip() for name in rule.LIMITS)
        row.was_late = row.was_late or now > row.due_at
        row.state, row.filled_at, row.remind_at = FILLED, now, None
        desk.drop_page_draft(session, actor, drafts.page(drafts.FILL, number))
        note(session, row, "filled", actor, now, {name: texts[name].strip() for name in rule.LIMITS})


def decide(*, actor: Actor, number: str, revision: int, accept: bool, text: str, now: datetime) -> None:
    """Accept what the site has filled in, or send it back with a reason and fresh working days.

    Raises NotFound, NotAllowed, Invalid (`text`), Stale.
    """
    with write() as session:
        row = _held(session, actor, number, revision)
        if not rule.may_decide(actor, row.province_id, row.state):
            raise NotAllowed("not_filled" if row.state != FILLED else "not_yours")
        if len(text.strip()) > rule.TEXT_LIMIT or (not accept and not text.strip()):
            raise Invalid({"text": "too_long" if text.strip() else "required"})
        row.decided_at = now
        desk.drop_page_draft(session, actor, drafts.page(drafts.RECHECK, number))
        if accept:
            row.state = ACCEPTED
            note(session, row, "accepted", actor, now, {"text": text.strip()})
            return
        policy = rectification_policy.current(session)
        row.state, row.round, row.told = ASKED, row.round + 1, 0
        row.due_at = rule.due(site_days(session, row.organisation_id, now), now, policy)
        row.remind_at = rule.next_reminder(row.due_at, 0)
        note(session, row, "sent_back", actor, now, {"text": text.strip(), "due_at": row.due_at.isoformat()})


def _held(session: Session, actor: Actor, number: str, revision: int) -> Rectification:
    mine = select(Rectification).where(Rectification.number == number, rectification_view.seen_by(actor))
    row = session.scalars(for_update(mine)).one_or_none()
    if row is None:
        raise NotFound("rectification_not_found")
    if row.revision != revision:
        raise Stale("rectification_changed", version=row.revision)
    return row


def note(session: Session, row: Rectification, kind: str, actor: Actor, now: datetime, body: Mapping[str, str]) -> None:
    """Add an entry, raise the revision, and tell whoever has to act or know."""
    entry = RectificationEntry(
        id=new_id(), rectification_id=row.id, kind=kind, at=now, user_id=actor.user_id, body=dict(body)
    )
    session.add(entry)
    row.revision = (row.revision or 0) + 1
    session.flush()
    rectification_notices.tell(session, row, entry)


def site_days(session: Session, site_id: int, now: datetime) -> dict[date, bool]:
    """The working days of a site: those of the calendar without the days on which it is announced as closed."""
    days, today = dict(calendars.calendars(session)["working"].days), local_date(now)
    open_now = or_(Closure.until_day.is_(None), Closure.until_day >= today)
    rows = select(Closure.from_day, Closure.until_day).where(
        Closure.organisation_id == site_id, Closure.ended_at.is_(None), open_now
    )
    for first, last in session.execute(rows):
        day, end = max(first, today), last or max(first, today) + timedelta(days=CLOSED_AHEAD)
        while day <= end and day <= today + timedelta(days=366):
            days[day] = False
            day += timedelta(days=1)
    return days

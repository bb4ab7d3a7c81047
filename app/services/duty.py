"""The duty roster of an organisation, its manager's phone, and the couriers whom a site tells by SMS (rulebook 4)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session

from app.domain import customer_links
from app.domain import duty as rule
from app.domain.calendars import local_date
from app.domain.duty import Shift
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.models import Courier, DutyShift, Organisation
from app.models.dialect import for_update
from app.models.ids import new_id
from app.models.together import Question, ask
from app.services.transaction import read_ahead, write

WHEN: Mapping[str, tuple[int, ...]] = {
    "daily": tuple(range(7)), "weekdays": tuple(range(5)), "weekend": (5, 6), **{str(n): (n,) for n in range(7)},
}  # fmt: skip
ONE_DAY = "day"
KINDS = ("courier", "station")
NAME_LENGTH = 60
PLACES_OFFERED = 600
ALIKE = ("organisation_id", "name", "phone", "from_time", "until_time", "day")  # what the weekdays of one entry share


@dataclass(frozen=True)
class EntryIn:
    """An entry as it is typed. `when` is a key of WHEN, or "day" with `day`; times are HH:MM in Shanghai."""

    name: str
    phone: str
    when: str
    from_time: str
    until_time: str
    day: date | None = None


# --- who is told ---


def phone_at(session: Session, organisation: Organisation, now: datetime) -> str:
    """The number on duty at `now`; the organisation's own duty phone where nobody is entered, empty without any."""
    holder = rule.on_duty(shifts(session, organisation.id), now)
    return holder.phone if holder else organisation.duty_phone


def shifts(session: Session, organisation_id: int) -> list[Shift]:
    """The entries that have not ended, as the rule wants them, in the order of entry."""
    rows = read_ahead(session, ("shifts", organisation_id))
    if rows is None:
        rows = session.scalars(SHIFTS.statement, {"duty_of": organisation_id})
    return [
        Shift(row.id, row.name, row.phone, row.from_time, row.until_time, row.created_at, row.weekday, row.day)
        for row in rows
    ]


SHIFTS = Question(
    select(DutyShift)
    .where(DutyShift.organisation_id == bindparam("duty_of"), DutyShift.ended_at.is_(None))
    .order_by(DutyShift.created_at, DutyShift.id)
)


def shifts_of(session: Session, places: Collection[int]) -> dict[int, list[DutyShift]]:
    """The entries of many places that have not ended, by place, in the order of entry."""
    mine = select(DutyShift).where(DutyShift.organisation_id.in_(places), DutyShift.ended_at.is_(None))
    found: dict[int, list[DutyShift]] = {}
    for one in session.scalars(mine.order_by(DutyShift.created_at, DutyShift.id)):
        found.setdefault(one.organisation_id, []).append(one)
    return found


def below(session: Session, organisation: Organisation, shift_id: int, limit: int) -> list[DutyShift]:
    """The entries that have not ended by falling id below `shift_id`; one more than `limit` where there is more."""
    mine = select(DutyShift).where(DutyShift.organisation_id == organisation.id, DutyShift.ended_at.is_(None))
    return list(session.scalars(mine.where(DutyShift.id < shift_id).order_by(DutyShift.id.desc()).limit(limit + 1)))


# --- the scope ---


def place(session: Session, actor: Actor, code: str = "") -> Organisation:
    """The organisation whose roster is meant: the own one, for an LCS also one of the province by its code.

    Raises NotFound outside of that.
    """
    statement = select(Organisation).where(_in_scope(actor))
    wanted = Organisation.code == code.strip() if code.strip() else Organisation.id == actor.organisation_id
    found = session.scalars(statement.where(wanted)).one_or_none()
    if found is None:
        raise NotFound("organisation_not_found")
    return found


def places(session: Session, actor: Actor) -> list[Organisation]:
    """What an LCS may choose from: the province itself, its sites and hubs; for others the own organisation."""
    order = (Organisation.kind != "province", Organisation.code)
    return list(session.scalars(select(Organisation).where(_in_scope(actor)).order_by(*order).limit(PLACES_OFFERED)))


def _in_scope(actor: Actor) -> ColumnElement[bool]:
    if actor.desk == "lcs" and actor.province_id is not None:
        return (Organisation.id == actor.province_id) | (Organisation.province_id == actor.province_id)
    return Organisation.id == actor.organisation_id


def _keeper(actor: Actor, capability: str) -> None:
    if not actor.can(capability):
        raise NotAllowed("not_allowed")


# --- the roster ---


def add(*, actor: Actor, code: str, entry: EntryIn, now: datetime) -> int:
    """Enter somebody; how many entries were new (one for each weekday). The same entry again changes nothing.

    Raises Invalid naming the fields, NotAllowed for clerks, NotFound outside the scope.
    """
    _keeper(actor, "duty_keep")
    wrong = _errors(entry, now)
    if wrong:
        raise Invalid(wrong)
    phone, name = rule.phone_of(entry.phone), entry.name.strip()
    days: tuple[tuple[int | None, date | None], ...] = ((None, entry.day),)
    if entry.when != ONE_DAY:
        days = tuple((weekday, None) for weekday in WHEN[entry.when])
    with write() as session:
        organisation = place(session, actor, code)
        session.scalars(for_update(select(Organisation.id).where(Organisation.id == organisation.id))).one()
        known = {_what(shift) for shift in shifts(session, organisation.id)}
        fresh = [d for d in days if (name, phone, entry.from_time, entry.until_time, *d) not in known]
        for weekday, day in fresh:
            session.add(DutyShift(
                id=new_id(), organisation_id=organisation.id, name=name, phone=phone, weekday=weekday, day=day,
                from_time=entry.from_time, until_time=entry.until_time, created_at=now, created_by_id=actor.user_id,
            ))  # fmt: skip
        return len(fresh)


def _what(shift: Shift) -> tuple[object, ...]:
    return shift.name, shift.phone, shift.from_time, shift.until_time, shift.weekday, shift.day


def _errors(entry: EntryIn, now: datetime) -> dict[str, str]:
    wrong = _name_errors(entry.name)
    if not rule.phone_of(entry.phone):
        wrong["phone"] = "bad_duty_phone" if entry.phone.strip() else "required"
    for field, text in (("from_time", entry.from_time), ("until_time", entry.until_time)):
        if not rule.WALL.fullmatch(text):
            wrong[field] = "bad_wall_time" if text else "required"
    if entry.when == ONE_DAY:
        if entry.day is None:
            wrong["day"] = "not_a_date"
        elif entry.day < local_date(now):
            wrong["day"] = "in_the_past"
    elif entry.when not in WHEN:
        wrong["when"] = "required"
    return wrong


def _name_errors(name: str) -> dict[str, str]:
    if not name.strip():
        return {"name": "required"}
    return {"name": "too_long"} if len(name.strip()) > NAME_LENGTH else {}


def end(*, actor: Actor, shift_id: int, now: datetime) -> str:
    """End an entry from now on, with the other weekdays that it was made for; the code of its organisation.

    Ending it twice changes nothing. Raises NotFound outside the scope.
    """
    _keeper(actor, "duty_keep")
    with write() as session:
        statement = select(DutyShift, Organisation).join(Organisation, Organisation.id == DutyShift.organisation_id)
        found = session.execute(statement.where(DutyShift.id == shift_id, _in_scope(actor))).one_or_none()
        if found is None:
            raise NotFound("shift_not_found")
        row, organisation = found
        if row.ended_at is None:
            alike = [getattr(DutyShift, name).is_not_distinct_from(getattr(row, name)) for name in ALIKE]
            session.execute(update(DutyShift).where(DutyShift.ended_at.is_(None), *alike).values(ended_at=now))
        return str(organisation.code)


def set_manager_phone(*, actor: Actor, code: str, phone: str | None) -> None:
    """The number that is told when the phone on duty cannot be reached; None takes it away. Raises Invalid."""
    _keeper(actor, "duty_keep")
    clean = rule.phone_of(phone or "")
    if phone is not None and not clean:
        raise Invalid({"manager_phone": "bad_duty_phone" if phone.strip() else "required"})
    with write() as session:
        place(session, actor, code).manager_phone = clean


# --- couriers and stations ---


COURIERS = Question(
    select(Courier)
    .where(Courier.organisation_id == bindparam("site_id"), Courier.active)
    .order_by(Courier.kind, Courier.name, Courier.id)
)


def couriers(session: Session, organisation_id: int | None) -> list[Courier]:
    """The couriers and stations of a site that are still told, by name."""
    return ask(session, COURIERS(site_id=organisation_id))[0]


def add_courier(*, actor: Actor, name: str, phone: str, kind: str) -> None:
    """Keep a courier, or a station or former courier without a login, of the own site; a known one changes its number.

    Raises Invalid naming the fields, NotAllowed for all but the site's manager.
    """
    _keeper(actor, "couriers")
    wrong, mobile = _name_errors(name), customer_links.mobile(phone)
    if not mobile:
        wrong["phone"] = "bad_phone" if phone.strip() else "required"
    if kind not in KINDS:
        wrong["kind"] = "required"
    if wrong:
        raise Invalid(wrong)
    with write() as session:
        organisation = place(session, actor)
        session.scalars(for_update(select(Organisation.id).where(Organisation.id == organisation.id))).one()
        own = select(Courier).where(Courier.organisation_id == organisation.id, Courier.name == name.strip())
        known = session.scalars(own.where(Courier.active).order_by(Courier.id)).first()
        row = known or Courier(id=new_id(), organisation_id=organisation.id, name=name.strip(), active=True)
        row.phone, row.kind = mobile, kind
        session.add(row)


def end_courier(*, actor: Actor, courier_id: int) -> None:
    """Offer this one no more. Raises NotFound for another site's."""
    _keeper(actor, "couriers")
    with write() as session:
        mine = select(Courier).where(Courier.id == courier_id, Courier.organisation_id == actor.organisation_id)
        row = session.scalars(mine).one_or_none()
        if row is None:
            raise NotFound("courier_not_found")
        row.active = False

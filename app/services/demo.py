"""The demo company: what `flask demo load` and `flask demo refresh` do. A production start refuses while it exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from app.domain import reminders as reminder_rule
from app.domain.categories import CATEGORIES
from app.domain.roles import SITE_CLERK
from app.extensions import db
from app.models import Clock, Connection, Organisation, Outbox, Reminder, Ticket, User
from app.models.ids import new_id
from app.services import (
    clocks,
    demo_audits,
    demo_penalties,
    demo_ratings,
    demo_stories,
    demo_surroundings,
    demo_tickets,
    demo_tree,
    desk,
    journal,
    moves,
    organisations,
    seed,
)
from app.services.demo_stage import Play, stand
from app.services.transaction import write

PASSWORD = "demo-portal"  # noqa: S105 - of the demo accounts, printed in the README
SECRET = "demo-secret"  # noqa: S105 - of the demo connections
CONNECTIONS = (("demo", "菜鸟（演示）", "utf-8"), ("demo-gbk", "菜鸟（演示，GBK）", "gbk"))
POLLED = "demo-pdd"
POLLED_SETTINGS = {"client_id": "kuaifu-demo", "call_results": True, "every_seconds": 3, "look_back_hours": 1}
POLLED_TYPES = {
    "101": "FALSE_SIGN", "102": "LOCKER", "103": "LOST", "104": "DAMAGED", "105": "DELAYED", "199": "OTHER",
}  # fmt: skip
URGENT_SITE, URGENT_PROVINCE = "330106-01", "33"
LEAD = timedelta(seconds=40)  # from a start to its urgent ticket's reminder
# OWASP's smallest argon2id settings: ten accounts cost a fraction of a second.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)


@dataclass(frozen=True)
class Loaded:
    """What a load added: organisations, accounts, tickets; and the years whose working days nobody has published."""

    organisations: int
    accounts: int
    tickets: int
    missing_years: tuple[int, ...]


def load(*, now: datetime, callback_url: str, tickets: bool = True, site_clerks: bool = False) -> Loaded:
    """Put the demo company into the portal; what is there already stays as it is.

    `callback_url` takes the answers of the demo connections. `site_clerks` adds an account `clerk-<site code>` for
    every site. `tickets` plays the demo's complaints until `now`, unless the portal has any ticket already.
    """
    added = organisations.import_tree(nodes=demo_tree.nodes())
    accounts = _accounts(site_clerks)
    missing = seed.run().missing_years
    with write() as session:
        _connections(session, callback_url)
    made = demo_tickets.play(now=now) if tickets else 0
    if made:
        demo_surroundings.place(db.session(), stand(db.session()), now)
        demo_audits.play(db.session(), stand(db.session()), now)
        demo_penalties.place(db.session(), stand(db.session()), now)
        demo_ratings.play(db.session(), now)
    return Loaded(added, accounts, made, missing)


def refresh(*, now: datetime, callback_url: str) -> str:
    """Push the urgent complaint of this start and let a reminder fall 40 s from now; the ticket's number.

    At each start, so that a newcomer sees a reminder at any hour. The ticket comes through the same door as every push.
    Then, and this is the demo's own doing, the run of `resolve` is replaced by one of 12 h (the limit after a return)
    that began 6 h before the reminder: half of it is over 40 s from now, and from there the ordinary sweep, bundle and
    outbox do the rest. The run is given to a desk whose phone may ring: by day the site; at night, when no site is
    told, the LCS desk of the province, which is told at night too (rulebook 4 "Reminders"); the CCS desk where those
    phones had an SMS within the last ten minutes. When all three had, the reminder joins the next bundle.

    Urgent complaints of earlier starts that nobody has touched are cancelled by their platform, so that they do not
    pile up. Raises NoResultFound before the first load.
    """
    with write() as session:
        _connections(session, callback_url)
    stage = stand(db.session())
    for code in demo_tickets.open_urgent(db.session()):
        demo_tickets.tell(stage, code, "CANCEL", demo_stories.words("cancel"), now)
    number = demo_tickets.push(stage, demo_stories.urgent(now), now)
    _hurry(stage, number, now)
    return number


def accounts_exist(session: Session) -> bool:
    """Whether any demo account could still sign in: a production start refuses then."""
    return bool(session.scalar(select(exists().where(User.demo, User.disabled_at.is_(None)))))


def _accounts(site_clerks: bool) -> int:
    """Add the accounts that are not there. Passwords are hashed before the transaction: that is the slow part."""
    session = db.session()
    known = set(session.scalars(select(User.account)))
    people = [row for row in demo_tree.rows(demo_tree.DEMO / "demo_accounts.csv") if row["account"] not in known]
    hashes = {row["account"]: _hasher.hash(PASSWORD) for row in people}
    if site_clerks:
        everybody = [_clerk(code) for code in organisations.site_codes(session)]
        clerks = [clerk for clerk in everybody if clerk["account"] not in known]
        hashes |= dict.fromkeys((row["account"] for row in clerks), _hasher.hash(PASSWORD))
        people += clerks
    _add_people(people, hashes)
    return len(people)


def _clerk(code: str) -> dict[str, str]:
    return {"account": f"clerk-{code}", "name": f"客服 {code}", "role": SITE_CLERK, "organisation": code}


def _add_people(people: Sequence[Mapping[str, str]], hashes: Mapping[str, str]) -> None:
    with write() as session:
        ids = {row.code: row.id for row in session.execute(select(Organisation.code, Organisation.id))}
        for row in people:
            session.add(User(
                id=new_id(), account=row["account"], name=row["name"], role=row["role"], demo=True,
                organisation_id=ids[row["organisation"]], password_hash=hashes[row["account"]],
            ))  # fmt: skip


def _connections(session: Session, callback_url: str) -> None:
    """The demo connections, two that push and one that is polled; an address that moved with the port is followed."""
    known = {row.code: row for row in session.scalars(select(Connection))}
    gateway = callback_url.removesuffix("/callback") + "/api/router"
    if POLLED in known:
        known[POLLED].callback_url = gateway
    else:
        session.add(Connection(
            id=new_id(), code=POLLED, name="拼多多（演示）", driver="pdd", secrets=[SECRET], category_map=POLLED_TYPES,
            settings=POLLED_SETTINGS, callback_url=gateway, routing_rule="last_scan",
        ))  # fmt: skip
    codes = {category.code: category.code for category in CATEGORIES}
    for code, name, charset in CONNECTIONS:
        if code in known:
            known[code].callback_url = callback_url
            continue
        session.add(Connection(
            id=new_id(), code=code, name=name, charset=charset, secrets=[SECRET], category_map=codes,
            callback_url=callback_url,
        ))  # fmt: skip


def _hurry(stage: Play, number: str, now: datetime) -> None:
    """Let half of the ticket's `resolve` time be over 40 s from now, on a phone that may ring then."""
    with write() as session:
        ticket = moves.locked_ticket(session, session.scalars(select(Ticket.id).where(Ticket.number == number)).one())
        limit = clocks.limits(session, ticket)["rework"]
        rings_at = now + LEAD
        desk_id = _free_desk(session, rings_at).id
        clocks.void(session, ticket, ["resolve"], now)
        started = rings_at - timedelta(minutes=limit.minutes) / 2
        clocks.start(session, ticket, "resolve", limit, started, organisation_id=desk_id)
        text = {"text": demo_stories.book()["urgent"]["note"]}
        event = journal.append(session, ticket, "note", actor=stage.actors["lcs"], now=now, text=text)
        desk.finish(session, ticket, event, now)


def _free_desk(session: Session, at: datetime) -> Organisation:
    """Whose phone may ring at that moment: site (not at night), province, headquarters; the first one that is free."""
    codes = ["HQ"] if reminder_rule.quiet(at) else [URGENT_SITE, "HQ"]
    codes.insert(len(codes) - 1, URGENT_PROVINCE)
    desks = [session.scalars(select(Organisation).where(Organisation.code == code)).one() for code in codes]
    return next((place for place in desks if _is_free(session, place, at)), desks[-1])


def _is_free(session: Session, place: Organisation, at: datetime) -> bool:
    """No SMS within the spacing before `at`, none waiting, and no clock about to cause one."""
    phone = place.duty_phone
    sent = exists().where(Outbox.lane == f"phone:{phone}", Outbox.created_at > at - reminder_rule.SPACING)
    waiting = exists().where(Reminder.phone == phone, Reminder.outbox_id.is_(None), Reminder.dropped == "")
    soon = exists().where(Clock.ticket_id == Ticket.id, Clock.next_stage_at <= at, _rings(place))
    return phone != "" and not any(session.scalar(select(one)) for one in (sent, waiting, soon))


def _rings(place: Organisation) -> ColumnElement[bool]:
    """The clocks that ring at this desk: a site's own, a province's unaccepted tickets, headquarters' appeals."""
    if place.kind == "headquarters":
        return Clock.kind == "appeal"
    if place.kind == "province":
        return (Clock.kind == "accept") & (Ticket.province_id == place.id) | (Clock.organisation_id == place.id)
    return Clock.organisation_id == place.id

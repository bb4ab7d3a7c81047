"""Customer accounts: kept by the administrator, found at intake by waybill prefix, sender's phone or name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import and_, bindparam, delete, func, or_, select
from sqlalchemy.orm import Session

from app.domain import customers as rule
from app.domain.customers import NAME, PHONE, PREFIX, AccountIn
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.roles import Actor
from app.domain.trials import BadRow, Trial
from app.models import CustomerAccount, CustomerMatch, Ticket
from app.models.among import among
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.models.together import Asked, Question, Step, ask
from app.services.transaction import kept, write

FIELDS = {PHONE: "phones", PREFIX: "prefixes", NAME: "names"}
PAGE = 100
LOCK = "customers"  # of two who add the same one, the second is told


# --- at intake ---


_MATCHING = Question(
    select(CustomerMatch, CustomerAccount)
    .join(CustomerAccount, CustomerAccount.id == CustomerMatch.account_id)
    .where(or_(*(
        and_(CustomerMatch.kind == kind, among(CustomerMatch.value, kind))
        for kind in (PREFIX, PHONE, NAME)
    )), CustomerAccount.active.is_(True))
)  # fmt: skip


def matching(waybill: str, phones: Collection[str], names: Collection[str]) -> Asked:
    """The question for the accounts that a parcel may belong to."""
    digits = [rule.phone_of(phone) for phone in phones if phone]
    return _MATCHING(**{
        PREFIX: list(rule.prefixes_of(waybill)), PHONE: [one for one in digits if one],
        NAME: [name.strip() for name in names if name.strip()],
    })  # fmt: skip


def recognise(
    session: Session, ticket: Ticket, phones: Collection[str], names: Collection[str]
) -> CustomerAccount | None:  # fmt: skip
    """Whose parcel it is: the longest prefix of its waybill, else the sender's phone, else the sender's name.

    The ticket keeps account, tier and own limits for its life.
    """
    rows = kept(session, ("sender", ticket.waybill, *phones, *names),
                lambda: ask(session, matching(ticket.waybill, phones, names))[0])  # fmt: skip
    order = (PREFIX, PHONE, NAME)
    best = min(rows, key=lambda row: (order.index(row[0].kind), -len(row[0].value)), default=None)
    if best is None:
        return None
    account: CustomerAccount = best[1]
    ticket.customer_account_id, ticket.tier, ticket.customer_limits = account.id, account.tier, dict(account.limits)
    return account


_ACCOUNT = Question(select(CustomerAccount).where(CustomerAccount.id == bindparam("account_id")))


def of_ticket(ticket: Ticket, actor: Actor) -> Step[CustomerAccount | None]:
    """The account of a ticket, for its panel; asks nothing where there is none."""
    if not ticket.customer_account_id:
        return None
    ((account,),) = yield (_ACCOUNT(account_id=ticket.customer_account_id),)
    return account


# --- the administrator's side ---


def save(*, actor: Actor, account: AccountIn, now: datetime, known: str = "") -> str:
    """Add an account, or change the one with the code `known`; its code. Raises Invalid, NotFound, NotAllowed."""
    _may(actor)
    with write() as session:
        lock_key(session, LOCK)
        row = load(session, known) if known else None
        wrong = rule.faults(account) | _taken(session, account, row)
        if wrong:
            raise Invalid(wrong)
        return _store(session, row, account, actor, now).code


def trial(session: Session, rows: Iterable[tuple[int, AccountIn]]) -> Trial:
    """What an import would do: each bad line named, accounts counted. Writes nothing."""
    found = {row.code: row for row in session.scalars(select(CustomerAccount))}
    owners = {
        (kind, value): code
        for kind, value, code in session.execute(
            select(CustomerMatch.kind, CustomerMatch.value, CustomerAccount.code).join(
                CustomerAccount, CustomerAccount.id == CustomerMatch.account_id
            )
        )
    }
    bad: list[BadRow] = []
    seen: set[str] = set()
    for line, account in rows:
        wrong = rule.faults(account)
        code = account.code.strip()
        if code in seen:
            wrong["code"] = "code_twice"
        for match in account.matches():
            if owners.setdefault(match, code) != code:
                wrong[FIELDS[match[0]]] = "match_taken"
        seen.add(code)
        bad += [BadRow(line, code, name, why) for name, why in wrong.items()]
    refused = {row.code for row in bad}
    return Trial(len(seen - refused - found.keys()), len((seen & found.keys()) - refused), tuple(bad))


def import_csv(*, actor: Actor, text: str, now: datetime) -> Trial:
    """Take the accounts of a CSV, all or none: with one bad line nothing is stored. Raises Invalid, NotAllowed."""
    _may(actor)
    rows = rule.read_csv(text)
    with write() as session:
        lock_key(session, LOCK)
        told = trial(session, rows)
        if told.bad:
            raise Invalid({"text": "bad_rows"})
        for _line, account in rows:
            statement = select(CustomerAccount).where(CustomerAccount.code == account.code.strip())
            _store(session, session.scalars(statement).one_or_none(), account, actor, now)
        return told


def load(session: Session, code: str) -> CustomerAccount:
    """The account with that code. Raises NotFound."""
    row = session.scalars(select(CustomerAccount).where(CustomerAccount.code == code)).one_or_none()
    if row is None:
        raise NotFound("customer_not_found")
    return row


def page(session: Session, after: str = "") -> list[tuple[CustomerAccount, int]]:
    """Accounts in the order of their codes with how many things tell them; one more than PAGE where there are more."""
    n = select(func.count()).where(CustomerMatch.account_id == CustomerAccount.id).scalar_subquery()
    statement = select(CustomerAccount, n).where(CustomerAccount.code > after).order_by(CustomerAccount.code)
    return [(row, count) for row, count in session.execute(statement.limit(PAGE + 1))]


def below(session: Session, account_id: int, limit: int) -> list[tuple[CustomerAccount, int]]:
    """The same by falling id; one more than `limit` where there are more."""
    n = select(func.count()).where(CustomerMatch.account_id == CustomerAccount.id).scalar_subquery()
    statement = select(CustomerAccount, n).where(CustomerAccount.id < account_id).order_by(CustomerAccount.id.desc())
    return [(row, count) for row, count in session.execute(statement.limit(limit + 1))]


def typed(session: Session, row: CustomerAccount) -> AccountIn:
    """An account as its form shows it."""
    kept: dict[str, list[str]] = {}
    statement = select(CustomerMatch).where(CustomerMatch.account_id == row.id).order_by(CustomerMatch.value)
    for match in session.scalars(statement):
        kept.setdefault(FIELDS[match.kind], []).append(match.value)
    lists = {name: "\n".join(kept.get(name, ())) for name in FIELDS.values()}
    limits = {name: str(minutes) for name, minutes in row.limits.items()}
    return AccountIn(row.code, row.name, row.tier, row.requirements, limits=limits, active=row.active, **lists)


def _taken(session: Session, account: AccountIn, row: CustomerAccount | None) -> dict[str, str]:
    """A code or a match that belongs to another account."""
    own = row.id if row else 0
    wrong = {}
    same = select(CustomerAccount.id).where(CustomerAccount.code == account.code.strip(), CustomerAccount.id != own)
    if session.scalar(same) is not None:
        wrong["code"] = "code_taken"
    values = [value for _kind, value in account.matches()]
    statement = select(CustomerMatch.kind, CustomerMatch.value).where(
        CustomerMatch.value.in_(values), CustomerMatch.account_id != own
    )
    others = {(kind, value) for kind, value in session.execute(statement)}
    return wrong | {FIELDS[match[0]]: "match_taken" for match in account.matches() if match in others}


def _store(
    session: Session, row: CustomerAccount | None, account: AccountIn, actor: Actor, now: datetime
) -> CustomerAccount:
    if row is None:
        row = CustomerAccount(id=new_id(), code=account.code.strip())
        session.add(row)
    row.code, row.name, row.tier = account.code.strip(), account.name.strip(), account.tier.strip()
    row.requirements, row.limits, row.active = account.requirements.strip(), account.minutes(), account.active
    row.changed_at, row.changed_by_id = now, actor.user_id or 0
    session.flush()
    session.execute(delete(CustomerMatch).where(CustomerMatch.account_id == row.id))
    matches: Sequence[tuple[str, str]] = account.matches()
    session.add_all(CustomerMatch(id=new_id(), account_id=row.id, kind=kind, value=value) for kind, value in matches)
    session.flush()
    return row


def _may(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")

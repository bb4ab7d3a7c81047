"""Accounts kept by the administrator: made, changed, disabled; and the one-use link with which the person sets the
password, so that nobody else ever knows it (promises, Accounts). Everything stands in a log."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.domain import people_accounts as rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.people_accounts import AccountIn
from app.domain.roles import ADMIN, Actor
from app.domain.trials import BadRow, Trial
from app.models import AccountLog, Organisation, SessionRow, User
from app.models.dialect import lock_key
from app.models.ids import new_id
from app.services import attendance
from app.services.transaction import write

PAGE, LOG_SHOWN = 50, 50
FIELDS = ("name", "role", "organisation")  # what can be changed


def create(*, actor: Actor, typed: AccountIn, address: str, now: datetime) -> int:
    """A new account, which opens nothing until its person has set a password; its id. Raises Invalid, NotAllowed."""
    _may(actor)
    return _create(actor.user_id, typed, address, now)


def create_by_operator(*, typed: AccountIn, now: datetime) -> int:
    """The same from the machine's command line: the first administrator. Raises Invalid."""
    return _create(None, typed, "command line", now)


def _create(by_id: int | None, typed: AccountIn, address: str, now: datetime) -> int:
    typed = rule.cleaned(typed)
    with write() as session:
        lock_key(session, "accounts")
        place = _place(session, typed.organisation)
        wrong = rule.faults(typed, place.kind if place else None)
        if "account" not in wrong and _known(session, [typed.account]):
            wrong["account"] = "account_taken"
        _require(wrong)
        user_id = new_id()
        session.execute(insert(User), [_row(user_id, typed, place.id if place else 0)])
        _log(session, user_id, by_id, "created", {}, address, now)
        return user_id


def change(*, actor: Actor, user_id: int, typed: AccountIn, address: str, now: datetime) -> None:
    """Another name, role or organisation. With a new role or place the sessions end and open tickets go back to the
    team. Raises Invalid, NotFound, NotAllowed("own_account", "last_admin")."""
    _may(actor)
    typed = rule.cleaned(typed)
    with write() as session:
        user, before = _locked(session, user_id)
        place = _place(session, typed.organisation)
        _require({k: v for k, v in rule.faults(typed, place.kind if place else None).items() if k in FIELDS})
        old = AccountIn(user.account, user.name, user.role, before.code)
        detail = {k: [getattr(old, k), getattr(typed, k)] for k in FIELDS if getattr(old, k) != getattr(typed, k)}
        if not detail or place is None:
            return
        moved = detail.keys() & {"role", "organisation"}
        if moved:
            _not_own_nor_last(session, actor, user)
            _end_sessions(session, user)
        user.name, user.role, user.organisation_id = typed.name, typed.role, place.id
        _log(session, user_id, actor.user_id, "changed", detail, address, now)
        session.flush()
    if moved:
        attendance.give_back_all(session, user_id=user_id, organisation_id=before.id, actor=actor, now=now)


def disable(*, actor: Actor, user_id: int, address: str, now: datetime) -> None:
    """End the sessions and refuse the sign-in; open tickets go back to the team. Nothing that was done is lost.

    Raises NotFound, NotAllowed("own_account", "last_admin").
    """
    _may(actor)
    with write() as session:
        user, place = _locked(session, user_id)
        if user.disabled_at is not None:
            return
        _not_own_nor_last(session, actor, user)
        user.disabled_at = now
        _end_sessions(session, user)
        _log(session, user_id, actor.user_id, "disabled", {}, address, now)
    attendance.give_back_all(session, user_id=user_id, organisation_id=place.id, actor=actor, now=now)


def enable(*, actor: Actor, user_id: int, address: str, now: datetime) -> None:
    """Let a disabled account sign in again, with the password it had. Raises NotFound, NotAllowed."""
    _may(actor)
    with write() as session:
        user, _place_of_it = _locked(session, user_id)
        if user.disabled_at is None:
            return
        user.disabled_at = None
        _log(session, user_id, actor.user_id, "enabled", {}, address, now)


# --- many at once ---


def trial(session: Session, rows: Iterable[tuple[int, AccountIn]]) -> Trial:
    """What an import would do: an account that is known keeps its password and gets name, role and place of the file.

    An import never disables anybody. Select only.
    """
    rows = list(rows)
    kinds = _kinds(session, {typed.organisation for _line, typed in rows})
    known = _known(session, [typed.account for _line, typed in rows])
    bad: list[BadRow] = []
    seen: dict[str, int] = {}
    for line, typed in rows:
        wrong = rule.faults(typed, kinds[typed.organisation][1] if typed.organisation in kinds else None)
        if typed.account.casefold() in seen:  # letters' case makes no new account
            wrong["account"] = "account_twice"
        if (user := known.get(typed.account)) and _is_admin_changed(user, typed):
            wrong["role"] = "admin_by_hand"
        seen.setdefault(typed.account.casefold(), line)
        bad += [BadRow(line, typed.account, field, why) for field, why in wrong.items()]
    changed = len(seen.keys() & {account.casefold() for account in known})
    return Trial(len(seen) - changed, changed, tuple(bad))


def import_csv(*, actor: Actor, text: str, address: str, now: datetime) -> Trial:
    """Take the accounts of a CSV; with one bad line nothing is stored. New ones are made together, known ones changed
    one by one: the same file again does what a crash left undone. Raises Invalid(text), NotAllowed."""
    _may(actor)
    rows = rule.read_csv(text)
    with write() as session:
        lock_key(session, "accounts")
        told = trial(session, rows)
        _require({"text": "bad_rows"} if told.bad else {})
        known = _known(session, [typed.account for _line, typed in rows])
        kinds = _kinds(session, {typed.organisation for _line, typed in rows})
        fresh = [typed for _line, typed in rows if typed.account not in known]
        made = [_row(new_id(), typed, kinds[typed.organisation][0]) for typed in fresh]
        if made:
            session.execute(insert(User), made)
            session.execute(insert(AccountLog), [
                {"id": new_id(), "user_id": row["id"], "by_id": actor.user_id, "what": "created", "detail": {},
                 "at": now, "address": address[:45]} for row in made
            ])  # fmt: skip
    for _line, typed in rows:
        if (user := known.get(typed.account)) and _differs(user, typed):
            change(actor=actor, user_id=user[0], typed=typed, address=address, now=now)
    return told


def _is_admin_changed(user: tuple[int, str, str, str], typed: AccountIn) -> bool:
    """Who administers is decided one by one, never by a file."""
    return ADMIN in (user[2], typed.role) and user[2] != typed.role


def _differs(user: tuple[int, str, str, str], typed: AccountIn) -> bool:
    return user[1:] != (typed.name, typed.role, typed.organisation)


# --- what the pages show ---


def page(session: Session, *, words: str = "", after: str = "") -> list[tuple[User, Organisation]]:
    """Accounts by name of the account, one more than PAGE where there are more; `words` begin an account, or are part
    of a person's name, or the code of an organisation."""
    statement = select(User, Organisation).join(Organisation, Organisation.id == User.organisation_id)
    if words:
        like = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        statement = statement.where(
            User.account.like(f"{like}%", escape="\\") | User.name.contains(words, autoescape=True)
            | (Organisation.code == words)
        )  # fmt: skip
    rows = session.execute(statement.where(User.account > after).order_by(User.account).limit(PAGE + 1))
    return [(user, place) for user, place in rows]


def load(session: Session, user_id: int) -> tuple[User, Organisation]:
    """An account and its organisation. Raises NotFound."""
    statement = select(User, Organisation).join(Organisation, Organisation.id == User.organisation_id)
    found = session.execute(statement.where(User.id == user_id)).one_or_none()
    if found is None:
        raise NotFound("user_not_found")
    return found[0], found[1]


def log(session: Session, user_id: int) -> list[tuple[AccountLog, str]]:
    """What happened to an account, the newest first, with the name of who did it."""
    who = User.__table__.alias("who")
    statement = select(AccountLog, func.coalesce(who.c.name, "")).outerjoin(who, who.c.id == AccountLog.by_id)
    rows = session.execute(
        statement.where(AccountLog.user_id == user_id).order_by(AccountLog.id.desc()).limit(LOG_SHOWN)
    )
    return [(entry, name) for entry, name in rows]


def _place(session: Session, code: str) -> Organisation | None:
    return session.scalars(select(Organisation).where(Organisation.code == code)).one_or_none()


def _kinds(session: Session, codes: set[str]) -> dict[str, tuple[int, str]]:
    """Id and kind of each organisation that is named; all are read, for a file names most of them."""
    rows = session.execute(select(Organisation.code, Organisation.id, Organisation.kind))
    return {row.code: (row.id, row.kind) for row in rows if row.code in codes}


def _known(session: Session, accounts: list[str]) -> dict[str, tuple[int, str, str, str]]:
    """Id, name, role and organisation's code of the accounts that are there; letters' case makes no new account."""
    wanted = {account.casefold(): account for account in accounts}
    statement = select(User.account, User.id, User.name, User.role, Organisation.code)
    rows = session.execute(statement.join(Organisation, Organisation.id == User.organisation_id))
    return {wanted[row[0].casefold()]: tuple(row[1:]) for row in rows if row[0].casefold() in wanted}  # type: ignore[misc]


def _row(user_id: int, typed: AccountIn, organisation_id: int) -> dict[str, Any]:
    return {
        "id": user_id, "account": typed.account, "name": typed.name, "role": typed.role, "password_hash": "",
        "organisation_id": organisation_id,
    }  # fmt: skip


def _locked(session: Session, user_id: int) -> tuple[User, Organisation]:
    lock_key(session, "accounts")
    return load(session, user_id)


def _not_own_nor_last(session: Session, actor: Actor, user: User) -> None:
    if user.id == actor.user_id:
        raise NotAllowed("own_account")
    usable = select(func.count()).where(User.role == ADMIN, User.disabled_at.is_(None), User.id != user.id)
    if user.role == ADMIN and not session.scalar(usable):
        raise NotAllowed("last_admin")


def _end_sessions(session: Session, user: User) -> None:
    """Signed-in browsers and those that a PIN would open: the epoch is in both."""
    user.epoch += 1
    session.execute(delete(SessionRow).where(SessionRow.user_id == user.id))


def _log(
    session: Session, user_id: int, by_id: int | None, what: str, detail: dict[str, Any], address: str, now: datetime
) -> None:  # fmt: skip
    session.add(AccountLog(
        id=new_id(), user_id=user_id, by_id=by_id, what=what, detail=detail, at=now, address=address[:45],
    ))  # fmt: skip


def _require(wrong: dict[str, str]) -> None:
    if wrong:
        raise Invalid(wrong)


def _may(actor: Actor) -> None:
    if not actor.can("admin"):
        raise NotAllowed("not_allowed")

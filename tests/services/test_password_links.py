"""One-use links for a password: who makes them, how often and how long they open, and what they end."""

from __future__ import annotations

from dataclasses import astuple
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import AccountLog, PasswordLink, SessionRow, User
from app.services import accounts, guessing, password_links, people_admin, sessions
from app.services.password_links import Made
from app.services.sessions import Limits
from app.services.transaction import write
from tests.cast import NOON, Cast
from tests.interleave import play, schedules
from tests.quick_hashes import QUICK

OLD, NEW = "correct horse", "battery staple"
OLD_HASH = QUICK.hash(OLD)
LIMITS = Limits(timedelta(minutes=30), timedelta(hours=12))
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def passwords(cast: Cast) -> None:
    with write() as session:
        session.execute(update(User).values(password_hash=OLD_HASH))


def made(cast: Cast, who: str = "site", by: str = "admin", now=NOON) -> Made:
    return password_links.make(actor=cast[by], user_id=cast[who].user_id, address="192.0.2.1", now=now)


def press(session: Session, link: Made, *, new: str = NEW, repeat: str = "", now=NOON + MINUTE):
    return password_links.use(session, secret=link.secret, new=new, repeat=repeat or new, address="", now=now)


def try_in(session: Session, password: str, now=NOON + 2 * MINUTE):
    return accounts.sign_in(session, account="site", password=password, address="192.0.2.9", now=now)


def test_a_link_sets_one_password_once(cast: Cast, db_session: Session) -> None:
    link = made(cast)
    assert press(db_session, link).account == "site"
    assert try_in(db_session, NEW).user_id == cast["site"].user_id
    with pytest.raises(accounts.SignInRefused):
        try_in(db_session, OLD)
    with pytest.raises(NotFound):
        press(db_session, link, new="something else")


def test_a_link_in_place_of_a_password_opens_for_half_an_hour_and_a_first_one_for_a_week(
    cast: Cast, db_session: Session
) -> None:
    link = made(cast)
    with pytest.raises(NotFound):
        press(db_session, link, now=NOON + timedelta(minutes=30))
    with write() as session:
        session.execute(update(User).values(password_hash=""))
    first = made(cast)
    with pytest.raises(NotFound):
        press(db_session, first, now=NOON + timedelta(days=7))
    assert press(db_session, first, now=NOON + timedelta(days=7) - MINUTE)


def test_of_two_presses_at_once_one_sets_the_password(app: Flask, cast: Cast, db_session: Session) -> None:
    for order in schedules(2, 2):
        link = made(cast)
        db_session.rollback()

        def press_as(new: str, link: Made = link):
            return lambda: password_links.use(
                db.session(), secret=link.secret, new=new, repeat=new, address="", now=NOON
            )  # fmt: skip

        ended = play(app, (press_as("first of both"), press_as("second of both")), order)
        assert "link_gone" in ended and len([one for one in ended if one != "link_gone"]) == 1, order


def test_the_last_link_of_a_person_opens_and_none_before(cast: Cast, db_session: Session) -> None:
    first, second = made(cast), made(cast)
    with pytest.raises(NotFound):
        press(db_session, first)
    assert press(db_session, second)


def test_a_password_that_the_person_changed_meanwhile_makes_the_link_void(cast: Cast, db_session: Session) -> None:
    link = made(cast)
    accounts.change_password(
        db_session, user_id=cast["site"].user_id, current=OLD, new="my own choice", address="", now=NOON
    )
    with pytest.raises(NotFound):
        press(db_session, link)


def test_a_disabled_account_gets_no_link_and_its_link_opens_nothing(cast: Cast, db_session: Session) -> None:
    link = made(cast)
    people_admin.disable(actor=cast["admin"], user_id=cast["site"].user_id, address="", now=NOON)
    with pytest.raises(NotFound):
        press(db_session, link)
    with pytest.raises(NotFound):
        made(cast)


def test_setting_it_ends_every_session_and_every_wait(cast: Cast, db_session: Session) -> None:
    user_id = cast["site"].user_id
    token = sessions.create(user_id=user_id, epoch=0, data={"csrf_token": "x"}, now=NOON, limits=LIMITS)
    for _try in range(9):
        guessing.failed(keys=guessing.keys_of("site", "192.0.2.7")[:1], now=NOON)
    press(db_session, made(cast))
    assert sessions.find(db_session, token, now=NOON, limits=LIMITS) is None
    assert try_in(db_session, NEW, NOON + MINUTE)
    assert db_session.scalars(select(SessionRow).where(SessionRow.user_id == user_id)).all() == []


@pytest.mark.parametrize(("new", "repeat", "fault"), [
    ("short", "short", {"new": "too_short"}), ("x" * 65, "x" * 65, {"new": "too_long"}),
    ("password123", "password123", {"new": "too_common"}), (NEW, "another one", {"repeat": "not_same"}),
])  # fmt: skip
def test_a_bad_password_is_refused_and_the_link_still_opens(
    cast: Cast, db_session: Session, new: str, repeat: str, fault: dict[str, str]
) -> None:
    link = made(cast)
    with pytest.raises(Invalid) as caught:
        press(db_session, link, new=new, repeat=repeat)
    assert caught.value.fields == fault and press(db_session, link)


@pytest.mark.parametrize("who", ["site-manager", "lcs-manager", "ccs-manager"])
def test_nobody_but_an_administrator_makes_one(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        made(cast, by=who)


def test_an_administrator_makes_none_for_the_own_account(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        made(cast, who="admin")


def test_the_secret_is_stored_nowhere_and_the_log_tells_who_made_it(cast: Cast, db_session: Session) -> None:
    link = made(cast)
    rows = db_session.execute(select(PasswordLink.__table__)).all()
    assert len(rows) == 1 and link.secret not in str(rows)
    press(db_session, link)
    entries = db_session.scalars(select(AccountLog).order_by(AccountLog.id)).all()
    assert [(one.what, one.by_id) for one in entries] == [("link", cast["admin"].user_id), ("password", None)]
    assert link.secret not in str([one.detail for one in entries])


@pytest.mark.parametrize("secret", ["", "x", "\0", "é" * 43, "A" * 5000])
def test_a_guess_opens_nothing(cast: Cast, db_session: Session, secret: str) -> None:
    made(cast)
    with pytest.raises(NotFound):
        password_links.opened(db_session, secret=secret, now=NOON)


def test_invitations_are_for_those_who_never_had_a_password(cast: Cast, db_session: Session) -> None:
    with write() as session:
        session.execute(update(User).where(User.account.in_(("site", "lcs", "ccs"))).values(password_hash=""))
    people_admin.disable(actor=cast["admin"], user_id=cast["ccs"].user_id, address="", now=NOON)
    sent = password_links.invite(actor=cast["admin"], address="", now=NOON)
    assert [(one.account, code) for one, code in sent] == [("lcs", "33"), ("site", "330106-01")]
    assert press(db_session, sent[1][0]).account == "site"
    again = password_links.invite(actor=cast["admin"], address="", now=NOON + MINUTE)
    assert [one.account for one, _code in again] == ["lcs"]


def test_the_machine_makes_one_for_who_has_nobody_else(cast: Cast, db_session: Session) -> None:
    link = password_links.make_by_operator(account="admin", now=NOON)
    assert press(db_session, link).account == "admin" and "admin" in astuple(link)
    with pytest.raises(NotFound):
        password_links.make_by_operator(account="nobody", now=NOON)

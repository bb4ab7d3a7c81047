"""The quick switch: only to colleagues who signed in here today, counted before it is looked at, always on record."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Device, DeviceUser, Pin, SecondFactorLog, SwitchLog, User
from app.models.ids import new_id
from app.services import accounts, pins
from app.services.pins import PinRefused
from app.services.transaction import write
from tests import cast as company
from tests.cast import NOON, Cast

PIN, PASSWORD = "4071", "correct horse battery"


@pytest.fixture(scope="module")
def hashes() -> tuple[str, str]:
    """Of PIN and password, made once: each costs 50 ms."""
    return accounts.hash_password(PIN), accounts.hash_password(PASSWORD)


@pytest.fixture
def cast(db_session: Any, hashes: tuple[str, str]) -> Cast:
    """The smallest company; everybody at the first site and in its province has the same password, and a PIN."""
    made = company.begin()
    with write() as session:
        session.execute(update(User).values(password_hash=hashes[1]))
        for who in ("site", "site-manager", "site-2", "lcs", "ccs-manager"):
            session.add(Pin(user_id=made[who].user_id, pin_hash=hashes[0], epoch=0, set_at=NOON))
    return made


def shared(cast: Cast, *people: str, now: datetime = NOON, token: str = "") -> str:
    """The token of a browser in which these people signed in with their password."""
    for who in people:
        token = pins.signed_in(token=token, user_id=cast[who].user_id or 0, epoch=0, now=now)
    return token


def switch(
    cast: Cast, token: str, to: str = "site-manager", pin: str = PIN, now: datetime = NOON, who: str = "site"
) -> Any:
    return pins.switch(actor=cast[who], token=token, user_id=cast[to].user_id or 0, pin=pin, now=now)


def logged(session: Any) -> list[str]:
    session.rollback()
    return list(session.scalars(select(SwitchLog.outcome).order_by(SwitchLog.id)))


def test_a_pin_opens_the_browser_to_a_colleague_who_signed_in_there(cast: Cast, db_session: Any) -> None:
    token = shared(cast, "site-manager", "site")
    found = switch(cast, token, now=NOON + timedelta(hours=2))
    assert (found.user_id, found.since) == (cast["site-manager"].user_id, NOON)
    row = db_session.scalars(select(SwitchLog)).one()
    assert (row.outcome, row.from_id, row.to_id) == ("switched", cast["site"].user_id, cast["site-manager"].user_id)


@pytest.mark.parametrize(
    ("people", "hours", "why"),
    [
        (("site",), 0, "never signed in here"), (("site", "site-manager"), 12, "too long ago"),
        (("site", "site-2"), 0, "another organisation"),
    ],
)  # fmt: skip
def test_nobody_else_is_offered_or_taken(
    cast: Cast, db_session: Any, people: tuple[str, ...], hours: int, why: str
) -> None:
    token, now = shared(cast, *people), NOON + timedelta(hours=hours)
    assert pins.colleagues(db_session, cast["site"], token, now) == [], why
    for to in ("site-manager", "site-2"):
        with pytest.raises(NotFound):
            switch(cast, token, to, now=now)


def test_another_browsers_token_opens_nothing(cast: Cast) -> None:
    shared(cast, "site", "site-manager")
    for token in ("", "x", shared(cast, "site")):
        with pytest.raises(NotFound):
            switch(cast, token)


@pytest.mark.parametrize("change", [{"epoch": 1}, {"disabled_at": NOON}, {"role": "admin"}])
def test_a_changed_password_disabling_and_a_role_without_pin_revoke_it(
    cast: Cast, db_session: Any, change: dict
) -> None:
    token = shared(cast, "site", "site-manager")
    with write() as session:
        session.execute(update(User).where(User.id == cast["site-manager"].user_id).values(**change))
    with pytest.raises(NotFound):
        switch(cast, token)
    assert pins.colleagues(db_session, cast["site"], token, NOON) == []


@pytest.mark.parametrize(("what", "opens"), [("enrolled", False), ("reset", False), ("renewed", True)])
def test_a_second_factor_that_was_never_shown_in_this_browser_is_not_passed_by_a_pin(
    cast: Cast, db_session: Any, what: str, opens: bool
) -> None:
    token, later = shared(cast, "site", "site-manager"), NOON + timedelta(minutes=5)
    whose = cast["site-manager"].user_id
    with write() as session:
        session.add(SecondFactorLog(id=new_id(), user_id=whose, by_id=whose, what=what, at=later))
    now = later + timedelta(minutes=1)
    assert bool(pins.colleagues(db_session, cast["site"], token, now)) is opens
    if not opens:
        with pytest.raises(NotFound):
            switch(cast, token, now=now)
        shared(cast, "site-manager", now=now, token=token)  # with the password, and with the code that comes after it
    assert switch(cast, token, now=now).user_id == whose


def test_five_wrong_ones_lock_it_here_until_the_password_and_only_here(cast: Cast, db_session: Any) -> None:
    token, other = shared(cast, "site", "site-manager"), shared(cast, "site", "site-manager")
    now = NOON
    for n in range(5):
        now += timedelta(minutes=1)
        with pytest.raises(PinRefused) as refused:
            switch(cast, token, pin="9182", now=now)
        assert refused.value.code == ("pin_locked" if n == 4 else "pin_wrong")
    with pytest.raises(PinRefused) as refused:
        switch(cast, token, now=now + timedelta(hours=1))
    assert refused.value.code == "pin_locked"
    assert [one.locked for one in pins.colleagues(db_session, cast["site"], token, now)] == [True]
    assert switch(cast, other, now=now).user_id == cast["site-manager"].user_id
    shared(cast, "site-manager", now=now, token=token)
    assert switch(cast, token, now=now).user_id == cast["site-manager"].user_id
    assert logged(db_session) == ["wrong"] * 5 + ["locked", "switched", "switched"]


def test_the_next_try_waits_and_the_right_pin_before_its_time_is_not_looked_at(cast: Cast) -> None:
    token = shared(cast, "site", "site-manager")
    waits = []
    now = NOON
    for _n in range(3):
        with pytest.raises(PinRefused) as refused:
            switch(cast, token, pin="9182", now=now)
        waits.append(refused.value.wait_seconds)
        with pytest.raises(PinRefused) as refused:
            switch(cast, token, now=now)
        assert refused.value.code == "pin_wait"
        now += timedelta(seconds=waits[-1])
    assert waits == [1, 2, 4]
    assert switch(cast, token, now=now)


def test_a_right_pin_forgets_the_wrong_ones(cast: Cast, db_session: Any) -> None:
    token, now = shared(cast, "site", "site-manager"), NOON
    for n in range(8):
        now += timedelta(minutes=1)
        if n % 4 == 3:
            switch(cast, token, now=now)
        else:
            with pytest.raises(PinRefused):
                switch(cast, token, pin="9182", now=now)
    assert db_session.scalars(select(DeviceUser.failures).where(DeviceUser.failures > 0)).all() == []


def test_whoever_signed_out_is_not_offered_any_more(cast: Cast, db_session: Any) -> None:
    token = shared(cast, "site", "site-manager")
    pins.left(token=token, user_id=cast["site-manager"].user_id or 0)
    assert pins.colleagues(db_session, cast["site"], token, NOON) == []


def test_a_pin_is_set_with_the_password_alone(cast: Cast, db_session: Any) -> None:
    def give(who: str, password: str = PASSWORD, pin: str = "80415") -> None:
        pins.set_pin(db_session, actor=cast[who], password=password, pin=pin, address="::1", now=NOON)

    with pytest.raises(Invalid) as refused:
        give("site", "wrong")
    assert refused.value.fields == {"pin_password": "wrong_password"}
    with pytest.raises(Invalid) as refused:
        give("site", pin="1234")
    assert refused.value.fields == {"pin": "pin_common"}
    for head in ("admin", "ccs-manager"):
        with pytest.raises(NotAllowed):
            give(head)
    give("site-2")
    token = shared(cast, "site-2")
    assert "80415" not in str(db_session.get_one(Pin, cast["site-2"].user_id).pin_hash) and token


def test_browsers_in_which_nobody_signed_in_for_a_day_are_forgotten(cast: Cast, db_session: Any) -> None:
    shared(cast, "site", "site-manager")
    assert pins.sweep(NOON + timedelta(hours=23)) == 0
    assert pins.sweep(NOON + timedelta(hours=24)) == 1
    assert db_session.scalars(select(Device)).all() == []


def test_a_try_before_the_wait_is_over_stands_in_the_log_too(cast: Cast, db_session: Any) -> None:
    token = shared(cast, "site", "site-manager")
    for pin in ("9182", PIN):
        with pytest.raises(PinRefused):
            switch(cast, token, pin=pin)
    assert logged(db_session) == ["wrong", "early"]

"""The second factor: a code is taken once, tries are slowed down, recovery codes open once, a reset is somebody else's."""

from __future__ import annotations

import threading
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pyotp
import pytest
from sqlalchemy import func, select

from app.domain import one_time
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import RecoveryCode, SecondFactor, SecondFactorLog, SessionRow
from app.services import guessing, second_factor
from app.services.accounts import SignInRefused
from tests.cast import NOON, Cast

KEY = "k" * 32
STEP = timedelta(seconds=30)
HOME = "10.0.0.7"


def secret(session: Any, cast: Cast, who: str = "ccs") -> str:
    session.rollback()
    return second_factor.address(session, cast[who].user_id, who, KEY)[1]


def enrol(session: Any, cast: Cast, who: str = "ccs") -> tuple[pyotp.TOTP, list[str]]:
    second_factor.begin(actor=cast[who], key=KEY, now=NOON)
    made = pyotp.TOTP(secret(session, cast, who))
    codes = second_factor.confirm(actor=cast[who], typed=made.at(NOON), key=KEY, address=HOME, now=NOON)
    return made, codes


def check(session: Any, cast: Cast, typed: str, now: datetime, who: str = "ccs", address: str = HOME) -> None:
    second_factor.check(session, user_id=cast[who].user_id, typed=typed, key=KEY, address=address, now=now)


def refused(session: Any, cast: Cast, typed: str, now: datetime, **more: str) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        check(session, cast, typed, now, **more)
    return caught.value


def test_it_counts_from_its_first_right_code_on(cast: Cast, db_session) -> None:
    second_factor.begin(actor=cast["ccs"], key=KEY, now=NOON)
    assert not second_factor.enrolled(db_session, cast["ccs"].user_id)
    with pytest.raises(Invalid):
        second_factor.confirm(actor=cast["ccs"], typed="000000", key=KEY, address=HOME, now=NOON)
    assert not second_factor.enrolled(db_session, cast["ccs"].user_id)
    made = pyotp.TOTP(secret(db_session, cast))
    codes = second_factor.confirm(actor=cast["ccs"], typed=made.at(NOON), key=KEY, address=HOME, now=NOON)
    assert second_factor.enrolled(db_session, cast["ccs"].user_id) and len(set(codes)) == one_time.CODES
    with pytest.raises(NotFound):  # the secret is shown to nobody any more
        secret(db_session, cast)


def test_a_code_is_taken_once_and_none_older_after_it(cast: Cast, db_session) -> None:
    made, _codes = enrol(db_session, cast)
    assert refused(db_session, cast, made.at(NOON), NOON + timedelta(seconds=5)).code == "wrong_code"
    later = NOON + 2 * STEP
    check(db_session, cast, made.at(later), later)
    assert refused(db_session, cast, made.at(later), later).code == "wrong_code"
    assert refused(db_session, cast, made.at(later - STEP), later).code == "wrong_code"
    check(db_session, cast, f" {made.at(later + STEP)[:3]} {made.at(later + STEP)[3:]} ", later + STEP)


def test_of_many_codes_side_by_side_no_more_are_looked_at_than_one_after_the_other(
    app, cast: Cast, db_session, monkeypatch
) -> None:
    enrol(db_session, cast)
    db_session.rollback()
    side_by_side, real = threading.Barrier(8), guessing.wait_seconds

    def slow(*given: Any) -> int:
        found = real(*given)
        with suppress(threading.BrokenBarrierError):
            side_by_side.wait(0.3)
        return found

    monkeypatch.setattr(guessing, "wait_seconds", slow)
    said: list[str] = []

    def try_it() -> None:
        with app.app_context():
            said.append(refused(db.session(), cast, "000000", NOON + 10 * STEP).code)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == ["wait"] * 3 + ["wrong_code"] * 5


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_that_is_one_step_off_is_forgiven(cast: Cast, db_session, steps: int, taken: bool) -> None:
    made, _codes = enrol(db_session, cast)
    now = NOON + 10 * STEP
    if taken:
        check(db_session, cast, made.at(now + steps * STEP), now)
    else:
        refused(db_session, cast, made.at(now + steps * STEP), now)


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize("typed", ["", "12345", "1234567", "abcdef", "１２３４５６", "000000\0", "'; --"])
def test_what_is_no_code_is_refused(cast: Cast, db_session, typed: str) -> None:
    enrol(db_session, cast)
    assert refused(db_session, cast, typed, NOON + 9 * STEP).code == "wrong_code"


def test_of_two_at_once_with_one_code_one_gets_in(app, cast: Cast, db_session) -> None:
    made, _codes = enrol(db_session, cast)
    now, said, gate = NOON + 4 * STEP, [], threading.Barrier(2)
    code = made.at(now)

    def try_it() -> None:
        with app.app_context():
            gate.wait()
            try:
                check(db.session(), cast, code, now)
                said.append("in")
            except SignInRefused as error:
                said.append(error.code)

    threads = [threading.Thread(target=try_it) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(said) == ["in", "wrong_code"]


def test_guessing_is_slowed_down_and_a_right_code_waits_too(cast: Cast, db_session) -> None:
    made, _codes = enrol(db_session, cast)
    now = NOON + 4 * STEP
    for _ in range(4):
        assert refused(db_session, cast, "000000", now).wait_seconds == 0
    assert refused(db_session, cast, "000000", now).wait_seconds > 0
    assert refused(db_session, cast, made.at(now), now).code == "wait"
    assert refused(db_session, cast, made.at(now), now, address="10.0.0.8").code == "wait"  # from anywhere
    after = now + timedelta(seconds=3)
    check(db_session, cast, made.at(after), after)
    assert refused(db_session, cast, "000000", after).wait_seconds == 0  # the count began again


def test_a_recovery_code_opens_once_as_it_is_typed(cast: Cast, db_session) -> None:
    _made, codes = enrol(db_session, cast)
    check(db_session, cast, codes[0].lower().replace("-", " "), NOON)
    assert refused(db_session, cast, codes[0], NOON).code == "wrong_code"
    check(db_session, cast, codes[1], NOON)
    assert second_factor.state(db_session, cast["ccs"].user_id).codes_left == one_time.CODES - 2
    said = list(db_session.scalars(select(SecondFactorLog.what).order_by(SecondFactorLog.id)))
    assert said == ["enrolled", "recovery", "recovery"]


def test_a_recovery_code_is_its_persons_alone(cast: Cast, db_session) -> None:
    _made, codes = enrol(db_session, cast)
    enrol(db_session, cast, "ccs-manager")
    assert refused(db_session, cast, codes[0], NOON, who="ccs-manager").code == "wrong_code"


def test_neither_secret_nor_codes_lie_in_the_clear(cast: Cast, db_session) -> None:
    made, codes = enrol(db_session, cast)
    row = db_session.get(SecondFactor, cast["ccs"].user_id)
    assert made.secret.encode() not in bytes(row.secret)
    kept = set(db_session.scalars(select(RecoveryCode.code_hash)))
    assert len(kept) == one_time.CODES and not kept & {code.replace("-", "") for code in codes}


def test_new_recovery_codes_make_the_old_ones_void(cast: Cast, db_session) -> None:
    _made, codes = enrol(db_session, cast)
    fresh = second_factor.renew_codes(actor=cast["ccs"], address=HOME, now=NOON)
    assert refused(db_session, cast, codes[0], NOON).code == "wrong_code"
    check(db_session, cast, fresh[0], NOON)


def test_an_administrator_resets_others_and_it_ends_their_sessions_and_is_logged(cast: Cast, db_session) -> None:
    enrol(db_session, cast)
    user_id = cast["ccs"].user_id
    db_session.add(SessionRow(token_hash="t" * 64, user_id=user_id, created_at=NOON, active_at=NOON))
    db_session.commit()
    second_factor.reset(actor=cast["admin"], user_id=user_id, address=HOME, now=NOON)
    assert not second_factor.enrolled(db_session, user_id)
    assert db_session.scalar(select(func.count()).select_from(SessionRow)) == 0
    assert db_session.scalar(select(func.count()).select_from(RecoveryCode)) == 0
    entry, whose, who = second_factor.log(db_session)[0]
    assert (entry.what, whose, who, entry.address) == ("reset", "ccs", "admin", HOME)


def test_nobody_else_resets_and_no_administrator_the_own(cast: Cast, db_session) -> None:
    enrol(db_session, cast, "admin")
    enrol(db_session, cast)
    for who, whose in (("admin", "admin"), ("ccs-manager", "ccs"), ("lcs-manager", "ccs"), ("site", "ccs")):
        with pytest.raises(NotAllowed):
            second_factor.reset(actor=cast[who], user_id=cast[whose].user_id, address=HOME, now=NOON)
    assert second_factor.enrolled(db_session, cast["ccs"].user_id)


def test_the_operator_resets_from_the_command_line_and_it_is_logged(app, cast: Cast, db_session) -> None:
    enrol(db_session, cast, "admin")
    run = app.test_cli_runner().invoke
    assert run(args=["second-factor", "reset", "nobody"]).exit_code == 1
    assert run(args=["second-factor", "reset", "admin"]).exit_code == 0
    db_session.rollback()
    assert not second_factor.enrolled(db_session, cast["admin"].user_id)
    assert second_factor.log(db_session)[0][0].address == "command line"


@pytest.mark.parametrize("who", ["site", "site-manager", "lcs", "lcs-manager"])
def test_other_roles_have_none(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        second_factor.begin(actor=cast[who], key=KEY, now=NOON)


def test_one_that_counts_is_not_overwritten(cast: Cast, db_session) -> None:
    made, _codes = enrol(db_session, cast)
    with pytest.raises(NotAllowed):
        second_factor.begin(actor=cast["ccs"], key=KEY, now=NOON)
    check(db_session, cast, made.at(NOON + 5 * STEP), NOON + 5 * STEP)

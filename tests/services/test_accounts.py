"""Accounts: equal answers, a growing wait, passwords, and sessions that end when they must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher, Type
from sqlalchemy import func, select, update

from app.domain.errors import Invalid
from app.models import SessionRow, SignInFailure, User
from app.services import accounts, guessing, passwords, sessions
from app.services.accounts import SignInRefused
from app.services.sessions import Limits
from app.services.transaction import write
from tests import cast
from tests.quick_hashes import QUICK, STRONG

NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)
LIMITS = Limits(timedelta(minutes=30), timedelta(hours=12))
PASSWORD = "correct horse"
HASH = QUICK.hash(PASSWORD)


@pytest.fixture
def people(db_session):
    """The company, everybody with the same password."""
    company = cast.begin()
    with write() as session:
        session.execute(update(User).values(password_hash=HASH))
    return company


def try_in(session, account="site", password=PASSWORD, address="192.0.2.1", now=NOW):
    return accounts.sign_in(session, account=account, password=password, address=address, now=now)


def refused(session, **named) -> SignInRefused:
    with pytest.raises(SignInRefused) as caught:
        try_in(session, **named)
    return caught.value


def begin(people, name="site", epoch=0, now=NOW):
    data = {"csrf_token": "x"}
    return sessions.create(user_id=people[name].user_id, epoch=epoch, data=data, now=now, limits=LIMITS)


def found(session, token, now=NOW):
    session.rollback()
    return sessions.find(session, token, now=now, limits=LIMITS)


# --- signing in ---


def test_the_right_password_signs_in(db_session, people):
    assert try_in(db_session).user_id == people["site"].user_id


def test_unknown_disabled_and_wrong_are_told_alike(db_session, people):
    with write() as session:
        session.execute(update(User).where(User.account == "lcs").values(disabled_at=NOW))
    answers = [refused(db_session, password="wrong"), refused(db_session, account="nobody")]
    answers.append(refused(db_session, account="lcs"))
    assert {(a.code, a.wait_seconds) for a in answers} == {("bad_credentials", 0)}


@pytest.mark.parametrize("account", ["nobody", "lcs", "", "a\0b", "x" * 5000, "\ud800"])
def test_an_account_that_cannot_sign_in_costs_one_verification_too(db_session, people, monkeypatch, account):
    with write() as session:
        session.execute(update(User).where(User.account == "lcs").values(disabled_at=NOW))
    verified = []
    real = accounts._matches
    monkeypatch.setattr(accounts, "_matches", lambda h, p: verified.append(h) or real(h, p))
    refused(db_session, account=account)
    assert len(verified) == 1 and verified[0].startswith("$argon2id$")


def test_the_portal_itself_hashes_at_least_as_owasp_asks():
    for module, hasher in STRONG.items():
        assert (hasher.type, hasher.parallelism >= 1) == (Type.ID, True), module
        assert hasher.memory_cost >= 19_456 and hasher.memory_cost * hasher.time_cost >= 38_912, module


def test_a_hash_of_other_settings_is_renewed_when_its_owner_signs_in(db_session, people, monkeypatch):
    monkeypatch.setattr(accounts, "_hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    try_in(db_session)
    hashes = dict(db_session.execute(select(User.account, User.password_hash)).all())
    assert "$m=16,t=2,p=1$" in hashes["site"] and hashes["lcs"] == HASH
    try_in(db_session)
    assert db_session.scalar(select(User.password_hash).where(User.account == "site")) == hashes["site"]


def test_the_hash_is_computed_outside_every_transaction(db_session, people, monkeypatch):
    real = accounts._matches

    def outside(stored, password):
        assert not db_session().in_transaction()
        return real(stored, password)

    monkeypatch.setattr(accounts, "_matches", outside)
    assert try_in(db_session)


def test_the_wait_of_an_account_grows_and_nothing_is_checked_meanwhile(db_session, people):
    waits, now = [], NOW
    for number in range(8):
        wait = refused(db_session, password="wrong", address=f"192.0.2.{number}", now=now).wait_seconds
        waits.append(wait)
        now += timedelta(seconds=wait)
    assert waits == [0, 0, 0, 0, 2, 4, 8, 16]
    refused(db_session, password="wrong", now=now)
    assert (refused(db_session, now=now).code, refused(db_session, now=now).wait_seconds) == ("wait", 32)
    assert try_in(db_session, now=now + timedelta(seconds=32))


@pytest.mark.parametrize("password", [PASSWORD, "wrong"])
@pytest.mark.parametrize("asked", ["sign_in", "confirm"])
def test_of_many_tries_side_by_side_those_after_the_wait_began_are_told_neither_right_nor_wrong(
    db_session, people, monkeypatch, password, asked
):
    keys, real = guessing.keys_of("site", "192.0.2.9"), accounts._matches

    def beside(stored, typed):
        for _ in range(5):
            guessing.failed(keys=keys, now=NOW)
        return real(stored, typed)

    monkeypatch.setattr(accounts, "_matches", beside)
    who = {"account": "site"} if asked == "sign_in" else {"user_id": people["site"].user_id}
    with pytest.raises(SignInRefused) as caught:
        getattr(accounts, asked)(db_session, password=password, address="192.0.2.1", now=NOW, **who)
    assert caught.value.code == "wait"


def test_one_address_that_tries_many_accounts_has_to_wait(db_session, people):
    keys = guessing.keys_of("a", "198.51.100.7")
    for number in range(21):
        guessing.failed(keys=(f"account:{number}", keys[1]), now=NOW)
    assert refused(db_session, address="198.51.100.7").code == "wait"
    assert try_in(db_session, address="198.51.100.8")


def test_a_successful_sign_in_forgets_the_failures_of_its_account_but_not_of_the_address(db_session, people):
    for _ in range(3):
        refused(db_session, password="wrong")
    try_in(db_session)
    left = db_session.scalars(select(SignInFailure.key)).all()
    assert [key.split(":")[0] for key in left] == ["address"]


def test_successful_sign_ins_are_never_limited_nor_counted(db_session, people, monkeypatch):
    monkeypatch.setattr(accounts, "_matches", lambda h, p: True)
    for _ in range(60):
        try_in(db_session)
    assert db_session.scalar(select(func.count()).select_from(SignInFailure)) == 0


def test_failures_are_forgotten_after_an_hour_and_a_wait_from_a_wrong_clock_blocks_nobody(db_session, people):
    keys = guessing.keys_of("site", "192.0.2.1")
    for _ in range(9):
        guessing.failed(keys=keys, now=NOW)
    assert guessing.wait_seconds(db_session, keys, NOW) == 32
    assert guessing.wait_seconds(db_session, keys, NOW - timedelta(hours=2)) == 0
    assert guessing.failed(keys=keys, now=NOW + timedelta(hours=2)) == 0


def test_the_wait_stops_growing():
    assert [guessing.delay("account", n) for n in (1, 4, 5, 13, 14, 99, 10**6)] == [0, 0, 2, 512, 900, 900, 900]


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", "unknown"),
    ],
)
def test_an_address_counts_as_one_subscriber(address, key):
    assert guessing.keys_of("a", address)[1] == f"address:{key}"


# --- passwords ---


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("1234567", "too_short"),
        ("x" * 65, "too_long"),
        ("Password123", "too_common"),
        ("woaini1314", "too_common"),
        ("aaaaaaaaaaaa", "too_common"),
        ("hgfedcba", "too_common"),
        ("site-manager1", "too_common"),
        ("demo-portal", ""),
        ("快递客服的长密码", ""),
        ("x y" * 21, ""),
    ],
)
def test_what_a_new_password_must_be(password, fault):
    assert passwords.password_fault(password, account="site-manager") == fault


def change(session, people, current=PASSWORD, new="a new long one", now=NOW):
    return accounts.change_password(
        session, user_id=people["site"].user_id, current=current, new=new, address="192.0.2.1", now=now
    )


def test_a_password_change_ends_every_session_and_the_old_password(db_session, people):
    token = begin(people)
    known = change(db_session, people)
    assert known.epoch == 1
    assert found(db_session, token) is None
    assert refused(db_session).code == "bad_credentials"
    assert try_in(db_session, password="a new long one").epoch == 1


def test_a_session_begun_with_the_old_password_at_the_same_moment_is_void(db_session, people):
    change(db_session, people)
    assert found(db_session, begin(people, epoch=0)) is None


def test_a_wrong_present_password_changes_nothing_and_counts(db_session, people):
    token = begin(people)
    for _ in range(5):
        with pytest.raises(Invalid) as caught:
            change(db_session, people, current="wrong")
        assert caught.value.fields == {"current": "wrong_password"}
    with pytest.raises(SignInRefused):
        change(db_session, people)
    assert found(db_session, token) is not None


def test_an_easy_new_password_is_refused(db_session, people):
    with pytest.raises(Invalid) as caught:
        change(db_session, people, new="12345678")
    assert caught.value.fields == {"new": "too_common"}


# --- sessions ---


def test_a_session_tells_who_and_only_its_digest_is_stored(db_session, people):
    token = begin(people, "lcs")
    held = found(db_session, token)
    assert (held.person.account, held.person.province_id) == ("lcs", people.places["33"])
    assert held.data == {"csrf_token": "x"}
    assert db_session.scalar(select(SessionRow.token_hash)) == sessions.digest(token) != token


def test_idle_and_absolute_time_end_a_session(db_session, people):
    token = begin(people)
    assert found(db_session, token, NOW + timedelta(minutes=29, seconds=59))
    assert found(db_session, token, NOW + timedelta(minutes=30)) is None
    assert found(db_session, token, NOW - timedelta(hours=2)) is None
    now = NOW
    while now < NOW + timedelta(hours=12):
        assert found(db_session, token, now)
        sessions.touch(token, user_id=people["site"].user_id, now=now)
        now += timedelta(minutes=20)
    assert found(db_session, token, now) is None


def test_activity_is_written_once_a_minute(db_session, people):
    token = begin(people)
    assert not found(db_session, token, NOW + timedelta(seconds=59)).touch_due
    later = NOW + timedelta(seconds=60)
    assert found(db_session, token, later).touch_due
    sessions.touch(token, user_id=people["site"].user_id, now=later)
    assert not found(db_session, token, later).touch_due


def test_disabling_and_logout_end_a_session_at_the_next_look(db_session, people):
    first, second = begin(people), begin(people)
    sessions.end(first)
    assert found(db_session, first) is None
    assert found(db_session, second)
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(disabled_at=NOW))
    assert found(db_session, second) is None


def test_dead_sessions_of_a_person_are_cleared_at_the_next_sign_in(db_session, people):
    begin(people)
    begin(people, now=NOW + timedelta(hours=1))
    assert db_session.scalar(select(func.count()).select_from(SessionRow)) == 1


# --- settings and demo accounts ---


def test_preferences_take_known_values_only(db_session, people):
    user_id = people["site"].user_id
    accounts.set_preferences(user_id=user_id, locale="en", theme="dark")
    assert sessions.person(db_session, user_id).locale == "en"
    with pytest.raises(Invalid):
        accounts.set_preferences(user_id=user_id, theme="<script>")


def test_production_is_refused_while_a_demo_account_can_sign_in(db_session, people):
    accounts.refuse_demo_accounts(db_session)
    with write() as session:
        session.execute(update(User).where(User.account == "site").values(demo=True))
    assert [row.account for row in accounts.demo_accounts(db_session)] == ["site"]
    with pytest.raises(accounts.DemoAccountsExist):
        accounts.refuse_demo_accounts(db_session)
    with write() as session:
        session.execute(update(User).values(disabled_at=NOW))
    accounts.refuse_demo_accounts(db_session)

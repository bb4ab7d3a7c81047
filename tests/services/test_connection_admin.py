"""Connections as an administrator keeps them: added, changed, secrets renewed without a pause, nothing secret told."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain.connections import SECRET, Entry, Setting
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import AdminLog, Connection
from app.services import connection_admin, connections
from app.services.connection_admin import Rules
from tests.cast import NOON, PEOPLE, Cast

ENTRY = Entry("cainiao", "菜鸟", "link", callback_url="https://gateway.example.com/callback")
RULES = Rules(("link", "pdd"))
PDD = Rules(("link", "pdd"), (Setting("client_id", required=True), Setting("access_token", SECRET, required=True)))
FIRST, SECOND = "a-first-secret-of-ours", "a-second-secret-of-ours"


def add(cast: Cast, entry: Entry = ENTRY, rules: Rules = RULES) -> str:
    return connection_admin.add(actor=cast["admin"], entry=entry, rules=rules, now=NOON)


def row(session: Any, code: str = "cainiao") -> Connection:
    session.rollback()
    return session.scalars(select(Connection).where(Connection.code == code)).one()


def secret(cast: Cast, text: str | None, code: str = "cainiao") -> str:
    return connection_admin.add_secret(actor=cast["admin"], code=code, secret=text, now=NOON)


def retire(cast: Cast, place: int, of: int) -> None:
    connection_admin.retire_secret(actor=cast["admin"], code="cainiao", place=place, of=of, now=NOON)


def test_a_connection_is_added_without_a_secret_and_its_code_is_its_own(cast: Cast, db_session: Any) -> None:
    assert add(cast) == "cainiao"
    assert connections.door(db_session, "cainiao").secrets == ()
    with pytest.raises(Invalid) as taken:
        add(cast)
    assert taken.value.fields == {"code": "connection_code_taken"}


def test_a_secret_is_renewed_without_a_pause_and_the_old_one_signs_until_it_is_retired(
    cast: Cast, db_session: Any
) -> None:
    add(cast)
    secret(cast, FIRST)
    made = secret(cast, None)
    assert len(made) >= 16 and connections.door(db_session, "cainiao").secrets == (FIRST, made)
    with pytest.raises(Invalid) as third:
        secret(cast, SECOND)
    assert third.value.fields == {"secret": "two_secrets"}
    retire(cast, 0, 2)
    assert row(db_session).secrets == [made]
    assert connection_admin.secret_dates(row(db_session)) == [NOON]


def test_the_last_secret_of_a_connection_in_use_and_one_that_was_not_shown_stay(cast: Cast, db_session: Any) -> None:
    add(cast)
    secret(cast, FIRST)
    for place, of, why in ((0, 1, "last_secret"), (0, 2, "secrets_changed"), (1, 1, "secrets_changed")):
        with pytest.raises(NotAllowed) as refused:
            retire(cast, place, of)
        assert refused.value.code == why
    assert row(db_session).secrets == [FIRST]


def test_of_secrets_without_a_date_the_dates_stay_with_the_right_ones(cast: Cast, db_session: Any) -> None:
    secret(cast, SECOND, "demo")
    assert connection_admin.secret_dates(row(db_session, "demo")) == [None, NOON]


def test_a_driver_that_needs_settings_is_in_use_once_it_has_them_and_its_token_is_never_told(
    cast: Cast, db_session: Any
) -> None:
    entry = Entry("pdd", "拼多多", "pdd", callback_url="https://gw-api.pinduoduo.com/api/router")
    add(cast, entry, PDD)
    assert not row(db_session, "pdd").active
    change = {"actor": cast["admin"], "rules": PDD, "now": NOON + timedelta(minutes=1)}
    with pytest.raises(Invalid) as missing:
        connection_admin.change(entry=entry, **change)
    assert set(missing.value.fields) == {"setting-client_id", "setting-access_token"}
    full = {"client_id": "id", "access_token": "very-secret-token"}
    connection_admin.change(entry=Entry(**{**vars(entry), "settings": full}), **change)
    connection_admin.change(entry=Entry(**{**vars(entry), "settings": {"client_id": "id2"}}), **change)
    stored = row(db_session, "pdd")
    assert stored.active and stored.settings == {"client_id": "id2", "access_token": "very-secret-token"}
    told = str([one.detail for one in db_session.scalars(select(AdminLog))])
    assert "very-secret-token" not in told and "id2" in told


def test_no_secret_stands_in_the_log(cast: Cast, db_session: Any) -> None:
    add(cast)
    made = secret(cast, None)
    secret(cast, FIRST)
    retire(cast, 0, 2)
    entries = list(db_session.scalars(select(AdminLog).order_by(AdminLog.id)))
    assert [one.what for one in entries] == ["connection_added", "secret_added", "secret_added", "secret_retired"]
    assert all(hidden not in str([one.detail for one in entries]) for hidden in (made, FIRST))


def test_a_change_without_a_difference_is_no_entry(cast: Cast, db_session: Any) -> None:
    add(cast)
    for name in ("菜鸟", "菜鸟网络"):
        connection_admin.change(
            actor=cast["admin"], entry=Entry(**{**vars(ENTRY), "name": name}), rules=RULES, now=NOON
        )
    last = list(db_session.scalars(select(AdminLog).where(AdminLog.what == "connection_changed")))
    assert [one.detail for one in last] == [{"name": ["菜鸟", "菜鸟网络"]}]


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "admin"])
def test_only_an_administrator_keeps_connections(cast: Cast, who: str) -> None:
    for call in (
        lambda: connection_admin.add(actor=cast[who], entry=ENTRY, rules=RULES, now=NOON),
        lambda: connection_admin.change(actor=cast[who], entry=ENTRY, rules=RULES, now=NOON),
        lambda: connection_admin.add_secret(actor=cast[who], code="demo", secret=None, now=NOON),
        lambda: connection_admin.retire_secret(actor=cast[who], code="demo", place=0, of=1, now=NOON),
    ):
        with pytest.raises(NotAllowed):
            call()


def test_one_that_does_not_exist_is_not_found(cast: Cast) -> None:
    for code in ("nobody", "x\0"):
        with pytest.raises(NotFound):
            secret(cast, None, code)

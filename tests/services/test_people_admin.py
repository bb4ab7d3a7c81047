"""Accounts kept by the administrator: made, changed, disabled, imported; with what they end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.domain.people_accounts import AccountIn
from app.models import AccountLog, Event, Ticket, User
from app.services import accounts, people_admin, replies, sessions
from app.services.desk import Post
from app.services.sessions import Limits
from tests.cast import NOON, Cast, push

LIMITS = Limits(timedelta(minutes=30), timedelta(hours=12))
CLERK = AccountIn("li.lei", "李雷", "site_clerk", "330106-01")


def make(cast: Cast, typed: AccountIn = CLERK, by: str = "admin") -> int:
    return people_admin.create(actor=cast[by], typed=typed, address="192.0.2.1", now=NOON)


def change(cast: Cast, user_id: int, **other: str) -> None:
    typed = AccountIn(**{**vars(CLERK), **other})
    people_admin.change(actor=cast["admin"], user_id=user_id, typed=typed, address="", now=NOON)


def row(session: Session, user_id: int) -> User:
    session.rollback()
    return session.get_one(User, user_id)


def told(session: Session, user_id: int) -> list[str]:
    session.rollback()
    return [entry.what for entry, _who in people_admin.log(session, user_id)][::-1]


def test_a_new_account_opens_nothing_before_its_person_set_a_password(cast: Cast, db_session: Session) -> None:
    user_id = make(cast)
    assert row(db_session, user_id).password_hash == ""
    for guess in ("", "demo-portal", "x" * 20):
        with pytest.raises(accounts.SignInRefused):
            accounts.sign_in(db_session, account="li.lei", password=guess, address="192.0.2.1", now=NOON)
    assert told(db_session, user_id) == ["created"]


@pytest.mark.engine_free  # what is refused is refused before anything is stored
@pytest.mark.parametrize(("other", "fault"), [
    ({"account": "site"}, {"account": "account_taken"}), ({"account": "SITE"}, {"account": "account_taken"}),
    ({"organisation": "999"}, {"organisation": "unknown_organisation"}),
    ({"role": "lcs"}, {"organisation": "not_for_role"}), ({"name": " "}, {"name": "required"}),
    ({"account": "s p", "role": "", "name": ""}, {"account": "bad_account", "role": "required", "name": "required"}),
])  # fmt: skip
def test_what_is_wrong_is_told_by_field_and_nothing_is_stored(
    cast: Cast, db_session: Session, other: dict[str, str], fault: dict[str, str]
) -> None:
    before = db_session.scalar(select(func.count()).select_from(User))
    with pytest.raises(Invalid) as caught:
        make(cast, AccountIn(**{**vars(CLERK), **other}))
    assert caught.value.fields == fault
    assert db_session.scalar(select(func.count()).select_from(User)) == before


@pytest.mark.parametrize("who", ["site-manager", "lcs-manager", "ccs-manager"])
def test_only_an_administrator_keeps_accounts(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        make(cast, by=who)
    with pytest.raises(NotAllowed):
        people_admin.disable(actor=cast[who], user_id=cast["site"].user_id, address="", now=NOON)


def test_who_is_disabled_is_out_at_once_and_leaves_the_open_tickets_to_the_team(
    cast: Cast, db_session: Session
) -> None:
    user_id = cast["site"].user_id
    number = push(cast)
    replies.claim(actor=cast["site"], post=Post(number), now=NOON)
    token = sessions.create(user_id=user_id, epoch=0, data={"csrf_token": "x"}, now=NOON, limits=LIMITS)
    people_admin.disable(actor=cast["admin"], user_id=user_id, address="", now=NOON)
    assert sessions.find(db_session, token, now=NOON, limits=LIMITS) is None
    assert db_session.scalars(select(Ticket.owner_id)).one() is None
    why = db_session.scalars(select(Event.data).where(Event.type == "returned_to_team")).one()["why"]
    assert why == "left"
    people_admin.enable(actor=cast["admin"], user_id=user_id, address="", now=NOON)
    assert row(db_session, user_id).disabled_at is None
    assert told(db_session, user_id) == ["disabled", "enabled"]


def test_who_moves_to_another_house_signs_in_again_and_takes_no_ticket_along(cast: Cast, db_session: Session) -> None:
    user_id = cast["site"].user_id
    number = push(cast)
    replies.claim(actor=cast["site"], post=Post(number), now=NOON)
    token = sessions.create(user_id=user_id, epoch=0, data={"csrf_token": "x"}, now=NOON, limits=LIMITS)
    change(cast, user_id, name="站点", organisation="330108-01")
    assert sessions.find(db_session, token, now=NOON, limits=LIMITS) is None
    assert row(db_session, user_id).organisation_id == cast["site-2"].organisation_id
    assert db_session.scalars(select(Ticket.owner_id)).one() is None


def test_another_name_ends_no_session_and_is_logged_with_what_it_was(cast: Cast, db_session: Session) -> None:
    user_id = make(cast)
    token = sessions.create(user_id=user_id, epoch=0, data={"csrf_token": "x"}, now=NOON, limits=LIMITS)
    change(cast, user_id, name="李小雷")
    change(cast, user_id, name="李小雷")  # nothing more to tell
    assert sessions.find(db_session, token, now=NOON, limits=LIMITS) is not None
    details = db_session.scalars(select(AccountLog.detail).order_by(AccountLog.id)).all()
    assert details == [{}, {"name": ["李雷", "李小雷"]}]


def test_nobody_takes_the_own_rights_or_those_of_the_last_administrator(cast: Cast, db_session: Session) -> None:
    with pytest.raises(NotAllowed, match="own_account"):
        people_admin.disable(actor=cast["admin"], user_id=cast["admin"].user_id, address="", now=NOON)
    second = make(cast, AccountIn("root", "第二", "admin", "HQ"))
    people_admin.disable(actor=cast["admin"], user_id=second, address="", now=NOON)
    assert row(db_session, second).disabled_at is not None


def test_an_account_that_is_not_there_is_not_found(cast: Cast) -> None:
    with pytest.raises(NotFound):
        people_admin.enable(actor=cast["admin"], user_id=1, address="", now=NOON)


HEAD = "account,name,role,organisation\n"


def take(cast: Cast, text: str) -> people_admin.Trial:
    return people_admin.import_csv(actor=cast["admin"], text=HEAD + text, address="", now=NOON)


def test_a_file_adds_and_changes_and_does_nothing_the_second_time(cast: Cast, db_session: Session) -> None:
    text = "li.lei,李雷,site_clerk,330106-01\nhmm,韩梅梅,lcs,33\nsite,新名字,site_clerk,330106-01\n"
    assert take(cast, text) == people_admin.Trial(2, 1)
    n = db_session.scalar(select(func.count()).select_from(AccountLog))
    assert take(cast, text) == people_admin.Trial(0, 3)
    assert n == 3 and db_session.scalar(select(func.count()).select_from(AccountLog)) == n
    assert row(db_session, cast["site"].user_id).name == "新名字"


def test_one_bad_line_of_a_file_stops_all_and_each_is_named(cast: Cast, db_session: Session) -> None:
    text = "a1,甲,site_clerk,330106-01\na1,乙,site_clerk,330106-01\nb1,,lcs,330106-01\nadmin,x,ccs,HQ\nc1,丙,admin,HQ\n"
    bad = people_admin.trial(db_session, people_admin.rule.read_csv(HEAD + text)).bad
    assert [(one.line, one.field, one.why) for one in bad] == [
        (3, "account", "account_twice"), (4, "name", "required"), (4, "organisation", "not_for_role"),
        (5, "role", "admin_by_hand"),
    ]  # fmt: skip
    db_session.rollback()
    with pytest.raises(Invalid):
        take(cast, text)
    assert db_session.scalar(select(User.id).where(User.account == "a1")) is None


def test_accounts_of_a_file_that_differ_in_letters_case_are_one(cast: Cast, db_session: Session) -> None:
    """The form refuses an account that looks like another one's, and so does the file."""
    for twice in ("li.lei,李雷,site_clerk,330106-01\nLi.Lei", "SITE,李雷,site_clerk,330106-01\nSite"):
        text = f"{twice},李蕾,site_clerk,330106-01\n"
        told = people_admin.trial(db_session, people_admin.rule.read_csv(HEAD + text))
        assert [(one.line, one.why) for one in told.bad] == [(3, "account_twice")]
        db_session.rollback()
        with pytest.raises(Invalid):
            take(cast, text)


def test_accounts_are_found_by_their_beginning_a_name_or_a_house(cast: Cast, db_session: Session) -> None:
    make(cast)
    for words, wanted in (("li.", "li.lei"), ("雷", "li.lei"), ("%", None), ("_", None), ("440305-01", "site-3")):
        found = [user.account for user, _place in people_admin.page(db_session, words=words)]
        assert found == ([wanted] if wanted else []), words

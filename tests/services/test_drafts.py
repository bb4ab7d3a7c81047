"""Drafts on the server: kept in scope, gone with the entry, never overwritten by a second browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain import drafts as rule
from app.domain.errors import Invalid, NotFound, Stale
from app.models import Draft
from app.services import drafts, replies
from app.services.desk import Post
from app.services.drafts import DraftIn
from app.services.replies import ResultIn
from tests import cast as company
from tests.cast import NOON, Cast
from tests.failing import Killed, dying

WORDS = {"text": "已联系客户", "contact_outcome": "no_answer"}


@pytest.fixture
def cast(db_session: Any) -> Cast:
    """The smallest company."""
    return company.begin()


@pytest.fixture
def number(cast: Cast) -> str:
    """A ticket of the first site."""
    return company.push(cast, "D1")


def save(cast: Cast, number: str, values: dict[str, str] = WORDS, known: int = 0, **more: Any) -> int:
    post = Post(number, more.get("version"), more.get("key", ""))
    draft = DraftIn(more.get("box", "note"), values, known)
    return drafts.save(actor=cast[more.get("who", "site")], post=post, draft=draft, now=more.get("now", NOON))


def kept(session: Any) -> list[dict[str, str]]:
    session.rollback()
    return [row.values for row in session.scalars(select(Draft).order_by(Draft.box))]


def test_a_draft_is_saved_again_on_top_of_itself(cast: Cast, number: str, db_session: Any) -> None:
    assert save(cast, number) == 1
    assert save(cast, number, {"text": "二"}, known=1) == 2
    assert kept(db_session) == [{"text": "二"}]


def test_what_another_browser_saved_is_told_and_not_overwritten(cast: Cast, number: str, db_session: Any) -> None:
    save(cast, number, {"text": "甲"})
    with pytest.raises(Stale) as told:
        save(cast, number, {"text": "乙"})
    assert (told.value.detail["values"], told.value.detail["version"]) == ({"text": "甲"}, 1)
    assert kept(db_session) == [{"text": "甲"}]
    assert save(cast, number, {"text": "甲\r\n"}, known=0) == 1  # the same words: an answer that got lost


@pytest.mark.parametrize("who", ["site-2", "lcs-2", "admin"])
def test_nothing_is_saved_for_a_ticket_outside_the_scope(cast: Cast, number: str, db_session: Any, who: str) -> None:
    with pytest.raises(NotFound):
        save(cast, number, who=who)
    assert kept(db_session) == []


def test_two_people_have_a_draft_each(cast: Cast, number: str, db_session: Any) -> None:
    save(cast, number)
    assert save(cast, number, {"text": "别人的"}, who="site-manager") == 1
    assert len(kept(db_session)) == 2


def test_the_entry_takes_its_draft_away_and_leaves_the_others(cast: Cast, number: str, db_session: Any) -> None:
    save(cast, number, box="note")
    save(cast, number, box="result")
    post = Post(number, None, "k1", "note")
    replies.note(actor=cast["site"], post=post, text="记一笔", now=NOON)
    assert [row.box for row in db_session.scalars(select(Draft))] == ["result"]


def test_a_draft_that_comes_after_its_entry_is_not_kept(cast: Cast, number: str, db_session: Any) -> None:
    answer = ResultIn("好", "reached_accepts")
    replies.result(actor=cast["site"], post=Post(number, None, "k2", "result"), answer=answer, now=NOON)
    assert save(cast, number, {"text": "好"}, box="result", key="k2") == 0
    assert kept(db_session) == []


@pytest.mark.parametrize("point", ["write.begun", "write.commit"])
def test_a_draft_outlives_an_entry_whose_process_died_before_the_commit_and_goes_with_the_one_that_is_sent_again(
    cast: Cast, number: str, db_session: Any, point: str
) -> None:
    save(cast, number, box="result")
    answer = ResultIn("已联系客户", "reached_accepts")
    send = {"actor": cast["site"], "post": Post(number, None, "once", "result"), "answer": answer, "now": NOON}
    with pytest.raises(Killed), dying(point):
        replies.result(**send)
    assert kept(db_session) == [WORDS]
    assert not replies.result(**send).repeated
    assert kept(db_session) == [] and replies.result(**send).repeated


def test_an_emptied_form_has_no_draft(cast: Cast, number: str, db_session: Any) -> None:
    save(cast, number)
    assert save(cast, number, {}, known=1) == 0
    assert kept(db_session) == []


def test_after_a_week_it_is_gone_and_a_new_one_takes_its_place(cast: Cast, number: str, db_session: Any) -> None:
    save(cast, number)
    late = NOON + rule.KEPT
    assert save(cast, number, {"text": "新的"}, now=late) == 2
    assert drafts.sweep(late + rule.KEPT - timedelta(seconds=1)) == 0
    assert drafts.sweep(late + rule.KEPT) == 1
    assert db_session.scalar(select(func.count()).select_from(Draft)) == 0


@pytest.mark.parametrize("values", [{"text": "字" * 8001}, {f"f{n}": "x" for n in range(61)}])
def test_what_nobody_typed_by_hand_is_refused(cast: Cast, number: str, values: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        save(cast, number, values)


def test_only_the_boxes_with_words_have_drafts(cast: Cast, number: str) -> None:
    with pytest.raises(Invalid):
        save(cast, number, box="close")


def test_a_forms_own_fields_are_no_words() -> None:
    fields = [("csrf_token", "x"), ("text", "好"), ("draft_version", "3"), ("answer", ""), ("supplement-signer", "王")]
    assert rule.typed(fields) == {"text": "好", "supplement-signer": "王"}

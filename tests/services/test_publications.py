"""Publications: a working copy for its keepers, versions for everybody in scope, each reading on record once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.domain import publications as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import Publication, PublicationVersion, ReadReceipt
from app.services import publication_view, publications
from app.services.publications import PublicationIn
from tests.cast import NOON, Cast

CASE = PublicationIn("签收前先打电话", "客户没有收到，站点说放了门口。", {"lesson": "先联系，再投递。"})


def drafted(cast: Cast, who: str = "lcs", made: PublicationIn = CASE, **more: Any) -> int:
    return publications.draft(actor=cast[who], kind="case", made=made, now=NOON, **more)


def published(cast: Cast, who: str = "lcs", revision: int = 1, **more: Any) -> tuple[int, int]:
    made = drafted(cast, who, **more)
    return made, publications.publish(actor=cast[who], publication_id=made, revision=revision, now=NOON)


def titles(session: Any, cast: Cast, who: str) -> list[str]:
    session.rollback()
    return [line.row.title for line in publication_view.listed(session, cast[who], "case")[0]]


def unread(session: Any, cast: Cast, who: str, now: Any = NOON) -> int:
    session.rollback()
    return session.scalar(select(publication_view.unread(cast[who], now)))


def test_a_working_copy_is_seen_by_its_keepers_alone(db_session, cast):
    drafted(cast)
    assert titles(db_session, cast, "lcs") == titles(db_session, cast, "ccs") == [CASE.title]
    assert [titles(db_session, cast, who) for who in ("site", "lcs-2", "admin")] == [[], [], []]
    assert unread(db_session, cast, "site") == 0


def test_what_a_province_publishes_is_read_in_that_province(db_session, cast):
    made, version = published(cast)
    assert titles(db_session, cast, "site") == [CASE.title]
    assert [titles(db_session, cast, who) for who in ("site-3", "lcs-2")] == [[], []]
    with pytest.raises(NotFound):
        publication_view.show(db_session, cast["site-3"], made)
    with pytest.raises(NotFound):
        publications.read(actor=cast["site-3"], version_id=version, now=NOON)


def test_what_headquarters_publishes_is_read_everywhere_or_in_the_province_that_it_names(db_session, cast):
    published(cast, "ccs")
    published(cast, "ccs", made=PublicationIn("只给广东", "…", {"lesson": "…"}), province="44")
    assert titles(db_session, cast, "site") == [CASE.title]
    assert titles(db_session, cast, "site-3") == ["只给广东", CASE.title]
    with pytest.raises(Invalid, match="invalid"):
        drafted(cast, "ccs", province="330106-01")


def test_who_writes_none_and_who_keeps_another_scope_is_refused(cast):
    for who in ("site", "site-manager", "admin"):
        with pytest.raises(NotAllowed):
            drafted(cast, who)
    made, _version = published(cast, "ccs")
    with pytest.raises(NotAllowed):
        publications.publish(actor=cast["lcs"], publication_id=made, revision=2, now=NOON)
    with pytest.raises(NotFound):
        publications.withdraw(actor=cast["lcs-2"], publication_id=drafted(cast), revision=1, now=NOON)


def test_a_case_without_a_lesson_waits(cast):
    made = drafted(cast, made=PublicationIn("标题", "", {}))
    with pytest.raises(Invalid) as wrong:
        publications.publish(actor=cast["lcs"], publication_id=made, revision=1, now=NOON)
    assert wrong.value.fields == {"body": "required", "lesson": "required"}
    with pytest.raises(Invalid) as wrong:
        drafted(cast, made=PublicationIn(" ", "x" * (rule.BODY_LIMIT + 1), {}))
    assert wrong.value.fields == {"title": "required", "body": "too_long"}


def test_a_reading_is_recorded_once_and_counts_for_the_site(db_session, cast):
    made, version = published(cast, "ccs")
    assert unread(db_session, cast, "site") == unread(db_session, cast, "lcs") == 1
    assert publications.read(actor=cast["site"], version_id=version, now=NOON + timedelta(hours=1))
    assert not publications.read(actor=cast["site"], version_id=version, now=NOON + timedelta(hours=2))
    assert unread(db_session, cast, "site") == 0 and unread(db_session, cast, "site-manager") == 1
    assert db_session.scalar(select(func.count()).select_from(ReadReceipt)) == 1
    shown = publication_view.show(db_session, cast["ccs"], made)
    assert publication_view.reach(db_session, cast["ccs"], shown.row, version) == publication_view.Reach(3, 1)
    rows = publication_view.sites(db_session, cast["ccs"], shown.row, version)
    assert [(row.code, row.people, row.read) for row in rows] == [
        ("330106-01", 2, 1), ("330108-01", 1, 0), ("440305-01", 1, 0)
    ]  # fmt: skip
    assert rows[0].first_at == NOON + timedelta(hours=1)
    left = publication_view.sites(db_session, cast["lcs"], shown.row, version, unread_only=True)
    assert [row.code for row in left] == ["330108-01"]
    with pytest.raises(NotAllowed):
        publication_view.sites(db_session, cast["site"], shown.row, version)


def test_a_new_version_is_unread_again_and_the_old_one_stays_as_it_was(db_session, cast):
    made, first = published(cast)
    publications.read(actor=cast["site"], version_id=first, now=NOON)
    with pytest.raises(NotAllowed, match="nothing_new"):
        publications.publish(actor=cast["lcs"], publication_id=made, revision=2, now=NOON)
    better = PublicationIn("签收前先打电话", "客户没有收到。", {"lesson": "先联系，再投递，再拍照。"})
    publications.revise(actor=cast["lcs"], publication_id=made, revision=2, made=better, now=NOON)
    assert publication_view.show(db_session, cast["lcs"], made).changed
    assert unread(db_session, cast, "site") == 0
    second = publications.publish(actor=cast["lcs"], publication_id=made, revision=3, now=NOON + timedelta(days=1))
    assert unread(db_session, cast, "site") == 1
    with pytest.raises(NotFound):  # it is not out any more
        publications.read(actor=cast["site-2"], version_id=first, now=NOON)
    old = publication_view.show(db_session, cast["site"], made, 1)
    assert (old.version.body, old.numbers, old.read_at) == (CASE.body, (2, 1), NOON)
    assert publication_view.show(db_session, cast["site"], made).version.id == second


def test_two_hands_on_one_text_do_not_overwrite_each_other(cast):
    made = drafted(cast)
    publications.revise(actor=cast["lcs"], publication_id=made, revision=1, made=CASE, now=NOON)
    with pytest.raises(Stale):
        publications.revise(actor=cast["lcs-manager"], publication_id=made, revision=1, made=CASE, now=NOON)


def test_what_is_taken_back_is_gone_for_readers_and_kept_for_the_record(db_session, cast):
    made, version = published(cast)
    publications.read(actor=cast["site"], version_id=version, now=NOON)
    publications.withdraw(actor=cast["lcs"], publication_id=made, revision=2, now=NOON)
    assert titles(db_session, cast, "site") == [] and unread(db_session, cast, "site-manager") == 0
    assert publication_view.show(db_session, cast["lcs"], made).row.ended_at == NOON
    assert db_session.get(PublicationVersion, version) and db_session.get(ReadReceipt, (version, cast["site"].user_id))
    with pytest.raises(NotAllowed, match="publication_ended"):
        publications.publish(actor=cast["lcs"], publication_id=made, revision=3, now=NOON)


def test_what_is_long_out_asks_nobody_any_more_and_the_count_stops(db_session, cast):
    for n in range(3):
        published(cast, "ccs", made=PublicationIn(f"案例 {n}", "…", {"lesson": "…"}))
    assert unread(db_session, cast, "site", NOON + rule.UNREAD_FOR) == 3
    assert unread(db_session, cast, "site", NOON + rule.UNREAD_FOR + timedelta(seconds=1)) == 0


def test_the_list_goes_on_page_by_page(db_session, cast):
    for n in range(3):
        published(cast, "ccs", made=PublicationIn(f"案例 {n}", "…", {"lesson": "…"}))
    lines, below = publication_view.listed(db_session, cast["site"], "case", limit=2)
    assert [line.row.title for line in lines] == ["案例 2", "案例 1"] and not lines[0].read
    rest, last = publication_view.listed(db_session, cast["site"], "case", below=below, limit=2)
    assert [line.row.title for line in rest] == ["案例 0"] and last is None


def test_only_the_fields_of_its_kind_are_kept(db_session, cast):
    made = drafted(cast, made=PublicationIn("标题", "…", {"lesson": "…", "colour": "red"}))
    assert "colour" not in db_session.get_one(Publication, made).extra

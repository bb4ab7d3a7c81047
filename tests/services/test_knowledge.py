"""The knowledge base: an answered inquiry becomes an article, masked; found by words; versions and readings as of every
publication; rules are headquarters' alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from app.domain.errors import NotAllowed, NotFound
from app.models import Category, Publication
from app.services import inquiries, knowledge, publication_view, publications, replies
from app.services.desk import Post
from app.services.inquiries import QuestionIn
from app.services.knowledge import Asked
from app.services.publications import PublicationIn
from app.services.replies import ResultIn
from app.services.transaction import write
from tests.cast import NOON, Cast

MINUTE = timedelta(minutes=1)


def answered(cast: Cast) -> str:
    with write() as session:
        session.add(Category(code="CONSULT", name="咨询", name_en="Question", kind="inquiry", position=0))
    question = QuestionIn(to="lcs", text="破损件怎么定责？客户电话 13912345678")
    number = inquiries.ask(actor=cast["site"], question=question, key="", now=NOON)
    answer = ResultIn("按揽收照片定责", "")
    replies.result(actor=cast["lcs"], post=Post(number), answer=answer, now=NOON + MINUTE)
    return number


def write_one(
    cast: Cast, who: str, kind: str, title: str, body: str = "正文", *, out: bool = True, **extra: str
) -> int:
    made = publications.draft(actor=cast[who], kind=kind, made=PublicationIn(title, body, extra), now=NOON)
    if out:
        publications.publish(actor=cast[who], publication_id=made, revision=1, now=NOON)
    return made


def titles(session: Session, cast: Cast, who: str, words: str = "", kind: str = "article") -> list[str]:
    session.expire_all()
    lines, _below = knowledge.found(session, cast[who], Asked(kind, words))
    return [(line.version or line.row).title for line in lines]


def test_an_answered_inquiry_becomes_an_article_once_and_masked(cast: Cast, db_session: Session) -> None:
    number = answered(cast)
    made = knowledge.of_ticket(actor=cast["lcs"], number=number, now=NOON + 2 * MINUTE)
    row = db_session.get_one(Publication, made)
    assert "破损件怎么定责" in row.title and "按揽收照片定责" in row.body
    assert "13912345678" not in row.body + row.title
    assert knowledge.of_ticket(actor=cast["lcs"], number=number, now=NOON + 3 * MINUTE) == made
    assert titles(db_session, cast, "site") == []
    publications.publish(actor=cast["lcs"], publication_id=made, revision=row.revision, now=NOON + 3 * MINUTE)
    assert titles(db_session, cast, "site") == [row.title] == titles(db_session, cast, "site", "揽收照片")
    assert titles(db_session, cast, "site-3") == []


def test_an_article_is_made_of_nothing_else(cast: Cast) -> None:
    from tests.cast import push

    number, complaint = answered(cast), push(cast)
    for who, what in (("site", number), ("lcs", complaint)):
        with pytest.raises(NotAllowed):
            knowledge.of_ticket(actor=cast[who], number=what, now=NOON)
    with pytest.raises(NotFound):
        knowledge.of_ticket(actor=cast["lcs-2"], number=number, now=NOON)


def test_every_word_has_to_be_in_title_text_or_keywords_and_signs_are_no_patterns(
    cast: Cast, db_session: Session
) -> None:
    write_one(cast, "ccs", "article", "破损定责", "看照片", keywords="理赔 Damage")
    write_one(cast, "ccs", "article", "超时 100%", "看时钟")
    assert titles(db_session, cast, "site", "破损 照片") == ["破损定责"] == titles(db_session, cast, "site", "damage")
    assert titles(db_session, cast, "site", "100%") == ["超时 100%"]
    assert titles(db_session, cast, "site", "破损 时钟") == titles(db_session, cast, "site", "_") == []
    assert titles(db_session, cast, "site") == ["超时 100%", "破损定责"]


def test_readers_find_what_is_out_and_not_the_working_copy(cast: Cast, db_session: Session) -> None:
    made = write_one(cast, "ccs", "article", "旧标题")
    publications.revise(
        actor=cast["ccs"], publication_id=made, revision=2, made=PublicationIn("新标题", "新"), now=NOON
    )
    assert titles(db_session, cast, "site", "旧标题") == ["旧标题"]
    assert titles(db_session, cast, "site", "新标题") == []


def test_rules_are_written_by_the_head_of_headquarters_and_read_on_record_by_every_site(
    cast: Cast, db_session: Session
) -> None:
    for who in ("site", "lcs-manager", "ccs", "admin"):
        with pytest.raises(NotAllowed):
            write_one(cast, who, "rule", "处理时效", from_day="2026-11-01")
    made = write_one(cast, "ccs-manager", "rule", "处理时效", from_day="2026-11-01")
    shown = publication_view.show(db_session, cast["site"], made)
    assert shown.version is not None and shown.read_at is None
    assert publications.read(actor=cast["site"], version_id=shown.version.id, now=NOON)
    reach = publication_view.reach(db_session, cast["ccs-manager"], shown.row, shown.version.id)
    assert (reach.sites, reach.read) == (3, 1)

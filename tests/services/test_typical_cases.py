"""Typical cases: out of closed tickets alone, masked whatever is typed, published month by month."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import Publication
from app.services import publication_view, publications, replies, typical_cases
from app.services.replies import ResultIn
from app.services.scans import ScanIn, store_scans
from app.services.typical_cases import CaseIn
from tests import cast as company
from tests.cast import NOON, Cast, post
from tests.services.ending_steps import answer

WAYBILL = "YT1000000000011"
LATER = NOON + timedelta(hours=3)


def closed(cast: Cast) -> str:
    scan = ScanIn(WAYBILL, "SIGN", NOON, "330106-01", "赵快递")
    store_scans(scans=[scan], now=NOON)
    number = company.push(cast, waybill=WAYBILL, text="王小明 13812345678 没收到，住文三路18号")
    answer(cast, number, said=ResultIn("已上门，李大力签收", "reached_accepts", signed_by="李大力"))
    company.tell(cast, "SATISFIED", at=LATER, now=LATER)
    replies.close(actor=cast["site"], post=post(number), root_cause="courier", verified=True, now=LATER)
    return number


def case(**more: str) -> CaseIn:
    return CaseIn(**{"title": "签收前先联系", "body": "经过", "lesson": "先联系，再投递", "month": "2026-11", **more})


def test_a_story_tells_what_happened_and_nobody(db_session: Any, cast: Cast) -> None:
    number = closed(cast)
    story = typical_cases.story(db_session, cast["lcs"], number)
    assert [kind for kind, _text in story.lines] == ["received", "result"]
    said = " ".join(text for _kind, text in story.lines)
    assert not [secret for secret in ("王小明", "13812345678", "18号", "李大力") if secret in said], said
    assert "王**" in said and "没收到" in said


def test_what_is_typed_is_masked_as_well(db_session: Any, cast: Cast) -> None:
    made = typical_cases.create(
        actor=cast["lcs"], number=closed(cast), now=LATER,
        case=case(title=f"{WAYBILL} 王小明", body="赵快递打 13812345678", lesson="李大力不能代签"),
    )  # fmt: skip
    row = db_session.get_one(Publication, made)
    assert (row.title, row.body, row.extra["lesson"]) == ("YT******0011 王**", "赵**打 138******78", "李**不能代签")
    assert row.extra == {**row.extra, "waybill": "YT******0011", "category": "FALSE_SIGN", "month": "2026-11"}
    typical_cases.revise(
        actor=cast["lcs"], publication_id=made, revision=1, case=case(body="王小明再来电"), now=LATER
    )  # fmt: skip
    db_session.expire_all()
    assert db_session.get_one(Publication, made).body == "王**再来电"


def test_only_a_closed_ticket_of_the_own_scope_becomes_one_and_once(db_session: Any, cast: Cast) -> None:
    waiting = company.push(cast, "W2", waybill="YT1000000000029")
    with pytest.raises(NotAllowed, match="not_closed"):
        typical_cases.create(actor=cast["lcs"], number=waiting, case=case(), now=NOON)
    number = closed(cast)
    with pytest.raises(NotFound):
        typical_cases.create(actor=cast["lcs-2"], number=number, case=case(), now=LATER)
    with pytest.raises(NotAllowed, match="not_allowed"):
        typical_cases.create(actor=cast["site-manager"], number=number, case=case(), now=LATER)
    made = typical_cases.create(actor=cast["lcs"], number=number, case=case(), now=LATER)
    with pytest.raises(NotAllowed, match="case_exists"):
        typical_cases.create(actor=cast["ccs"], number=number, case=case(), now=LATER)
    publications.withdraw(actor=cast["lcs"], publication_id=made, revision=1, now=LATER)
    assert typical_cases.create(actor=cast["ccs"], number=number, case=case(), now=LATER) != made


def test_a_month_comes_out_at_once_and_what_lacks_a_lesson_waits(db_session: Any, cast: Cast) -> None:
    number = closed(cast)
    made = typical_cases.create(actor=cast["lcs"], number=number, case=case(lesson=""), now=LATER)
    assert typical_cases.publish_month(actor=cast["lcs"], month="2026-12", now=LATER).left == ()
    issue = typical_cases.publish_month(actor=cast["lcs"], month="2026-11", now=LATER)
    assert (issue.out, issue.left) == (0, ("签收前先联系",))
    assert publication_view.listed(db_session, cast["site"], "case")[0] == []
    typical_cases.revise(actor=cast["lcs"], publication_id=made, revision=1, case=case(), now=LATER)
    assert typical_cases.publish_month(actor=cast["ccs"], month="2026-11", now=LATER).out == 0  # another's
    assert typical_cases.publish_month(actor=cast["lcs"], month="2026-11", now=LATER).out == 1
    db_session.rollback()
    assert [line.row.id for line in publication_view.listed(db_session, cast["site"], "case")[0]] == [made]
    assert typical_cases.publish_month(actor=cast["lcs"], month="2026-11", now=LATER).out == 0


def test_what_is_missing_or_stale_is_refused(cast: Cast) -> None:
    number = closed(cast)
    with pytest.raises(Invalid) as wrong:
        typical_cases.create(actor=cast["lcs"], number=number, case=case(title="", month="2026-13"), now=LATER)
    assert wrong.value.fields == {"title": "required", "month": "required"}
    made = typical_cases.create(actor=cast["lcs"], number=number, case=case(), now=LATER)
    with pytest.raises(Stale):
        typical_cases.revise(actor=cast["ccs"], publication_id=made, revision=0, case=case(), now=LATER)

"""Reply templates: seen in their scope, kept by their heads, filled for a ticket, never lost to a second hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.domain import placeholders
from app.domain import reply_templates as rule
from app.domain.errors import Invalid, NotAllowed, NotFound, Stale
from app.models import ReplyTemplate, TemplateUse
from app.services import scans, seed, template_values, templates
from app.services.scans import ScanIn
from app.services.templates import TemplateIn
from tests import cast as company
from tests.cast import NOON, Cast

APOLOGY = TemplateIn("致歉", "{{客户}}您好，{{运单号}} 由{{派件员}}送达。", "FALSE_SIGN", "result")


@pytest.fixture
def cast(db_session: Any) -> Cast:
    """The smallest company."""
    return company.begin()


def make(cast: Cast, who: str, scope: str, title: str = "致歉", **more: Any) -> int:
    made = TemplateIn(title, more.get("text", "好"), more.get("category", ""), more.get("box", ""))
    return templates.create(actor=cast[who], scope=scope, made=made, now=NOON)


def titles(cast: Cast, session: Any, who: str) -> list[str]:
    session.rollback()
    return [row.title for row in templates.listed(session, cast[who])]


def test_own_ones_are_seen_by_nobody_else_and_those_of_a_team_by_its_people_alone(cast: Cast, db_session: Any) -> None:
    make(cast, "site", "own", "我的")
    make(cast, "site-manager", "team", "本站")
    make(cast, "ccs-manager", "company", "公司")
    assert titles(cast, db_session, "site") == ["我的", "本站", "公司"]
    assert titles(cast, db_session, "site-manager") == ["本站", "公司"]
    assert titles(cast, db_session, "site-2") == titles(cast, db_session, "lcs") == ["公司"]


@pytest.mark.parametrize(
    ("who", "scope"), [("site", "team"), ("site-manager", "company"), ("lcs", "team"), ("admin", "own")]
)
def test_who_is_no_head_keeps_none(cast: Cast, who: str, scope: str) -> None:
    with pytest.raises(NotAllowed):
        make(cast, who, scope)


def test_a_clerk_changes_no_template_of_the_site_and_does_not_find_a_colleagues(cast: Cast) -> None:
    team, own = make(cast, "site-manager", "team"), make(cast, "site-manager", "own", "私人")
    with pytest.raises(NotAllowed):
        templates.change(actor=cast["site"], template_id=team, version=1, made=APOLOGY, now=NOON)
    for verb in (
        lambda: templates.change(actor=cast["site"], template_id=own, version=1, made=APOLOGY, now=NOON),
        lambda: templates.remove(actor=cast["site"], template_id=own, version=1, now=NOON),
        lambda: templates.take(actor=cast["site"], template_id=own, now=NOON),
    ):
        with pytest.raises(NotFound):
            verb()


def test_the_second_of_two_changes_is_refused_and_loses_nothing(cast: Cast, db_session: Any) -> None:
    made = make(cast, "site", "own")
    templates.change(actor=cast["site"], template_id=made, version=1, made=APOLOGY, now=NOON)
    with pytest.raises(Stale):
        templates.change(actor=cast["site"], template_id=made, version=1, made=TemplateIn("别的", "好"), now=NOON)
    with pytest.raises(Stale):
        templates.remove(actor=cast["site"], template_id=made, version=1, now=NOON)
    assert db_session.get_one(ReplyTemplate, made).text == APOLOGY.text


def test_a_place_has_room_for_so_many_and_no_two_of_one_title(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rule, "MOST", {**rule.MOST, "own": 2})
    first = make(cast, "site", "own", "一")
    with pytest.raises(Invalid) as refused:
        make(cast, "site", "own", " 一 ")
    assert refused.value.fields == {"title": "title_taken"}
    make(cast, "site", "own", "二")
    make(cast, "site-manager", "own", "一")  # another place
    with pytest.raises(Invalid) as refused:
        make(cast, "site", "own", "三")
    assert refused.value.fields == {"title": "too_many_templates"}
    templates.change(actor=cast["site"], template_id=first, version=1, made=TemplateIn("一", "改"), now=NOON)


def test_what_was_used_last_is_offered_first_and_other_categories_not_at_all(cast: Cast, db_session: Any) -> None:
    used = make(cast, "site", "own", "乙")
    make(cast, "site", "own", "甲")
    make(cast, "site", "own", "遗失专用", category="LOST")
    make(cast, "site", "own", "跟进专用", box="follow_up")
    assert templates.take(actor=cast["site"], template_id=used, now=NOON) == "好"
    templates.take(actor=cast["site"], template_id=used, now=NOON + timedelta(hours=1))
    db_session.rollback()
    found = templates.offers(templates.known(db_session, cast["site"]), "FALSE_SIGN", "result")
    assert [(one.title, one.group) for one in found] == [("乙", "recent"), ("甲", "own")]
    assert db_session.scalars(select(TemplateUse.used_at)).one() == NOON + timedelta(hours=1)


def test_words_are_looked_for_in_title_and_text(cast: Cast, db_session: Any) -> None:
    make(cast, "site", "own", "致歉 VIP", text="今天送到")
    make(cast, "site", "own", "赔偿", text="三天内到账")
    assert [row.title for row in templates.listed(db_session, cast["site"], "vip 送到")] == ["致歉 VIP"]


def test_a_template_is_filled_with_the_tickets_own_values_and_the_customer_is_masked(
    cast: Cast, db_session: Any
) -> None:
    number = company.push(cast, "T1", waybill="YT0000000000001")
    scans.store_scans(scans=[ScanIn("YT0000000000001", "SIGN", NOON, "330106-01", "周师傅", "")], now=NOON)
    row = company.ticket(db_session, number)
    values = template_values.of(db_session, [row], NOON)[row.id]
    said = placeholders.fill("{{单号}} {{运单号}} {{客户}} {{站点}} {{派件员}} {{投诉类型}} {{日期}} {{时间}}", values)
    assert said == f"{number} YT0000000000001 王** 组织 330106-01 周师傅 FALSE_SIGN 11月18日 12:00"


def test_the_texts_that_come_with_the_product_suit_the_rules_and_a_deleted_one_stays_away(db_session: Any) -> None:
    assert seed.run().templates >= 15
    rows = db_session.scalars(select(ReplyTemplate)).all()
    assert not [row.title for row in rows if rule.errors(row.title, row.text, row.box)]
    assert {"FALSE_SIGN", "LOCKER", "LOST", "DAMAGED", "DELAYED"} <= {row.category for row in rows}
    rows[0].ended_at = NOON
    db_session.commit()
    assert seed.run().templates == 0

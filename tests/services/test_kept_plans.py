"""What PostgreSQL keeps one plan for: statements whose values it does not know then."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import text

from app.extensions import db
from app.models import Counter, ScopeVersionPart, WorkItem, together
from app.models.dialect_rows import upsert_add_all
from app.services import organisations, queue
from app.services.queue import Filters
from tests.cast import NOON, Cast, push
from tests.tools import lists

pytestmark = pytest.mark.postgresql_only


def said_by(session: Any, call: Any) -> str:
    with lists.overheard(db.engine) as said:
        call()
    session.rollback()
    return " ".join(" ".join(one.text.split()) for one in said)


@pytest.fixture
def texts(cast: Cast, db_session) -> list[str]:
    push(cast)
    calls = (
        lambda: queue.page(db_session, cast["lcs"], Filters(queue="all"), NOON),
        lambda: queue.by_band(db_session, cast["lcs"], Filters(queue="todo"), NOON),
        lambda: queue.counts(db_session, cast["lcs"], NOON),
    )
    return [said_by(db_session, call) for call in calls]


def test_the_limit_of_a_page_and_of_a_count_stands_in_the_statement_as_a_number(texts):
    limits = [found for text in texts for found in re.findall(r"LIMIT (\S+)", text)]
    assert f"{queue.PAGE + 1})" in limits[0] and len(limits) > 4
    assert not [one for one in limits if not re.fullmatch(r"\d+\)?", one)]


def test_no_span_between_two_dues_is_asked_of_the_work_items_themselves(texts):
    table = WorkItem.__tablename__
    both = rf"{table}\.due_at > %\(\w+\)s[^()]* AND {table}\.due_at <= %\("
    assert any(f"{table}.due_at > %(" in text for text in texts)
    assert not [text for text in texts if re.search(both, text)]


def test_the_lines_of_a_page_are_told_after_it_was_cut(texts):
    assert "JOIN (SELECT work_item.ticket_id" in texts[0]


def test_counters_of_several_tables_are_locked_in_the_order_in_which_they_are_named(db_session):
    made = (
        "CREATE FUNCTION pg_temp.note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO locked (name) VALUES (tg_relid::regclass::text); RETURN new; END $$"
    )
    connection = db_session.connection()
    connection.exec_driver_sql("CREATE TEMP TABLE locked (n serial, name text)")
    connection.exec_driver_sql(made)
    for table in ("counter", "scope_version_part"):
        connection.exec_driver_sql(
            f"CREATE TRIGGER noted BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION pg_temp.note()"
        )
    upsert_add_all(db_session, [
        (Counter, [{"scope": 7, "queue": "all", "n": 1}]), (ScopeVersionPart, [{"scope": 7, "part": 1, "n": 1}]),
    ])  # fmt: skip
    named = connection.exec_driver_sql("SELECT name FROM locked ORDER BY n").scalars().all()
    db_session.rollback()
    assert [one.rpartition(".")[2] for one in named] == ["counter", "scope_version_part"]


def test_the_area_of_an_address_is_looked_for_by_how_its_name_ends(cast: Cast, db_session):
    more = (
        "INSERT INTO organisation (id, code, kind, name, name_en, address_prefix, duty_phone, auto_assign) "
        "SELECT n, 'X' || n, 'site', 'X', 'X', '第' || n || '区', '', false FROM generate_series(1, 3000) AS n"
    )
    db_session.execute(text(more))
    db_session.execute(text("ANALYZE organisation"))
    asked = organisations.areas_of("浙江省杭州市西湖区文三路1号")
    with lists.overheard(db.engine) as said:
        together.ask(db_session, asked)
    plan = lists.plan_of(db_session, said[-1])
    db_session.rollback()
    assert "ix_organisation_area" in plan


@pytest.mark.parametrize(
    ("sort", "place"), [("due", "due_at, {0}ticket_id) > ("), ("activity", "activity_at, {0}ticket_id) < (")]
)
def test_a_further_page_begins_in_the_index_where_the_last_one_ended(cast: Cast, db_session, sort, place):
    further = Filters(queue="all", sort=sort, after=f"{NOON.isoformat()}~7")
    said = said_by(db_session, lambda: queue.page(db_session, cast["lcs"], further, NOON))
    assert f"(work_item.{place.format('work_item.')}" in said

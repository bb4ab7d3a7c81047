"""A list costs the same however many tickets there are: statements and rows over a small house and a larger one.

`tests/tools/many.py` is the same over a million tickets.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.models import Audit, Notice, Ticket
from app.services.transaction import one_transaction
from tests.tools import bulk, filling, lists

pytestmark = pytest.mark.thorough

FEW, MANY = 300, 6_000
ROLES = {"site": "site_clerk", "lcs": "lcs", "ccs": "ccs_manager"}
PLANTED = "everything is counted"
HERE = "relnamespace = current_schema()::regnamespace"
UNTOLD = {  # as in a database that was never told of sizes
    "sqlite": ["DELETE FROM sqlite_stat1"],
    "postgresql": [
        f"DELETE FROM pg_statistic WHERE starelid IN (SELECT oid FROM pg_class WHERE {HERE})",
        f"UPDATE pg_class SET relpages = 0, reltuples = -1, relallvisible = 0 WHERE {HERE} AND relkind IN ('r', 'i')",
    ],
}


@pytest.fixture(scope="module")
def costs(app: Flask) -> Iterator[dict[tuple[str, str], dict[int, tuple[int, int]]]]:
    """Statements and work of every list of every desk, by the number of tickets; a province has half of the house."""
    from app.extensions import db

    found: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    for whole in (MANY, FEW):
        with app.app_context(), app.test_request_context():
            one_transaction(db.session())
            company = filling.fill(db.session(), whole, provinces=2)
            for desk, role in ROLES.items():
                calls = lists.of_desk(desk) | {PLANTED: _everything}
                for name, call in calls.items():
                    _small_tables_too(db.session())
                    told = found.setdefault((desk, name), {})
                    small = whole == FEW and not lists.much(name, told[MANY][1], steps=_steps(app))
                    cost = lists.asked if small else lists.cost  # what is little in the larger house never grew
                    told[whole] = cost(db.session(), call, company.actor(role), filling.NOW)
                    db.session.remove()
        app.extensions["test_cleaner"].clean()
    _forget_sizes(app)
    yield found


def _forget_sizes(app: Flask) -> None:
    """An engine plans after the sizes that it was told last, whatever the tables hold by then."""
    from app.extensions import db

    with app.app_context():
        bulk.settle(db.session())
        db.session.remove()
        with db.engine.begin() as connection:
            for line in UNTOLD[db.engine.dialect.name]:
                connection.exec_driver_sql(line)
        db.engine.dispose()  # an open connection goes on with what it has read


def _everything(session: Any, _actor: Any, _now: Any) -> None:
    session.scalar(select(func.max(Ticket.priority)))
    if session.scalar(select(func.count()).select_from(Notice)) > FEW:
        session.scalar(select(func.max(Ticket.opened_at)))


def _small_tables_too(session: Any) -> None:
    """PostgreSQL reads a small table as a whole, in its own order or in that of its key, which says nothing about a
    large one."""
    if session.get_bind().dialect.name == "postgresql":
        one_transaction(session)
        session.connection().exec_driver_sql("SET LOCAL enable_seqscan = off")
        session.connection().exec_driver_sql("SET LOCAL enable_mergejoin = off")


def _steps(app: Flask) -> bool:
    from app.extensions import db

    with app.app_context():
        return bool(db.engine.dialect.name == "sqlite")


def test_no_list_reads_more_in_a_larger_house(costs: Any, app: Flask) -> None:
    work = {key: (found[FEW][1], found[MANY][1]) for key, found in costs.items() if key[1] != PLANTED}
    more = {key: both for key, both in work.items() if lists.grew(key[1], *both, steps=_steps(app))}
    assert not more, more


def test_no_list_asks_more_often_in_a_larger_house(costs: Any) -> None:
    said = {key: (found[FEW][0], found[MANY][0]) for key, found in costs.items() if key[1] != PLANTED}
    assert not {key: both for key, both in said.items() if both[1] > both[0]}


def test_audits_that_wait_cost_the_same_however_many_wait(app: Flask) -> None:
    from app.extensions import db

    found: dict[tuple[str, str], list[int]] = {}
    for whole in (FEW * 5, FEW * 20):
        with app.app_context(), app.test_request_context():
            one_transaction(db.session())
            company, session = filling.fill(db.session(), whole, provinces=1), db.session()
            for desk, reason in (("ccs", "recheck"), ("lcs", "sample")):
                session.execute(update(Audit).values(marked_at=None, marked_by_id=None, mark="", reason=reason))
                session.commit()
                bulk.settle(session)
                for name in ("audits that wait", "audits, the head"):
                    call, actor = lists.of_desk(desk)[name], company.actor(ROLES[desk])
                    found.setdefault((desk, name), []).append(lists.cost(session, call, actor, filling.NOW)[1])
                    session.rollback()
            db.session.remove()
        app.extensions["test_cleaner"].clean()
    _forget_sizes(app)
    assert all(many <= 1.1 * few + 5 for few, many in found.values()), found


def test_a_list_that_did_so_would_be_found(costs: Any, app: Flask) -> None:
    for desk in ROLES:
        few, many = costs[desk, PLANTED][FEW], costs[desk, PLANTED][MANY]
        assert lists.grew(PLANTED, few[1], many[1], steps=_steps(app)) and many[0] > few[0]


@pytest.mark.postgresql_only  # SQLite knows no such cost
def test_every_connection_says_that_reading_here_and_there_costs_little(db_session: Any) -> None:
    assert db_session.connection().exec_driver_sql("SHOW random_page_cost").scalar() == "1.1"
    db_session.rollback()
    assert db_session.connection().exec_driver_sql("SHOW random_page_cost").scalar() == "1.1"

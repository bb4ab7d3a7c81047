"""The tree as an administrator keeps it, on either engine: lists all or nothing, moves, kinds, closing, the log."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from app.domain import organisation_rows as rows_rule
from app.domain.errors import Invalid, NotAllowed, NotFound
from app.extensions import db
from app.models import AdminLog, Closure, Organisation, Ticket
from app.services import closure_work, closures, organisation_admin
from tests.cast import NOON, PEOPLE, Cast, push

HEADS = [words[0] for words in rows_rule.COLUMNS.values()]
NEW = ["330199-01", "站点", "新站", "33-A", "", "浙江省杭州市", "13800000777", "", "330106-01", "2026-12-01", ""]
AREA = ["33-A", "管区", "新管区", "33", "", "", "", "", "", "", ""]


def sheet(*rows: list[str]) -> list[list[str]]:
    return [HEADS, *rows]


def place(session: Any, code: str) -> Organisation:
    session.rollback()
    return session.scalars(select(Organisation).where(Organisation.code == code)).one()


def log(session: Any) -> list[AdminLog]:
    session.rollback()
    return list(session.scalars(select(AdminLog).order_by(AdminLog.id)))


def change(cast: Cast, known: str, **cells: str) -> str:
    return organisation_admin.save(actor=cast["admin"], cells=cells, now=NOON, known=known)


def test_a_list_is_stored_whole_superiors_anywhere_and_again_changes_nothing(cast: Cast, db_session: Any) -> None:
    rows = sheet(NEW, AREA)
    told = organisation_admin.tried(db_session, rows)
    assert (told.added, told.changed, told.unchanged, told.faults) == (2, 0, 0, ())
    assert db_session.scalars(select(Organisation).where(Organisation.code == "33-A")).one_or_none() is None
    organisation_admin.store(actor=cast["admin"], rows=rows, now=NOON)
    site, area = place(db_session, "330199-01"), place(db_session, "33-A")
    assert (site.parent_id, site.province_id, site.deputy_id) == (area.id, cast.places["33"], cast.places["330106-01"])
    before = len(log(db_session))
    again = organisation_admin.store(actor=cast["admin"], rows=rows, now=NOON)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2) and len(log(db_session)) == before


def test_one_bad_row_and_nothing_is_stored(cast: Cast, db_session: Any) -> None:
    rows = sheet(AREA, ["X", "站点", "", "33", *[""] * 7])
    (fault,) = organisation_admin.tried(db_session, rows).faults
    assert (fault.n, fault.column, fault.code) == (3, "name", "required")
    with pytest.raises(Invalid):
        organisation_admin.store(actor=cast["admin"], rows=rows, now=NOON)
    assert db_session.scalar(select(func.count()).select_from(Organisation)) == 6


@pytest.mark.parametrize("rows", [[], [HEADS], [["名称"], ["x"]]])
def test_a_sheet_without_rows_or_headings_says_so(cast: Cast, db_session: Any, rows: list[list[str]]) -> None:
    assert {one.code for one in organisation_admin.tried(db_session, rows).faults} <= {"no_rows", "no_column"}
    with pytest.raises(Invalid):
        organisation_admin.store(actor=cast["admin"], rows=rows, now=NOON)


def test_a_list_takes_as_many_statements_for_six_hundred_rows_as_for_six(cast: Cast, db_session: Any) -> None:
    counted: list[int] = []

    def count(*_given: Any) -> None:
        counted.append(1)

    sizes = []
    event.listen(db.engine, "before_cursor_execute", count)
    try:
        for letter, size in (("S", 6), ("L", 600)):
            counted.clear()
            rows = [[f"{letter}{n}", "站点", f"站{n}", "33", *[""] * 7] for n in range(size)]
            organisation_admin.store(actor=cast["admin"], rows=sheet(*rows), now=NOON)
            sizes.append(len(counted))
    finally:
        event.remove(db.engine, "before_cursor_execute", count)
    assert sizes[1] <= sizes[0] + 2  # an engine may send what is inserted in batches


@pytest.mark.engine_free  # who may is decided before anything is stored
@pytest.mark.parametrize("who", [who for who in PEOPLE if who != "admin"])
def test_only_an_administrator_keeps_the_tree(cast: Cast, who: str) -> None:
    with pytest.raises(NotAllowed):
        organisation_admin.store(actor=cast[who], rows=sheet(AREA), now=NOON)
    with pytest.raises(NotAllowed):
        organisation_admin.save(actor=cast[who], cells={}, now=NOON)


def test_one_is_added_and_changed_by_a_form_and_its_code_stays(cast: Cast, db_session: Any) -> None:
    cells = dict(zip(rows_rule.COLUMNS, AREA, strict=True))
    assert organisation_admin.save(actor=cast["admin"], cells=cells, now=NOON) == "33-A"
    with pytest.raises(Invalid) as taken:
        organisation_admin.save(actor=cast["admin"], cells=cells, now=NOON)
    assert taken.value.fields == {"code": "place_code_taken"}
    assert change(cast, "33-A", code="44-A", name="改名", duty_phone="138 0000 0001") == "33-A"
    area = place(db_session, "33-A")
    assert (area.name, area.duty_phone) == ("改名", "13800000001")
    with pytest.raises(NotFound):
        change(cast, "NOBODY", name="x")


def test_the_log_says_who_changed_what_with_telephones_masked(cast: Cast, db_session: Any) -> None:
    change(cast, "330106-01", name="新名", manager_phone="13912345678")
    (entry,) = log(db_session)
    assert (entry.what, entry.subject, entry.by_id) == ("organisation_changed", "330106-01", cast["admin"].user_id)
    assert entry.detail["name"] == ["组织 330106-01", "新名"] and set(entry.detail) == {"name", "manager_phone"}
    assert "13912345678" not in str(entry.detail)


def test_a_site_moves_to_another_province_once_its_tickets_have_ended(cast: Cast, db_session: Any) -> None:
    push(cast)
    with pytest.raises(Invalid) as refused:
        change(cast, "330106-01", superior="44")
    assert refused.value.fields == {"superior": "open_tickets"}
    change(cast, "330108-01", superior="44")
    assert place(db_session, "330108-01").province_id == cast.places["44"]


def test_those_below_a_district_move_with_it_and_their_open_tickets_hold_it_back(cast: Cast, db_session: Any) -> None:
    organisation_admin.store(actor=cast["admin"], rows=sheet(AREA), now=NOON)
    change(cast, "330106-01", superior="33-A")
    change(cast, "33-A", superior="44")
    assert place(db_session, "330106-01").province_id == cast.places["44"]
    push(cast)
    with pytest.raises(Invalid) as refused:
        change(cast, "33-A", superior="33")
    assert refused.value.fields == {"superior": "open_tickets"}


def test_a_kind_changes_only_where_nobody_works_and_no_ticket_was(cast: Cast, db_session: Any) -> None:
    with pytest.raises(Invalid) as refused:
        change(cast, "330106-01", kind="hub")
    assert refused.value.fields == {"kind": "kind_in_use"}
    organisation_admin.store(actor=cast["admin"], rows=sheet(NEW[:3] + ["33"] + [""] * 7), now=NOON)
    change(cast, "330199-01", kind="hub")
    assert place(db_session, "330199-01").kind == "hub"


def test_a_place_that_closes_hands_its_open_tickets_to_its_deputy_and_takes_them_back(
    cast: Cast, db_session: Any
) -> None:
    push(cast)
    change(cast, "330106-01", closed_from="2026-11-18", deputy="330108-01")
    assert closure_work.run(db_session, NOON) == 1
    ticket = db_session.scalars(select(Ticket)).one()
    assert ticket.acting_id == cast.places["330108-01"]
    (held,) = db_session.scalars(select(Closure))
    with pytest.raises(NotAllowed):
        closures.end(actor=cast["lcs"], closure_id=held.id, now=NOON)
    change(cast, "330106-01", closed_from="")
    assert closure_work.run(db_session, NOON + timedelta(minutes=5)) == 1
    db_session.rollback()
    assert db_session.get(Ticket, ticket.id).acting_id is None


def test_what_was_announced_before_gives_way_to_closing_for_good(cast: Cast, db_session: Any) -> None:
    days = closures.ClosureIn("", NOON.date(), NOON.date() + timedelta(days=9), reason="rest")
    closures.announce(actor=cast["site-manager"], closure=days, now=NOON)
    change(cast, "330106-01", closed_from="2026-11-20")
    db_session.rollback()
    rest, good = db_session.scalars(select(Closure).order_by(Closure.id))
    assert (str(rest.until_day), rest.ended_at) == ("2026-11-19", None)
    assert (str(good.from_day), good.until_day, good.reason) == ("2026-11-20", None, "for_good")


def test_a_place_that_is_made_closed_already_needs_no_closure(cast: Cast, db_session: Any) -> None:
    organisation_admin.store(actor=cast["admin"], rows=sheet(AREA, [*NEW[:10], "2026-12-31"]), now=NOON)
    assert str(place(db_session, "330199-01").closed_from) == "2026-12-31"
    assert not db_session.scalars(select(Closure)).all()

"""Scans are kept once, shown newest first, and tell routing where the parcel was."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid
from app.models import Scan
from app.services import scans
from app.services.scans import Imported, ScanIn
from tests.cast import NOON, Cast

HOUR = timedelta(hours=1)
ROAD = (
    ScanIn("YT1234567890123", "COLLECT", NOON - 30 * HOUR, "440305-01", "王师傅", "已揽收"),
    ScanIn("YT1234567890123", "ARRIVE", NOON - 20 * HOUR, "999999-99"),
    ScanIn("YT1234567890123", "DELIVER", NOON - 6 * HOUR, "330106-01", "李师傅"),
    ScanIn("YT1234567890123", "SIGN", NOON - 5 * HOUR, "330106-01", "李师傅", "家门口"),
)


def count(session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).select_from(Scan))


def test_the_same_scans_again_change_nothing(cast: Cast, db_session) -> None:
    assert scans.store_scans(scans=ROAD, now=NOON) == 4
    assert scans.store_scans(scans=ROAD[::-1], now=NOON) == 0
    assert count(db_session) == 4


def test_a_scan_twice_in_one_message_is_kept_once(cast: Cast, db_session) -> None:
    assert scans.store_scans(scans=[ROAD[0], ROAD[0]], now=NOON) == 1


def test_a_thousand_scans_go_in_with_one_call(cast: Cast, db_session) -> None:
    many = [ScanIn(f"W{n:09d}", "ARRIVE", NOON, "330106-01") for n in range(1001)]
    assert scans.store_scans(scans=many, now=NOON) == 1001
    assert scans.store_scans(scans=[], now=NOON) == 0


def test_the_trace_is_newest_first_with_our_names_and_foreign_codes_kept(cast: Cast, db_session) -> None:
    scans.store_scans(scans=ROAD, now=NOON)
    line = scans.trace(db_session, "yt1234567890123 ")
    assert [row.scan_type for row in line] == ["SIGN", "DELIVER", "ARRIVE", "COLLECT"]
    assert [row.organisation_name for row in line] == ["组织 330106-01", "组织 330106-01", "", "组织 440305-01"]
    assert (line[2].site_code, line[2].organisation_id) == ("999999-99", None)
    assert line[0].scanned_at == NOON - 5 * HOUR and line[0].scanned_at.tzinfo is UTC


def test_routing_gets_delivery_origin_and_last_place(cast: Cast, db_session) -> None:
    scans.store_scans(scans=ROAD[:3], now=NOON)
    site, origin = cast.places["330106-01"], cast.places["440305-01"]
    assert scans.places(db_session, "YT1234567890123") == (site, origin, site)
    assert scans.places(db_session, "UNKNOWN0001") == (None, None, None)


def test_a_delivery_by_somebody_unknown_is_not_replaced_by_an_older_one(cast: Cast, db_session) -> None:
    foreign = ScanIn("YT1234567890123", "SIGN", NOON, "888888-01")
    scans.store_scans(scans=[*ROAD, foreign], now=NOON)
    assert scans.places(db_session, "YT1234567890123") == (None, cast.places["440305-01"], None)


def test_the_waybill_is_brought_into_its_one_form_and_long_words_are_cut(cast: Cast, db_session) -> None:
    odd = ScanIn(" ｙｔ１２３４５６７８ ", "sign" * 9, NOON, "x" * 50, "名" * 99, "注" * 300)
    assert scans.store_scans(scans=[odd, ScanIn("  ", "SIGN", NOON)], now=NOON) == 1
    row = db_session.scalars(select(Scan)).one()
    assert (row.waybill, len(row.scan_type), len(row.site_code), len(row.courier), len(row.note)) == (
        "YT12345678", 16, 32, 60, 200,
    )  # fmt: skip


CSV = """waybill,scan_type,scanned_at,site_code,courier,note
YT0000000001,COLLECT,2026-11-17 08:30:00,440305-01,王师傅,已揽收
YT0000000001,SIGN,2026-11-18T01:00:00+00:00,330106-01,李师傅,本人签收
,SIGN,2026-11-18 09:00:00,330106-01,,
YT0000000002,SIGN,gestern,330106-01,,
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_either_encoding_and_bad_lines_are_named(
    cast: Cast, db_session, tmp_path: Path, encoding: str
) -> None:
    path = tmp_path / "scans.csv"
    path.write_text(CSV, encoding=encoding)
    assert scans.import_file(path=path, now=NOON) == Imported(4, 2, (4, 5))
    signed, collected = scans.trace(db_session, "YT0000000001")
    assert collected.scanned_at == datetime(2026, 11, 17, 0, 30, tzinfo=UTC)  # no zone: Asia/Shanghai
    assert (signed.courier, signed.note) == ("李师傅", "本人签收")
    assert scans.import_file(path=path, now=NOON).stored == 0


def test_a_file_without_the_needed_columns_is_refused(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "scans.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid):
        scans.import_file(path=path, now=NOON)

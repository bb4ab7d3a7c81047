"""Analyses, volumes and versions: what may be stored, and what is refused with its reason."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select

from app import scorecards_cli
from app.domain.errors import Invalid, NotAllowed, Stale
from app.domain.scoring_scheme import default_scheme
from app.domain.volumes import read_csv
from app.models import DeliveryVolume, MonthClose
from app.services import card_codes, month_analyses, month_freeze, month_plan, scorecards, scoring_schemes, volumes
from tests.cast import NOON, Cast

MONTH = "2026-10"
FROZEN = datetime(2026, 11, 6, 2, tzinfo=UTC)
FILE = 'month,code,delivered\n2026-10,330106-01,"100,000"\n2026-10,330108-01,50000.0\n'
TEXTS = {"causes": "大促期间派件量翻倍", "measures": "增派两名派件员，11 月底前完成", "requests": ""}


def test_volumes_are_all_stored_or_none_and_the_card_shows_the_rate(cast: Cast, db_session: Any) -> None:
    rows = read_csv(FILE)
    assert (
        volumes.trial(db_session, rows).added,
        volumes.store(actor=cast["ccs-manager"], rows=rows, now=NOON).added,
    ) == (2, 2)
    assert volumes.trial(db_session, rows) == volumes.Trial(0, 0, ())
    cards = [
        scorecards.site_month(actor=cast["ccs"], month=MONTH, organisation_code=code, now=NOON).delivered
        for code in ("330106-01", "33", "HQ", "440305-01")
    ]
    assert cards == [100_000, 150_000, 150_000, None]
    for who in ("lcs-manager", "ccs", "admin"):
        with pytest.raises(NotAllowed):
            volumes.store(actor=cast[who], rows=rows, now=NOON)


def test_every_bad_row_is_named_and_nothing_is_stored(cast: Cast, db_session: Any) -> None:
    month_freeze.freeze(actor=cast["ccs-manager"], month="2026-09", now=NOON)
    bad = FILE + "2026-13,330106-01,5\n2026-10,nowhere,5\n2026-10,330108-01,7\n2026-09,330108-01,7\n2026-10,,x\n"
    told = volumes.trial(db_session, read_csv(bad))
    assert [(row.line, row.field, row.why) for row in told.bad] == [
        (4, "month", "not_a_month"), (5, "code", "unknown_organisation"), (6, "code", "code_twice"),
        (7, "month", "month_frozen"), (8, "code", "required"), (8, "delivered", "not_a_number"),
    ]  # fmt: skip
    with pytest.raises(Invalid):
        volumes.store(actor=cast["ccs-manager"], rows=read_csv(bad), now=NOON)
    assert db_session.scalars(select(DeliveryVolume)).all() == []
    for text in ("", "month,code\n", "month,code,delivered\n"):
        with pytest.raises(Invalid):
            read_csv(text)


def test_the_command_names_bad_rows_and_verify_fails_for_what_is_not_frozen(
    cast: Cast, app: Any, tmp_path: Any
) -> None:
    file = tmp_path / "volumes.csv"
    run = app.test_cli_runner().invoke
    file.write_text(FILE + "2026-10,nowhere,5\n", encoding="utf-8")
    refused = run(scorecards_cli.volumes, ["import", str(file)])
    assert refused.exit_code == 1 and "line 4: code: unknown_organisation" in refused.output
    file.write_text(FILE, encoding="utf-8")
    assert "2 added" in run(scorecards_cli.volumes, ["import", str(file), "--dry-run"]).output
    assert "2 added" in run(scorecards_cli.volumes, ["import", str(file)]).output
    assert run(scorecards_cli.scorecards, ["verify", MONTH]).exit_code == 1
    month_freeze.freeze(actor=cast["ccs-manager"], month=MONTH, now=NOON)
    shown = run(scorecards_cli.scorecards, ["verify", MONTH])
    assert shown.exit_code == 0 and "the same to the byte" in shown.output


def test_an_analysis_is_the_head_of_the_provinces_and_ends_with_the_freeze(cast: Cast, db_session: Any) -> None:
    head = cast["lcs-manager"]
    for who in ("lcs", "ccs-manager", "site-manager", "admin"):
        with pytest.raises(NotAllowed):
            month_analyses.keep(actor=cast[who], month=MONTH, texts=TEXTS, submit=True, now=NOON)
    with pytest.raises(Invalid) as refused:
        month_analyses.keep(actor=head, month=MONTH, texts={"causes": "x" * 2001}, submit=True, now=NOON)
    assert refused.value.fields == {"causes": "too_long", "measures": "required"}
    month_analyses.keep(actor=head, month=MONTH, texts=TEXTS, submit=True, now=NOON)
    points = {point.key: point.number for point in month_plan.checklist(db_session, MONTH, NOON)}
    assert points["analyses"] == 1  # of two provinces
    month_freeze.freeze(actor=cast["ccs-manager"], month=MONTH, now=NOON)
    for month, code in ((MONTH, "month_frozen"), ("2026-11", "month_running")):
        with pytest.raises(NotAllowed) as late:
            month_analyses.keep(actor=head, month=month, texts=TEXTS, submit=False, now=NOON)
        assert late.value.code == code


def test_drafts_stand_from_the_first_at_two_and_only_once(cast: Cast, db_session: Any) -> None:
    two = datetime(2026, 11, 30, 18, tzinfo=UTC)  # 02:00 on 1 December in Shanghai
    assert month_plan.draft(datetime(2026, 11, 30, 17, 59, tzinfo=UTC)) == ""
    assert [month_plan.draft(two), month_plan.draft(two)] == ["2026-11", ""]
    assert db_session.get(MonthClose, "2026-11").drafted_at == two
    points = {point.key: point.blocks for point in month_plan.checklist(db_session, "2026-11", two)}
    assert points["too_early"] is True


def test_the_preview_writes_nothing(cast: Cast, db_session: Any) -> None:
    shown = month_plan.preview(db_session, MONTH, NOON)
    assert (shown.cards, shown.charged, shown.corrections) == (6, 0, ())
    assert db_session.scalars(select(MonthClose)).all() == []


def test_a_version_is_added_for_coming_months_by_the_administrator_alone(cast: Cast, db_session: Any) -> None:
    scheme = default_scheme()
    with pytest.raises(NotAllowed):
        scoring_schemes.add(
            actor=cast["ccs-manager"], scheme=scheme, from_month="2026-12", note="", based_on=1, now=NOON
        )
    with pytest.raises(Invalid):
        scoring_schemes.add(actor=cast["admin"], scheme=scheme, from_month="2026-10", note="", based_on=1, now=NOON)
    made = scoring_schemes.add(
        actor=cast["admin"], scheme=scheme, from_month="2026-12", note="新年", based_on=1, now=NOON
    )
    assert made == 2
    with pytest.raises(Stale):
        scoring_schemes.add(actor=cast["admin"], scheme=scheme, from_month="2027-01", note="", based_on=1, now=NOON)
    found = [scoring_schemes.of_month(db_session, month).version for month in (MONTH, "2026-12", "2027-05")]
    assert found == [1, 2, 2]


def test_a_verification_code_leads_to_the_frozen_card_and_nothing_else_does(cast: Cast, db_session: Any) -> None:
    month_freeze.freeze(actor=cast["ccs-manager"], month=MONTH, now=NOON)
    card = scorecards.site_month(actor=cast["ccs"], month=MONTH, organisation_code="330106-01", now=NOON)
    code = f"{card.digest[:4]}-{card.digest[4:8]} {card.digest[8:12]}".upper()
    found = card_codes.find(db_session, code)
    assert found is not None and (found.code, found.digest) == ("330106-01", card.digest)
    for wrong in ("", "000000000000", card.digest[:11], "%" * 12):
        assert card_codes.find(db_session, wrong) is None, wrong

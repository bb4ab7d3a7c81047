"""Exemptions: asked with proof, decided by the right hand, marked on the clocks, and taken back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain.errors import Invalid, NotAllowed, NotFound
from app.models import Attachment, Clock, Event, ExemptedClock, Exemption, User
from app.models.ids import new_id
from app.services import exemption_rulings, exemption_view, exemptions, journal, replies, scorecard_facts, sweep
from app.services.exemptions import AskIn
from app.services.scorecard_facts import Span
from app.services.transaction import write
from tests.cast import NOON, Cast, post, push, ticket

HOUR = timedelta(hours=1)
LATER = NOON + 30 * HOUR
ROLES_ASK = {
    "site": True, "site-manager": True, "site-2": False, "site-3": False, "lcs": True, "lcs-manager": True,
    "lcs-2": False, "ccs": True, "ccs-manager": True, "admin": False,
}  # fmt: skip


def clocks_of(session, number: str, kind: str = "first_reply") -> list[int]:
    found = select(Clock.id).where(Clock.ticket_id == ticket(session, number).id, Clock.kind == kind)
    return list(session.scalars(found))


def picture(cast: Cast, session, who: str, number: str) -> int:
    row_id, ticket_id = new_id(), ticket(session, number).id
    with write() as inner:
        row = Attachment(
            id=row_id, ticket_id=ticket_id, uploaded_by_id=cast[who].user_id, box="exemption", origin="upload",
            state="ready", store_name=f"s{row_id}", sha256="ab", created_at=NOON,
        )  # fmt: skip
        inner.add(row)
    return row_id


def ask(cast, session, number: str, who: str = "site", reason: str = "power_network", **more) -> int:
    """Ask for the first reply of one ticket, with a picture; the exemption's id."""
    ids = clocks_of(session, number)
    asked = AskIn(reason, text="停电了", attachments=[picture(cast, session, who, number)], **more)
    exemptions.ask(actor=cast[who], post=post(number), clock_ids=ids, asked=asked, now=LATER)
    return session.scalars(select(Exemption.id).order_by(Exemption.id.desc()).limit(1)).one()


def late(cast, session, count: int, **more) -> list[str]:
    numbers = [push(cast, f"L{n}", waybill=f"YT{n:013d}", **more) for n in range(count)]
    sweep.run(session, LATER)
    return numbers


def many(
    cast, session, numbers: Sequence[str], who: str = "lcs", reason: str = "force_majeure", facts: str = ""
) -> int:
    ids = [i for number in numbers for i in clocks_of(session, number)]
    return exemptions.ask_many(actor=cast[who], clock_ids=ids, asked=AskIn(reason, facts, "台风"), now=LATER)


def grant(cast, who: str, exemption_id: int, granting: bool = True, text: str = "") -> None:
    exemption_rulings.decide(actor=cast[who], exemption_id=exemption_id, granting=granting, text=text, now=LATER)


def exempt(session) -> int:
    session.rollback()
    return session.scalar(select(func.count()).where(Clock.exempt.is_(True))) or 0


def entries(session, number: str, kind: str) -> list[dict]:
    found = select(Event).where(Event.ticket_id == ticket(session, number).id, Event.type == kind)
    return [event.data for event in session.scalars(found.order_by(Event.seq))]


def test_who_may_ask_on_a_ticket(cast: Cast, db_session) -> None:
    for n, (who, may) in enumerate(ROLES_ASK.items()):
        number = push(cast, f"ASK-{who}", waybill=f"YT{n:013d}")
        if may:
            ask(cast, db_session, number, who)
            assert entries(db_session, number, "exemption_asked"), who
            continue
        asked = AskIn("power_network", text="停电了", attachments=[picture(cast, db_session, who, number)])
        with pytest.raises((NotFound, NotAllowed)):
            ids = clocks_of(db_session, number)
            exemptions.ask(actor=cast[who], post=post(number), clock_ids=ids, asked=asked, now=LATER)


def test_a_granted_exemption_leaves_the_clock_out_of_the_scorecard_and_its_times_as_they_were(cast, db_session):
    number, site = late(cast, db_session, 1)[0], cast.places["330106-01"]
    span = Span.of("2026-11", LATER)
    before = db_session.get_one(Clock, clocks_of(db_session, number)[0]).due_at
    assert scorecard_facts.month_facts(db_session, span, site)[site].first_reply_due == 1
    grant(cast, "lcs", ask(cast, db_session, number))
    clock = db_session.get_one(Clock, clocks_of(db_session, number)[0])
    assert (clock.exempt, clock.due_at, clock.state) == (True, before, "breached")
    assert scorecard_facts.month_facts(db_session, span, site)[site].first_reply_due == 0
    told = entries(db_session, number, "clock_exempted")
    assert [(one["kind"], one["run"], one["organisation_id"]) for one in told] == [("first_reply", 1, site)]
    assert journal.verify(db_session, ticket(db_session, number).id) is None


def test_what_is_missing_is_named(cast, db_session) -> None:
    number = push(cast)
    ids = clocks_of(db_session, number)
    for asked, chosen, field in (
        (AskIn("power_network", text="停电了"), ids, "file"), (AskIn("no", text="x", attachments=[1]), ids, "reason"),
        (AskIn("system_fault", text="x"), ids, "facts"), (AskIn("system_fault", facts="x"), [], "clocks"),
        (AskIn("system_fault", facts="x"), [*ids, 1], "clocks"), (AskIn("other", attachments=[1]), ids, "text"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as wrong:
            exemptions.ask(actor=cast["site"], post=post(number), clock_ids=chosen, asked=asked, now=LATER)
        assert field in wrong.value.fields, (asked, wrong.value.fields)


def test_the_same_run_is_asked_for_once_until_it_was_refused(cast, db_session) -> None:
    number = push(cast)
    first = ask(cast, db_session, number)
    with pytest.raises(Invalid):
        ask(cast, db_session, number)
    grant(cast, "lcs", first, granting=False, text="没有停电")
    ask(cast, db_session, number)


def test_lcs_decides_five_tickets_its_manager_more(cast, db_session) -> None:
    numbers = late(cast, db_session, 6)
    five, six = many(cast, db_session, numbers[:5], "ccs"), 0
    grant(cast, "lcs", five)
    assert exempt(db_session) == 5
    with write() as session:
        session.execute(Exemption.__table__.update().values(state="refused"))
        session.execute(ExemptedClock.__table__.update().values(state="released"))
        session.execute(Clock.__table__.update().values(exempt=False))
    six = many(cast, db_session, numbers, "ccs")
    with pytest.raises(NotAllowed, match="for_lcs_manager"):
        grant(cast, "lcs", six)
    grant(cast, "lcs-manager", six)
    assert exempt(db_session) == 6


def test_nobody_decides_on_what_they_asked_or_acted_in(cast, db_session) -> None:
    first, second = late(cast, db_session, 2)
    with pytest.raises(NotAllowed, match="own_hand"):
        grant(cast, "lcs", many(cast, db_session, [first]))
    replies.note(actor=cast["lcs"], post=post(second), text="催了", now=LATER)
    asked = ask(cast, db_session, second)
    with pytest.raises(NotAllowed, match="own_hand"):
        grant(cast, "lcs", asked)
    grant(cast, "lcs-manager", asked)


def test_a_system_fault_waits_for_the_administrator_and_a_denied_one_is_only_refused(cast, db_session) -> None:
    asked = ask(cast, db_session, late(cast, db_session, 1)[0], reason="system_fault", facts="巴枪 10:00-12:00 断网")
    with pytest.raises(NotAllowed, match="not_confirmed"):
        grant(cast, "lcs", asked)
    with pytest.raises(NotAllowed):
        exemption_rulings.confirm(actor=cast["ccs-manager"], exemption_id=asked, real=True, now=LATER)
    exemption_rulings.confirm(actor=cast["admin"], exemption_id=asked, real=False, now=LATER)
    with pytest.raises(NotAllowed, match="not_real"):
        grant(cast, "lcs", asked)
    exemption_rulings.confirm(actor=cast["admin"], exemption_id=asked, real=True, now=LATER)
    grant(cast, "lcs", asked)
    assert exempt(db_session) == 1


def test_an_area_is_the_headquarters_managers_and_takes_in_what_is_decided_later_in_its_span(cast, db_session) -> None:
    late(cast, db_session, 2)
    push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    asked = AskIn("force_majeure", "台风登陆")
    span = {"from_at": NOON, "until_at": NOON + 40 * HOUR}
    area = exemptions.ask_area(actor=cast["lcs-manager"], area="33", asked=asked, now=LATER, **span)
    for who in ("lcs", "lcs-manager"):
        with pytest.raises(NotAllowed):
            grant(cast, who, area)
    exemption_rulings.decide(actor=cast["ccs-manager"], exemption_id=area, granting=True, text="", now=NOON + HOUR)
    assert exempt(db_session) == 2, "both first replies of the province"
    exemption_rulings.run(NOON + 30 * HOUR)
    assert exempt(db_session) == 4, "and their results, which were decided since"
    assert db_session.get_one(Exemption, area).done_at is None
    exemption_rulings.run(NOON + 41 * HOUR)
    db_session.rollback()
    assert (exempt(db_session), db_session.get_one(Exemption, area).done_at) == (4, NOON + 41 * HOUR)


def test_areas_whose_span_goes_on_do_not_hold_up_what_was_granted_after_them(cast, db_session) -> None:
    span = {"from_at": NOON, "until_at": NOON + 400 * HOUR}
    for n in range(21):
        asked = AskIn("force_majeure", f"台风 {n}")
        area = exemptions.ask_area(actor=cast["ccs"], area="33" if n == 20 else "44", asked=asked, now=LATER, **span)
        grant(cast, "ccs-manager", area)
    late(cast, db_session, 2)
    exemption_rulings.run(NOON + 30 * HOUR)
    assert exempt(db_session) == 4


def test_an_exemption_that_raises_stops_no_other(cast, db_session, monkeypatch) -> None:
    span, real = {"from_at": NOON, "until_at": NOON + 40 * HOUR}, exemption_rulings.carry_out
    areas = [exemptions.ask_area(actor=cast["ccs"], area="33", asked=AskIn("other", one), now=LATER, **span)
             for one in ("停电", "断网")]  # fmt: skip
    for area in areas:
        grant(cast, "ccs-manager", area)
    late(cast, db_session, 2)

    def odd(exemption_id, *given):
        if exemption_id == areas[0]:
            raise ValueError("odd")
        return real(exemption_id, *given)

    monkeypatch.setattr(exemption_rulings, "carry_out", odd)
    exemption_rulings.run(NOON + 30 * HOUR)
    assert exempt(db_session) == 4


def test_an_area_leaves_out_the_tickets_in_which_the_manager_acted(cast, db_session) -> None:
    numbers = late(cast, db_session, 2)
    replies.note(actor=cast["ccs-manager"], post=post(numbers[0]), text="看过", now=LATER)
    asked, span = AskIn("force_majeure", "台风"), {"from_at": NOON, "until_at": NOON + HOUR}
    area = exemptions.ask_area(actor=cast["ccs"], area="", asked=asked, now=LATER, **span)
    grant(cast, "ccs-manager", area)
    exempted = select(Clock.ticket_id).where(Clock.exempt.is_(True))
    db_session.rollback()
    assert list(db_session.scalars(exempted)) == [ticket(db_session, numbers[1]).id]


def test_an_lcs_manager_asks_for_the_own_province_only(cast, db_session) -> None:
    asked, span = AskIn("other", "x"), {"from_at": NOON, "until_at": LATER}
    for area in ("44", "", "330106-01"):
        with pytest.raises(Invalid) as wrong:
            exemptions.ask_area(actor=cast["lcs-manager"], area=area, asked=asked, now=LATER, **span)
        assert wrong.value.fields == {"area": "unknown_area"}


def test_a_revoked_exemption_counts_again_unless_another_covers_the_clock(cast, db_session) -> None:
    number = late(cast, db_session, 1)[0]
    one = ask(cast, db_session, number)
    grant(cast, "lcs", one)
    area = exemptions.ask_area(
        actor=cast["ccs"], area="33", from_at=NOON, until_at=NOON + HOUR, asked=AskIn("other", "x"), now=LATER
    )
    grant(cast, "ccs-manager", area)
    for exemption_id, left in ((one, 1), (area, 0)):
        exemption_rulings.revoke(actor=cast["ccs-manager"], exemption_id=exemption_id, text="证明是假的", now=LATER)
        assert exempt(db_session) == left
    assert len(entries(db_session, number, "exemption_revoked")) == 2
    for who in ("lcs", "lcs-manager", "ccs", "site"):
        with pytest.raises((NotAllowed, NotFound)):
            exemption_rulings.revoke(actor=cast[who], exemption_id=area, text="x", now=LATER)


def test_a_malicious_claimant_is_marked_and_still_answered(cast, db_session) -> None:
    number = push(cast)
    asked = ask(cast, db_session, number, reason="malicious_claimant")
    assert ticket(db_session, number).malicious == "asked"
    grant(cast, "lcs", asked)
    row = ticket(db_session, number)
    assert (row.malicious, row.state) == ("granted", "open")
    again = push(cast, "W2", waybill="YT0000000000002")
    refused = ask(cast, db_session, again, reason="malicious_claimant")
    grant(cast, "lcs", refused, granting=False, text="证据不足")
    assert ticket(db_session, again).malicious == ""


def test_each_desk_sees_its_own_exemptions_and_the_administrator_no_text(cast, db_session) -> None:
    home, fault = late(cast, db_session, 2)
    away = push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    ask(cast, db_session, home)
    ask(cast, db_session, fault, reason="system_fault", facts="断网")
    ask(cast, db_session, away, "site-3")
    seen = {}
    for who in cast.people:
        seen[who] = len(exemption_view.page(db_session, cast[who], ""))
    assert seen == {
        "site": 2, "site-manager": 2, "site-2": 0, "site-3": 1, "lcs": 2, "lcs-manager": 2, "lcs-2": 1, "ccs": 3,
        "ccs-manager": 3, "admin": 1,
    }  # fmt: skip
    row = exemption_view.page(db_session, cast["admin"], "")[0]
    assert (row.text, row.numbers, row.exemption.facts) == ("", (), "断网")
    with pytest.raises(NotFound):
        exemption_view.load(
            db_session, cast["lcs-2"], exemption_view.page(db_session, cast["site"], "")[0].exemption.id
        )


def test_the_list_of_late_clocks_is_the_own_provinces(cast, db_session) -> None:
    late(cast, db_session, 2)
    push(cast, "AWAY", site="440305-01", waybill="YT9999999999999")
    sweep.run(db_session, LATER)
    shown = {
        who: [clock.kind for clock, _, _ in exemption_view.late(db_session, cast[who], "", LATER)]
        for who in ("lcs", "lcs-2", "ccs")
    }
    assert {who: len(kinds) for who, kinds in shown.items()} == {"lcs": 4, "lcs-2": 2, "ccs": 6}
    assert set(shown["ccs"]) == {"first_reply", "resolve"}


def test_the_latest_runs_of_many_sites_are_shown_and_none_of_the_later_is_left_out(
    cast, db_session, monkeypatch
) -> None:
    late(cast, db_session, 3)
    push(cast, "NEXT", waybill="YT9999999999998")
    sweep.run(db_session, LATER + timedelta(hours=3))
    seen = exemption_view.late(db_session, cast["lcs"], "", LATER + timedelta(hours=3))
    ids = [clock.id for clock, _, _ in seen]
    for most in (1, 2, 3, len(ids)):
        monkeypatch.setattr(exemption_view, "LATE_SHOWN", most)
        shown = exemption_view.late(db_session, cast["lcs"], "", LATER + timedelta(hours=3))
        assert [clock.id for clock, _, _ in shown] == ids[:most]


def test_marking_goes_on_where_it_was_broken_off_and_marks_each_clock_once(cast, db_session) -> None:
    numbers = late(cast, db_session, 3)
    asked = many(cast, db_session, numbers, "ccs")
    with write() as session:
        row = session.get_one(Exemption, asked)
        row.state, row.decided_by_id, row.decided_at = "granted", session.scalar(select(User.id).limit(1)), LATER
    assert [exemption_rulings.carry_out(asked, LATER, 2) for _ in range(3)] == [2, 1, 0]
    assert exempt(db_session) == 3
    exemption_rulings.run(LATER)
    assert all(len(entries(db_session, number, "clock_exempted")) == 1 for number in numbers)

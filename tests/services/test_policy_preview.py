"""What a preview says is what then happens, and what it cannot know it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.domain.customers import AccountIn
from app.domain.errors import Invalid, Stale
from app.domain.policy_draft import DraftLine
from app.models import Clock, Policy, PolicyVersion, Ticket
from app.services import customers, emergencies, policies, replies, superior
from app.services.emergencies import AnnounceIn
from app.services.policy_preview import preview
from app.services.replies import ResultIn
from tests.cast import NOON, post, push, tell

WEEKS = timedelta(weeks=4)
# (code, category, opened after Monday the 2nd of November 2026 00:00 in Shanghai, repeated after)
MONDAY = datetime(2026, 11, 1, 16, tzinfo=UTC)
PLAYED = (
    ("A", "FALSE_SIGN", 10.0, None), ("B", "LOST", 19.75, None), ("C", "LOST", 2.5, None), ("D", "DELAYED", 7.9, 1.0),
    ("E", "LOCKER", 19.9, 0.05), ("F", "DAMAGED", 110.0, 3.0), ("G", "OTHER", 130.2, None), ("H", "LOST", 14.0, 20.0),
)  # fmt: skip


def play(cast, suffix: str, shift: timedelta) -> dict[str, str]:
    """The same complaints and repeats, some weeks later; ticket numbers by code."""
    numbers = {}
    for code, category, opened, repeated in PLAYED:
        at = MONDAY + shift + timedelta(hours=opened)
        numbers[code] = push(
            cast, f"{code}{suffix}", now=at, category=category, waybill=f"YT{ord(code):02d}{suffix}77777"
        )
        if repeated is not None:
            then = at + timedelta(hours=repeated)
            tell(cast, "REPEAT", f"{code}{suffix}", at=then, now=then, key=code)
    return numbers


def draft(session) -> list[DraftLine]:
    """Other limits for most things: shorter, longer, another calendar, and lines that did not exist."""
    changes = {"first_reply": "45", "accept": "5"}
    lines = [
        replace(line, minutes=changes.get(line.clock, line.minutes)) for line in policies.lines(session, policies.newest(session))
    ]  # fmt: skip
    lines = [
        replace(line, calendar="service") if (line.priority, line.clock) == ("high", "resolve") else line
        for line in lines
    ]
    return [
        *lines, DraftLine(category="LOST", clock="resolve", minutes="300", calendar="always"),
        DraftLine(kind="complaint", priority="urgent", clock="first_reply", minutes="12", calendar="service"),
        DraftLine(category="LOCKER", clock="legal", minutes="2880", calendar="working"),
    ]  # fmt: skip


def dues(session, numbers: dict[str, str]) -> dict[tuple[str, str, int], datetime]:
    session.rollback()
    names = {number: code for code, number in numbers.items()}
    rows = session.execute(
        select(Ticket.number, Clock.kind, Clock.run, Clock.due_at).join(Ticket, Ticket.id == Clock.ticket_id)
    )
    return {(names[number], kind, run): due for number, kind, run, due in rows if number in names}


def test_what_a_preview_says_is_what_then_happens(cast, db_session) -> None:
    before = play(cast, "1", timedelta(0))
    was = dues(db_session, before)
    lines = draft(db_session)
    found = preview(db_session, lines, MONDAY + timedelta(days=7))
    assert found.left_alone == 0 and found.tickets_open == (len(PLAYED), len(PLAYED))
    names = {number: code for code, number in before.items()}
    said = dict(was) | {(names[one.number], one.kind, 1): one.would_be for one in found.moved}
    assert policies.store_draft(
        actor=cast["admin"], draft=lines, effective_from=MONDAY + WEEKS, note="", seen=1, now=MONDAY + timedelta(days=7)
    ) == 2  # fmt: skip
    then = dues(db_session, play(cast, "2", WEEKS))
    assert {key: due - WEEKS for key, due in then.items()} == said
    assert sum(said[key] != was[key] for key in was) == len(found.moved) > 10
    assert {one.would_be > one.due_at for one in found.moved} == {True, False}


def test_a_customers_own_limits_and_an_emergency_hold_in_the_preview_as_they_do_afterwards(cast, db_session) -> None:
    """Longer than the policy, shorter than the draft: then the contract holds; in an emergency its limit does."""
    shop = AccountIn("SHOP", "旗舰店", "", prefixes="YT88", limits={"first_reply": "40", "resolve": "300"})
    customers.save(actor=cast["admin"], account=shop, now=MONDAY)
    storm = {"area": "33", "limits": {"accept": "25", "close": "60"}}
    opened = MONDAY + timedelta(hours=10)
    for shift in (timedelta(0), WEEKS):
        period = AnnounceIn(name="台风", from_at=opened + shift, until_at=opened + shift + timedelta(hours=1), **storm)
        emergencies.announce(actor=cast["ccs-manager"], period=period, now=opened + shift - timedelta(hours=1))
    lines = draft(db_session)

    def played(suffix: str, shift: timedelta) -> dict[str, str]:
        at = opened + shift
        return {
            "shop": push(cast, f"S{suffix}", now=at, waybill=f"YT8800{suffix}77777"),
            "other": push(cast, f"O{suffix}", now=at + timedelta(hours=2), waybill=f"YT7700{suffix}77777"),
        }

    before = played("1", timedelta(0))
    found, was = preview(db_session, lines, opened + timedelta(hours=3)), dues(db_session, before)
    names = {number: code for code, number in before.items()}
    said = dict(was) | {(names[one.number], one.kind, 1): one.would_be for one in found.moved}
    policies.store_draft(
        actor=cast["admin"],
        draft=lines,
        effective_from=MONDAY + WEEKS,
        note="",
        seen=1,
        now=opened + timedelta(hours=3),
    )
    then = {key: due - WEEKS for key, due in dues(db_session, played("2", WEEKS)).items()}
    assert then == said and found.left_alone == 0
    own = {key: due for key, due in said.items() if key[1] == "first_reply"}
    assert own == {
        ("shop", "first_reply", 1): opened + timedelta(minutes=40),
        ("other", "first_reply", 1): opened + timedelta(hours=2, minutes=45),
    }
    assert said["shop", "accept", 1] == was["shop", "accept", 1] == opened + timedelta(minutes=25)


def test_counts_are_those_of_the_moved_clocks(cast, db_session) -> None:
    play(cast, "1", timedelta(0))
    now = MONDAY + timedelta(days=3)
    found = preview(db_session, draft(db_session), now)
    for kind, category in found.groups:
        group, moved = (
            found.groups[kind, category],
            [m for m in found.moved if (m.kind, m.category) == (kind, category)],
        )
        assert group.earlier + group.later == len(moved)
        assert group.late_then - group.late_now == sum((m.would_be < now) - (m.due_at < now) for m in moved)
    assert found.groups["first_reply", "DELAYED"].runs == 1


def test_the_policy_in_force_changes_nothing(cast, db_session) -> None:
    play(cast, "1", timedelta(0))
    found = preview(db_session, policies.lines(db_session, 1), MONDAY + timedelta(days=5))
    assert found.moved == [] and found.left_alone == 0


def test_a_due_that_no_policy_counted_stays_and_is_told(cast, db_session) -> None:
    push(cast, now=NOON, expires=timedelta(hours=5))
    found = preview(db_session, draft(db_session), NOON)
    assert found.left_alone == 1 and "platform" not in {one.kind for one in found.moved}


def test_last_months_figures_for_the_network_and_by_province(cast, db_session) -> None:
    for code, site, after in (("A", "330106-01", 20), ("B", "330108-01", 40), ("C", "440305-01", 20)):
        number = push(cast, code, site=site)
        who = {"330106-01": "site", "330108-01": "site-2", "440305-01": "site-3"}[site]
        at = NOON + timedelta(minutes=after)
        replies.claim(actor=cast[who], post=post(number), now=at)
        replies.follow_up(
            actor=cast[who], post=post(number), text="在查", contact_outcome="no_answer",
            next_update_at=at + timedelta(hours=2), now=at,
        )  # fmt: skip
    lines = [
        replace(line, minutes="15") if line.clock == "first_reply" else line for line in policies.lines(db_session, 1)
    ]
    found = preview(db_session, lines, NOON + timedelta(days=20))
    assert found.month == "2026-11"
    rates = {key: (rate.due, rate.now, rate.then) for key, rate in found.rates.items() if key[1] == "first_reply"}
    zhejiang, guangdong = cast.places["33"], cast.places["44"]
    assert rates == {
        (None, "first_reply"): (3, 2, 0), (zhejiang, "first_reply"): (2, 1, 0), (guangdong, "first_reply"): (1, 1, 0),
    }  # fmt: skip
    assert [place.code for place in found.provinces] == ["33", "44"]
    longer = [
        replace(line, minutes="60") if line.clock == "first_reply" else line for line in policies.lines(db_session, 1)
    ]
    assert preview(db_session, longer, NOON + timedelta(days=20)).rates[None, "first_reply"].then == 3


def test_it_looks_at_so_many_tickets_and_says_how_many_there_are(cast, db_session) -> None:
    numbers = [push(cast, f"W{n}") for n in range(4)]
    found = preview(db_session, draft(db_session), NOON, most_open=2)
    assert found.tickets_open == (2, 4)
    assert {one.number for one in found.moved} <= set(numbers[2:])


def test_a_repeat_after_the_result_does_not_shorten_what_was_decided(cast, db_session) -> None:
    night = NOON - timedelta(hours=10)
    number, at = push(cast, now=night), night + timedelta(minutes=20)
    replies.claim(actor=cast["site"], post=post(number), now=at)
    answer = ResultIn("已再投", "reached_accepts", signed_by="本人", action_taken="redelivered")
    replies.result(actor=cast["site"], post=post(number), answer=answer, now=at)
    tell(cast, "REPEAT", at=at + timedelta(hours=1), now=at + timedelta(hours=1))
    lines = [replace(one, minutes="10") if one.clock == "resolve" else one for one in policies.lines(db_session, 1)]
    found = preview(db_session, lines, NOON + timedelta(days=20))
    rate = found.rates[None, "resolve"]
    assert (rate.due, rate.now, rate.then) == (2, 1, 0)  # the rework is late both times, the result under the draft


# --- storing ---


def store(cast, session, lines, **other):
    given = {"effective_from": None, "note": "", "seen": 1, "now": NOON, **other}
    return policies.store_draft(actor=cast["admin"], draft=lines, **given)


def test_a_stored_version_binds_what_is_opened_from_then_on(cast, db_session) -> None:
    old = push(cast, "W1")
    assert store(cast, db_session, draft(db_session), effective_from=NOON + timedelta(hours=1), note="旺季") == 2
    between, new = push(cast, "W2", now=NOON + timedelta(minutes=59)), push(cast, "W3", now=NOON + timedelta(hours=1))
    db_session.rollback()
    versions = dict(db_session.execute(select(Ticket.number, Ticket.policy_version)).all())
    assert (versions[old], versions[between], versions[new]) == (1, 1, 2)
    row = db_session.get(PolicyVersion, 2)
    assert (row.stored_by_id, row.note) == (cast["admin"].user_id, "旺季")
    states = {v.version: v.state for v in policies.versions(db_session, NOON)}
    assert states == {2: "coming", 1: "in_force"}


def test_versions_that_are_stored_are_never_touched(cast, db_session) -> None:
    before = db_session.execute(select(Policy.id, Policy.limits).order_by(Policy.id)).all()
    store(cast, db_session, draft(db_session))
    db_session.rollback()
    after = db_session.execute(select(Policy.id, Policy.limits).where(Policy.version == 1).order_by(Policy.id)).all()
    assert after == before


@pytest.mark.parametrize(
    ("other", "field"),
    [({"effective_from": NOON - timedelta(seconds=1)}, "effective_from"), ({"note": "长" * 201}, "note")],
)
def test_a_version_never_begins_in_the_past(cast, db_session, other, field) -> None:
    with pytest.raises(Invalid) as wrong:
        store(cast, db_session, draft(db_session), **other)
    assert list(wrong.value.fields) == [field]


def test_a_draft_with_a_fault_is_not_stored(cast, db_session) -> None:
    with pytest.raises(Invalid):
        store(cast, db_session, [*draft(db_session), DraftLine(clock="close", minutes="0", calendar="always")])
    assert policies.newest(db_session) == 1


def test_of_two_drafts_of_the_same_version_the_second_is_stale(cast, db_session) -> None:
    store(cast, db_session, draft(db_session))
    with pytest.raises(Stale):
        store(cast, db_session, draft(db_session))


def test_a_priority_that_was_raised_by_hand_is_replayed_like_a_repeat(cast, db_session) -> None:
    number, raised = push(cast, now=NOON - timedelta(hours=10)), NOON - timedelta(hours=9)  # 03:00 in Shanghai
    superior.raise_priority(actor=cast["lcs"], post=post(number), priority="urgent", text="客户今天要", now=raised)
    lines = [
        replace(line, minutes="120") if (line.priority, line.clock) == ("urgent", "resolve") else line
        for line in policies.lines(db_session, 1)
    ]
    found = preview(db_session, lines, NOON)
    assert found.left_alone == 0
    moved = {one.kind: (one.due_at, one.would_be) for one in found.moved}
    assert moved["resolve"] == (NOON + timedelta(hours=3), NOON)


# (code, site, hours after Monday 00:00, minutes until the first reply, hours until the result, repeated after hours)
MONTH = (
    ("A", "330106-01", 10.0, 20, 3.0, None), ("B", "330106-01", 10.0, 40, 23.5, None),
    ("C", "330108-01", 19.9, 12, 11.0, 4.0), ("D", "330108-01", 32.0, 31, 25.0, None),
    ("E", "440305-01", 41.5, 14, 9.0, None), ("F", "440305-01", 60.0, 46, 13.0, 2.0),
)  # fmt: skip


def live_through(cast, suffix: str, shift: timedelta) -> None:
    """The same month's work, some weeks later."""
    for code, site, opened, first, result, repeated in MONTH:
        at = MONDAY + shift + timedelta(hours=opened)
        number = push(cast, f"{code}{suffix}", now=at, site=site, waybill=f"YT{ord(code):02d}{suffix}88888")
        who = {"330106-01": "site", "330108-01": "site-2", "440305-01": "site-3"}[site]
        replied = at + timedelta(minutes=first)
        replies.follow_up(
            actor=cast[who], post=post(number), text="在查", contact_outcome="no_answer",
            next_update_at=replied + timedelta(hours=2), now=replied,
        )  # fmt: skip
        if repeated is not None:
            then = at + timedelta(hours=repeated)
            tell(cast, "REPEAT", f"{code}{suffix}", at=then, now=then, key=code)
        said = ResultIn("已送到", "reached_accepts")
        replies.result(actor=cast[who], post=post(number), answer=said, now=at + timedelta(hours=result))


def test_what_the_preview_says_of_last_month_is_what_the_same_month_then_brings(cast, db_session) -> None:
    live_through(cast, "1", timedelta(0))
    lines = draft(db_session)
    december = datetime(2026, 12, 2, tzinfo=UTC)
    said = {key: (rate.due, rate.then) for key, rate in preview(db_session, lines, december).rates.items()}
    was = {key: (rate.due, rate.now) for key, rate in preview(db_session, lines, december).rates.items()}
    weeks = timedelta(weeks=6)
    start = MONDAY + weeks
    policies.store_draft(actor=cast["admin"], draft=lines, effective_from=start, note="", seen=1, now=december)
    live_through(cast, "2", weeks)
    found = preview(db_session, policies.lines(db_session, 2), datetime(2027, 1, 2, tzinfo=UTC))
    assert found.month == "2026-12" and found.left_alone == 0
    then = {key: (rate.due, rate.now) for key, rate in found.rates.items()}
    assert then == said != was
    assert {key: (rate.due, rate.then) for key, rate in found.rates.items()} == then, (
        "the policy in force says the same"
    )

"""Reminders: when a phone may get an SMS and what the bundle says (rulebook 4 "Reminders").

Which stage was told to which phone is kept elsewhere; here only time, cap and content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.domain.calendars import ONE_DAY, SHANGHAI, at_local, day_bounds, local_date

QUIET_FROM = time(22, 0)
QUIET_UNTIL = time(8, 0)
DAILY_CAP = 10
SPACING = timedelta(minutes=10)
TAIL_LENGTH = 4


@dataclass(frozen=True)
class Due:
    """One stage of one clock run that is to be told. `due_at` is UTC, `stage` as in clocks.Stage.name."""

    ticket_number: str
    waybill_tail: str
    clock: str
    due_at: datetime
    stage: str
    urgent: bool


@dataclass(frozen=True)
class Decision:
    """Send now, or try again at `retry_at` (UTC; None where there is nothing to send).

    reason: "ok", "nothing_due", "quiet_hours", "spacing" or "daily_cap".
    """

    send: bool
    retry_at: datetime | None
    reason: str


def quiet(now: datetime) -> bool:
    """Whether it is night in Shanghai: from 22:00 until before 08:00."""
    wall = now.astimezone(SHANGHAI).time()
    return wall >= QUIET_FROM or wall < QUIET_UNTIL


def send_after(now: datetime) -> datetime:
    """The earliest instant (UTC) at which a site may be told: now, or 08:00 in Shanghai at the end of the night."""
    if not quiet(now):
        return now.astimezone(UTC)
    day = local_date(now)
    evening = now.astimezone(SHANGHAI).time() >= QUIET_FROM
    return at_local(day + ONE_DAY if evening else day, QUIET_UNTIL)


def outside_cap(due: Due) -> bool:
    """Whether a stage is told beyond the daily cap: a breach, or any stage of an urgent ticket.

    The repeats every 4 h after the breach are inside the cap.
    """
    return due.stage == "breach" or due.urgent


def counts_in_cap(dues: Sequence[Due]) -> bool:
    """Whether a bundle uses up one SMS of the day's cap: only when nothing in it lies outside the cap."""
    return not any(outside_cap(due) for due in dues)


def may_send(
    *,
    now: datetime,
    last_sent_at: datetime | None,
    sent_today: int,
    dues: Sequence[Due],
    night_desk: bool,
    cap: int = DAILY_CAP,
    spacing: timedelta = SPACING,
) -> Decision:
    """Whether one bundled SMS with all of `dues` may go to a phone now.

    last_sent_at: last reminder to this site or phone, of any sort. sent_today: its SMS of this Shanghai day that count
    in the cap (`counts_in_cap`). night_desk: an LCS or CCS phone on night duty, told at night too. Spacing holds for
    breaches and urgent ones as well: they join the next bundle.
    """
    if not dues:
        return Decision(False, None, "nothing_due")
    if quiet(now) and not night_desk:
        return Decision(False, send_after(now), "quiet_hours")
    if last_sent_at is not None and now < last_sent_at + spacing:
        # A clock that was set back must not silence the phone for longer than the spacing itself.
        return Decision(False, _by_day(min(last_sent_at, now) + spacing, night_desk), "spacing")
    if sent_today >= cap and counts_in_cap(dues):
        return Decision(False, _by_day(day_bounds(now)[1], night_desk), "daily_cap")
    return Decision(True, None, "ok")


def bundle_variables(dues: Sequence[Due], now: datetime) -> dict[str, int | str]:
    """The variables of one bundled SMS: nothing personal, no telephone number, no link.

    count: tickets (not stages); overdue: those of them past their due; minutes: whole minutes until the earliest due,
    or since it where overdue > 0; waybill_tail (last 4), clock and due_time ("HH:MM" in Shanghai) of that most urgent
    one. Raises ValueError without dues.
    """
    if not dues:
        raise ValueError("a bundle holds at least one stage")
    first = min(dues, key=lambda due: (due.due_at, due.ticket_number, due.clock))
    return {
        "count": len({due.ticket_number for due in dues}),
        "overdue": len({due.ticket_number for due in dues if due.due_at <= now}),
        "minutes": abs(first.due_at - now) // timedelta(minutes=1),
        "waybill_tail": first.waybill_tail[-TAIL_LENGTH:],
        "clock": first.clock,
        "due_time": first.due_at.astimezone(SHANGHAI).strftime("%H:%M"),
    }


def _by_day(at: datetime, night_desk: bool) -> datetime:
    return at.astimezone(UTC) if night_desk else send_after(at)

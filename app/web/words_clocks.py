"""Words for clocks, limits, policies and calendars: what a code of theirs means."""

from __future__ import annotations

from datetime import date, timedelta

from flask import g

from app.domain.explain import CAPPED, NOON
from app.web import words
from app.web.context import translate as _
from app.web.language import table

DAY_SECONDS = 86_400


@table
def limits() -> dict[str, str]:
    """The limits that a policy states; most have a clock's name."""
    return {
        "accept": _("Accept"),
        "first_reply": _("First reply"),
        "resolve": _("Result"),
        "rework": _("Result after a return"),
        "close": _("Close ticket"),
        "party_reply": _("Party's answer"),
        "transfer": _("Ruling on a transfer"),
        "ruling": _("Ruling on a dispute"),
        "appeal": _("Appeal ruling"),
        "objection": _("Customer's objection"),
        "objection_rework": _("Customer's objection after a return"),
        "waiting": _("Pause for the customer, at most"),
        "delivery": _("Wait for the result's delivery"),
        "reopen": _("Re-opening after closing"),
        "transit": _("Delivery promise, from the collection"),
        "pickup": _("Collection promise, from the order"),
        "legal": _("Legal deadline"),
    }


def waiting(kind: str, *, raised: bool) -> str:
    """A clock's name on a ticket; the answer to what was `raised` inside the house waits for no customer."""
    if raised and kind == "objection":
        return _("Waiting for whoever raised it")
    return words.clock_kinds().get(kind, "")


def clock(kind: str, run: int, *, raised: bool = False) -> str:
    """A clock's name, from its second run on with the run's number; `raised` as in `waiting`."""
    label = waiting(kind, raised=raised) or limits().get(kind, kind)
    return _("%(clock)s, run %(n)s", clock=label, n=run) if run > 1 else label


@table
def kinds() -> dict[str, str]:
    """Ticket kinds (rulebook 2)."""
    return {
        "complaint": _("Complaint"),
        "expedite": _("Expedite"),
        "problem": _("Problem parcel"),
        "claim": _("Claim"),
        "inquiry": _("Inquiry"),
    }


@table
def priorities() -> dict[str, str]:
    """Priorities (rulebook 2)."""
    return {"urgent": _("Urgent"), "high": _("High"), "normal": _("Normal")}


@table
def keys() -> dict[str, str]:
    """What the key of a policy line is made of."""
    return {
        "kind": _("Kind"),
        "category": _("Category"),
        "priority": _("Priority"),
        "channel": _("Channel"),
        "tier": _("Customer tier"),
    }


@table
def version_states() -> dict[str, str]:
    """Where a policy version stands."""
    return {"in_force": _("In force"), "coming": _("Not yet in force"), "past": _("No longer in force")}


@table
def events() -> dict[str, str]:
    """What happens to a clock run."""
    return {
        "clock_started": _("Started"),
        "clock_stopped": _("Stopped"),
        "clock_void": _("Void: out of all measures"),
        "clock_shortened": _("Shortened after a repeat or a raised priority"),
        "clock_paused": _("Paused"),
        "clock_resumed": _("Goes on"),
        "clock_breached": _("Due time passed"),
        "clock_exempted": _("Exempted from the assessment"),
    }


@table
def steps() -> dict[str, str]:
    """What the urgent rule does to a due time (rulebook 4, row `resolve`)."""
    return {
        NOON: _("Outside service hours: noon of the following service day"),
        CAPPED: _("Outside service hours: noon of the following service day, but never later than for high priority"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a field of a policy or a calendar."""
    return {
        **words.errors(),
        "unknown": _("Not known here"),
        "bad_tier": _("Up to 16 letters, digits, - and _"),
        "twice": _("This line stands here twice"),
        "not_minutes": _("Whole minutes, more than 0"),
        "never_over": _("The calendar is not open long enough for this"),
        "too_many": _("Too many rows"),
        "bad_span": _("Write hours like 08:00-12:00 13:30-20:00"),
        "bad_order": _("Hours must follow each other and not overlap; split hours across midnight"),
        "fixed": _("This calendar stays round the clock: platform and legal deadlines use it"),
        "too_little": _("Too little time: a limit of a policy would not end within a year"),
        "bad_name": _("2 to 12 small letters, digits and _, a letter first"),
        "taken": _("There is a calendar with this name"),
        "bad_date": _("Not a date: write 2027-01-01"),
        "other_year": _("Not in this year"),
        "bad_kind": _("Write working or holiday"),
        "policy_stale": _("Someone else stored a version meanwhile. Begin a new draft from it."),
        "preview_first": _("The lines changed since the preview. Look at the new preview, then store."),
        "unreadable": _("This file is not text"),
        "days_too_large": _("The file is larger than 64 KB: the days of a year are a few lines"),
    }


def length(amount: timedelta | float) -> str:
    """A length of time to the second: 30 min, 1 h 15 min, 12 h, 7 d, 14 min 42 s."""
    seconds = round(amount.total_seconds() if isinstance(amount, timedelta) else amount)
    days, hours, minutes = seconds // DAY_SECONDS, seconds % DAY_SECONDS // 3600, seconds % 3600 // 60
    parts = [(days, _("%(n)s d", n=days)), (hours, _("%(n)s h", n=hours)), (minutes, _("%(n)s min", n=minutes))]
    parts.append((seconds % 60, _("%(n)s s", n=seconds % 60)))
    return " ".join(text for n, text in parts if n) or _("%(n)s min", n=0)


def minutes(n: int) -> str:
    """A limit as people say it: 30 min, 12 h, 48 h, 7 d."""
    if n % (24 * 60) == 0 and n > 48 * 60:
        return _("%(n)s d", n=n // (24 * 60))
    return _("%(n)s h", n=n // 60) if n % 60 == 0 else _("%(n)s min", n=n)


def weekday(day: date) -> str:
    """The short name of a weekday."""
    names = (_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun"))
    return names[day.weekday()]


def label(one: object) -> str:
    """The label of a row that carries two, in the reader's language."""
    english, chinese = getattr(one, "label_en", ""), getattr(one, "label", "")
    return str(english if g.fmt.english and english else chinese)

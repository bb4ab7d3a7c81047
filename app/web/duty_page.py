"""Builds what the duty page shows: numbers masked, times in Shanghai, everything resolved before the template."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask import g, url_for
from sqlalchemy.orm import Session

from app.domain import duty as rule
from app.domain.calendars import local_date
from app.domain.duty import Shift
from app.domain.masking import mask_phone, mask_text
from app.domain.roles import Actor
from app.models import Courier, Organisation, Outbox, Robot
from app.services import duty, robots
from app.web import duty_forms, queue_page, ticket_page, words, words_duty
from app.web.context import translate as _

TONES = {"sent": "good", "failed": "late", "unknown": "soon"}


def page_of(
    session: Session, actor: Actor, organisation: Organisation, week: date | None, now: datetime, forms: dict[str, Any]
) -> dict[str, Any]:
    """Everything `duty.html` reads; `forms` holds those of a failed post by key."""
    entries, today = duty.shifts(session, organisation.id), local_date(now)
    keeps, own = actor.can("duty_keep"), organisation.id == actor.organisation_id
    days, number = rule.week_of(week or today), mask_phone(organisation.duty_phone) or _("none")
    return {
        "rail": queue_page.rail(session, actor, None, now), "site": organisation.code, "keeps": keeps,
        "name": ticket_page.site_name(organisation), "places": _places(session, actor), "number": number,
        "now": _now(entries, number, now), "week": [_day(entries, day, today, number) for day in days],
        "week_text": f"{g.fmt.date(days[0])} – {g.fmt.date(days[-1])}", "turns": _turns(organisation.code, days),
        "entries": [_entry(alike, today) for alike in _alike(entries)],
        "entry_form": forms.get("entry") or duty_forms.entry_form(), "manager": mask_phone(organisation.manager_phone),
        "manager_form": forms.get("manager") or duty_forms.manager_form(),
        **_couriers(session, actor, organisation, forms), **(_robots(session, actor, forms) if own else {}),
    }  # fmt: skip


def _places(session: Session, actor: Actor) -> list[tuple[str, str]]:
    """What an LCS may choose from; nothing for those who have one roster."""
    if actor.desk != "lcs":
        return []
    return [(row.code, ticket_page.site_name(row)) for row in duty.places(session, actor)]


def _now(entries: Sequence[Shift], number: str, now: datetime) -> str:
    holder = rule.on_duty(entries, now)
    if holder is None:
        return _("Nobody is entered: the organisation's phone %(phone)s is told", phone=number)
    return f"{mask_text(holder.name)} · {mask_phone(holder.phone)}"


def _day(entries: Sequence[Shift], day: date, today: date, number: str) -> dict[str, Any]:
    line = [
        {
            "span": words_duty.span(part.begins, part.until), "dated": bool(part.shift and part.shift.day),
            "name": mask_text(part.shift.name) if part.shift else "",
            "phone": mask_phone(part.shift.phone) if part.shift else number,
        }
        for part in rule.day_line(entries, day)
    ]  # fmt: skip
    return {
        "weekday": words_duty.weekdays()[day.weekday()], "date": f"{day:%m-%d}", "today": day == today, "line": line,
    }  # fmt: skip


def _turns(code: str, days: Sequence[date]) -> list[dict[str, str]]:
    weeks = (
        (_("‹ Week before"), days[0] - timedelta(days=7)), (_("This week"), None),
        (_("Week after ›"), days[0] + timedelta(days=7)),
    )  # fmt: skip
    return [{"label": label, "href": url_for("duty.index", site=code, week=day)} for label, day in weeks]


def _alike(entries: Sequence[Shift]) -> list[list[Shift]]:
    """The weekdays of one entry in one line; they are ended together."""
    lines: dict[tuple[object, ...], list[Shift]] = {}
    for entry in entries:
        key = (entry.name, entry.phone, entry.from_time, entry.until_time, entry.day)
        lines.setdefault(key, []).append(entry)
    return list(lines.values())


def _entry(alike: Sequence[Shift], today: date) -> dict[str, Any]:
    entry = alike[0]
    days = g.fmt.date(entry.day) if entry.day else words_duty.days(sorted(shift.weekday or 0 for shift in alike))
    after = _(" (following day)") if entry.until_time <= entry.from_time else ""
    over = entry.day is not None and entry.day < today
    return {
        "name": mask_text(entry.name), "phone": mask_phone(entry.phone), "when": days, "over": over,
        "times": f"{entry.from_time}–{entry.until_time}{after}", "end_href": url_for("duty.end", shift_id=entry.id),
    }  # fmt: skip


def _couriers(session: Session, actor: Actor, organisation: Organisation, forms: dict[str, Any]) -> dict[str, Any]:
    """The list of a site; its manager keeps it."""
    if organisation.kind in ("headquarters", "province"):
        return {"couriers": None}
    keeps = actor.can("couriers")
    return {
        "couriers": [_courier(row) for row in duty.couriers(session, organisation.id)], "keeps_couriers": keeps,
        "courier_form": forms.get("courier") or duty_forms.courier_form(),
    }  # fmt: skip


def _courier(row: Courier) -> dict[str, str]:
    return {
        "name": mask_text(row.name), "phone": mask_phone(row.phone), "kind": words.word(words_duty.kinds(), row.kind),
        "end_href": url_for("duty.end_courier", courier_id=row.id),
    }  # fmt: skip


def _robots(session: Session, actor: Actor, forms: dict[str, Any]) -> dict[str, Any]:
    """The robots of the own organisation, for those who keep them."""
    if not actor.can("robots"):
        return {}
    found = robots.of(session, actor.organisation_id)
    last = robots.last_messages(session, [row.id for row in found])
    return {
        "robots": [_robot(row, last.get(row.id)) for row in found],
        "robot_form": forms.get("robot") or duty_forms.robot_form(), "keyword": robots.KEYWORD,
    }  # fmt: skip


def _robot(row: Robot, last: Outbox | None) -> dict[str, Any]:
    states = {**words.sms_states(), "unknown": _("Unknown")}
    return {
        "name": mask_text(row.name), "vendor": words.word(words_duty.vendors(), row.vendor), "shown": row.shown,
        "signed": row.signed,
        "state": words.word(states, last.state) if last else "", "tone": TONES.get(last.state, "") if last else "",
        "time": g.fmt.time(last.sent_at or last.created_at) if last else "",
        "error": words_duty.message_error(last.error.split(":")[0]) if last and last.state != "sent" else "",
        "test_href": url_for("duty.test_robot", robot_id=row.id), "submission_key": secrets.token_urlsafe(24),
        "end_href": url_for("duty.end_robot", robot_id=row.id),
    }  # fmt: skip

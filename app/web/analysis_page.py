"""Builds the analysis pages out of daily sums: plain values, drawings in their own units, each number with its link."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from flask import g, request, url_for
from sqlalchemy.orm import Session

from app import clock
from app.domain import analysis as rule
from app.domain.analysis import Bar, Range
from app.domain.calendars import local_date
from app.domain.roles import Actor
from app.services import analysis
from app.services.analysis import Area, Change
from app.web import queue_page, words, words_analysis, words_cards, words_penalties
from app.web.context import translate as _
from app.web.export_cells import named

TOP = 15  # lines of a Pareto
MEASURES = ("first_reply", "result", "party_reply", "promise", "audit", "appeal", "repeat", "satisfaction")
WIDTH, HEIGHT, LEFT, ZERO, ABOVE = 640, 130, 30, 110, 14
MOST_LABELS, MOST_NUMBERS = 16, 32


def asked(given: Mapping[str, str]) -> tuple[Range, dict[str, str]]:
    """The range of an address, and what is wrong with it in words by field."""
    found, wrong = rule.parse(given.get("from", "")[:20], given.get("to", "")[:20], local_date(clock.now()))
    return found, {name: words.word(words.errors(), code) for name, code in wrong.items()}


def address(days: Range, where: Area, actor: Actor) -> dict[str, Any]:
    """What every link of the page keeps: the range, and the province where headquarters looks at one."""
    kept: dict[str, Any] = {"from": days.first.isoformat(), "to": days.last.isoformat()}
    return kept | ({"province": where.code} if actor.desk == "ccs" and where.id else {})


def overview(session: Session, actor: Actor, where: Area, days: Range) -> dict[str, Any]:
    """Everything of the first page. A fixed number of statements over the daily sums."""
    kept = address(days, where, actor)
    place = "site" if where.id else "province"
    kinds = ("category", place, "courier") if where.id else ("category", place)
    sums = analysis.sums(session, where, days, kinds)
    by_hour = analysis.by_day(session, where, days, "hour")
    measures = analysis.by_day(session, where, days, "measure")
    n, at = analysis.as_of(session, days)
    step = request.args.get("step", "day")
    step = step if step in rule.STEPS else "day"
    return {
        "total": sum(sums["category"].values()), "kept": kept, "all_href": url_for("analysis.tickets", **kept),
        "categories": _categories(session, sums["category"], kept), "heat": _heat(by_hour, kept),
        "places": _places(session, sums[place], kept, place), "couriers": _couriers(session, sums.get("courier"), kept),
        "trend": _trend(measures, days, step, kept), "rates": _rates(rule.total(measures, days), kept), "step": step,
        "steps": [
            {"key": key, "label": label, "href": url_for("analysis.index", **kept, step=key) + "#trend"}
            for key, label in words_analysis.steps().items()
        ],
        "place": place, "counted": g.fmt.full(at)[:16] if at else "", "uncounted": days.days - n,
    }  # fmt: skip


def _line(bar: Bar, label: str, href: str, most: int, note: str = "") -> dict[str, Any]:
    return {
        "label": label, "note": note, "n": bar.n, "href": href, "share": percent(bar.share),
        "running": percent(bar.running), "percent": max(1, bar.n * 100 // most),
    }  # fmt: skip


def _categories(session: Session, counts: Mapping[str, int], kept: dict[str, Any]) -> list[dict[str, Any]]:
    labels, bars = queue_page.category_labels(session), rule.pareto(counts)
    return [
        _line(bar, labels.get(bar.code, bar.code), url_for("analysis.tickets", **kept, category=bar.code), bars[0].n)
        for bar in bars
    ]


def _places(session: Session, counts: Mapping[str, int], kept: dict[str, Any], kind: str) -> dict[str, Any]:
    bars, rest = rule.top(rule.pareto(counts), TOP)
    known = analysis.names(session, [int(bar.code) for bar in bars])
    lines = []
    for bar in bars:
        one = known[int(bar.code)]
        page = "analysis.index" if kind == "province" else "analysis.tickets"
        href = url_for(page, **{**kept, kind: one.code})
        lines.append(_line(bar, named(one.name, one.name_en), href, bars[0].n, one.code))
    return {"lines": lines, "rest": rest}


def _couriers(session: Session, counts: Mapping[str, int] | None, kept: dict[str, Any]) -> dict[str, Any] | None:
    if counts is None:
        return None
    bars, rest = rule.top(rule.pareto(counts), TOP)
    split = [(bar, bar.code.partition(":")[0], bar.code.partition(":")[2]) for bar in bars]
    known = analysis.names(session, [int(site) for _bar, site, _name in split])
    lines = []
    for bar, site, name in split:
        place = known[int(site)]
        href = url_for("analysis.tickets", **kept, site=place.code, courier=name)
        lines.append(_line(bar, name, href, bars[0].n, named(place.name, place.name_en)))
    return {"lines": lines, "rest": rest}


def _heat(by_hour: Mapping[date, Mapping[str, int]], kept: dict[str, Any]) -> dict[str, Any]:
    """Weekdays by hours; each number leads to its tickets."""
    table = rule.week_table((day, int(hour), n) for day, hours in by_hour.items() for hour, n in hours.items())
    most = max(max(row) for row in table)
    labels, base = words_analysis.weekdays(), url_for("analysis.tickets", **kept)
    return {
        "hours": [f"{hour:02d}" for hour in range(24)],
        "rows": [
            {"label": labels[day], "n": sum(row), "href": f"{base}&weekday={day}", "cells": [
                {"n": n, "step": rule.heat(n, most), "href": f"{base}&weekday={day}&hour={hour}"}
                for hour, n in enumerate(row)
            ]}
            for day, row in enumerate(table)
        ],
    }  # fmt: skip


def _rates(sums: Mapping[str, int], kept: dict[str, Any]) -> list[dict[str, Any]]:
    labels = words_cards.measure_labels()
    return [
        {"label": labels[key], "href": url_for("analysis.cases", measure=key, **kept), **_rate(sums, key)}
        for key in MEASURES
    ]


def _rate(sums: Mapping[str, int], key: str) -> dict[str, Any]:
    found = rule.rate(sums, key)
    text = _mean(found.value) if key == "satisfaction" else percent(found.value)
    return {"top": found.top, "bottom": found.bottom, "value": text}


def percent(value: Fraction | None) -> str:
    """A share with one decimal, cut; "—" without a case."""
    return "—" if value is None else f"{int(value * 1000) / 10:.1f}%"


def _mean(value: Fraction | None) -> str:
    return "—" if value is None else f"{int(value * 100) / 100:.2f}"


def _trend(measures: Mapping[date, Mapping[str, int]], days: Range, step: str, kept: dict[str, Any]) -> dict[str, Any]:
    """Tickets by day, week or month as columns, and the same with the rates as a table."""
    steps = rule.stepped(measures, days, step)
    most = max((sums["tickets"] for _b, _d, sums in steps), default=0) or 1
    place = (WIDTH - LEFT) / len(steps)
    every = max(1, -(-len(steps) // MOST_LABELS))
    points, rows = [], []
    for n, (begin, inside, sums) in enumerate(steps):
        label, tickets = _label(begin, step), sums["tickets"]
        points.append({
            "x": round(LEFT + place * (n + 0.5), 1), "half": round(place * 0.36, 1),
            "y": round(ZERO - tickets * (ZERO - ABOVE) / most, 1), "label": label if n % every == 0 else "",
            "text": tickets if len(steps) <= MOST_NUMBERS else "",
        })  # fmt: skip
        span: dict[str, Any] = {**kept, "from": inside.first.isoformat(), "to": inside.last.isoformat()}
        rows.append({
            "label": label, "n": tickets, "href": url_for("analysis.tickets", **span),
            "rates": [{**_rate(sums, key), "href": url_for("analysis.cases", measure=key, **span)} for key in TRENDS],
        })  # fmt: skip
    said = "; ".join(f"{row['label']} {row['n']}" for row in rows)
    lines = [{"y": round(ZERO - part * (ZERO - ABOVE) / 2, 1), "label": most * part // 2} for part in (0, 1, 2)]
    drawing = {"width": WIDTH, "height": HEIGHT, "left": LEFT, "zero": ZERO, "points": points, "lines": lines}
    return {
        "drawing": {**drawing, "said": said},
        "rows": rows,
        "heads": [words_cards.measure_labels()[k] for k in TRENDS],
    }


TRENDS = ("first_reply", "result", "audit")


def _label(begin: date, step: str) -> str:
    return f"{begin:%Y-%m}" if step == "month" else f"{begin:%m-%d}"


# --- before and after a change ---


def compared(session: Session, actor: Actor, where: Area, change: Change, side: int) -> dict[str, Any]:
    """The same measures on both sides of a change, with their counts and what became of them."""
    before, after = rule.sides(change.day, side, local_date(clock.now()))
    if before is None or after is None:
        return {"before": None}
    days = analysis.by_day(session, where, Range(before.first, after.last), "measure")
    sums = (rule.total(days, before), rule.total(days, after))
    kept = [address(one, where, actor) for one in (before, after)]
    labels = words_cards.measure_labels()
    rows = [{
        "label": labels["tickets"], "sides": [
            {"value": n["tickets"], "detail": "", "href": url_for("analysis.tickets", **to)}
            for n, to in zip(sums, kept, strict=True)
        ], "change": _growth(sums[0]["tickets"], sums[1]["tickets"]),
    }] + [_compared(labels[key], key, sums, kept) for key in MEASURES]  # fmt: skip
    return {"before": _span(before), "after": _span(after), "days": before.days, "rows": rows}


def _compared(label: str, key: str, sums: Sequence[Counter[str]], kept: Sequence[dict[str, Any]]) -> dict[str, Any]:
    found = [rule.rate(one, key).value for one in sums]
    sides = [
        {"value": rate["value"], "detail": f"{rate['top']} / {rate['bottom']}",
         "href": url_for("analysis.cases", measure=key, **to)}
        for rate, to in zip((_rate(one, key) for one in sums), kept, strict=True)
    ]  # fmt: skip
    if found[0] is None or found[1] is None:
        return {"label": label, "sides": sides, "change": "—"}
    moved = found[1] - found[0]
    text = f"{float(moved):+.2f}" if key == "satisfaction" else _("%(n)s points", n=f"{float(moved * 100):+.1f}")
    return {"label": label, "sides": sides, "change": text}


def _growth(before: int, after: int) -> str:
    return f"{float(Fraction(after - before, before) * 100):+.1f}%" if before else "—"


def _span(days: Range) -> str:
    return f"{days.first.isoformat()} – {days.last.isoformat()}"


def change_label(one: Change) -> str:
    """A change in words: what kind, which rule, which version, from when."""
    what = words.word(words_penalties.rules(), one.what) if one.what else ""
    kind = words_analysis.changes()[one.kind]
    version = _("Version %(n)s", n=one.version)
    return " · ".join(part for part in (one.day.isoformat(), kind, what, version, one.note) if part)

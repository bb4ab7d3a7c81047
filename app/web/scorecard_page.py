"""Builds a scorecard as plain values, for the screen, the printer, the PDF and the sheet alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from flask import current_app, g
from sqlalchemy.orm import Session

from app.domain.calendars import month_bounds, month_of
from app.domain.scorecards import ABOVE, Counts, complaint_rate
from app.domain.scoring import FULL_SCORE, ScoredMeasure
from app.services import month_amendments, scorecard_trend, scorecards
from app.services.month_amendments import Correction
from app.services.scorecards import Card, Line, Site
from app.web import queue_page, words
from app.web.context import translate as _
from app.web.words_cards import fact_labels, measure_labels, signatures, titles

NONE = "—"
TIMELINESS = ("first_reply", "result", "party_reply")
SITE_KEYS = ("first_reply", "result")
BARS, LINES = 6, 4  # categories and corrections on the one page; the rest is on the lists behind
WIDTH, HEIGHT = 300, 96  # of the trend's drawing, in its own units
ABOVE_ZERO, LEFT = 78, 24


def card_of(session: Session, card: Card, now: datetime) -> dict[str, Any]:
    """Everything that stands on the card, in words and with its links."""
    score, code, facts = card.score, card.site.code, card.facts
    labels = queue_page.category_labels(session)
    return {
        "month": card.month, "month_label": g.fmt.month(card.month), "draft": card.draft, "site": site_of(card.site),
        "title": titles()[card.site.kind], "frozen": g.fmt.full(card.frozen_at) if card.frozen_at else "",
        "score": tenths(score.total_tenths), "grade": score.grade or NONE, "rank": rank_of(card.rank),
        "rank_label": _("Rank among provinces") if card.site.kind == "province" else _("Rank in band"),
        "previous": tenths(card.previous_tenths), "change": change(score.total_tenths, card.previous_tenths),
        "tops": _tops(card), "measures": _measures(score.measures, card.month, code),
        "total_weight": str(FULL_SCORE), "least_cases": card.least_cases, "scheme": card.scheme,
        "categories": bars(card.categories, labels), "causes": bars(card.causes, words.root_causes()),
        "trend": trend(scorecard_trend.scores(session, card.site.id, card.month, score.total_tenths)),
        "corrections": _corrections(session, card, now), "code": verification_code(card.digest),
        "digest": card.digest[:16], "printed_at": g.fmt.full(now), "signatures": signatures()[card.site.kind],
        "facts": facts, "kept": _kept(card),
    }  # fmt: skip


def _kept(card: Card) -> str:
    """From when the counts are that were not counted for this look: a site's own ones always are."""
    at = g.fmt.time(card.kept_at)
    if card.kept_at and card.site.kind in ABOVE:
        return str(_("Figures of %(time)s", time=at))
    return str(_("Ranked with figures of %(time)s", time=at)) if card.kept_at and card.rank else ""


def _tops(card: Card) -> list[dict[str, str]]:
    """The figures beside the score; each with the tickets behind it, those of the ledger with the ledger's page."""
    facts, labels = card.facts, measure_labels()
    rate = complaint_rate(facts.tickets, card.delivered)
    values = {
        "tickets": str(facts.tickets), "open": str(facts.open), "overdue": str(facts.overdue),
        "handling": duration(card.handling_median_seconds), "handling_p90": duration(card.handling_p90_seconds),
        "appeals": str(facts.appeals), "disputes": str(facts.disputes), "interventions": str(facts.interventions),
        "complaint_rate": NONE if rate is None else f"{rate // 100}.{rate % 100:02}",
        "penalties": yuan(card.penalties.get("confirmed_fen", 0) + card.penalties.get("proposed_fen", 0)),
    }  # fmt: skip
    empty = card.score.total_tenths is None and not facts.tickets and not facts.appeals and not card.draft
    values = {key: NONE if empty and key != "penalties" else value for key, value in values.items()}
    values |= _above(card) if card.site.kind in ("province", "headquarters") else {}
    return [
        {"key": key, "label": labels[key], "value": value, "href": _top_href(card, key)}
        for key, value in values.items()
    ]


def _above(card: Card) -> dict[str, str]:
    """What provinces and headquarters are looked at beside their sites' work (rulebook 5)."""
    facts = card.facts
    return {
        "coverage": percent(Fraction(facts.audited, facts.results) if facts.results else None),
        "ruling": f"{facts.ruling_in_time} / {facts.ruling_due}" if facts.ruling_due else NONE,
        "assists": str(facts.assists), "chased": str(facts.chased),
    }  # fmt: skip


def _top_href(card: Card, key: str) -> str:
    if key == "penalties":
        known = "penalties.index" in current_app.view_functions
        return f"/penalties?month={card.month}&organisation={card.site.code}" if known else ""
    source = {"handling_p90": "handling", "complaint_rate": "tickets", "coverage": "audit"}.get(key, key)
    return href(card.month, card.site.code, source)


def _measures(measures: tuple[ScoredMeasure, ...], month: str, code: str) -> list[dict[str, Any]]:
    """Lines of the table; `group` is set on the first line of each part, with the lines that it spans."""
    labels, rows = measure_labels(), []
    for m in measures:
        met = m.key in (*TIMELINESS, "promise", "audit")
        mean = m.key == "satisfaction"
        rows.append({
            "key": m.key, "label": labels[m.key], "numerator": str(m.numerator), "denominator": str(m.denominator),
            "recorded": m.denominator > 0, "counted": m.points_tenths is not None,
            "href": href(month, code, m.key) + ("?part=met" if met else ""),
            "rate": (mark(m.value) if mean else percent(m.value)), "weight": weight(m.effective_weight),
            "points": tenths(m.points_tenths), "value": m.value,
            "denominator_href": href(month, code, {"appeal": "results", "repeat": "tickets"}.get(m.key, m.key)),
            "group": _("Timeliness") if m.key in TIMELINESS else _("Quality"), "group_rows": 0,
        })  # fmt: skip
    rows[0]["group_rows"], rows[len(TIMELINESS)]["group_rows"] = len(TIMELINESS), len(rows) - len(TIMELINESS)
    return rows


def bars(counts: Counts, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """The most frequent codes with the length of their bar in percent of the longest; what is left over as one."""
    shown = list(counts) if len(counts) <= BARS else [*counts[: BARS - 1], ("", sum(n for _c, n in counts[BARS - 1 :]))]
    longest = max((n for _code, n in shown), default=1)
    names = {**labels, "": _("All others")}
    return [{"label": names.get(code, code), "n": n, "percent": max(n * 100 // longest, 1)} for code, n in shown]


def trend(scores: Sequence[tuple[str, int | None]]) -> dict[str, Any]:
    """Twelve months of scores as a drawing: places of columns and dots, in the drawing's own units."""
    step = (WIDTH - LEFT) / max(len(scores), 1)
    points = [
        {
            "month": month, "label": str(int(month[5:])), "x": round(LEFT + step * (n + 0.5), 1), "text": tenths(value),
            "y": round(ABOVE_ZERO - value * (ABOVE_ZERO - 10) / 1000, 1) if value is not None else None,
            "half": round(step * 0.31, 1),
        }
        for n, (month, value) in enumerate(scores)
    ]  # fmt: skip
    return {
        "points": points, "width": WIDTH, "height": HEIGHT, "zero": ABOVE_ZERO, "left": LEFT,
        "lines": [{"label": str(n), "y": round(ABOVE_ZERO - n * (ABOVE_ZERO - 10) / 100, 1)} for n in (0, 50, 100)],
        "said": "; ".join(f"{g.fmt.month(one['month'])} {one['text']}" for one in points if one["y"] is not None),
    }  # fmt: skip


def _corrections(session: Session, card: Card, now: datetime) -> list[str]:
    """Numbered corrections of earlier months that this month carries, as lines."""
    if card.site.kind not in ("site", "hub") or not card.digest:  # they get their numbers with the freeze
        return []
    found = month_amendments.stored(session, card.month, {card.site.id: card.site.code})
    lines = [correction(one) for one in found[:LINES]]
    return lines + ([_("%(n)s more corrections", n=len(found) - LINES)] if len(found) > LINES else [])


def correction(one: Correction) -> str:
    """One correction in words."""
    number = f"{one.month}-{one.number:04d}" if one.number else _("not numbered yet")
    return _(
        "Correction %(number)s of %(month)s: %(what)s %(before)s → %(now)s", number=number,
        month=g.fmt.month(one.of_month), what=words.word(fact_labels(), one.name), before=one.before, now=one.now,
    )  # fmt: skip


def line_of(line: Line, month: str) -> dict[str, Any]:
    """A line of the list."""
    by_key = {m.key: m for m in line.score.measures}
    return {
        "site": site_of(line.site), "href": href(month, line.site.code), "tickets": str(line.facts.tickets),
        "rates": [percent(by_key[key].value) for key in SITE_KEYS], "upheld": str(line.facts.upheld),
        "repeats": str(line.facts.repeats), "score": tenths(line.score.total_tenths),
        "grade": line.score.grade or NONE, "rank": rank_of(line.rank),
    }  # fmt: skip


def site_of(site: Site) -> dict[str, str]:
    """The organisation's labels in the reader's language."""
    english = g.fmt.english
    name = (site.name_en or site.name) if english else site.name
    province = (site.province_en or site.province) if english else site.province
    return {"code": site.code, "name": name, "province": "" if site.kind == "province" else province}


def months_of(month: str, now: datetime, address: Any) -> dict[str, Any]:
    """The month switch: the month before, the one after unless it lies in the future."""
    start, end = month_bounds(month)
    before, following = month_of(start - timedelta(seconds=1)), month_of(end)
    return {
        "month": month, "label": g.fmt.month(month), "previous_label": g.fmt.month(before),
        "previous_href": address(before) if before >= scorecards.FIRST_MONTH else None,
        "next_label": g.fmt.month(following), "next_href": address(following) if end <= now else None,
    }  # fmt: skip


def href(month: str, code: str, measure: str = "") -> str:
    """The address of a card, or of the tickets behind one of its numbers."""
    return f"/scorecards/{month}/{code}/{measure}".rstrip("/")


def verification_code(digest: str) -> str:
    """The short code of a frozen card: twelve signs of its digest, in threes of four; empty for one not frozen."""
    return "-".join(digest[n : n + 4] for n in (0, 4, 8)).upper() if digest else ""


def yuan(fen: int) -> str:
    """Money in yuan."""
    return f"{fen // 100:,}.{fen % 100:02}"


def mark(value: Fraction | None) -> str:
    """A mean of ratings with two decimals, cut."""
    if value is None:
        return NONE
    hundredths = int(value * 100)
    return f"{hundredths // 100}.{hundredths % 100:02}"


def tenths(number: int | None) -> str:
    """Tenths of a point with their decimal."""
    return NONE if number is None else f"{number // 10}.{number % 10}"


def percent(value: Fraction | None) -> str:
    """A rate with one decimal, cut and not rounded: 99.96 % is not all of them."""
    if value is None:
        return NONE
    cut = int(max(value, Fraction(0)) * 1000)
    return f"{cut // 10}.{cut % 10}%"


def weight(effective: Fraction | None) -> str:
    """The weight that counts in this month, half up to 0.1; a measure that is not counted gave it away."""
    if effective is None:
        return NONE
    rounded = int(effective * 10 + Fraction(1, 2))
    return tenths(rounded).removesuffix(".0")


def rank_of(rank: tuple[int, int] | None) -> str:
    """Rank and number of ranked."""
    return f"{rank[0]} / {rank[1]}" if rank else NONE


def change(now: int | None, before: int | None) -> str:
    """The change against the month before, with its sign in words' place: ▲ up, ▼ down."""
    if now is None or before is None:
        return ""
    return f"{'▲' if now > before else '▼' if now < before else '='} {tenths(abs(now - before))}"


def duration(seconds: int | None) -> str:
    """A handling time in words."""
    if seconds is None:
        return NONE
    minutes = seconds // 60
    if minutes < 60:
        return _("%(m)s min %(s)s s", m=minutes, s=seconds % 60)
    return g.fmt.span(seconds)

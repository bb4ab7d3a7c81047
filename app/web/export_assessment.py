"""Scorecards, the tickets behind their numbers, and exemptions as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from flask import g
from sqlalchemy.orm import Session

from app import clock
from app.domain.calendars import month_of
from app.domain.errors import NotFound
from app.domain.masking import mask_text
from app.domain.roles import Actor
from app.services import exemption_view, scorecard_cases, scorecard_scope, scorecards
from app.services.export_work import Order
from app.services.scorecard_cases import Asked, Case
from app.services.scorecards import Line
from app.web import exemption_page, queue_page, words, words_archive, words_cards, words_exempt
from app.web.context import translate as _
from app.web.export_cells import Filled, named, number, text, time

RANKED = 20_000  # organisations in a file: all that there are, read at once, so that no line moves between two pages
RATES = ("first_reply", "result", "party_reply", "audit", "promise")

# --- the ranking ---


def asks_ranking(address: Mapping[str, str]) -> dict[str, str]:
    """The month of the page, and whether it ranks the provinces."""
    asked = {"month": address.get("month", "")[:7] or month_of(clock.now())}
    return {**asked, **({"which": "provinces"} if address.get("which") == "provinces" else {})}


def says_ranking(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The month in words, and that it is the provinces'. Raises NotFound for none."""
    scorecard_scope.span_of(asked["month"], clock.now())
    month = str(g.fmt.month(asked["month"]))
    return f"{month} · {_('Provinces')}" if "which" in asked else month


def ranking(session: Session, order: Order, key: int, limit: int) -> list[tuple[int, Line]]:
    """What is in scope, best first as on the page; the key counts down."""
    found = scorecards.province_list(
        actor=order.actor, month=order.asked["month"], now=order.now, which=_which(order), size=RANKED
    ).lines
    left = [(len(found) - n, line) for n, line in enumerate(found)]
    return [one for one in left if one[0] < key][: limit + 1]


def count_ranking(session: Session, order: Order, key: int, most: int) -> int:
    """How many."""
    return scorecards.count(session, order.actor, order.asked["month"], order.now, _which(order), most)


def _which(order: Order) -> str:
    return order.asked.get("which", "sites")


def ranking_columns(session: Session, order: Order) -> list[Filled]:
    """One line a site or province."""
    labels, provinces = words_cards.measure_labels(), _which(order) == "provinces"
    above = [] if provinces else [text(_("Province"), lambda line: named(line.site.province, line.site.province_en))]
    return [
        number(_("Rank among provinces") if provinces else _("Rank in band"), _place),
        number(_("Ranked") if provinces else _("Sites in band"), lambda line: line.rank[1] if line.rank else None),
        text(_("Province") if provinces else _("Site"), lambda line: named(line.site.name, line.site.name_en), 24),
        text(_("Code"), lambda line: line.site.code), *above,
        number(_("Score"), lambda line: scorecards.decimal(line.score.total_tenths)),
        text(_("Grade"), lambda line: line.score.grade or "", 8),
        number(_("Tickets handled"), lambda line: line.facts.tickets),
        *(number(f"{labels[key]} %", _rate(key), 16) for key in RATES),
        number(labels["satisfaction"], _mean, 12),
        number(_("Appeals upheld"), lambda line: line.facts.upheld),
        number(_("Repeats"), lambda line: line.facts.repeats),
    ]  # fmt: skip


def _place(line: Line) -> int | None:
    return line.rank[0] if line.rank else None


def _mean(line: Line) -> float | None:
    """The mean of the ratings with two decimals, cut like on the card."""
    value = next(one.value for one in line.score.measures if one.key == "satisfaction")
    return None if value is None else int(value * 100) / 100


def _rate(key: str) -> Callable[[Line], float | None]:
    """A rate in percent with one decimal, cut like on the page."""

    def rate(line: Line) -> float | None:
        value = next(one.value for one in line.score.measures if one.key == key)
        return None if value is None else int(max(value, Fraction(0)) * 1000) / 10

    return rate


# --- the tickets behind a number ---


def asks_case(address: Mapping[str, str]) -> dict[str, str]:
    """Month, site, measure, and whether only the cases in time."""
    asked = {name: address.get(name, "")[:32] for name in ("month", "code", "measure")}
    return {**asked, **({"part": "met"} if address.get("part") == "met" else {})}


def says_case(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """Measure, site and month in words. Raises NotFound outside the scope and for what is none."""
    scorecard_scope.span_of(asked["month"], clock.now())
    if asked["measure"] not in scorecard_cases.MEASURES:
        raise NotFound("measure_not_found")
    site = scorecards.load_site(session, actor, asked["code"])
    label = words_cards.measure_labels()[asked["measure"]]
    if asked.get("part"):
        label = _("%(measure)s: in time", measure=label)
    said = f"{label} · {named(site.name, site.name_en)} {site.code} · {g.fmt.month(asked['month'])}"
    whose = Asked(asked["month"], asked["code"], asked["measure"])
    if scorecard_cases.leaves_out(session, actor, whose, clock.now()):
        said += " · " + _("without tickets in the archive")
    return said


def cases(session: Session, order: Order, key: int, limit: int) -> list[tuple[int, Case | None]]:
    """The cases in scope; None in the place of one that is not wanted."""
    found = scorecard_cases.below(session, order.actor, _case_asked(order), order.now, key, limit)
    met_only = "part" in order.asked
    return [(row_id, case if case.in_time or not met_only else None) for row_id, case in found]


def count_cases(session: Session, order: Order, key: int, most: int) -> int:
    """How many, those that are late included."""
    return scorecard_cases.count_below(session, order.actor, _case_asked(order), order.now, key, most)


def case_columns(session: Session, order: Order) -> list[Filled]:
    """One line a case."""
    categories = queue_page.category_labels(session)
    verdicts = {True: _("In time"), False: _("Late"), None: ""}
    return [
        text(_("Ticket"), lambda case: case.number, 20),
        text(_("Category"), lambda case: categories.get(case.category, case.category), 16),
        time(_("Started"), lambda case: case.started_at),
        time(_("Due"), lambda case: case.due_at),
        time(_("Done"), lambda case: case.stopped_at),
        text(_("Verdict"), lambda case: verdicts[case.in_time], 10),
    ]


def _case_asked(order: Order) -> Asked:
    return Asked(order.asked["month"], order.asked["code"], order.asked["measure"])


# --- exemptions ---


def asks_exemptions(address: Mapping[str, str]) -> dict[str, str]:
    """The state that the page shows."""
    state = address.get("state", "")
    return {"state": state} if state in exemption_view.STATES else {}


def says_exemptions(session: Session, actor: Actor, asked: Mapping[str, str]) -> str:
    """The state in words."""
    return words_exempt.states()[asked["state"]] if "state" in asked else ""


def exemptions(session: Session, order: Order, row_id: int, limit: int) -> list[tuple[int, Any]]:
    """Exemptions in scope."""
    found = exemption_view.page(session, order.actor, order.asked.get("state", ""), row_id, limit)
    return [(row.exemption.id, row) for row in found]


def count_exemptions(session: Session, order: Order, row_id: int, most: int) -> int:
    """How many."""
    return exemption_view.count(session, order.actor, order.asked.get("state", ""), row_id, most)


def _numbers(row: exemption_view.Row, actor: Actor) -> str:
    if exemption_page.archived(row, actor):
        return words_archive.elsewhere()
    return " ".join(dict.fromkeys(one[0] for one in row.numbers))


def exemption_columns(session: Session, order: Order) -> list[Filled]:
    """One line a request."""
    states, reasons = words_exempt.states(), words_exempt.reasons()
    return [
        text(_("State"), lambda row: states[row.exemption.state], 10),
        text(_("Reason"), lambda row: words.word(reasons, row.exemption.reason), 16),
        text(_("Extent"), exemption_page.scope, 26),
        number(_("How many tickets"), lambda row: row.exemption.tickets, 8),
        number(_("Clocks"), lambda row: row.exemption.clocks, 8),
        text(_("Facts"), lambda row: mask_text(row.exemption.facts), 40),
        text(_("What was said on the ticket"), lambda row: mask_text(row.text), 40),
        text(_("System fault"), exemption_page.system, 22),
        time(_("Asked at"), lambda row: row.exemption.asked_at),
        text(_("Asked by"), lambda row: row.asker, 12),
        time(_("Decided at"), lambda row: row.exemption.decided_at),
        text(_("Decided by"), lambda row: row.decider, 12),
        text(_("Decision"), lambda row: mask_text(row.exemption.decision), 30),
        text(_("Ticket"), lambda row: _numbers(row, order.actor), 30),
    ]

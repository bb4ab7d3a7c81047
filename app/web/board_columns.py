"""The columns of the province board, as data: a new one is one entry, and head, order, colours and links follow.

An entry names its heading, how a site fills it (the number that orders the list, and what is read), where its cell
leads, and from which numbers on it is warm, hot, very hot. The number always stands in the cell beside the colour.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flask import g, url_for

from app.services.board import Site
from app.web import scorecard_page
from app.web.context import translate as _

CAPPED = 100  # what is counted no further
FULL = 1001  # one more than the best score in tenths, or share in thousandths
NEVER = 10**7  # minutes: nobody was ever there


@dataclass(frozen=True)
class Column:
    """A column. `heat` are the three steps, `tone` the colour that they deepen: late, soon or brand."""

    key: str
    label: Callable[[], str]
    number: Callable[[Site], int]
    heat: tuple[int, int, int]
    tone: str
    href: Callable[[Site], str]
    text: Callable[[Site, int], str] = lambda site, n: str(n)
    warns: Callable[[Site], bool] = lambda site: True

    def step(self, site: Site) -> int:
        """How hot the cell is, 0 to 3."""
        n = self.number(site)
        return sum(n >= least for least in self.heat) if self.warns(site) else 0


def _queue(key: str, label: Callable[[], str], queue: str, heat: tuple[int, int, int], tone: str) -> Column:
    """A column whose cells lead into that queue of the site."""
    text = _capped if queue == "due_soon" else _plain
    return Column(
        key, label, lambda site: site.counts.get(queue, 0), heat, tone,
        lambda site: url_for("tickets.index", queue=queue, site=site.code), text=text,
    )  # fmt: skip


def _plain(_site: Site, n: int) -> str:
    return str(n)


def _capped(_site: Site, n: int) -> str:
    return "99+" if n >= CAPPED else str(n)


def _minutes_gone(site: Site) -> int:
    """The whole minutes since somebody was there, very many where nobody ever was; 0 while somebody is."""
    if not site.gone:
        return 0
    return g.fmt.minutes_since(site.seen_at) if site.seen_at else NEVER


def _gone(site: Site, n: int) -> str:
    if not n:
        return _("somebody there")
    return _("since %(time)s", time=g.fmt.time(site.seen_at)) if site.seen_at else _("never yet")


def _nobody_takes(site: Site) -> bool:
    """Nobody there is a warning where new tickets wait."""
    return site.counts.get("to_accept", 0) > 0


def _score_gone(site: Site) -> int:
    """What a site's score lacks, in tenths from 1 on, so that the worst is the hottest; 0 without a score."""
    return FULL - site.stand.tenths if site.stand.tenths is not None else 0


def _score(site: Site, n: int) -> str:
    stand = site.stand
    if not n:
        return scorecard_page.NONE
    said = f"{scorecard_page.tenths(stand.tenths)} {stand.grade}"
    return said if stand.scored_in == stand.month else _("%(score)s last month", score=said)


def _score_href(site: Site) -> str:
    return scorecard_page.href(site.stand.scored_in, site.code)


def _audit_gone(site: Site) -> int:
    """What the share of audits found true lacks, in thousandths from 1 on; 0 without an audit."""
    stand = site.stand
    return FULL - 1000 * stand.audited_true // stand.audited if stand.audited else 0


def _audit(site: Site, n: int) -> str:
    stand = site.stand
    return scorecard_page.percent(Fraction(stand.audited_true, stand.audited)) if n else scorecard_page.NONE


def _audit_href(site: Site) -> str:
    return scorecard_page.href(site.stand.month, site.code, "audit")


COLUMNS: tuple[Column, ...] = (
    _queue("overdue", lambda: _("Overdue"), "overdue", (1, 3, 6), "late"),
    _queue("soon", lambda: _("Due within 30 min"), "due_soon", (1, 3, 6), "soon"),
    _queue("returned", lambda: _("Returned for rework"), "returned", (1, 2, 4), "soon"),
    _queue("urged", lambda: _("Urged, no answer"), "urged", (1, 3, 6), "soon"),
    _queue("open", lambda: _("Open"), "all", (10, 25, 50), "brand"),
    Column(
        "gone", lambda: _("Nobody signed in"), _minutes_gone, (1, 60, NEVER + 1), "late",
        lambda site: url_for("duty.index", site=site.code), text=_gone, warns=_nobody_takes,
    ),
    Column("score", lambda: _("Score"), _score_gone, (102, 202, 302), "soon", _score_href, text=_score),
    Column("audit", lambda: _("True of marked"), _audit_gone, (22, 52, 152), "soon", _audit_href, text=_audit),
    Column(
        "untruthful", lambda: _("Untruthful"), lambda site: site.stand.untruthful, (1, 2, 3), "late", _audit_href
    ),
)  # fmt: skip
BY_KEY = {column.key: column for column in COLUMNS}
NAME = "name"
SORTS = (*(sign + key for key in (*BY_KEY, NAME) for sign in ("", "-")),)  # "-": the other way round
DEFAULT = "overdue"


def ordered(sites: list[Site], sort: str, label: Callable[[Site], str]) -> list[Site]:
    """The sites by one column, the hottest first (names from A on); of equals those with more late, soon and open."""
    key, reverse = sort.removeprefix("-"), sort.startswith("-")
    rest = [BY_KEY[name].number for name in ("overdue", "soon", "open")]
    sites = sorted(sites, key=lambda site: (*(-number(site) for number in rest), site.code))
    if key == NAME:
        return sorted(sites, key=label, reverse=reverse)
    return sorted(sites, key=BY_KEY[key].number, reverse=not reverse)


def busy(site: Site) -> bool:
    """Whether somebody has to look at the site: something is late, soon due, returned or urged, or nobody takes it."""
    hot = any(site.counts.get(name, 0) for name in ("overdue", "due_soon", "returned", "urged"))
    return hot or site.silent or (site.gone and _nobody_takes(site)) or site.helper is not None

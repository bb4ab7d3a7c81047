"""The words of rectification forms: grounds, states, what happened, the thresholds."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain import rectifications as rule
from app.web.context import translate as _
from app.web.language import table
from app.web.words_penalties import yuan


@table
def errors() -> dict[str, str]:
    """Why something is refused."""
    return {
        "rectification_changed": _("Somebody acted on this form meanwhile. What you typed is kept: look, then send."),
        "not_asked": _("This form is filled in already."),
        "not_filled": _("The site has not filled this form in."),
    }


@table
def kinds() -> dict[str, str]:
    """For what a form can be asked by hand, and the heads of the grounds."""
    return {
        rule.SCORE: _("Low score"), rule.GRADE: _("Lowest grade"), rule.UNTRUTHFUL: _("Untruthful replies"),
        rule.CATEGORY: _("Same kind of complaint again"), rule.LOSS: _("Loss against the customer's requirements"),
        rule.OTHER: _("Other reason"),
    }  # fmt: skip


@table
def states() -> dict[str, str]:
    """How far a form is, and the filters of the list."""
    return {
        rule.ASKED: _("To fill in"), "late": _("Form is late"), rule.FILLED: _("To be accepted"),
        rule.ACCEPTED: _("Accepted"), "again": _("Recurrences"),
    }  # fmt: skip


@table
def entries() -> dict[str, str]:
    """What happened to a form."""
    return {
        "asked": _("Issued"), "filled": _("Filled in"), "accepted": _("Accepted"), "sent_back": _("Sent back"),
        "due_soon": _("Reminded: due within a day"), "late": _("Reminded: late"),
    }  # fmt: skip


@table
def numbers() -> dict[str, str]:
    """The thresholds of a policy."""
    return {
        "score_below": _("Score below so many points (0: off)"),
        "lowest_grade": _("Grade D (1: on, 0: off)"),
        "untruthful_from": _("So many untruthful replies in a month (0: off)"),
        "category_from": _("So many complaints of one category two months running (0: off)"),
        "due_days": _("Working days until the form is due"),
        "again_months": _("Months within which the same ground is a recurrence"),
    }


def ground(one: Mapping[str, object], categories: Mapping[str, str], by_hand: bool) -> str:
    """A ground with what was counted."""
    kind, value, limit = str(one["kind"]), int(str(one["value"])), int(str(one["limit"]))
    if by_hand:
        return kinds().get(kind, kind)
    if kind == rule.SCORE:
        return _("Score %(points)s, below %(limit)s", points=f"{value / 10:.1f}", limit=limit)
    if kind == rule.GRADE:
        return _("Grade D (score %(points)s)", points=f"{value / 10:.1f}")
    if kind == rule.UNTRUTHFUL:
        return _("%(n)s untruthful replies, %(limit)s or more", n=value, limit=limit)
    if kind == rule.CATEGORY:
        name = categories.get(str(one["category"]), str(one["category"]))
        return _("%(category)s two months running: %(n)s, %(limit)s or more", category=name, n=value, limit=limit)
    return _("Loss of %(yuan)s yuan against the customer's requirements", yuan=yuan(value))

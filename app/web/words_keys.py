"""The keys and what they do, in one place: the overlay, the help page and the tests read this list."""

from __future__ import annotations

from dataclasses import dataclass

from app.web.context import translate as _
from app.web.language import table


@dataclass(frozen=True)
class Key:
    """`keys` as they are printed, what they do, and what must be on the page for them (CSS; "" = always)."""

    keys: tuple[str, ...]
    says: str
    needs: str = ""


@table
def everywhere() -> tuple[Key, ...]:
    """What static/keys.js listens to."""
    row = ".rows a.row, .batch .tick input, .notices .say"
    return (
        Key(("j", "k"), _("next and previous line"), row),
        Key(("Enter",), _("open the ticket"), ".rows a.row, .notices .say"),
        Key(("n",), _("open the next ticket of the list"), ".rows a.row[hx-get]"),
        Key(("x",), _("tick or untick the line"), ".rows .pick input, .batch .tick input"),
        Key(("r",), _("reply"), ".reply .box"),
        Key(("y",), _("copy the waybill"), "[data-yank]"),
        Key(("/",), _("search"), "#search"),
        Key(("v",), _("saved views"), "details.views"),
        Key(("Esc",), _("close a menu or a sheet"), "details:is(.more, .views, .export, .explain), #sheet"),
        Key(("Ctrl+Enter",), _("send"), "form .btn.main"),
        Key(("?",), _("all keys")),
    )


@table
def stream() -> tuple[Key, ...]:
    """What static/appeals.js listens to besides."""
    return (
        Key(("1", "2", "3", "4"), _("choose the ruling"), "[data-key='1']"),
        Key(("5",), _("leave it for later"), "[data-key='5']"),
        Key(("r",), _("write the reasons"), "#rule-text"),
        Key(("n",), _("take the next appeal"), "[data-key='n']"),
        Key(("t",), _("take this appeal"), "[data-key='t']"),
        Key(("b",), _("give it back"), "[data-key='b']"),
    )

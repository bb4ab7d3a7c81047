"""The words of the clerk's day: its bands, what is done to many tickets, what is taken back."""

from __future__ import annotations

from flask_babel import gettext as _

from app.web.language import table


@table
def bands() -> dict[str, str]:
    """The heads of the work queue."""
    return {
        "late": _("Already late"),
        "soon": _("Within 30 minutes"),
        "today": _("Due today"),
        "later": _("Later on"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a batch or its text."""
    return {
        "too_many_in_batch": _("At most 50 tickets at once"),
        "mixed_categories": _("One answer goes to tickets of one category. Filter by category first."),
        "unknown_placeholder": _("Only {{单号}}, {{运单号}}, {{客户}} and {{站点}} are filled in"),
    }


@table
def batch_heads() -> dict[str, str]:
    """What is done to many tickets at once."""
    return {
        "claim": _("Claim many"),
        "follow_up": _("Follow up many"),
        "result": _("Answer many"),
    }


@table
def batch_done() -> dict[str, str]:
    """What became of a ticket where it went through."""
    return {"claim": _("Claimed"), "follow_up": _("Saved"), "result": _("Sent")}


@table
def sorts() -> dict[str, str]:
    """The orders of the work queue."""
    return {"due": _("By time left"), "activity": _("By last activity")}

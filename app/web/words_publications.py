"""The words of what is published, and of typical cases."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """Why something is not published or kept."""
    return {
        "nothing_new": _("This is out already, word for word. Change something first."),
        "publication_changed": _("Somebody changed this text meanwhile. What you typed is kept: compare, then save."),
        "publication_ended": _("This was taken back and stays so."),
        "not_closed": _("A typical case is made of a closed ticket."),
        "case_exists": _("There is a typical case of this ticket already."),
        "unknown_ticket": _("There is no such ticket in your area"),
    }


@table
def told() -> dict[str, str]:
    """How an entry of the ticket begins in the story of its case."""
    return {
        "received": _("Complaint"), "repeat": _("Complained again"), "reject": _("Customer rejects"),
        "customer_rejects": _("Customer rejects"), "result": _("Site answers"), "ruling": _("Ruling"),
    }  # fmt: skip

"""The words of the clerk's day: its bands, what is done to many tickets, what is taken back."""

from __future__ import annotations

from app.domain import placeholders
from app.web.context import translate as _
from app.web.language import table


def names() -> str:
    """The placeholders as one types them."""
    return " ".join(f"{{{{{name}}}}}" for name in placeholders.CHINESE.values())


@table
def bands() -> dict[str, str]:
    """The heads of the work queue."""
    return {
        # of the list that is shown, and with what is only broken: the menu's counter is of all late work
        "late": _("In this list: late, or a promise broken"),
        "soon": _("Within 30 minutes"),
        "today": _("Due today"),
        "later": _("Later on"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with a batch or its text."""
    return {
        "too_many_in_batch": _("At most 50 tickets at once, of problem parcels 500"),
        "mixed_categories": _("One answer goes to tickets of one category. Filter by category first."),
        "unknown_placeholder": _("Only these are filled in: %(names)s", names=names()),
        "too_many_templates": _("There are too many templates here. Delete one first."),
        "title_taken": _("There is a template of this name already"),
        "template_changed": _("Somebody changed this template meanwhile. What you typed is kept: compare, then save."),
        "draft_changed": _("This draft was changed in another browser. Both texts are kept: choose one."),
        "undo_over": _("The time to take it back is over."),
        "undo_sent": _("It is on its way to the platform already and stays answered."),
        "undo_moved_on": _("Somebody acted on the ticket since: it stays answered."),
        "template_gone": _("This template is gone. Choose another one."),
    }


@table
def batch_heads() -> dict[str, str]:
    """What is done to many tickets at once."""
    return {
        "claim": _("Claim many"),
        "follow_up": _("Follow up many"),
        "result": _("Answer many"),
        "undo": _("Take answers back"),
    }


@table
def batch_done() -> dict[str, str]:
    """What became of a ticket where it went through."""
    return {
        "claim": _("Claimed"),
        "follow_up": _("Saved"),
        "result": _("Sent"),
        "undo": _("Taken back"),
        "held": _("Leaves shortly"),
    }


@table
def template_scopes() -> dict[str, str]:
    """Whose a reply template is."""
    return {"own": _("My own"), "team": _("Our site or office"), "company": _("Company")}


@table
def template_groups() -> dict[str, str]:
    """Under what a template stands in a menu."""
    return {"recent": _("Used last"), **template_scopes()}


@table
def template_boxes() -> dict[str, str]:
    """Where a template is offered."""
    return {"": _("Result and follow-up"), "result": _("Result"), "follow_up": _("Follow-up")}


@table
def sorts() -> dict[str, str]:
    """The orders of the work queue."""
    return {"due": _("By time left"), "activity": _("By last activity")}

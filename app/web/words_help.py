"""Words for help, acting for a site, closures and the shift hand-over."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """Why such an action is refused, or what is wrong with a field."""
    return {
        "urged_lately": _("The site was urged less than 30 minutes ago"),
        "not_higher": _("Choose a higher priority than the present one"),
        "not_retroactive": _("A closure begins today or later"),
        "ends_before_it_begins": _("The last day lies before the first"),
        "closed_already": _("The site is announced as closed on these days already"),
        "own_deputy": _("A site cannot stand in for itself"),
        "deputy_closed": _("This site is closed on these days itself"),
    }


@table
def events() -> dict[str, str]:
    """What the thread calls these events."""
    return {
        "help_asked": _("Asks the superior for help"),
        "help_recalled": _("Request for help taken back"),
        "help_answered": _("Answer to the request for help"),
        "acting_started": _("Acts for the site"),
        "acting_stopped": _("Given back to the site"),
        "deputy_acts": _("The site is closed: its deputy acts"),
        "site_urged": _("Urged by the superior"),
        "priority_raised": _("Priority raised"),
    }


@table
def queues() -> dict[str, str]:
    """Queues in the rail."""
    return {"help": _("Asks for help")}


@table
def priorities() -> dict[str, str]:
    """How pressing a ticket is."""
    return {"normal": _("Normal"), "high": _("High"), "urgent": _("Urgent")}


@table
def closure_reasons() -> dict[str, str]:
    """Why a site is closed."""
    return {
        "holiday": _("Holiday"),
        "rest": _("Rest day"),
        "power": _("Power or network cut"),
        "rebuilding": _("Rebuilding or moving"),
        "weather": _("Weather or force majeure"),
        "new_owner": _("Change of owner"),
        "for_good": _("Closed for good"),
        "other": _("Other"),
    }


@table
def groups() -> dict[str, str]:
    """The groups of the hand-over list."""
    return {
        "overdue": _("Overdue"),
        "soon": _("Due within 4 h"),
        "waiting": _("Waiting for customer"),
        "others": _("Others"),
    }


def credit(counts: bool) -> str:
    """What work for a site is worth to it."""
    return _("counts as the site's reply") if counts else _("does not count for the site")

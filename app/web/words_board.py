"""The words of the province board."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def errors() -> dict[str, str]:
    """Why a site was not urged, or what is wrong with a field."""
    return {
        "nothing_pressing": _("Nothing late and nothing due within 30 minutes"),
        "too_many_sites": _("At most 100 sites at once"),
        "too_long_help": _("At most 31 days"),
    }


@table
def queues() -> dict[str, str]:
    """Queues that the board leads to."""
    return {"urged": _("Urged, no answer")}


@table
def rulings() -> dict[str, str]:
    """What a province service rules on."""
    return {
        "dispute": _("Disputes"),
        "transfer": _("Returns as not ours"),
        "consent": _("Category consents"),
    }

"""What the bell says, in words."""

from __future__ import annotations

from app.web.context import translate as _


def notices() -> dict[str, str]:
    """The kinds of domain.notices.KINDS."""
    return {
        "assigned": _("A ticket was given to you"),
        "refused": _("The platform refused the answer"),
        "repeated": _("The customer complains again"),
        "rejected": _("The customer rejected the answer"),
        "promise_broken": _("A promise was not kept"),
        "helped": _("Your request for help was answered"),
        "acted_for": _("The superior acts for your site"),
        "urged": _("You were urged"),
        "ruled": _("Headquarters ruled on the appeal"),
        "return_refused": _("Your return was refused"),
        "disputed": _("A party disputes its responsibility"),
        "asked": _("Your answer as a party is asked for"),
        "evidence": _("Evidence is ordered from you"),
        "dispute_ruled": _("The dispute is decided"),
        "dispute_refused": _("Your dispute was rejected"),
        "exported": _("Your export is ready"),
        "not_exported": _("Your export could not be made"),
    }

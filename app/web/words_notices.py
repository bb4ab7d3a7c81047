"""What the bell says, in words."""

from __future__ import annotations

from app.web.context import translate as _


def notices() -> dict[str, str]:
    """The kinds of domain.notices.KINDS."""
    return {
        "assigned": _("A ticket was given to you"),
        "refused": _("The platform refused the answer"),
        "repeated": _("The customer complains or asks again"),
        "sent_back": _("The platform sent the answer back"),
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
        "answered": _("What you asked or reported is answered."),
        "contest_ruled": _("Your contest of a penalty is decided"),
        "answer_returned": _("Your answer was sent back"),
        "recalled": _("Taken back by whoever asked: nothing to answer"),
        "rectify_asked": _("A rectification form is asked for"),
        "rectify_due": _("A rectification form is due within a day"),
        "rectify_late": _("A rectification form is late"),
        "rectify_filled": _("A rectification form waits for acceptance"),
        "rectify_back": _("Your rectification form was sent back"),
        "rectify_done": _("Your rectification form was accepted"),
        "problem": _("A problem parcel was reported to you"),
        "exported": _("Your export is ready"),
        "not_exported": _("Your export could not be made"),
    }

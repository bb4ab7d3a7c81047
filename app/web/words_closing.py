"""The words of a complaint's end: delivery, verdicts, withdrawals, interventions, and linked waybills."""

from __future__ import annotations

from collections.abc import Sequence

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table

RED = frozenset({"customer_rejects", "intervened"})
SILENT = frozenset({"clock_redated", "clock_resumed"})


@table
def errors() -> dict[str, str]:
    """Why something is refused, and what to do."""
    return {
        "too_early": _("A superior may close this ticket from %(at)s"),
        "no_close_clock": _("A superior may close only when the site's own time to close is long over"),
        "not_urged": _("Please urge the site first: an intervention needs one urge since the ticket could be closed"),
        "help_open": _("The site has asked for help. Please answer that first"),
        "platform_must_cancel": _(
            "This complaint is a platform's order: only the platform can cancel it. Ask the complainant to withdraw it "
            "there"
        ),
        "no_waybill": _("This ticket has no waybill"),
        "same_waybill": _("This is the ticket's own waybill"),
        "linked_already": _("These waybills are linked already"),
        "not_yours_to_link": _("This number cannot be linked from here. Please ask your superior to link the two."),
        "too_many_linked": _("A parcel has at most 8 linked waybills"),
    }


def open_ends(missing: Sequence[str]) -> str:
    """What has to happen before the site can close an answered ticket; empty when nothing is missing."""
    known = {
        "settled": _("the customer accepts, or the time to object runs out"),
        "no_open_promise": _("the open promise is kept"),
        "regulator_by_ccs": _("headquarters closes it: a regulator asks"),
    }  # fmt: skip
    said = [known[need] for need in missing if need in known]
    return _("Can be closed once: %(what)s", what=_("; and ").join(said)) if said else ""


@table
def events() -> dict[str, str]:
    """What happened, in the thread."""
    return {
        "told": _("Complainant was told"),
        "customer_accepts": _("Complainant accepts"),
        "customer_rejects": _("Complainant rejects"),
        "intervened": _("Closed by a superior"),
        "withdrawn": _("Withdrawn with proof"),
        "waybill_linked": _("Another waybill linked"),
        "waybill_told": _("The platform has named the waybill"),
        "link_delivered": _("SMS with the link delivered"),
        "delivery_unconfirmed": _("Delivery not confirmed: the time to object counts from the sending"),
    }


@table
def clock_kinds() -> dict[str, str]:
    """What a clock waits for."""
    return {"delivery": _("Waiting for delivery")}


@table
def outcomes() -> dict[str, str]:
    """How a call about the result ended."""
    return told() | {"rejects": _("Reached, rejects the result")}


@table
def told() -> dict[str, str]:
    """Who was reached on a call on which the result was told."""
    return {
        "told": _("Told the complainant"),
        "told_other": _("Told somebody the complainant named"),
        "reached_denies": _("Reached, denies complaining"),
    }


def findings(entry: Entry) -> list[tuple[str, str]]:
    """What stands above the text of an entry."""
    reason = str(entry.data.get("reason") or "")
    return [(_("Reason"), withdrawals().get(reason, reason))] if reason else []


FINDINGS = {"withdrawn": findings}


@table
def withdrawals() -> dict[str, str]:
    """Why a complaint is withdrawn."""
    return {
        "by_phone": _("Complainant withdrew on the telephone"),
        "in_writing": _("Complainant withdrew in writing"),
        "by_mistake": _("Entered by mistake"),
        "duplicate": _("Entered twice"),
    }


@table
def links() -> dict[str, str]:
    """What gave a parcel another waybill."""
    return {"return": _("Return"), "relabel": _("New label"), "forward": _("Forward")}


@table
def scan_types() -> dict[str, str]:
    """Scans that may name another waybill."""
    return {"RETURN": _("Returned"), "RELABEL": _("Relabelled"), "FORWARD": _("Forwarded")}

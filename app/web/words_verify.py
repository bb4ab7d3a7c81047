"""Words for calls, waiting, categories and promises."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table

RED = frozenset({"mass_reveal"})
SILENT = frozenset({"clock_paused", "clock_resumed", "clock_eased"})


@table
def errors() -> dict[str, str]:
    """What is wrong with a field, or why an action is refused."""
    return {
        "attempts_missing": _(
            "The customer was not reached: %(missing)s more attempts are needed, the next one counts from %(next_at)s. "
            "Or say why nobody can be reached."
        ),
        "customer_reached": _("The customer was reached in this round: there is nothing to wait for"),
        "waited_already": _("The ticket has waited for the customer in this round already"),
        "not_waiting": _("The ticket does not wait for the customer"),
        "no_phone": _("There is no telephone number in this ticket"),
        "call_not_open": _("This call has its outcome already, or was not yours"),
        "same_category": _("The ticket has this category already"),
        "two_options": _("A choice needs at least two answers"),
        "not_a_mobile": _("Please enter a mobile number of 11 digits"),
        "promise_over": _("The time of this promise is over: it counts as broken"),
        "no_scan_since": _("There is no delivery scan after this promise"),
        "no_photo_since": _("Post the picture first: there is none after this promise"),
        "no_call_since": _("Log the call first: the customer was not reached after this promise"),
        "no_contact_today": _(
            "Call the customer first: a new time needs a call of today, after the promise was made, in which the "
            "customer agreed"
        ),
    }


@table
def events() -> dict[str, str]:
    """The entries of the thread."""
    return {
        "contact": _("Call to the customer"),
        "waiting": _("Waits for the customer"),
        "waiting_over": _("Waiting is over"),
        "number_requested": _("The platform is asked for a new number"),
        "mass_reveal": _("Alarm: very many telephone numbers shown to one person"),
        "category_asked": _("Category correction asked for"),
        "category_corrected": _("Category corrected"),
        "category_refused": _("Category correction refused"),
        "promise_renegotiated": _("Promise agreed anew"),
    }


@table
def clock_kinds() -> dict[str, str]:
    """What a clock waits for."""
    return {"promise": _("Promise"), "consent": _("Consent to the category")}


@table
def queues() -> dict[str, str]:
    """The queue of tickets that wait for their customer."""
    return {"waiting": _("Waiting for the customer")}


@table
def no_contact_codes() -> dict[str, str]:
    """Why nobody can be reached."""
    return {
        "number_expired": _("Number expired; ask the platform for a new one"),
        "no_number": _("There is no number"),
        "customer_refuses_contact": _("The customer does not want to be called"),
        "platform_forbids": _("The platform forbids calls"),
    }


@table
def not_reached() -> dict[str, str]:
    """The same, with what nobody chooses in a form."""
    return {**no_contact_codes(), "incident": _("One text for all tickets of the incident")}


@table
def proofs() -> dict[str, str]:
    """What shows that a promise was kept."""
    return {"scan": _("Delivery scan"), "photo": _("Picture in the ticket"), "call": _("Call to the customer")}


@table
def promise_states() -> dict[str, str]:
    """Where a promise stands."""
    return {
        "open": _("open"), "kept": _("kept"), "broken": _("broken"), "renegotiated": _("renegotiated"),
        "dropped": _("no longer needed"),
    }  # fmt: skip


@table
def waiting_ends() -> dict[str, str]:
    """Why a waiting ended."""
    return {
        "contact": _("the customer was reached"), "reply": _("the site wrote"),
        "platform": _("the platform wrote"), "link": _("the customer answered"),
        "asked": _("the site went on"), "over": _("the time is over"), "moved": _("the ticket moved on"),
    }  # fmt: skip


@table
def question_kinds() -> dict[str, str]:
    """How a question is answered."""
    return {"text": _("Words"), "yesno": _("Yes or no"), "choice": _("One of several")}


@table
def question_targets() -> dict[str, str]:
    """What an answer fills in."""
    return {
        "log": _("The log alone"), "signed_by": _("Who really signed"), "action_taken": _("What was done"),
        "text": _("Reply to the customer"), "supplement": _("Field of the platform's answer"),
    }  # fmt: skip

"""What became of an answer on its way to the platform, and why a push was not taken, in plain words."""

from __future__ import annotations

from app.domain.masking import mask_text
from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table


@table
def events() -> dict[str, str]:
    """What a platform does with our answer."""
    return {"sent_back": _("Answer sent back by the platform")}


def findings(entry: Entry) -> list[tuple[str, str]]:
    """Which round of work an answer that came back begins."""
    return [(_("Round"), str(entry.data["round"]))] if entry.data.get("round") else []


def _nth(entry: Entry) -> str:
    return _("round %(n)s", n=entry.data["round"]) if entry.data.get("round") else ""


LINES = {"sent_back": _nth}
FINDINGS = {"sent_back": findings}


@table
def problems() -> dict[str, str]:
    """The ways in which a platform was not reached, did not say yes, or could not be understood."""
    return {
        "timeout": _("The platform did not answer in time"),
        "dns": _("The platform's address was not found"),
        "connection": _("The platform could not be reached"),
        "tls": _("The platform's certificate is not valid"),
        "rate_limited": _("The platform takes no more answers for the moment"),
        "server_error": _("The platform has a fault"),
        "redirect": _("The platform points to another address"),
        "unauthorised": _("The platform did not accept our signature"),
        "not_found": _("The platform does not know the address for answers"),
        "html_page": _("The platform answered with a web page"),
        "bad_answer": _("What the platform said could not be read"),
        "answer_too_large": _("What the platform said could not be read"),
        "bad_payload": _("The answer is not complete and cannot be sent"),
        "bad_endpoint": _("The address for answers is not valid"),
        "bad_request": _("The platform did not accept the message, without a reason"),
        "half_page": _("The platform sent fewer rows than it counted"),
        "database": _("Our database could not store it"),
        "no_driver": _("Nobody here speaks this connection's protocol"),
    }


def problem(error: str, *, again: bool = False) -> str:
    """The words for an outbox row's error ("code: text"); the platform's own words first, its code behind them.

    `again` says that it is tried again by itself. Empty for no error; telephone numbers are masked.
    """
    code, _colon, said = error.partition(": ")
    if not error:
        return ""
    if code in problems():
        words = problems()[code]
    else:
        words = f"{said} ({code})" if said else _("The platform refused the answer (%(code)s)", code=code)
    return mask_text(_("%(problem)s; it is tried again by itself", problem=words) if again else words)


@table
def refusals() -> dict[str, str]:
    """Why a push was refused before it was believed."""
    return {
        "BAD_SIGNATURE": _("The signature is wrong"),
        "TOO_LARGE": _("Larger than 1 MB"),
        "ENCODED_BODY": _("Sent compressed"),
        "MISSING_FIELD": _("A field of the envelope is missing"),
        "DUPLICATE_FIELD": _("A field of the envelope stands twice"),
        "TOO_MANY_FIELDS": _("Too many fields in the envelope"),
        "FIELD_TOO_LONG": _("A field of the envelope is too long"),
        "BAD_ENCODING": _("Not in the connection's charset"),
    }


def refusal(code: str) -> str:
    """The words with the code that the platform was told."""
    return f"{refusals()[code]} ({code})" if code in refusals() else code

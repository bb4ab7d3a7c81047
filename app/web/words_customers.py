"""Words for customer accounts."""

from __future__ import annotations

from app.services.ticket_view import Entry
from app.web.context import translate as _
from app.web.language import table


@table
def fields() -> dict[str, str]:
    """The fields of an account."""
    return {
        "code": _("Code"),
        "name": _("Customer's name"),
        "tier": _("Customer tier"),
        "requirements": _("Written requirements, shown on its tickets"),
        "phones": _("Sender's telephone numbers, one a line"),
        "prefixes": _("Waybills begin with, one a line"),
        "names": _("Sender's names, one a line"),
        "active": _("In use: new tickets are recognised"),
    }


@table
def errors() -> dict[str, str]:
    """What is wrong with an account or an import."""
    return {
        "bad_code": _("1 to 32 letters, digits, - and _"),
        "bad_tier": _("Up to 16 letters, digits, - and _"),
        "bad_phones": _("A telephone number has 7 to 20 digits"),
        "bad_prefixes": _("2 to 20 letters and digits"),
        "code_taken": _("Another account has this code"),
        "code_twice": _("This code stands twice in the file"),
        "match_taken": _("One of these belongs to another account"),
        "columns": _("The first line must name the columns code and name, as the template does"),
        "too_many_rows": _("At most 2000 accounts at once"),
        "bad_rows": _("Nothing was imported: some lines are wrong"),
        "not_text": _("The file is neither UTF-8 nor GB 18030"),
        "file_too_large": _("The file is larger than 2 MB. Please split it or make it smaller, then choose it again."),
    }


@table
def events() -> dict[str, str]:
    """The thread."""
    return {"customer_recognised": _("Recognised as a customer's")}


def recognised(entry: Entry) -> str:
    """Whose, and of which tier."""
    return " ".join(str(part) for part in (entry.data.get("code"), entry.data.get("tier")) if part)


LINES = {"customer_recognised": recognised}

"""What the pages say of the archive."""

from __future__ import annotations

from flask import g

from app.models import Ticket
from app.web.context import translate as _


def since(ticket: Ticket) -> str:
    """The line above an archived ticket; empty for any other."""
    if ticket.archived_at is None:
        return ""
    return str(_(
        "In the archive since %(day)s: to be read as it was. A new complaint, or a look at a contact in full, brings it"
        " back.", day=g.fmt.date(ticket.archived_at),
    ))  # fmt: skip


def elsewhere() -> str:
    """In the place of tickets that a list does not name because they lie in the archive."""
    return str(_("In the archive: search by number or waybill"))

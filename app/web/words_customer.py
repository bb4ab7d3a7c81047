"""How the page behind a customer's link speaks of what the customer came with: no question is called a complaint."""

from __future__ import annotations

from app.domain import kinds
from app.web.context import translate as _

Words = dict[str, str]


def of(kind: str) -> Words:
    """Heading, question and thanks for a ticket of this kind."""
    return {kinds.INQUIRY: _question, kinds.EXPEDITE: _parcel}.get(kind, _complaint)()


def _complaint() -> Words:
    return {
        "brand": _("Complaint reply"), "said": _("You complained"), "asked": _("Is your complaint solved?"),
        "thanks": _("Thank you. We close the complaint."),
        "again": _("Headquarters looks into it again and answers you."),
    }  # fmt: skip


def _question() -> Words:
    return {
        "brand": _("Reply to your question"), "said": _("You asked"), "asked": _("Is your question answered?"),
        "thanks": _("Thank you. We close your question."), "again": _("We look into it again and answer you."),
    }  # fmt: skip


def _parcel() -> Words:
    return {
        "brand": _("Reply about your parcel"), "said": _("You asked for your parcel"),
        "asked": _("Is it settled with your parcel?"), "thanks": _("Thank you. We close it."),
        "again": _("We look into it again and answer you."),
    }  # fmt: skip

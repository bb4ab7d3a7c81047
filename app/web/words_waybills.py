"""Words for parcels: what stands on the look-up, and what a reply says that the trace does not."""

from __future__ import annotations

from app.domain.red_flags import NO_SCAN, SIGNER
from app.web.context import translate as _
from app.web.language import table


@table
def faults() -> dict[str, str]:
    """Why a carrier's own service gave no trace."""
    return {
        "asking": _("being asked"),
        "none": _("knows no scans"),
        "timeout": _("no answer in time"),
        "connection": _("cannot be reached"),
        "dns": _("cannot be reached"),
        "tls": _("its certificate is not valid"),
        "rate_limited": _("has too many questions, later again"),
        "unauthorised": _("does not accept our signature"),
        "refused": _("refused the question"),
    }


@table
def doubts() -> dict[str, str]:
    """What a result claims that the trace does not show (rulebook 3.13)."""
    return {
        NO_SCAN: _(
            "The reply says that the parcel was handed over, but there is no delivery scan since the complaint."
        ),
        SIGNER: _("The reply names another signer than the last signing scan."),
    }


@table
def marks() -> dict[str, str]:
    """The same as a mark of the ticket."""
    return {
        NO_SCAN: _("Answered as delivered, without a delivery scan"),
        SIGNER: _("Signer contradicts the scan"),
    }

"""What a scorecard's parts and numbers are called."""

from __future__ import annotations

from app.web.context import translate as _
from app.web.language import table


@table
def titles() -> dict[str, str]:
    """What a card is called, by kind of organisation."""
    return {
        "site": _("Monthly scorecard of a site"), "hub": _("Monthly scorecard of a hub"),
        "province": _("Monthly scorecard of a province"), "headquarters": _("Monthly scorecard of the network"),
        "people": _("Monthly sheet of the people"),
    }  # fmt: skip


def signatures() -> dict[str, list[str]]:
    """Who signs the paper."""
    manager, province, house = (
        _("Site manager (signature)"),
        _("Province service (signature)"),
        _("Headquarters service (signature)"),
    )
    own = [manager, province, house]
    return {
        "site": own, "hub": own, "province": [_("Head of province service (signature)"), house, _("Date")],
        "headquarters": [house, _("Management (signature)"), _("Date")],
    }  # fmt: skip


def people_signatures() -> list[str]:
    """Who signs the sheet of the people."""
    return [_("Site manager (signature)"), _("Province service (signature)"), _("Date")]


@table
def measure_labels() -> dict[str, str]:
    """What each number is called; the keys are those of `scorecard_cases.MEASURES` and what follows from them."""
    return {
        "tickets": _("Tickets received"), "open": _("Still open"), "overdue": _("Overdue"),
        "handling": _("Median handling time"), "handling_p90": _("90th percentile"), "appeals": _("Customer appeals"),
        "results": _("Results given"), "disputes": _("Liability disputed"), "interventions": _("Interventions"),
        "complaint_rate": _("Complaints per 100,000"), "penalties": _("Penalties (yuan)"),
        "first_reply": _("First replies in time"), "result": _("Results in time"),
        "party_reply": _("Party answers in time"), "audit": _("Audits found true"),
        "appeal": _("Appeals upheld (inverse)"), "promise": _("Promises kept"),
        "satisfaction": _("Customer satisfaction"), "repeat": _("Repeats after the first reply was due (inverse)"),
        "coverage": _("Audit coverage"), "ruling": _("Rulings in time"), "assists": _("Assists"),
        "chased": _("Overdue chased"),
    }  # fmt: skip


@table
def fact_labels() -> dict[str, str]:
    """What a corrected count is called."""
    return {
        "tickets": _("Tickets received"), "open": _("Still open"), "first_reply_due": _("First replies due"),
        "first_reply_in_time": _("First replies in time"), "resolve_due": _("Results due"),
        "resolve_in_time": _("Results in time"), "party_reply_due": _("Party answers due"),
        "party_reply_in_time": _("Party answers in time"), "results": _("Results given"),
        "appeals": _("Customer appeals"), "upheld": _("Appeals upheld"), "repeats": _("Repeats"),
        "audited": _("Audited"), "audited_true": _("Audits found true"), "promise_due": _("Promises due"),
        "promise_in_time": _("Promises kept"), "ratings": _("Ratings"), "rating_sum": _("Sum of ratings"),
        "disputes": _("Liability disputed"), "interventions": _("Interventions"), "ruling_due": _("Rulings due"),
        "ruling_in_time": _("Rulings in time"), "assists": _("Assists"), "chased": _("Overdue chased"),
    }  # fmt: skip

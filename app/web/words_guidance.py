"""What needs an explanation, in one place: the small “?” beside a box and the help page read the same texts."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain import contacts, exemptions, responsibility, scoring
from app.services import batch, saved_views, waiting
from app.web.context import translate as _
from app.web.language import table

EVERY, SITE, ABOVE = ("site", "lcs", "ccs"), ("site",), ("lcs", "ccs")


@dataclass(frozen=True)
class Text:
    """A heading, its explanation, and the desks that it concerns."""

    title: str
    text: str
    desks: tuple[str, ...]


@table
def texts() -> dict[str, Text]:
    """By the key of the box, sheet or number that they explain, in the order of the help page."""
    return {**_queue(), **_answering(), **_others(), **_deciding(), **_measures()}


def of(desk: str) -> dict[str, Text]:
    """What concerns a desk."""
    return {key: one for key, one in texts().items() if desk in one.desks}


def _queue() -> dict[str, Text]:
    return {
        "clocks": Text(_("Clocks and due times"), _(
            "Each limit comes from the policy under which the ticket was opened. The list goes by the earliest due. "
            "A click on a clock shows day by day how its due was reckoned. The site is assessed on its own clocks; "
            "the platform's time is shown beside them and never moves."
        ), EVERY),
        "bands": Text(_("Order of the list"), _(
            "Sorted by the time left: already late, within 30 minutes, due today, later on. A ticket whose promise was "
            "not kept stands first, whatever its own time. Replied and waiting tickets have queues of their own. The "
            "counts are of this list; “All overdue” in the menu counts every late ticket, whoever has to act."
        ), EVERY),
        "views": Text(_("Saved views"), _(
            "“Views” above the list keeps its filters and order under a name, %(n)s at most. One of them can open "
            "first. A view is yours alone and never shows more than you may see.", n=saved_views.MOST,
        ), EVERY),
        "bell": Text(_("The bell"), _(
            "It counts what needs you and has not been read: a ticket given to you, a refused answer, a customer who "
            "complains again or rejects, an urge, a ruling, answered help, a finished export. Nobody is told of what "
            "they did themselves. A quiet sound can be switched on in your account."
        ), EVERY),
    }  # fmt: skip


def _answering() -> dict[str, Text]:
    tries, hours = contacts.ATTEMPTS, int(contacts.SPACING.total_seconds() // 3600)
    return {
        "follow_up": Text(_("What counts as the first reply"), _(
            "A follow-up with a logged contact and the time of the next news, or a result, by the handling site or by "
            "whoever acts for it. “Received” alone stops no clock."
        ), EVERY),
        "result": Text(_("Result"), _(
            "The answer to the customer and to the platform; it leaves after the preview. Without a reached customer "
            "it needs %(n)s attempts, %(hours)s hours apart, in two parts of the day, or the reason why not. The "
            "findings are what an audit is held against.", n=tries, hours=hours,
        ), EVERY),
        "contact": Text(_("Contact attempts"), _(
            "A call counts with its outcome. Morning, afternoon and evening are the parts of the day. An expired "
            "number is logged as such; it is not the site's fault."
        ), EVERY),
        "promise": Text(_("Promises"), _(
            "What was promised, by whom, until when. It is kept by a delivery scan, a photo or a call. An hour before, "
            "the site is reminded, and the courier where the number is known. A broken one brings the ticket back to "
            "the top; no ticket is closed while one is open. A new date needs a talk with the customer on the same day."
        ), EVERY),
        "wait": Text(_("Waiting for the customer"), _(
            "The site's clocks stand still, once a round and for %(hours)s hours at most, after enough attempts to "
            "reach the customer. Any word from the customer ends it. Platform and legal time run on.",
            hours=int(waiting.LONGEST.total_seconds() // 3600),
        ), EVERY),
        "close": Text(_("When a ticket can be closed"), _(
            "The customer accepted, or the time to object is over; no promise is open; the parties' answers are "
            "verified; the root cause is named. The time to object begins when the platform took the answer, the SMS "
            "arrived, or the customer was told in a logged call."
        ), EVERY),
        "batch": Text(_("Many at once"), _(
            "Up to %(n)s ticked tickets. An answer goes to one category, and each ticket is answered by itself: what "
            "fails is named and stays ticked.", n=batch.MOST,
        ), SITE),
        "reveal": Text(_("Names, telephones, addresses"), _(
            "Masked everywhere. “Show in full” is logged with your name and the time; showing very many in a row "
            "raises an alarm."
        ), EVERY),
    }  # fmt: skip


def _others() -> dict[str, Text]:
    every = int(responsibility.URGE_EVERY.total_seconds() // 60)
    return {
        "return": Text(_("Not ours"), _(
            "With reason and proof. Where the platform's site and the last delivery scan differ it moves by itself, "
            "otherwise the province decides. Your clocks are void when it is granted; a wrong return counts against "
            "the site."
        ), EVERY),
        "add_party": Text(_("Responsible parties"), _(
            "After the first reply. The party answers or disputes; you agree or reject with proof; either side can go "
            "to arbitration. A party can be urged every %(n)s minutes. While an urged party is late, the lateness of "
            "the result is the party's.", n=every,
        ), EVERY),
        "dispute": Text(_("Disputing the responsibility"), _(
            "Name the reason and who was responsible instead. No answer in time counts as responsible; that can be "
            "contested for one working day."
        ), EVERY),
        "deliver_evidence": Text(_("Evidence that was ordered"), _(
            "Deliver what the order names by its date. Silence counts against you."
        ), EVERY),
        "ask_help": Text(_("Asking the superior for help"), _(
            "Asked before the due, what the province does counts as yours. Asked later, the customer is served but the "
            "site stays late."
        ), EVERY),
        "ask_exemption": Text(_("Exemptions"), _(
            "Takes late clocks out of the assessment: system fault, power or network, force majeure, a malicious "
            "claimant, each with proof. The province decides on up to %(n)s tickets, more is the manager's. The real "
            "times stay visible.", n=exemptions.MOST_OF_LCS,
        ), EVERY),
    }  # fmt: skip


def _deciding() -> dict[str, Text]:
    return {
        "ruling": Text(_("Ruling on an appeal"), _(
            "Upheld: back to the site, to another site, or compensated and closed. Not upheld: closed. The reasons go "
            "to the platform. Nobody rules on what they wrote or acted in."
        ), ("ccs",)),
        "intervene": Text(_("Intervention"), _(
            "From four hours after the close was due, after an urge, with no open request for help. It costs the site "
            "the intervention fee, which stands for the late close."
        ), ABOVE),
        "order_evidence": Text(_("Ordering evidence"), _(
            "From any organisation, named and by a date. It sees the ticket from then on; silence counts against it."
        ), ABOVE),
        "transfer": Text(_("Ruling on a return"), _(
            "Grant: the ticket moves and the new site gets fresh clocks, the platform's time stays. Refuse: it was "
            "theirs, and the return counts as wrong. Keep: the province works it itself."
        ), ABOVE),
        "export": Text(_("Exports"), _(
            "All pages of a list with its filter, masked, with who and when in the file. Each request and download is "
            "recorded."
        ), EVERY),
    }  # fmt: skip


def _measures() -> dict[str, Text]:
    return {
        "measures": Text(_("Measures of the scorecard"), _(
            "In time ÷ due for first replies, results and the answers as a party; audits found true ÷ audited; "
            "1 − appeals upheld ÷ results; promises kept ÷ due; the mean of the ratings; 1 − repeats after the first "
            "reply's due ÷ tickets. Each fact counts in the month in which it was decided. Each number leads to its "
            "tickets."
        ), EVERY),
        "points": Text(_("Points, score and rank"), _(
            "A rate becomes points by the scale of its measure, the score is their sum. Fewer than %(n)s cases print "
            "“—” and give their weight to the others. The rank is among sites with a like number of tickets; ties "
            "share it.", n=scoring.MIN_CASES,
        ), EVERY),
    }  # fmt: skip

"""How each kind of event changes a ticket's story: one step a kind, in the order of the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from app.domain.exemptions import KINDS, LATE_ON_ARRIVAL
from app.domain.month_story import Entry, Run, Story


def tell(story: Story, entry: Entry) -> None:
    """Take the next event of the ticket."""
    step = _STEPS.get(entry.type)
    if step is not None:
        step(story, entry)
    if entry.data.get("imported"):
        _imported(story, entry)


def instant(text: str) -> datetime:
    """An instant of an event's data."""
    return datetime.fromisoformat(text)


def _received(story: Story, entry: Entry) -> None:
    story.opened, story.kind = entry.at, entry.data.get("kind", story.kind)
    story.category = entry.data.get("category", story.category)
    story.flags = tuple(entry.data.get("flags") or ())


def _imported(story: Story, entry: Entry) -> None:
    """An imported log tells state and result in its rows, and in its one clock whose ticket it is."""
    data = entry.data
    if entry.type == "clock_started":
        story.site = data.get("organisation_id")
    if entry.type in ("clock_stopped", "clock_void"):
        story.result = entry.at
    if "to" in data:
        story.withdrawn, story.ended = data["to"] == "withdrawn", data["to"] in ("closed", "withdrawn")


def _routed(story: Story, entry: Entry) -> None:
    if not entry.data.get("imported"):
        story.site = entry.data["site_id"]


def _kept(story: Story, entry: Entry) -> None:
    story.site = None


def _started(story: Story, entry: Entry) -> None:
    data = entry.data
    late = data["kind"] in KINDS and LATE_ON_ARRIVAL in story.flags and not data.get("imported")
    due = instant(data.get("counted_due") or data["due_at"])
    run = Run(data["kind"], due, data.get("organisation_id"), exempt=late)
    story.runs[data["kind"], data["run"]] = run
    if data["kind"] in ("first_reply", "resolve", "appeal"):
        story.ended = False


def _stopped(story: Story, entry: Entry) -> None:
    run = _run(story, entry)
    if run is not None:
        run.stopped, run.paused, run.due = entry.at, False, instant(entry.data["due_at"])
        run.credited = entry.data.get("credited", True)
    _cancelled_with(story, entry)


def _voided(story: Story, entry: Entry) -> None:
    run = _run(story, entry)
    if run is not None:
        run.void, run.stopped = True, run.stopped or entry.at
    _cancelled_with(story, entry)


def _cancelled_with(story: Story, entry: Entry) -> None:
    """A platform's cancel takes a ticket out where it ends its clocks; where another order goes on it ends none."""
    if story.cancelled_at == entry.at and entry.data.get("kind") in ("legal", "resolve"):
        story.withdrawn = story.ended = True


def _paused(story: Story, entry: Entry) -> None:
    run = _run(story, entry)
    if run is not None:
        run.paused = True


def _dated(story: Story, entry: Entry) -> None:
    """Resumed, shortened, eased, or moved to somebody else's instant: the due is what the event says."""
    run = _run(story, entry)
    if run is None:
        return
    run.due = instant(entry.data["due_at"])
    if entry.type == "clock_resumed":
        run.paused, run.stopped = False, None
        if run.kind == "legal":
            story.ended = False


def _breached(story: Story, entry: Entry) -> None:
    run = _run(story, entry)
    if run is not None:
        run.due = instant(entry.data["due_at"])


def _booked(story: Story, entry: Entry) -> None:
    run = story.runs.get((entry.data["clock"], entry.data["run"]))
    if run is not None:
        run.organisation_id = entry.data["to"]


def _exempted(story: Story, entry: Entry) -> None:
    run = _run(story, entry)
    if run is not None:
        run.exemptions.add(entry.data["exemption_id"])
        run.exempt = True


def _counts_again(story: Story, entry: Entry) -> None:
    """A request refused or taken back: the run stays out only where another exemption covers it."""
    run = _run(story, entry)
    if run is not None:
        run.exemptions.discard(entry.data["exemption_id"])
        run.exempt = run.exempt and bool(run.exemptions)


def _promise_broken(story: Story, entry: Entry) -> None:
    run = story.runs.get(("promise", entry.data["run"]))
    if run is not None:
        run.stopped, run.paused = entry.at, False


def _appeal(story: Story, entry: Entry) -> None:
    story.ended = False
    story.facts.append(("appeals", entry.at, entry.data.get("site_id"), 1))


def _ruling(story: Story, entry: Entry) -> None:
    ruling = str(entry.data.get("ruling", ""))
    if ruling.startswith("upheld_"):
        story.facts.append(("upheld", entry.at, entry.data.get("site_id"), 1))
    if ruling in ("upheld_compensate", "rejected_close"):
        story.ended = not story.promised  # then the ticket waits for what was promised


def _result(story: Story, entry: Entry) -> None:
    acted = entry.data.get("counts") is True
    site = int(entry.data["acting_for"]) if acted else entry.organisation_id
    story.facts.append(("results", entry.at, site, 1))
    story.answers.append(("result", entry.at, site, entry.actor_id))
    if not entry.data.get("imported"):
        story.result_before, story.result = story.result, entry.at


def _undone(story: Story, entry: Entry) -> None:
    """An answer that its author took back before it left was none; it is always the last one."""
    del story.facts[max(place for place, fact in enumerate(story.facts) if fact[0] == "results")]
    del story.answers[max(place for place, one in enumerate(story.answers) if one[0] == "result")]
    story.result = story.result_before


def _followed_up(story: Story, entry: Entry) -> None:
    story.answers.append(("follow_up", entry.at, entry.organisation_id, entry.actor_id))


def _repeat(story: Story, entry: Entry) -> None:
    if entry.data.get("after_first_reply_due") is True:
        story.facts.append(("repeats", entry.at, entry.data.get("site_id"), 1))


def _closed(story: Story, entry: Entry) -> None:
    if not entry.data.get("imported"):
        story.ended = True
        story.cause = entry.data.get("root_cause") or story.cause
    if entry.type == "intervened":
        story.facts.append(("interventions", entry.at, entry.data.get("site_id"), 1))


def _withdrawn(story: Story, entry: Entry) -> None:
    story.withdrawn = story.ended = True


def _cancelled(story: Story, entry: Entry) -> None:
    story.cancelled_at = entry.at


def _corrected(story: Story, entry: Entry) -> None:
    story.category = entry.data["to"]


def _audited(story: Story, entry: Entry) -> None:
    data = entry.data
    if data.get("reason") != "recheck" and data.get("sample") != "recheck":
        story.audits[data["audit_id"]] = entry.at, data.get("site_id"), data["mark"]
        story.authors[data["audit_id"]] = data.get("author_id")


def _revised(story: Story, entry: Entry) -> None:
    before = story.audits.get(entry.data["audit_id"])
    if before is not None:
        story.audits[entry.data["audit_id"]] = before[0], before[1], entry.data["mark"]


def _rated(story: Story, entry: Entry) -> None:
    if entry.data.get("counted"):
        site = entry.data.get("site_id")
        story.facts.append(("ratings", entry.at, site, 1))
        story.facts.append(("rating_sum", entry.at, site, int(entry.data["score"])))


def _counted(name: str, whose: str = "") -> Any:
    """An event that is a case by itself, of the organisation that it names or that acted."""

    def step(story: Story, entry: Entry) -> None:
        organisation_id = entry.data.get(whose) if whose else entry.organisation_id
        story.facts.append((name, entry.at, organisation_id, 1))

    return step


def _run(story: Story, entry: Entry) -> Run | None:
    return story.runs.get((entry.data["kind"], entry.data["run"]))


_STEPS: dict[str, Any] = {
    "received": _received, "routed": _routed, "kept_at_lcs": _kept, "clock_started": _started,
    "clock_stopped": _stopped, "clock_void": _voided, "clock_paused": _paused, "clock_resumed": _dated,
    "clock_shortened": _dated, "clock_eased": _dated, "clock_redated": _dated, "clock_breached": _breached,
    "lateness_booked": _booked, "clock_exempted": _exempted, "exemption_refused": _counts_again,
    "exemption_revoked": _counts_again, "promise_broken": _promise_broken, "appeal_opened": _appeal,
    "ruling": _ruling, "result": _result, "follow_up": _followed_up, "result_undone": _undone,
    "repeat": _repeat, "closed": _closed,
    "intervened": _closed, "withdrawn": _withdrawn, "cancelled": _cancelled, "category_corrected": _corrected,
    "audited": _audited, "audit_revised": _revised, "rated": _rated,
    "party_disputed": _counted("disputes", "organisation_id"), "acting_started": _counted("assists"),
    "help_answered": _counted("assists"), "site_urged": _counted("chased"),
}  # fmt: skip

"""A month's counts folded from the event log of one ticket after another (rulebook 5 "Month close").

This is the second way to the figures of `services/scorecard_facts`: that one reads the rows in which services keep the
present state, this one only what they wrote into the log. Both must count the same; `flask scorecards verify` holds
them against each other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.domain.calendars import local_date
from app.domain.kinds import SCORED
from app.domain.month_story import Run, Story, Window
from app.domain.people import ANSWERS
from app.domain.scorecards import Facts
from app.domain.scoring import percentile

CLOCKS = {
    "first_reply": "first_reply", "resolve": "resolve", "party_reply": "party_reply", "promise": "promise",
    "ruling": "ruling",
}  # fmt: skip


AUDITED = ("audited", "audited_true")


@dataclass
class Tally:
    """The month so far, by organisation."""

    window: Window
    onboarded: Mapping[int, str]
    facts: dict[int, Facts] = field(default_factory=dict)
    seconds: dict[int, list[int]] = field(default_factory=dict)
    categories: dict[int, Counter[str]] = field(default_factory=dict)
    causes: dict[int, Counter[str]] = field(default_factory=dict)
    people: dict[tuple[int, int], Facts] = field(default_factory=dict)

    def take(self, story: Story) -> None:
        """Add one ticket's cases; a withdrawn one has none, and kinds that no card counts."""
        if story.kind not in SCORED or story.withdrawn or story.opened is None:
            return
        day = local_date(story.opened).isoformat()
        for name, organisation_id, number in self._cases(story):
            if organisation_id is not None and self.onboarded.get(organisation_id, "") <= day:
                own = self.facts.setdefault(organisation_id, Facts())
                setattr(own, name, getattr(own, name) + number)
        for name, place, person in self._by_people(story):
            if place is not None and person is not None and self.onboarded.get(place, "") <= day:
                own = self.people.setdefault((place, person), Facts())
                setattr(own, name, getattr(own, name) + 1)
        if story.site is not None and self.onboarded.get(story.site, "") <= day:
            self._of_site(story, story.site, story.opened)

    def _of_site(self, story: Story, site: int, opened: datetime) -> None:
        if story.result is not None and self.window.holds(story.result):
            self.seconds.setdefault(site, []).append((story.result - opened) // timedelta(seconds=1))
        if self.window.holds(opened):
            self.categories.setdefault(site, Counter())[story.category] += 1
            if story.cause:
                self.causes.setdefault(site, Counter())[story.cause] += 1

    def _cases(self, story: Story) -> Iterator[tuple[str, int | None, int]]:
        if self.window.holds(story.opened):
            yield "tickets", story.site, 1
            yield "open", story.site, int(not story.ended)
        for run in story.runs.values():
            name = CLOCKS.get(run.kind)
            if name and run.decided(self.window):
                yield f"{name}_due", run.organisation_id, 1
                yield f"{name}_in_time", run.organisation_id, int(run.good)
        for at, site, mark in story.audits.values():
            if self.window.holds(at):
                yield "audited", site, 1
                yield "audited_true", site, int(mark == "true")
        for name, at, organisation_id, number in story.facts:
            if self.window.holds(at):
                yield name, organisation_id, number

    def _by_people(self, story: Story) -> Iterator[tuple[str, int | None, int | None]]:
        """Whose answer, organisation and person, stopped a run; who wrote results; whose were audited."""
        for run in story.runs.values():
            if run.kind in ANSWERS and run.stopped is not None and run.decided(self.window):
                yield from _stopped_by(story, run)
        for kind, at, place, person in story.answers:
            if kind == "result" and self.window.holds(at):
                yield "results", place, person
        for key, (at, place, mark) in story.audits.items():
            if self.window.holds(at):
                yield from ((name, place, story.authors.get(key)) for name in AUDITED[: 1 + (mark == "true")])

    def handling(self, members: Iterable[int]) -> tuple[int | None, int | None]:
        """Median and 90th percentile of these organisations' tickets together, whole seconds by nearest rank."""
        every = [n for key in members for n in self.seconds.get(key, ())]
        return percentile(every, 50), percentile(every, 90)


def _stopped_by(story: Story, run: Run) -> Iterator[tuple[str, int | None, int | None]]:
    for kind, at, _place, person in story.answers:
        if at == run.stopped and kind in ANSWERS[run.kind]:
            yield f"{run.kind}_due", run.organisation_id, person
            if run.good:
                yield f"{run.kind}_in_time", run.organisation_id, person

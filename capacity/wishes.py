"""What a simulation is asked for, read from the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields


class WrongWish(ValueError):
    """A setting that makes no sense; the message is one plain line."""


@dataclass(frozen=True)
class Wish:
    """One sale day. Counts are people, tickets and cores; times are hours unless the name says otherwise."""

    daily: int = 100_000  # tickets of an ordinary day
    peak: float = 3.0  # the first day has so many times as many; the days after it are ordinary
    hours: int = 48  # that are simulated, from midnight
    sites: int = 10_000
    staff: int = 3_000  # people who work on nothing but tickets, all sites together, in every service hour
    per_hour: int = 12  # tickets that one of them brings to a result in an hour
    opens: int = 8  # service hours, Shanghai
    closes: int = 20
    first_minutes: int = 30  # of service hours within which somebody must have taken a ticket up
    due: int = 24  # until its result, day and night
    online: int = 3_000  # people with a page open in service hours: each asks for news every 20 s
    web: int = 4  # cores for the web processes, all machines together
    worker: int = 2  # cores for the workers that send; each worker fills one
    database: int = 4
    cores: int = 2  # of one machine, for the plan
    database_most: int = 64  # cores of the biggest database machine to be had, for the plan
    fill: int = 60  # percent of a core that may be in use in the busiest hour, for the plan
    seed: int = 1

    def __post_init__(self) -> None:
        for name in ("daily", "hours", "sites", "per_hour", "web", "worker", "database", "cores", "fill"):
            if getattr(self, name) < 1:
                raise WrongWish(f"{name.upper()} must be at least 1")
        if not 0 <= self.opens < self.closes <= 24:
            raise WrongWish("OPENS and CLOSES are hours of one day, OPENS first")
        if self.first_minutes % 10 or self.first_minutes < 10 or self.due < 1:
            raise WrongWish("FIRST_MINUTES comes in tens, DUE in whole hours")
        if self.staff < 0 or self.online < 0 or self.peak <= 0:
            raise WrongWish("STAFF, ONLINE and PEAK are not below nothing")

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Wish:
        """Read DAILY, PEAK and the others by their names in capitals; empty is the default. Raises WrongWish."""
        given = {}
        for field in fields(cls):
            text = env.get(field.name.upper(), "")
            if not text:
                continue
            try:
                given[field.name] = float(text) if field.name == "peak" else int(text)
            except ValueError:
                raise WrongWish(f"{field.name.upper()} must be a number, not {text!r}") from None
        return cls(**given)  # type: ignore[arg-type]

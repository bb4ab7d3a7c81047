"""What becomes of a policy's limits on one ticket: its emergency's in their place, its customer's where shorter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.domain.clocks import Limit
from app.domain.customers import LIMITS

Minutes = tuple[tuple[str, int], ...]  # by the limit's name


@dataclass(frozen=True)
class Variation:
    """The minutes that a ticket has of its own: by the emergency it was opened in, and by its customer's contract.

    Calendars stay the policy's; the legal and the platform's own time are never touched (rulebook 4).
    """

    emergency: Minutes = ()
    customer: Minutes = ()

    def of(self, stated: Mapping[str, Limit]) -> dict[str, Limit]:
        """The limits that hold on the ticket, of those that the policy states."""
        found = dict(stated)
        if not (self.emergency or self.customer):
            return found
        instead, own = dict(self.emergency), dict(self.customer)
        for name in found.keys() & set(LIMITS):
            minutes = instead.get(name, found[name].minutes)
            found[name] = replace(found[name], minutes=min(minutes, own.get(name, minutes)))
        return found


def variation(emergency: Mapping[str, int] | None, customer: Mapping[str, int] | None) -> Variation:
    """The variation of limits as they are stored; None where there are none."""
    return Variation(tuple(sorted((emergency or {}).items())), tuple(sorted((customer or {}).items())))

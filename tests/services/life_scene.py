"""Who acts on which ticket when, and what a verb of the model is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.services.life_model import Life, Who
from tests.services.life_platform import Order


@dataclass
class Scene:
    """Who acts on which ticket when; `arg` is the verb's own choice (a site, a promise's place in its list)."""

    life: Life
    who: Who
    now: datetime
    arg: Any = None
    orders: tuple[Order, ...] = ()
    proof: list[int] = field(default_factory=list)

    @property
    def label(self) -> str:
        """For a failing play."""
        return " ".join(filter(None, (self.who.name, str(self.arg or ""), "on", repr(self.life))))

    @property
    def works(self) -> bool:
        """Whether this is the handling site, or who acts for it."""
        handles = self.who.desk == "site" and self.who.org == self.life.site
        return handles or self.who.org == self.life.acting

    @property
    def speaks(self) -> bool:
        """Whose words may leave the house: who works it, and CCS on what was handed up to it (3.6)."""
        return self.works or (self.who.desk == "ccs" and self.life.level >= 2 and self.life.site is not None)

    @property
    def handles(self) -> bool:
        return self.who.desk == "site" and self.who.org == self.life.site

    @property
    def superior(self) -> bool:
        """The service desk of the ticket's province, or CCS."""
        return self.who.desk == "ccs" or self.is_lcs

    @property
    def is_lcs(self) -> bool:
        return self.who.desk == "lcs" and self.who.province == self.life.province


@dataclass(frozen=True)
class Verb:
    """One thing that a person can do. `call(scene, real)` gets the service's keywords `actor`, `post` and `now`."""

    may: Callable[[Scene], bool]
    do: Callable[[Scene], None]
    call: Callable[[Scene, dict[str, Any]], Any]
    args: Callable[[Life, Who], Iterable[Any]] = lambda life, who: (None,)
    guarded: bool = True  # a stale page is refused

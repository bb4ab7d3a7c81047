"""The same verb for many tickets: each in its own transaction with its own key, one outcome each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.domain.errors import Invalid, NotAllowed, NotFound, Stale


@dataclass(frozen=True)
class Done:
    """What became of one ticket: `code` is empty where the verb went through, else why not."""

    number: str
    code: str = ""


def attempt(number: str, verb: Callable[[], object]) -> Done:
    """Run the verb on one ticket, whatever happens to the others."""
    try:
        verb()
    except Invalid as error:
        field, code = next(iter(error.fields.items()))
        return Done(number, "supplement_missing" if field.startswith("supplement-") else code)
    except (NotAllowed, NotFound, Stale) as error:
        return Done(number, error.code)
    return Done(number)


def key_of(key: str, number: str) -> str:
    """The submission key of one ticket of a form; empty for a form without one."""
    return f"{key[:40]}-{number}"[:64] if key else ""

"""The number of a scope that grows with each change in it: pages keep it, and their polls compare it."""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import ScopeVersion, ScopeVersionPart
from app.services import counts

PARTS = 16  # of a scope; more than write at the same time on a machine
THREADS = 4  # of a web process
_mine, _threads = threading.local(), itertools.count()


def raised(session: Session, changes: Mapping[int, int]) -> None:
    """So many changes happened in these scopes (0 is headquarters). The caller commits."""
    part = _part()
    counts.add(session, ScopeVersionPart, [{"scope": scope, "part": part, "n": n} for scope, n in changes.items()])


def _part() -> int:
    """The part of this thread: those of one machine, whose processes have numbers close to each other, seldom meet."""
    if not hasattr(_mine, "n"):
        _mine.n = next(_threads)
    return (os.getpid() * THREADS + int(_mine.n)) % PARTS


def number(scope: Any) -> Any:
    """The number of a scope as a column of a statement; `scope` is a value or a parameter."""
    before = select(ScopeVersion.n).where(ScopeVersion.scope == scope).scalar_subquery()
    parts = select(func.sum(ScopeVersionPart.n)).where(ScopeVersionPart.scope == scope).scalar_subquery()
    return func.coalesce(before, 0) + func.coalesce(parts, 0)

"""Passwords of tests: the same argon2id, without what makes guessing expensive."""

from __future__ import annotations

from argon2 import PasswordHasher

from app.services import accounts, demo, pins

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
STRONG = {module: module._hasher for module in (accounts, demo, pins)}  # what the portal itself runs with


def use() -> None:
    """From now on this process hashes quickly."""
    for module in STRONG:
        module._hasher = QUICK

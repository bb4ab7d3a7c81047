"""The cast, for every test of a service, and several of its people at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask

from app.domain.errors import DomainError
from app.extensions import db
from tests.cast import Cast, begin


@pytest.fixture
def cast(database: Any) -> Cast:
    """The smallest company, there anew for each test."""
    return begin()


@pytest.fixture
def at_once(app: Flask, cast: Cast, db_session: Any) -> Callable[..., list[Any]]:
    """Runs verbs at once, a thread and a connection each: what each gave, or the code of its refusal."""

    def run(*verbs: Callable[[], Any]) -> list[Any]:
        db_session.rollback()
        gate = threading.Barrier(len(verbs))

        def one(verb: Callable[[], Any]) -> Any:
            with app.app_context():
                gate.wait(timeout=30)
                try:
                    return verb()
                except DomainError as refused:
                    return refused.code
                finally:
                    db.session.remove()

        with ThreadPoolExecutor(len(verbs)) as pool:
            return list(pool.map(one, verbs))

    return run

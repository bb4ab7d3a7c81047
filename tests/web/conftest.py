"""The marked company of `stage.py`, one for each file that asks for it, and the smallest one in the morning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app import clock
from app.integrations import pdf
from tests import cast
from tests.cast import Cast
from tests.services.audit_steps import MORNING
from tests.web import stage as stages
from tests.web.door import door
from tests.web.stage import Stage


@pytest.fixture(scope="module")
def stage(app: Flask) -> Iterator[Stage]:
    """A company with marked tickets and a browser for everybody; the tests of a file share it."""
    patch = pytest.MonkeyPatch()
    stages.freeze(patch)
    patch.setattr(pdf, "render", stages.unprinted)
    yield stages.build(app)
    patch.undo()
    app.extensions["test_cleaner"].clean()


@pytest.fixture
def company(app: Any, db_session: Any, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The smallest company in the morning after NOON; forms need no token here."""
    monkeypatch.setattr(clock, "now", lambda: MORNING)
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return cast.begin()


@pytest.fixture
def portal(app: Any, company: Cast) -> Callable[[str], Any]:
    """Signs a person in without the cost of a password: each call is another browser."""
    return door(app, company, MORNING)

"""The marked company of `stage.py`, one for each file that asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.integrations import pdf
from tests.web import stage as stages
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

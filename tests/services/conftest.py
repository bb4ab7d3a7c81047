"""The cast, for every test of a service."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Cast, begin


@pytest.fixture
def cast(database: Any) -> Cast:
    """The smallest company, there anew for each test."""
    return begin()

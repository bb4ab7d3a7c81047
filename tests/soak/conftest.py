"""What every test here begins with."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cast import Cast, begin


@pytest.fixture
def cast(database: Any) -> Cast:
    """The smallest company in an empty database."""
    return begin()

"""What a process looks at once before it begins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.start import REFUSED, refuse_if_unsafe
from tests.cast import assemble


@pytest.fixture
def production(app, database):
    """The app of the test, told that it is a production portal."""
    known = app.extensions["kuaifu"]
    app.extensions["kuaifu"] = replace(known, environment="production")
    yield app
    app.extensions["kuaifu"] = known


def test_a_production_process_ends_while_demo_accounts_exist(production, db_session):
    from app.models import User

    assemble()
    db_session.query(User).update({"demo": True})
    db_session.commit()
    with pytest.raises(SystemExit, match=REFUSED):
        refuse_if_unsafe(production)


def test_a_production_process_starts_on_a_database_of_real_accounts(production, db_session):
    assemble()
    assert refuse_if_unsafe(production) is None

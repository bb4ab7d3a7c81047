"""What is looked at once, before a process begins its work."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.services import accounts

REFUSED = "A production portal does not start while demo accounts exist: begin with a new database"


def refuse_if_unsafe(app: Flask) -> None:
    """End a production process that would run with the demo accounts. Raises SystemExit with one plain line.

    A database that cannot be read yet (down, or not migrated) is no reason: `/healthz` tells it, and each request
    looks again until it could be read.
    """
    if not app.extensions["kuaifu"].production:
        return
    with app.app_context():
        try:
            accounts.refuse_demo_accounts(db.session())
        except accounts.DemoAccountsExist:
            raise SystemExit(REFUSED) from None
        except SQLAlchemyError:
            return
        finally:
            db.session.remove()

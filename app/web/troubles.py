"""The bar that says what does not work as usual; reading and answering go on as long as the database lives."""

from __future__ import annotations

from flask import Flask, g, session
from flask_babel import gettext as _
from flask_login import current_user

from app.services.troubles import Troubles


def init(app: Flask) -> None:
    """Every page can ask for the bar; the session has brought what there is to say."""
    app.jinja_env.globals["trouble_banner"] = banner


def banner() -> list[str]:
    """A sentence for each trouble, for whoever is signed in; no statement."""
    found = getattr(session, "troubles", None)
    if not found or not current_user.is_authenticated:
        return []
    return said(found)


def said(found: Troubles) -> list[str]:
    """What is late, and that nothing is lost."""
    words = []
    if found.silent_since is not None:
        time = g.fmt.time(found.silent_since)
        words.append(
            _("Deadlines and reminders are delayed since %(time)s. You can read and answer as usual.", time=time)
        )
    if found.unsent:
        words.append(_("Answers and SMS leave late at the moment. Nothing is lost: they go out by themselves."))
    if found.unreachable:
        words.append(_("A platform does not take answers at the moment. They are kept and sent again by themselves."))
    return words

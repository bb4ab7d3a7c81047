"""The limits that are served by the same server: a page's template without a database, statements without a portal."""

from __future__ import annotations

import contextvars
import pickle
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, before_render_template, current_app, g, request
from jinja2 import Template

from app.extensions import csrf, db
from app.services.notices import Unread
from app.web import lines
from bench import statements
from bench.places import FOLDER
from bench.statements import Script

bp = Blueprint("bench", __name__)
_pages: dict[str, tuple[Template, dict[str, Any]]] = {}
_scripts: dict[str, Script] = {}


def script_file(name: str) -> Path:
    """Where the runner leaves what is to be repeated."""
    return FOLDER / f"{name}.script"


@bp.get("/bench/page")
def page() -> str:
    """The page at `path` as the person with the session `token` sees it, rendered from what was kept of it."""
    asked = request.args["path"]
    if asked not in _pages:
        _pages[asked] = _kept(asked, request.args["token"])
    template, values = _pages[asked]
    g.chosen_language, g.unread = "zh", Unread(0, 0)
    return template.render(values)


def _kept(path: str, token: str) -> tuple[Template, dict[str, Any]]:
    found: list[tuple[Template, dict[str, Any]]] = []

    def keep(_app: Flask, template: Template, context: dict[str, Any], **_more: Any) -> None:
        found.append((template, dict(context)))

    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    with before_render_template.connected_to(keep, app):
        client = app.test_client()
        client.set_cookie("session", token)
        contextvars.Context().run(client.get, path)  # as somebody else's request
    template, values = found[-1]
    # a page's own look-ups are bound to this request; everything else is what the page was made of
    kept = {name: value for name, value in values.items() if name not in ("g", "request", "session")}
    # all of it is drawn each time, no line is kept from the last
    return template, {**kept, "lines": lines.drawn_lines, "posts": lines.drawn_posts}


@bp.get("/bench/session")
def session() -> Response:
    """Nothing but the look-up of who asks."""
    return Response(status=204)


@bp.post("/bench/statements/<name>")
@csrf.exempt
def repeat(name: str) -> dict[str, bool]:
    """The statements of one piece of work in one transaction, for the n-th time."""
    if name not in _scripts:
        _scripts[name] = pickle.loads(script_file(name).read_bytes())  # noqa: S301 - the runner's own file
    script = _scripts[name]
    n = request.args.get("n", type=int) or 0
    with statements.writer(db.engine) as connection:
        instead = [int(one) for one in request.args.get("instead", "").split(",") if one]
        statements.execute(connection, script.again(n, instead))
    return {"success": True}
